-- Records, version 1.
--
-- Times are microseconds since 1970-01-01 UTC. Durations are seconds of a clock that never jumps. Columns that are said
-- to hold JSON hold it as ASCII text. AUTOINCREMENT: an id is never given twice, also after its row was deleted.

-- One row for each run. `definition` stands last: a list of runs does not read it.
CREATE TABLE runs (
    run_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    pipeline    TEXT NOT NULL,
    engine      TEXT NOT NULL,
    started     INTEGER NOT NULL,
    ended       INTEGER,
    duration_s  REAL,
    result      TEXT,               -- NULL until RunEnded; written once
    error       TEXT,
    parameters  TEXT NOT NULL,      -- JSON object
    facts       TEXT NOT NULL,      -- JSON object
    definition  TEXT NOT NULL       -- JSON object
);

-- One row for each task of a run, made with the run. `position` is the task's place in the plan.
CREATE TABLE task_runs (
    task_run_id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id      INTEGER NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    task_key    TEXT NOT NULL,
    result      TEXT,
    reason      TEXT,
    ended       INTEGER,
    UNIQUE (run_id, task_key)
);

-- One row for each attempt at a task; `number` counts from 1, `cell` is the newest cell that began.
CREATE TABLE attempts (
    task_run_id   INTEGER NOT NULL REFERENCES task_runs (task_run_id) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    started       INTEGER NOT NULL,
    ended         INTEGER,
    duration_s    REAL,
    result        TEXT,
    cell          INTEGER,
    cells         INTEGER NOT NULL,
    notebook      TEXT,
    parameters    TEXT NOT NULL,    -- JSON object
    error         TEXT,             -- JSON object
    task_values   TEXT,             -- JSON object
    exit_value    TEXT,
    ended_at_cell INTEGER,
    PRIMARY KEY (task_run_id, number)
);

-- The bus between processes: only added to, read by `seq`, which counts from 1 in each run.
CREATE TABLE events (
    run_id  INTEGER NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    version INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    payload TEXT NOT NULL,          -- JSON object
    PRIMARY KEY (run_id, seq)
) WITHOUT ROWID;

-- What others want of a run. `acknowledged_at` is NULL until the run took notice.
CREATE TABLE requests (
    request_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id          INTEGER NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    kind            TEXT NOT NULL,
    by              TEXT NOT NULL,
    at              INTEGER NOT NULL,
    acknowledged_at INTEGER
);

CREATE INDEX requests_waiting ON requests (run_id) WHERE acknowledged_at IS NULL;
