-- Records, version 4: the steps of a for_each, outcomes of conditions, runs that a task began.

ALTER TABLE task_runs ADD COLUMN parent_id INTEGER REFERENCES task_runs (task_run_id) ON DELETE CASCADE;   -- of the for_each; NULL for other tasks
ALTER TABLE task_runs ADD COLUMN item_index INTEGER;   -- from 0
ALTER TABLE task_runs ADD COLUMN input TEXT;           -- JSON: the item
ALTER TABLE attempts ADD COLUMN outcome TEXT;          -- 'true' or 'false' of a condition
ALTER TABLE attempts ADD COLUMN child_run_id INTEGER;  -- the run that it began

-- Runs that a task of another run began. A table of its own: what stands behind `definition` in a row is slow to read.
CREATE TABLE child_runs (
    run_id        INTEGER PRIMARY KEY REFERENCES runs (run_id) ON DELETE CASCADE,
    parent_run_id INTEGER NOT NULL
);
