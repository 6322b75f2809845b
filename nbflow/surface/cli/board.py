"""A run's progress on a terminal: the sentences that tell its events, and what a running task does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from nbflow.core.events import (
    AttemptStarted,
    CancelRequested,
    ChildStarted,
    Event,
    Noted,
    RetryPlanned,
    RunStarted,
    TaskEnded,
)  # fmt: skip
from nbflow.core.progress import RunProgress, TaskProgress, error_text
from nbflow.core.records import error_payload
from nbflow.core.results import Result, TaskError
from nbflow.surface.cli.layout import duration
from nbflow.surface.cli.terminal import clean, one_line
from nbflow.surface.cli.written import written_line


@dataclass(slots=True)
class Board:
    """A run's progress, and the lines that tell it. ``spark_used`` is false where no task of the plan uses Spark; ``steps`` are the
    tasks inside of each for_each, by its key, with those that they depend on."""

    spark_used: bool = True
    steps: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    progress: RunProgress = field(default_factory=RunProgress)

    def take(self, event: Event) -> list[str]:
        """Take notice of ``event``; the lines that tell it, none where it is told by the changed state alone."""
        self.progress.take(event)
        if isinstance(event, RunStarted):
            for key, inside in self.steps.items():
                self.progress.tasks[key].steps = inside
            return [self._heading(event)]
        if isinstance(event, AttemptStarted):
            return [_attempt_started(event)]
        if isinstance(event, TaskEnded):
            return [self._task_ended(event)]
        if isinstance(event, ChildStarted):
            return [f"{clean(event.task_key)}: begins {one_line(self.task(event.task_key).child or '')}"]
        if isinstance(event, RetryPlanned):
            error = self.task(event.task_key).error
            why = f": {one_line(error_text(error))}" if error else ""
            return [f"{clean(event.task_key)}: attempt {event.attempt} failed{why}; the next in {duration(event.wait)}"]
        return _plain(event)

    def task(self, key: str) -> TaskProgress:
        """The task, or the step, of that key in the run."""
        return self.progress.tasks.get(key) or self.progress.steps[key]

    def _heading(self, event: RunStarted) -> str:
        count = f"{len(event.tasks)} task{'s' if len(event.tasks) != 1 else ''}"
        spark = f"Spark engine: {clean(event.engine)}" + ("" if self.spark_used else " (not needed)")
        return f"{one_line(event.pipeline)}: run {event.run_id}, {count}, {spark}"

    def _task_ended(self, event: TaskEnded) -> str:
        task = self.task(event.task_key)
        took = f" in {duration(task.seconds)}" if task.seconds is not None else ""
        why = f" ({one_line(event.reason)})" if event.reason else ""
        if event.result is Result.CANCELED and task.cell:
            took = f" in cell {task.cell} of {task.cells} after {duration(task.seconds)}"
        elif task.error is not None and event.result is not Result.SUCCESS:
            cell = task.error["cell"]
            where = f" in cell {cell} of {task.cells}" if cell and task.cells else ""
            took, why = f"{where} after {duration(task.seconds)}", f": {one_line(error_text(task.error))}"
        return f"{clean(event.task_key)}: {event.result}{took}{why}{written_line(task.tables)}"


def doing(task: TaskProgress, now: datetime) -> str:
    """What a running task does: ``cell 4 of 9 for 12.0 s``."""
    again = f"attempt {task.attempt}, " if task.attempt > 1 else ""
    if task.items is not None:
        return f"{task.items_done} of {task.items} items done"
    if task.child is not None:
        return f"{again}{one_line(task.child)} runs"
    where = f"cell {task.cell} of {task.cells}" if task.cell else "at work" if task.has_log else "kernel starts"
    since = "" if task.cell_began is None else f" for {elapsed(task.cell_began, now)}"
    return f"{again}{where}{since}"


def elapsed(began: datetime, now: datetime) -> str:
    """The time since then, as people read it."""
    return duration(max((now - began).total_seconds(), 0.0))


def _attempt_started(event: AttemptStarted) -> str:
    again = [f"attempt {event.attempt}"] if event.attempt > 1 else []
    cells = [f"{event.cells} cell{'s' if event.cells != 1 else ''}"] if event.notebook is not None else []
    if event.items is not None:
        cells = [f"{event.items} item{'s' if event.items != 1 else ''}"]
    return f"{clean(event.task_key)}: {', '.join(['started', *again, *cells])}"


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
    return one_line(error_text(error_payload(error) or {}))
