"""What was done, as values: the one shape that ``--json``, Python and later every other surface are fed with.

Times are UTC with microseconds. ``result`` is ``None`` while nobody knows it yet; a run whose process is gone without a
result is *interrupted*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nbflow.core.results import Result, TaskError
from nbflow.core.writes import TableWrite

VERSION = 1


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt of a task; ``number`` counts from 1. ``tables`` is what it wrote to the warehouse, as far as its commits
    tell of it, also where it failed; of an attempt whose run was killed nothing is known."""

    number: int
    result: Result | None
    error: TaskError | None
    started: datetime
    ended: datetime | None
    duration_s: float | None
    notebook: str | None
    tables: tuple[TableWrite, ...] = ()
    log: str | None = None
    outcome: str | None = None
    child_run_id: int | None = None


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task of a run. ``error``, ``notebook`` (or ``log``, where its work is no notebook) and the times are those of its newest attempt and of all of them together;
    ``tables`` is of all of them together, for what a failed attempt wrote stays; ``output`` is the result of SQL.
    ``outcome`` is that of a condition, ``child_run_id`` the run that a task has begun. A
    task of a for_each has the key of that as ``parent``, and the ``index`` (from 0) and the ``input`` of its item."""

    task_key: str
    task_run_id: int
    result: Result | None
    error: TaskError | None
    reason: str | None
    started: datetime | None
    ended: datetime | None
    duration_s: float | None
    notebook: str | None
    parameters: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    exit_value: str | None = None
    ended_at_cell: int | None = None
    attempts: tuple[AttemptRecord, ...] = ()
    cell: int | None = None
    cells: int | None = None
    tables: tuple[TableWrite, ...] = ()
    log: str | None = None
    output: dict[str, Any] | None = None
    outcome: str | None = None
    child_run_id: int | None = None
    parent: str | None = None
    index: int | None = None
    input: Any = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. ``facts`` holds what was recorded at its start: nbflow's and Python's version, git commit and dirty flag,
    user, host, how it was started, the command line; ``definition`` the plan as it ran; ``parent_run_id`` is the run whose task began it,
    ``source`` the notebook of a run of a notebook by itself."""

    run_id: int
    pipeline: str
    result: Result | None
    error: str | None
    started: datetime
    ended: datetime | None
    duration_s: float | None
    engine: str
    parameters: dict[str, Any] = field(default_factory=dict)
    tasks: tuple[TaskRecord, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    definition: dict[str, Any] = field(default_factory=dict)
    interrupted: bool = False
    parent_run_id: int | None = None
    source: str | None = None

    @property
    def title(self) -> str:
        """What was run: the pipeline's name, or that of the notebook's file."""
        return self.pipeline if self.source is None else self.source.rpartition("/")[2]

    @property
    def state(self) -> str:
        """One word for people: the result, ``RUNNING`` or ``INTERRUPTED``."""
        if self.result is not None:
            return str(self.result)
        return "INTERRUPTED" if self.interrupted else "RUNNING"


def run_payload(run: RunRecord) -> dict[str, Any]:
    """``run`` as the documented JSON document of ``nbflow run --json``."""
    planned = {task["task_key"]: task for task in run.definition.get("tasks", ())}
    return {
        "version": VERSION,
        "run_id": run.run_id,
        "pipeline": run.pipeline,
        "source": run.source,
        "result": _text(run.result),
        "state": run.state,
        "error": run.error,
        "engine": run.engine,
        "uses_spark": run.definition.get("uses_spark"),
        "warnings": list(run.definition.get("warnings", ())),
        "started": _time(run.started),
        "ended": _time(run.ended),
        "duration_s": run.duration_s,
        "parameters": run.parameters,
        "parent_run_id": run.parent_run_id,
        "tasks": [_task_payload(task, planned) for task in run.tasks],
    }


def _task_payload(task: TaskRecord, planned: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "task_key": task.task_key,
        "task_run_id": task.task_run_id,
        "depends_on": _depends_on(task, planned),
        "steps": [{name: step[name] for name in ("task_key", "depends_on")} for step in _steps(task.task_key, planned)],
        "result": _text(task.result),
        "error": error_payload(task.error),
        "reason": task.reason,
        "started": _time(task.started),
        "ended": _time(task.ended),
        "duration_s": task.duration_s,
        "notebook": task.notebook,
        "log": task.log,
        "cell": task.cell,
        "cells": task.cells,
        "parameters": task.parameters,
        "values": task.values,
        "exit_value": task.exit_value,
        "ended_at_cell": task.ended_at_cell,
        "output": task.output,
        "outcome": task.outcome,
        "child_run_id": task.child_run_id,
        "parent": task.parent,
        "index": task.index,
        "input": task.input,
        "tables": [write.to_json() for write in task.tables],
        "attempts": [_attempt_payload(attempt) for attempt in task.attempts],
    }


def _steps(loop: str, planned: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The tasks inside of a for_each as they were planned; none of another task."""
    steps: Sequence[Mapping[str, Any]] = planned.get(loop, {}).get("steps") or ()
    return steps


def _depends_on(task: TaskRecord, planned: Mapping[str, Any]) -> list[str]:
    """The keys in the run of those that the task depends on: of a task of a for_each those of the same item."""
    if task.parent is None:
        return list(planned.get(task.task_key, {}).get("depends_on", ()))
    item, _, name = task.task_key.rpartition("/")
    parents = next((step["depends_on"] for step in _steps(task.parent, planned) if step["task_key"] == name), ())
    return [f"{item}/{parent}" for parent in parents]


def _attempt_payload(attempt: AttemptRecord) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "result": _text(attempt.result),
        "error": error_payload(attempt.error),
        "started": _time(attempt.started),
        "ended": _time(attempt.ended),
        "duration_s": attempt.duration_s,
        "notebook": attempt.notebook,
        "log": attempt.log,
        "outcome": attempt.outcome,
        "child_run_id": attempt.child_run_id,
        "tables": [write.to_json() for write in attempt.tables],
    }


def error_payload(error: TaskError | None) -> dict[str, Any] | None:
    """``error`` as the JSON object of ``nbflow run --json``."""
    if error is None:
        return None
    return {
        "kind": str(error.kind),
        "cell": error.cell,
        "ename": error.ename,
        "evalue": error.evalue,
        "message": error.message,
        "source": error.source,
        "traceback": error.traceback,
    }


def _text(result: Result | None) -> str | None:
    return None if result is None else str(result)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="microseconds")
