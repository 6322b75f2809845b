-- A database as version 4 of the schema left it, kept to be opened by every later one.
BEGIN TRANSACTION;
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
    ended_at_cell INTEGER, tables_written TEXT, log TEXT, output TEXT, outcome TEXT, child_run_id INTEGER,   -- JSON array; NULL for none
    PRIMARY KEY (task_run_id, number)
);
INSERT INTO "attempts" VALUES(1,1,1772366401123456,1772366403123456,2.0,'FAILED',3,5,'/w/runs/medallion/1/bronze.ipynb','{"limit":5}','{"kind":"CELL_ERROR","message":"a cell raised ValueError","cell":3,"ename":"ValueError","evalue":"no","source":"raise ValueError(''no'')","traceback":"Traceback"}','{"rows":7}',NULL,NULL,'[{"table":"bronze.events","first_version":3,"last_version":4,"commits":2,"operations":["WRITE","MERGE"],"inserted":7,"updated":1,"deleted":null,"rows":40}]',NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(3,1,1772366401123456,NULL,NULL,NULL,NULL,5,NULL,'{}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'true',1);
CREATE TABLE child_runs (
    run_id        INTEGER PRIMARY KEY REFERENCES runs (run_id) ON DELETE CASCADE,
    parent_run_id INTEGER NOT NULL
);
INSERT INTO "child_runs" VALUES(2,1);
CREATE TABLE events (
    run_id  INTEGER NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    version INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    payload TEXT NOT NULL,          -- JSON object
    PRIMARY KEY (run_id, seq)
) WITHOUT ROWID;
INSERT INTO "events" VALUES(1,1,1,'RunStarted',1772366400123456,'{"pipeline":"medallion","tasks":["bronze","silver"],"engine":"spark"}');
INSERT INTO "events" VALUES(1,2,1,'AttemptStarted',1772366401123456,'{"task_key":"bronze","task_run_id":1,"attempt":1,"cells":5,"notebook":"/w/runs/medallion/1/bronze.ipynb","parameters":{"limit":5}}');
INSERT INTO "events" VALUES(1,3,1,'CellStarted',1772366402123456,'{"task_key":"bronze","task_run_id":1,"attempt":1,"cell":3}');
INSERT INTO "events" VALUES(1,4,1,'AttemptEnded',1772366403123456,'{"task_key":"bronze","task_run_id":1,"attempt":1,"result":"FAILED","error":{"kind":"CELL_ERROR","message":"a cell raised ValueError","cell":3,"ename":"ValueError","evalue":"no","source":"raise ValueError(''no'')","traceback":"Traceback"},"seconds":2.0,"values":{"rows":7},"exit_value":null,"ended_at_cell":null,"notebook":"/w/runs/medallion/1/bronze.ipynb","log":null,"output":null,"tables":[{"table":"bronze.events","first_version":3,"last_version":4,"commits":2,"operations":["WRITE","MERGE"],"inserted":7,"updated":1,"deleted":null,"rows":40}]}');
INSERT INTO "events" VALUES(1,5,1,'TaskEnded',1772366403123456,'{"task_key":"bronze","task_run_id":1,"result":"FAILED","reason":null}');
INSERT INTO "events" VALUES(1,6,1,'TaskEnded',1772366403123456,'{"task_key":"silver","task_run_id":2,"result":"UPSTREAM_FAILED","reason":"bronze FAILED"}');
INSERT INTO "events" VALUES(1,7,1,'RunEnded',1772366404123456,'{"result":"FAILED","seconds":4.0,"error":"bronze FAILED"}');
CREATE TABLE requests (
    request_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id          INTEGER NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    kind            TEXT NOT NULL,
    by              TEXT NOT NULL,
    at              INTEGER NOT NULL,
    acknowledged_at INTEGER
);
INSERT INTO "requests" VALUES(1,2,'cancel','ann',1772366400123456,1772366400123456);
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
INSERT INTO "runs" VALUES(1,'medallion','spark',1772366400123456,1772366404123456,4.0,'FAILED','bronze FAILED','{"limit":5}','{"nbflow":"0.1.0","how":"cli"}','{"tasks":["bronze","silver"]}');
INSERT INTO "runs" VALUES(2,'medallion','none',1772366400123456,NULL,NULL,NULL,NULL,'{}','{}','{}');
CREATE TABLE task_runs (
    task_run_id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id      INTEGER NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    task_key    TEXT NOT NULL,
    result      TEXT,
    reason      TEXT,
    ended       INTEGER, parent_id INTEGER REFERENCES task_runs (task_run_id) ON DELETE CASCADE, item_index INTEGER, input TEXT,
    UNIQUE (run_id, task_key)
);
INSERT INTO "task_runs" VALUES(1,1,0,'bronze','FAILED',NULL,1772366403123456,NULL,NULL,NULL);
INSERT INTO "task_runs" VALUES(2,1,1,'silver','UPSTREAM_FAILED','bronze FAILED',1772366403123456,NULL,NULL,NULL);
INSERT INTO "task_runs" VALUES(3,2,0,'bronze',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "task_runs" VALUES(4,2,0,'bronze/0',NULL,NULL,NULL,3,0,'{"a":1}');
CREATE INDEX requests_waiting ON requests (run_id) WHERE acknowledged_at IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runs',2);
INSERT INTO "sqlite_sequence" VALUES('task_runs',4);
INSERT INTO "sqlite_sequence" VALUES('requests',1);
COMMIT;
PRAGMA user_version = 4;
