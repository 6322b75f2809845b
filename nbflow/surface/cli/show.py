"""A recorded run told whole, for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nbflow.core.records import AttemptRecord, RunRecord, TaskRecord
from nbflow.core.results import Result
from nbflow.surface.cli.board import describe
from nbflow.surface.cli.layout import columns, duration, moment, short_path
from nbflow.surface.cli.report import STYLES, print_failure, print_tables, print_tasks
from nbflow.surface.cli.terminal import Out, clean, one_line
from nbflow.surface.cli.written import written_row

_LONGEST_VALUE = 200


def print_run(record: RunRecord, out: Out) -> None:
    """The run: what it was, its parameters and facts, its tasks, and each failure with its trimmed traceback."""
    _heading(record, out)
    _pairs("parameters", record.parameters, out)
    out.line()
    print_tasks(record, out)
    print_tables(record, out)
    for task in record.tasks:
        if task.values and task.parent is None:  # those of items stand in the list of their for_each
            _pairs(f"values of {clean(task.task_key)}", task.values, out)
    for task in record.tasks:
        if task.error is not None and task.result is not Result.SUCCESS:
            out.line()
            print_failure(task, out)
            _traceback(task, out)
    _pairs("how it ran", record.facts, out)


def print_task(record: RunRecord, task: TaskRecord, out: Out) -> None:
    """One task of a run: parameters, values, every attempt, and its failure with the trimmed traceback."""
    _heading(record, out)
    out.line()
    print_tasks(_only(record, task), out)
    _pairs("parameters", task.parameters, out)
    _pairs("values", task.values, out)
    if task.output is not None:
        rows = task.output["rows"]
        _pairs("result", {"columns": ", ".join(task.output["columns"]), "rows": len(rows), **({"first row": rows[0]} if rows else {})}, out)
    if task.exit_value is not None:
        _pairs("exit", {"value": task.exit_value}, out)
    if task.attempts:
        out.line()
        out.line(out.paint("attempts", "bold"))
        for line in columns([_attempt(attempt) for attempt in task.attempts], "  "):
            out.line(line)
    if any(attempt.tables for attempt in task.attempts):
        out.line()
        out.line(out.paint("Delta tables written", "bold"))
        for line in columns(_written(task), "  "):
            out.line(line)
    if task.error is not None and task.result is not Result.SUCCESS:
        out.line()
        print_failure(task, out)
        _traceback(task, out)


def _only(record: RunRecord, task: TaskRecord) -> RunRecord:
    from dataclasses import replace

    return replace(record, tasks=(task,))


def _heading(record: RunRecord, out: Out) -> None:
    style = STYLES.get(record.result, "yellow") if record.result else "cyan"
    took = f" in {duration(record.duration_s)}" if record.duration_s is not None else ""
    out.line(f"{clean(record.title)}: run {record.run_id} {out.paint(record.state, style)}{took}")
    ended = f", ended {moment(record.ended)}" if record.ended else ""
    out.line(f"started {moment(record.started)}{ended}, Spark engine: {clean(record.engine)}")
    if record.parent_run_id is not None:
        out.line(f"begun by a task of run {record.parent_run_id}")
    if record.interrupted:
        out.line("its process ended without a word: killed, or the machine went down")
    if record.error:
        out.line(one_line(record.error, 1000))


def _pairs(title: str, pairs: Mapping[str, Any], out: Out) -> None:
    if not pairs:
        return
    out.line()
    out.line(out.paint(title, "bold"))
    for line in columns([(one_line(name), _value(value)) for name, value in pairs.items()], "  "):
        out.line(line)


def _value(value: Any) -> str:
    """``value`` on one line, a long one by its beginning, with where all of it is."""
    if isinstance(value, str) and value and value == one_line(value, _LONGEST_VALUE):
        return value
    text = json.dumps(value, ensure_ascii=False, default=str)
    flat = one_line(text, len(text))
    return flat if len(flat) <= _LONGEST_VALUE else f"{flat[:_LONGEST_VALUE]}... ({len(text)} characters; --json tells all)"


def _attempt(attempt: AttemptRecord) -> tuple[str, ...]:
    error = describe(attempt.error) if attempt.error else ""
    kept = attempt.notebook or attempt.log
    notebook = short_path(kept) if kept else ""
    result = str(attempt.result) if attempt.result else "-"
    return str(attempt.number), result, moment(attempt.started), duration(attempt.duration_s), notebook, error


def _written(task: TaskRecord) -> list[tuple[str, ...]]:
    """What each attempt wrote, with the attempt's number where there was more than one."""
    several = len(task.attempts) > 1
    return [
        (*written_row(write), *([f"attempt {attempt.number}"] if several else [])) for attempt in task.attempts for write in attempt.tables
    ]


def _traceback(task: TaskRecord, out: Out) -> None:
    if task.error is None or not task.error.traceback or task.log:  # the end of a log is told with the failure
        return
    out.line("  traceback:")
    for line in clean(task.error.traceback).rstrip().split("\n"):
        out.line(f"    {line}".rstrip())
