-- Records, version 3: work that is no notebook: where its log is, and what a statement of SQL gave.

ALTER TABLE attempts ADD COLUMN log TEXT;      -- path; NULL for a notebook
ALTER TABLE attempts ADD COLUMN output TEXT;   -- JSON object; NULL for none
