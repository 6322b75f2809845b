"""What a run came to: a table of its tasks, the Delta tables it changed, and each failure with what mends it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from nbflow.core.flow import Operator
from nbflow.core.records import RunRecord, TaskRecord
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.surface.cli.board import describe
from nbflow.surface.cli.layout import columns, duration, numbered, short_path
from nbflow.surface.cli.terminal import Out, clean, one_line
from nbflow.surface.cli.written import written_row

STYLES = {
    Result.SUCCESS: "green",
    Result.FAILED: "red",
    Result.TIMEDOUT: "red",
    Result.CANCELED: "yellow",
    Result.SUCCESS_WITH_FAILURES: "yellow",
}
SHOWN_FAILURES = 5
SHOWN_ITEMS = 20
SHOWN_LINES = 8
LONGEST_LINE = 500


def print_report(record: RunRecord, others: Sequence[tuple[str, int]], out: Out) -> None:
    """The end of ``nbflow run``. ``others`` are the Delta tables that changed meanwhile and of which no record tells, by
    name and with their versions."""
    out.line()
    print_tasks(record, out)
    print_tables(record, out)
    _listed("Delta tables that changed meanwhile", [(one_line(name), f"version {version}") for name, version in others], out)
    print_failures(record, out)
    out.line()
    out.line(out.paint(ending(record), STYLES.get(record.result, "yellow") if record.result else "yellow"))


def ending(record: RunRecord) -> str:
    """The run in one line."""
    return f"{one_line(record.pipeline)}: run {record.run_id} {record.state} in {duration(record.duration_s)}"


def print_tasks(record: RunRecord, out: Out) -> None:
    """A table of the tasks with result, time, attempts where there was more than one, and notebook or reason."""
    kept = "notebook or log" if any(task.log for task in record.tasks) else "notebook"
    tasks, more = _shown(record)
    rows = [("task", "result", "time", kept), *(_row(task) for task in tasks)]
    heading, *lines = columns(rows)
    out.line(out.paint(heading, "bold"))
    for task, line in zip(tasks, lines, strict=True):
        style = STYLES.get(task.result, "yellow") if task.result else "dim"
        word = _result(task)
        at = line.find(word, len(clean(task.task_key)))
        out.line(line[:at] + out.paint(word, style) + line[at + len(word) :])
    for loop, count in more.items():
        out.line(f"{clean(loop)}: {count} more items of which nothing need be told: nbflow runs show {record.run_id} --json")


def _shown(record: RunRecord) -> tuple[list[TaskRecord], dict[str, int]]:
    """The tasks of the table, and how many steps of each for_each are left out of it, since they are many and went well."""
    steps = Counter(task.parent for task in record.tasks if task.parent is not None)
    tasks = [task for task in record.tasks if task.parent is None or steps[task.parent] <= SHOWN_ITEMS or task.result is not Result.SUCCESS]
    left = Counter(task.parent for task in tasks if task.parent is not None)
    return tasks, {loop: count - left[loop] for loop, count in steps.items() if count > left[loop]}


def print_tables(record: RunRecord, out: Out) -> None:
    """The Delta tables that the tasks wrote: versions, rows, and which task; nothing where none was."""
    writes = [(write, clean(task.task_key)) for task in record.tasks for write in task.tables]
    writes.sort(key=lambda each: (each[0].table, each[0].first_version))
    _listed("Delta tables written", [(*written_row(write), key) for write, key in writes], out)


def _listed(heading: str, rows: Sequence[Sequence[str]], out: Out) -> None:
    if rows:
        out.line()
        out.line(out.paint(heading, "bold"))
        for line in columns(rows, "  "):
            out.line(line)


def _result(task: TaskRecord) -> str:
    word = str(task.result) if task.result else "-"
    return f"{word} (attempt {len(task.attempts)})" if len(task.attempts) > 1 else word


def _row(task: TaskRecord) -> tuple[str, str, str, str]:
    kept = task.notebook or task.log
    last = short_path(kept) if kept else ""
    if task.outcome is not None:
        last = f"{told_condition(task)} is {task.outcome}"
    elif task.child_run_id is not None:
        last = f"run {task.child_run_id}"
    if task.reason:
        last = f"{last} ({one_line(task.reason)})".strip()
    elif task.ended_at_cell and task.result is Result.SUCCESS:
        said = f", exit value {one_line(task.exit_value, 60)}" if task.exit_value is not None else ""
        last = f"{last} (ended early in cell {task.ended_at_cell}{said})"
    elif task.ended_at_cell and task.result is Result.CANCELED:
        last = f"{last} (in cell {task.ended_at_cell} of {task.cells})"
    return clean(task.task_key), _result(task), duration(task.duration_s), last


def told_condition(task: TaskRecord) -> str:
    """What a condition compared, with its operands as they were resolved."""
    operator = str(task.parameters.get("op", ""))
    sign = Operator(operator).sign if operator in set(map(str, Operator)) else operator
    left, right = (json.dumps(task.parameters.get(side), ensure_ascii=False, default=str) for side in ("left", "right"))
    return one_line(f"{left} {sign} {right}")


def print_failures(record: RunRecord, out: Out) -> None:
    """Each failed task: the failing cell's source, the error, the notebook, and the command that shows more."""
    failed = [task for task in record.tasks if task.error is not None and task.result is not Result.SUCCESS]
    for task in failed[:SHOWN_FAILURES]:
        out.line()
        print_failure(task, out)
        out.line(f"  more: nbflow runs show {record.run_id} {clean(task.task_key)}")
    if len(failed) > SHOWN_FAILURES:
        out.line()
        out.line(f"{len(failed) - SHOWN_FAILURES} more tasks failed: nbflow runs show {record.run_id}")


def print_failure(task: TaskRecord, out: Out) -> None:
    """One failed task without its traceback."""
    error = task.error
    if error is None:
        return
    out.line(out.paint(f"{clean(task.task_key)} {task.result}{_where(error, task)} ({error.kind})", "bold"))
    if error.source:
        for line in numbered(error.source, error.traceback):
            out.line(f"  {line}")
    for line in _tail(error) if task.log and not error.source else ():
        out.line(f"  | {line}".rstrip())
    for line in _words(error):
        out.line(f"  {out.paint(line, 'red')}")
    if task.notebook:
        out.line(f"  notebook: {short_path(task.notebook)}")
    if task.log:
        out.line(f"  log: {short_path(task.log)}")


def _words(error: TaskError) -> list[str]:
    """What the exception said, its first lines; nbflow's own sentence where that says more or there was none."""
    if not error.ename or error.kind is not ErrorKind.CELL_ERROR:
        said = [one_line(error.message, 1000)] if error.message else []
        return said or [describe(error)]
    lines = [line.rstrip() for line in clean(f"{error.ename}: {error.evalue or ''}").strip(": \n").split("\n")]
    kept = [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}..." for line in lines[:SHOWN_LINES]]
    return [*kept, *([f"... {len(lines) - SHOWN_LINES} more lines"] if len(lines) > SHOWN_LINES else [])]


def _tail(error: TaskError) -> list[str]:
    """The last lines of a failed program's log."""
    lines = clean(error.traceback or "").rstrip().split("\n")[-SHOWN_LINES:]
    return [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}..." for line in lines if error.traceback]


def _where(error: TaskError, task: TaskRecord) -> str:
    if not error.cell:
        return ""
    return f" in cell {error.cell} of {task.cells}" if task.cells else f" in cell {error.cell}"
