"""The state of a run as its progress shows it, made from the run's events, and the sentences that tell them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from nbflow.core.events import (
    AttemptEnded,
    AttemptStarted,
    CancelRequested,
    CellStarted,
    ChildStarted,
    Event,
    Noted,
    RetryPlanned,
    RunStarted,
    TaskEnded,
)  # fmt: skip
from nbflow.core.results import Result, TaskError
from nbflow.core.writes import TableWrite, written_together
from nbflow.surface.cli.layout import duration
from nbflow.surface.cli.terminal import clean, one_line
from nbflow.surface.cli.written import written_line


@dataclass(slots=True)
class Row:
    """One task: what it does now (``waiting``, ``running``, or its result), and since when (a monotonic time). Of a for_each
    ``ended`` are the indexes of its items of which a step has ended."""

    task_key: str
    state: str = "waiting"
    attempt: int = 0
    cell: int = 0
    cells: int = 0
    began: float | None = None
    cell_began: float | None = None
    seconds: float | None = None
    error: TaskError | None = None
    tables: tuple[TableWrite, ...] = ()
    has_log: bool = False
    items: int | None = None
    ended: set[str] = field(default_factory=set)
    child: str | None = None

    def doing(self, now: float) -> str:
        """What a running task does: ``cell 4 of 9, 12.0 s``."""
        again = f"attempt {self.attempt}, " if self.attempt > 1 else ""
        if self.items is not None:
            return f"{len(self.ended)} of {self.items} items done"
        if self.child is not None:
            return f"{again}{self.child} runs"
        where = f"cell {self.cell} of {self.cells}" if self.cell else "at work" if self.has_log else "kernel starts"
        since = "" if self.cell_began is None else f" for {duration(now - self.cell_began)}"
        return f"{again}{where}{since}"


@dataclass(slots=True)
class Board:
    """All tasks of a run, in their order. ``spark_used`` is false where no task of the plan uses Spark."""

    spark_used: bool = True
    rows: dict[str, Row] = field(default_factory=dict)

    def take(self, event: Event) -> list[str]:
        """Take notice of ``event``; the lines that tell it, none where it is told by the changed state alone."""
        now = time.monotonic()
        if (key := getattr(event, "task_key", None)) is not None:
            self.rows.setdefault(key, Row(key))  # a step of a for_each comes up while the run goes on
        if isinstance(event, RunStarted):
            self.rows = {key: Row(key) for key in event.tasks}
            return [self._heading(event)]
        if isinstance(event, AttemptStarted):
            return self._attempt_started(event, now)
        if isinstance(event, CellStarted):
            row = self.rows[event.task_key]
            row.cell, row.cell_began = event.cell, now
        elif isinstance(event, AttemptEnded):
            row = self.rows[event.task_key]
            row.seconds, row.error, row.state = (row.seconds or 0) + event.seconds, event.error, "ended"
            row.tables = written_together([row.tables, event.tables])
        elif isinstance(event, TaskEnded):
            return [self._task_ended(event)]
        elif isinstance(event, ChildStarted):
            self.rows[event.task_key].child = f"run {event.child_run_id} of {one_line(event.pipeline)}"
            return [f"{clean(event.task_key)}: begins {self.rows[event.task_key].child}"]
        elif isinstance(event, RetryPlanned):
            row = self.rows[event.task_key]
            row.state = "waiting"
            why = f": {describe(row.error)}" if row.error else ""
            return [f"{clean(event.task_key)}: attempt {event.attempt} failed{why}; the next in {duration(event.wait)}"]
        return _plain(event)

    def _heading(self, event: RunStarted) -> str:
        count = f"{len(event.tasks)} task{'s' if len(event.tasks) != 1 else ''}"
        spark = f"Spark engine: {clean(event.engine)}" + ("" if self.spark_used else " (not needed)")
        return f"{one_line(event.pipeline)}: run {event.run_id}, {count}, {spark}"

    def _attempt_started(self, event: AttemptStarted, now: float) -> list[str]:
        row = self.rows[event.task_key]
        row.state, row.attempt, row.cells, row.cell = "running", event.attempt, event.cells, 0
        row.began, row.cell_began, row.has_log = now, None, event.log is not None
        again = [f"attempt {event.attempt}"] if event.attempt > 1 else []
        row.items, row.ended, row.child = event.items, set(), None
        cells = [f"{event.cells} cell{'s' if event.cells != 1 else ''}"] if event.notebook is not None else []
        if event.items is not None:
            cells = [f"{event.items} item{'s' if event.items != 1 else ''}"]
        return [f"{clean(event.task_key)}: {', '.join(['started', *again, *cells])}"]

    def _task_ended(self, event: TaskEnded) -> str:
        row = self.rows[event.task_key]
        row.state = str(event.result)
        loop, _, step = event.task_key.partition("/")
        if step and loop in self.rows:
            self.rows[loop].ended.add(step.partition("/")[0])
        took = f" in {duration(row.seconds)}" if row.seconds is not None else ""
        why = f" ({one_line(event.reason)})" if event.reason else ""
        if event.result is Result.CANCELED and row.cell:
            took = f" in cell {row.cell} of {row.cells} after {duration(row.seconds)}"
        elif row.error is not None and event.result is not Result.SUCCESS:
            where = f" in cell {row.error.cell} of {row.cells}" if row.error.cell and row.cells else ""
            took, why = f"{where} after {duration(row.seconds)}", f": {describe(row.error)}"
        return f"{clean(event.task_key)}: {event.result}{took}{why}{written_line(row.tables)}"


def _plain(event: Event) -> list[str]:
    if isinstance(event, Noted):
        lead = f"{clean(event.task_key)}: " if event.task_key else ""
        return [lead + one_line(event.text, 1000)]
    if isinstance(event, CancelRequested):
        if event.by == "timeout":
            return ["ending the run: its time is over"]
        return [f"cancelling the run, asked by {clean(event.by)}; a second signal ends it at once"]
    return []


def describe(error: TaskError) -> str:
    """An error in one line: the exception where there was one, else its message."""
    if error.ename:
        return one_line(f"{error.ename}: {error.evalue}" if error.evalue else error.ename)
    return one_line(error.message) or str(error.kind)
