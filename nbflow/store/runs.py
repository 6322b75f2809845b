"""Records of runs, built from the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nbflow.core.records import AttemptRecord, RunRecord, TaskRecord
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.core.writes import TableWrite, written_together
from nbflow.define.command_line import without_secrets
from nbflow.store.database import Database, storable
from nbflow.store.moments import from_json, from_microseconds, to_json


@dataclass(frozen=True, slots=True)
class RunIds:
    """A run that has begun: its id, the task-run id of each task by its key, and when it began (UTC)."""

    run_id: int
    task_run_ids: Mapping[str, int]
    started: datetime


def read_run(database: Database, run_id: int) -> RunRecord | None:
    """The run of that id, whole; ``None`` where there is none. Whether it is interrupted is for others to say."""
    with database.snapshot():
        run = database.row("run", run_id=run_id)
        if run is None:
            return None
        tasks = database.rows("tasks_of_run", run_id=run_id)
        attempts = database.rows("attempts_of_run", run_id=run_id)
    return _records([run], tasks, attempts)[0]


def read_runs(database: Database, pipeline: str | None, limit: int | None, source: str | None = None) -> list[RunRecord]:
    """The newest runs, the newest first, without their definitions; all of them where ``limit`` is ``None``. ``source``: as ``Store.runs``."""
    with database.snapshot():
        runs = database.rows("runs", pipeline=storable(pipeline), limit=-1 if limit is None else limit, source=storable(source))
        ids = to_json([row["run_id"] for row in runs])
        tasks = database.rows("tasks_of_runs", run_ids=ids)
        attempts = database.rows("attempts_of_runs", run_ids=ids)
    return _records(runs, tasks, attempts)


def _records(runs: Sequence[Any], tasks: Sequence[Any], attempts: Sequence[Any]) -> list[RunRecord]:
    tried: dict[int, list[Any]] = {}
    for row in attempts:
        tried.setdefault(row["task_run_id"], []).append(row)
    by_run: dict[int, list[TaskRecord]] = {}
    keys = {row["task_run_id"]: row["task_key"] for row in tasks}
    for row in tasks:
        by_run.setdefault(row["run_id"], []).append(_task(row, tried.get(row["task_run_id"], []), keys.get(row["parent_id"])))
    return [_run(row, tuple(by_run.get(row["run_id"], ()))) for row in runs]


def _run(row: Any, tasks: tuple[TaskRecord, ...]) -> RunRecord:
    definition = from_json(row["definition"])
    return RunRecord(
        run_id=row["run_id"],
        pipeline=row["pipeline"],
        result=_result(row["result"]),
        error=row["error"],
        started=from_microseconds(row["started"]),
        ended=_moment(row["ended"]),
        duration_s=row["duration_s"],
        engine=row["engine"],
        parameters=from_json(row["parameters"]),
        tasks=tasks,
        facts=_facts(row["facts"]),
        definition=definition,
        parent_run_id=row["parent_run_id"],
        source=row["source"] if row["definition"] is None else _source(row["pipeline"], definition),
    )


def _source(pipeline: str, definition: Mapping[str, Any]) -> str | None:
    """The notebook that was run by itself, by the definition of the run."""
    tasks = definition.get("tasks", ())
    if definition.get("file") is not None or len(tasks) != 1 or tasks[0].get("kind") != "notebook":
        return None
    source: str = tasks[0]["source"]
    return source if f"/{pipeline}." in f"/{source}" else None


def _task(row: Any, tried: list[Any], parent: str | None) -> TaskRecord:
    newest = tried[-1] if tried else None
    attempts = tuple(map(_attempt, tried))
    seconds = [attempt["duration_s"] for attempt in tried if attempt["duration_s"] is not None]
    return TaskRecord(
        task_key=row["task_key"],
        task_run_id=row["task_run_id"],
        result=_result(row["result"]),
        error=_error(newest["error"]) if newest else None,
        reason=row["reason"],
        started=from_microseconds(tried[0]["started"]) if tried else None,
        ended=_moment(row["ended"]),
        duration_s=sum(seconds) if seconds else None,
        notebook=newest["notebook"] if newest else None,
        parameters=from_json(newest["parameters"]) if newest else {},
        values=from_json(newest["task_values"]) if newest else {},
        exit_value=newest["exit_value"] if newest else None,
        ended_at_cell=newest["ended_at_cell"] if newest else None,
        attempts=attempts,
        cell=newest["cell"] if newest else None,
        cells=newest["cells"] if newest else None,
        tables=written_together(attempt.tables for attempt in attempts),
        log=newest["log"] if newest else None,
        output=from_json(newest["output"]) if newest and newest["output"] is not None else None,
        outcome=newest["outcome"] if newest else None,
        child_run_id=newest["child_run_id"] if newest else None,
        parent=parent,
        index=row["item_index"],
        input=None if row["input"] is None else from_json(row["input"]),
    )


def _attempt(row: Any) -> AttemptRecord:
    return AttemptRecord(
        number=row["number"],
        result=_result(row["result"]),
        error=_error(row["error"]),
        started=from_microseconds(row["started"]),
        ended=_moment(row["ended"]),
        duration_s=row["duration_s"],
        notebook=row["notebook"],
        tables=_tables(row["tables_written"]),
        log=row["log"],
        outcome=row["outcome"],
        child_run_id=row["child_run_id"],
    )


def _facts(text: str) -> dict[str, Any]:
    """The facts as they may be shown: earlier versions recorded command lines as they were given."""
    facts: dict[str, Any] = from_json(text)
    return {**facts, "command": without_secrets(facts["command"])} if "command" in facts else facts


def _tables(text: str | None) -> tuple[TableWrite, ...]:
    return () if text is None else tuple(map(TableWrite.from_json, from_json(text)))


def _result(text: str | None) -> Result | None:
    return None if text is None else Result(text)


def _moment(number: int | None) -> Any:
    return None if number is None else from_microseconds(number)


def _error(text: str | None) -> TaskError | None:
    if text is None:
        return None
    document = from_json(text)
    return TaskError(**{**document, "kind": ErrorKind(document["kind"])})
