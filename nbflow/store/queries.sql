-- Every statement of the store, by name. A line `-- :: name` begins one; the comment below it says what it is for.
-- CAST(… AS TEXT) stands where text may hold what is no valid Unicode (names of files): such text comes as bytes.

-- :: last_id
-- The highest run id that was ever given in this workspace; no row before the first run.
SELECT seq FROM sqlite_sequence WHERE name = 'runs';

-- :: insert_run
-- A new run; a NULL run_id takes the next free one.
INSERT INTO runs (run_id, pipeline, engine, started, parameters, facts, definition)
VALUES (:run_id, CAST(:pipeline AS TEXT), :engine, :started, :parameters, :facts, :definition);

-- :: insert_child_run
-- A new run was begun by a task of another.
INSERT INTO child_runs (run_id, parent_run_id) VALUES (:run_id, :parent_run_id);

-- :: insert_task
-- One task of a new run.
INSERT INTO task_runs (run_id, position, task_key) VALUES (:run_id, :position, CAST(:task_key AS TEXT));

-- :: insert_step
-- A task of one item of a for_each, which takes its place in the plan.
INSERT INTO task_runs (run_id, position, task_key, parent_id, item_index, input)
SELECT run_id, position, CAST(:task_key AS TEXT), task_run_id, :item_index, :input FROM task_runs WHERE task_run_id = :parent_id;

-- :: insert_event
-- The next event of a run. One process writes a run's events, so the counting needs no more than this.
INSERT INTO events (run_id, seq, version, kind, at, payload)
SELECT :run_id, COALESCE(MAX(seq), 0) + 1, :version, :kind, :at, :payload FROM events WHERE run_id = :run_id;

-- :: attempt_started
-- An attempt begins; told twice, the later word holds.
INSERT INTO attempts (task_run_id, number, started, cells, notebook, log, parameters)
VALUES (:task_run_id, :number, :started, :cells, CAST(:notebook AS TEXT), CAST(:log AS TEXT), :parameters)
ON CONFLICT (task_run_id, number) DO UPDATE
SET started = excluded.started, cells = excluded.cells, notebook = excluded.notebook, log = excluded.log, parameters = excluded.parameters;

-- :: notebook_moved
-- The former attempt's notebook made room for a new attempt's.
UPDATE attempts SET notebook = CAST(:moved AS TEXT)
WHERE task_run_id = :task_run_id AND number < :number AND notebook = CAST(:notebook AS TEXT);

-- :: log_moved
-- The former attempt's log made room for a new attempt's.
UPDATE attempts SET log = CAST(:moved AS TEXT)
WHERE task_run_id = :task_run_id AND number < :number AND log = CAST(:log AS TEXT);

-- :: cell_started
-- How far an attempt is.
UPDATE attempts SET cell = :cell WHERE task_run_id = :task_run_id AND number = :number;

-- :: child_started
-- An attempt has begun a run of another pipeline.
UPDATE attempts SET child_run_id = :child_run_id WHERE task_run_id = :task_run_id AND number = :number;

-- :: attempt_ended
-- An attempt has its result.
UPDATE attempts
SET ended = :ended, duration_s = :duration_s, result = :result, error = :error, task_values = :task_values,
    exit_value = CAST(:exit_value AS TEXT), ended_at_cell = :ended_at_cell, tables_written = :tables_written,
    notebook = COALESCE(CAST(:notebook AS TEXT), notebook), log = COALESCE(CAST(:log AS TEXT), log), output = :output, outcome = :outcome
WHERE task_run_id = :task_run_id AND number = :number;

-- :: task_ended
-- A task has its result.
UPDATE task_runs SET ended = :ended, result = :result, reason = CAST(:reason AS TEXT) WHERE task_run_id = :task_run_id;

-- :: run_ended
-- A run has its result. The first word holds: nothing that ended ends again.
UPDATE runs SET ended = :ended, duration_s = :duration_s, result = :result, error = CAST(:error AS TEXT)
WHERE run_id = :run_id AND result IS NULL;

-- :: run
-- One run, whole.
SELECT runs.*, parent_run_id FROM runs LEFT JOIN child_runs USING (run_id) WHERE run_id = :run_id;

-- :: run_result
-- Whether a run has ended, and how.
SELECT result FROM runs WHERE run_id = :run_id;

-- :: tasks_of_run
-- A run's tasks, in the order of its plan, the steps of a for_each behind it.
SELECT * FROM task_runs WHERE run_id = :run_id ORDER BY position, task_run_id;

-- :: attempts_of_run
-- All attempts at a run's tasks.
SELECT attempts.* FROM task_runs JOIN attempts USING (task_run_id) WHERE run_id = :run_id
ORDER BY task_run_id, number;

-- :: runs
-- The newest runs, of one pipeline or (NULL) of all, without their definitions. `source` is the notebook of a run of a notebook by itself,
-- whose plan is short and of no file. :source is the name of such a notebook's file, '' for runs of pipelines only, NULL for both.
WITH told AS (
    SELECT *, CASE WHEN length(definition) < 200000 AND json_extract(definition, '$.file') IS NULL
        AND json_array_length(definition, '$.tasks') = 1 AND json_extract(definition, '$.tasks[0].kind') = 'notebook'
        AND instr('/' || json_extract(definition, '$.tasks[0].source'), '/' || pipeline || '.')
        THEN json_extract(definition, '$.tasks[0].source') END AS source
    FROM runs
)
SELECT run_id, pipeline, engine, started, ended, duration_s, result, error, parameters, facts, parent_run_id, source, NULL AS definition
FROM told LEFT JOIN child_runs USING (run_id)
WHERE (:pipeline IS NULL OR pipeline = CAST(:pipeline AS TEXT))
    AND (:source IS NULL OR CASE :source WHEN '' THEN source IS NULL ELSE substr('/' || source, -length(:source) - 1) = '/' || :source END)
ORDER BY run_id DESC LIMIT :limit;

-- :: unfinished_runs
-- Those of the newest runs of a pipeline that have no result.
SELECT run_id FROM (SELECT run_id, result FROM runs WHERE pipeline = CAST(:pipeline AS TEXT) ORDER BY run_id DESC LIMIT :limit) WHERE result IS NULL;

-- :: tasks_of_runs
-- The tasks of the runs whose ids are in the JSON array :run_ids.
SELECT * FROM task_runs WHERE run_id IN (SELECT value FROM json_each(:run_ids)) ORDER BY run_id, position, task_run_id;

-- :: attempts_of_runs
-- The attempts of the same.
SELECT attempts.* FROM task_runs JOIN attempts USING (task_run_id) WHERE run_id IN (SELECT value FROM json_each(:run_ids))
ORDER BY task_run_id, number;

-- :: pipelines
-- The names of all pipelines that ever ran.
SELECT DISTINCT pipeline FROM runs ORDER BY pipeline;

-- :: newest_run
-- The id of the newest run that no task of another began; no row where there is none.
SELECT run_id FROM runs LEFT JOIN child_runs USING (run_id) WHERE parent_run_id IS NULL ORDER BY run_id DESC LIMIT 1;

-- :: newest_failed_run
-- The id of the newest such run that ended without success although nobody cancelled it; no row where there is none.
SELECT run_id FROM runs LEFT JOIN child_runs USING (run_id)
WHERE parent_run_id IS NULL AND result IN ('FAILED', 'TIMEDOUT', 'SUCCESS_WITH_FAILURES') ORDER BY run_id DESC LIMIT 1;

-- :: last_success
-- The newest run of a pipeline that ended well and used a Spark engine, of a file or not (:of_file), as this job of a bundle (:bundle_job).
SELECT run_id, engine FROM runs
WHERE pipeline = CAST(:pipeline AS TEXT) AND result IN ('SUCCESS', 'SUCCESS_WITH_FAILURES')
    AND json_extract(definition, '$.uses_spark') AND (json_extract(definition, '$.file') IS NOT NULL) = :of_file
    AND json_extract(definition, '$.bundle_job') IS CAST(:bundle_job AS TEXT)
ORDER BY run_id DESC LIMIT 1;

-- :: last_exclusion
-- The newest run in which a condition left a task out, of those that count for last_values.
SELECT run_id, task_run_id FROM runs LEFT JOIN child_runs USING (run_id) JOIN task_runs USING (run_id)
WHERE pipeline = CAST(:pipeline AS TEXT) AND parent_run_id IS NULL AND task_key = CAST(:task_key AS TEXT) AND task_runs.result = 'EXCLUDED'
    AND (json_extract(definition, '$.file') IS NOT NULL) = :of_file AND json_extract(definition, '$.bundle_job') IS CAST(:bundle_job AS TEXT)
ORDER BY run_id DESC LIMIT 1;

-- :: last_values
-- The values that a task of a pipeline set in the newest run in which it ended, or (:well) ended well, and the result of its SQL. Runs
-- that a task of another began do not count, nor do, for a pipeline of a file (:of_file), runs of what is none, or the other way round,
-- nor those of another job of a bundle, or for another target (:bundle_job).
SELECT run_id, task_values, output, task_runs.result AS result, task_run_id, number
FROM runs LEFT JOIN child_runs USING (run_id) JOIN task_runs USING (run_id) JOIN attempts USING (task_run_id)
WHERE pipeline = CAST(:pipeline AS TEXT) AND parent_run_id IS NULL AND task_key = CAST(:task_key AS TEXT) AND attempts.result IS NOT NULL
    AND (task_runs.result = 'SUCCESS' OR NOT :well) AND (json_extract(definition, '$.file') IS NOT NULL) = :of_file
    AND json_extract(definition, '$.bundle_job') IS CAST(:bundle_job AS TEXT)
ORDER BY run_id DESC, number DESC LIMIT 1;

-- :: events
-- What happened in a run after the event numbered :after.
SELECT seq, kind, at, payload FROM events WHERE run_id = :run_id AND seq > :after ORDER BY seq;

-- :: insert_request
-- Somebody wants something of a run.
INSERT INTO requests (run_id, kind, by, at) VALUES (:run_id, :kind, CAST(:by AS TEXT), :at);

-- :: waiting_requests
-- What a run has not taken notice of.
SELECT * FROM requests WHERE run_id = :run_id AND acknowledged_at IS NULL ORDER BY request_id;

-- :: acknowledge_requests
-- The run took notice of everything up to :last.
UPDATE requests SET acknowledged_at = :at
WHERE run_id = :run_id AND acknowledged_at IS NULL AND request_id <= :last;

-- :: requests_of_run
-- All that was ever wanted of a run.
SELECT * FROM requests WHERE run_id = :run_id ORDER BY request_id;
