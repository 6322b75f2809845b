-- Records, version 2: what each attempt wrote to Delta tables.

ALTER TABLE attempts ADD COLUMN tables_written TEXT;   -- JSON array; NULL for none
