"""How far a run has come, task by task: begun from its document, kept up by its events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nbflow.core.events import (
    AttemptEnded,
    AttemptStarted,
    CancelRequested,
    CellStarted,
    Event,
    Noted,
    RunEnded,
    TaskEnded,
)  # fmt: skip
from nbflow.core.moments import duration_text
from nbflow.core.plain_text import clean, numbered
from nbflow.core.records import error_payload

WAITING, RUNNING = "WAITING", "RUNNING"
"""The states of a task without a result; else its result is its state."""

_MOST_NOTES = 5


@dataclass(slots=True)
class TaskProgress:
    """One task: its state, and where it is. ``began`` is the start of its newest attempt, ``seconds`` how long all its ended
    attempts took together, ``error`` the newest one as ``--json`` has it, ``cell`` the newest that began, from 1; work that is no
    notebook has 0 ``cells``."""

    task_key: str
    depends_on: tuple[str, ...] = ()
    state: str = WAITING
    attempt: int = 0
    cell: int | None = None
    cells: int | None = None
    began: datetime | None = None
    seconds: float | None = None
    error: Mapping[str, Any] | None = None
    reason: str | None = None
    notebook: str | None = None

    @property
    def failed(self) -> bool:
        """Whether it ended with an error of its own."""
        return self.error is not None and self.state not in (WAITING, RUNNING, "SUCCESS")

    @property
    def said(self) -> str:
        """Its state in a few words: ``cell 4 of 12``, ``SUCCESS 3.1 s``, ``FAILED in cell 5``."""
        again = f"attempt {self.attempt}, " if self.attempt > 1 else ""
        if self.state == RUNNING:
            where = f"cell {self.cell} of {self.cells}" if self.cell else "starts" if self.cells else "runs"
            return again + where
        if self.state == WAITING:
            return f"attempt {self.attempt} ended" if self.attempt else "waits"
        cell = self.error.get("cell") if self.failed and self.error else None
        if cell:
            return f"{self.state} in cell {cell}"
        return self.state if self.seconds is None else f"{self.state} {duration_text(self.seconds)}"


@dataclass(slots=True)
class RunProgress:
    """A run and its tasks by key, in their order. ``notes`` are the newest words of the run on what it does; ``state`` is its
    result, ``RUNNING`` or ``INTERRUPTED``. ``steps`` are tasks of items of a for_each that came up since."""

    run_id: int
    pipeline: str
    engine: str
    state: str
    began: datetime | None
    seconds: float | None
    error: str | None
    tasks: dict[str, TaskProgress] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    steps: dict[str, TaskProgress] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> RunProgress:
        """The progress that the JSON document of ``nbflow run --json`` tells."""
        over = document["state"] != RUNNING
        return cls(
            run_id=int(document["run_id"]),
            pipeline=str(document["pipeline"]),
            engine=str(document.get("engine") or ""),
            state=str(document["state"]),
            began=_moment(document.get("started")),
            seconds=document["duration_s"],
            error=document["error"],
            tasks={task["task_key"]: _task(task, over=over) for task in document["tasks"]},
        )

    @property
    def edges(self) -> dict[str, tuple[str, ...]]:
        """Each task's key with those it depends on."""
        return {key: task.depends_on for key, task in self.tasks.items()}

    @property
    def counts(self) -> dict[str, int]:
        """How many tasks there are of each state."""
        return dict(Counter(task.state for task in self.tasks.values()))

    @property
    def over(self) -> bool:
        """Whether nothing comes any more."""
        return self.state != RUNNING

    def take(self, event: Event) -> None:
        """Take notice of ``event``; each is to be told once, in their order."""
        if isinstance(event, RunEnded):
            self.state, self.seconds, self.error = str(event.result), event.seconds, event.error
        elif isinstance(event, (Noted, CancelRequested)):
            self.notes = [*self.notes, _said(event)][-_MOST_NOTES:]
        key = getattr(event, "task_key", None) or ""
        task = self.tasks.get(key)
        if task is None and "/" in key:
            task = self.steps.setdefault(key, TaskProgress(key))
        if task is None:
            return
        if isinstance(event, AttemptStarted):
            task.state, task.attempt, task.cell, task.cells, task.began = RUNNING, event.attempt, None, event.cells, event.at
            task.notebook, task.error = event.notebook, None
        elif isinstance(event, CellStarted):
            task.cell = event.cell
        elif isinstance(event, AttemptEnded):
            task.state, task.seconds, task.error = WAITING, (task.seconds or 0) + event.seconds, error_payload(event.error)
            task.notebook = event.notebook or task.notebook
        elif isinstance(event, TaskEnded):
            task.state, task.reason = str(event.result), event.reason


def error_text(error: Mapping[str, Any]) -> str:
    """An error in one line: the exception where there was one, else its message."""
    if error.get("ename"):
        text = f"{error['ename']}: {error['evalue']}" if error.get("evalue") else str(error["ename"])
    else:
        text = str(error.get("message") or error["kind"])
    return " ".join(text.split())


def shown_lines(error: Mapping[str, Any], most: int = 15) -> list[str]:
    """The lines of a failed task that say most, about so many: the source of its cell, numbered and with the failing line marked; of
    work that is no notebook the end of its log; none where nothing is known."""
    if error.get("source"):
        return numbered(error["source"], error.get("traceback"), most)
    return clean(error.get("traceback") or "").rstrip().split("\n")[-most:] if error.get("traceback") else []


def _task(task: Mapping[str, Any], *, over: bool) -> TaskProgress:
    attempts = task["attempts"]
    running = bool(attempts) and attempts[-1].get("result") is None
    begun = RUNNING if running else WAITING
    return TaskProgress(
        task_key=task["task_key"],
        depends_on=tuple(task.get("depends_on") or ()),
        state=task["result"] or (_cut_off(begun) if over else begun),
        attempt=len(attempts),
        cell=task.get("cell"),
        cells=task.get("cells"),
        began=_moment(attempts[-1].get("started")) if attempts else None,
        seconds=task["duration_s"],
        error=task["error"],
        reason=task["reason"],
        notebook=task["notebook"],
    )


def _cut_off(state: str) -> str:
    """The state of a task whose run is over without a word of it."""
    return "INTERRUPTED" if state == RUNNING else "NOT_STARTED"


def _said(event: Noted | CancelRequested) -> str:
    if isinstance(event, CancelRequested):
        return "ending the run: its time is over" if event.by == "timeout" else f"cancelling the run, asked by {event.by}"
    return f"{event.task_key}: {event.text}" if event.task_key else event.text


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
