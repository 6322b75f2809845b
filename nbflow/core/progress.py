"""How far a run has come, task by task: begun from its document or from its first event, kept up by its events."""

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
    ChildStarted,
    Event,
    Noted,
    RunEnded,
    RunStarted,
    TaskEnded,
)  # fmt: skip
from nbflow.core.moments import duration_text
from nbflow.core.plain_text import clean, numbered
from nbflow.core.records import error_payload
from nbflow.core.writes import TableWrite, written_together

WAITING, RUNNING = "WAITING", "RUNNING"
"""The states of a task without a result; else its result is its state."""

_MOST_NOTES = 5


@dataclass(slots=True)
class TaskProgress:
    """One task: its state, and where it is. ``began`` is the start of its newest attempt, ``seconds`` how long all its ended
    attempts took together, ``error`` the newest one as ``--json`` has it, ``cell`` the newest that began, from 1; work that is no
    notebook has 0 ``cells``.

    A for_each has ``steps``, its tasks by key with those that they depend on; once it has begun ``items``, of which ``items_done``
    have ended. What stands last only events tell: when the newest cell began, whether there is a log, the run that it has begun in
    words, and what it wrote.
    """

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
    steps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    items: int | None = None
    items_done: int = 0
    cell_began: datetime | None = field(default=None, compare=False)
    has_log: bool = field(default=False, compare=False)
    child: str | None = field(default=None, compare=False)
    tables: tuple[TableWrite, ...] = field(default=(), compare=False)

    @property
    def failed(self) -> bool:
        """Whether it ended with an error of its own."""
        return self.error is not None and self.state not in (WAITING, RUNNING, "SUCCESS")

    @property
    def ended(self) -> bool:
        """Whether it has a result."""
        return self.state not in (WAITING, RUNNING)

    @property
    def said(self) -> str:
        """Its state in a few words: ``cell 4 of 12``, ``SUCCESS 3.1 s``, ``FAILED (attempt 2) in cell 5``."""
        again = f"attempt {self.attempt}, " if self.attempt > 1 else ""
        if self.state == RUNNING and self.items is not None:
            return f"{self.items_done} of {self.items} done"
        if self.state == RUNNING:
            where = f"cell {self.cell} of {self.cells}" if self.cell else "starts" if self.cells else "runs"
            return again + where
        if self.state == WAITING:
            return f"attempt {self.attempt} ended" if self.attempt else "waits"
        cell = self.error.get("cell") if self.failed and self.error else None
        if cell:
            return f"{self.result} in cell {cell}"
        return self.result if self.seconds is None else f"{self.result} {duration_text(self.seconds)}"

    @property
    def result(self) -> str:
        """Its state, with the attempt that it came to, where that was not the first: ``SUCCESS (attempt 2)``."""
        return f"{self.state} (attempt {self.attempt})" if self.ended and self.attempt > 1 else self.state


@dataclass(slots=True)
class RunProgress:
    """A run: its tasks by key, in their order, and apart from them its ``steps``, the tasks of the items of a for_each, which come
    up while it runs. ``notes`` are the newest words of the run on what it does; ``state`` is its result, ``RUNNING`` or
    ``INTERRUPTED``. Without anything it is a run that has not begun."""

    run_id: int = 0
    pipeline: str = ""
    engine: str = ""
    state: str = RUNNING
    began: datetime | None = None
    seconds: float | None = None
    error: str | None = None
    tasks: dict[str, TaskProgress] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    steps: dict[str, TaskProgress] = field(default_factory=dict)
    _left: dict[str, int] = field(default_factory=dict, repr=False)  # how many steps of an item have not ended, by ``loop/item``

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> RunProgress:
        """The progress that the JSON document of ``nbflow run --json`` tells."""
        over = document["state"] != RUNNING
        found = cls(
            run_id=int(document["run_id"]),
            pipeline=str(document["pipeline"]),
            engine=str(document.get("engine") or ""),
            state=str(document["state"]),
            began=_moment(document.get("started")),
            seconds=document["duration_s"],
            error=document["error"],
        )
        for task in document["tasks"]:
            progress = _task(task, over=over)
            (found.tasks if task.get("parent") is None else found.steps)[progress.task_key] = progress
        found._count_items()
        return found

    def afresh(self) -> RunProgress:
        """The same run with nothing known of its tasks, for one that takes all events, from the first on."""
        tasks = {key: TaskProgress(key, task.depends_on, steps=task.steps) for key, task in self.tasks.items()}
        return RunProgress(self.run_id, self.pipeline, self.engine, self.state, self.began, self.seconds, self.error, tasks)

    @property
    def every(self) -> dict[str, TaskProgress]:
        """The tasks and the steps."""
        return {**self.tasks, **self.steps}

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
        if isinstance(event, RunStarted):
            self._started(event)
        elif isinstance(event, RunEnded):
            self.state, self.seconds, self.error = str(event.result), event.seconds, event.error
        elif isinstance(event, (Noted, CancelRequested)):
            self.notes = [*self.notes, _said(event)][-_MOST_NOTES:]
        task = self._task_of(event)
        if task is None:
            return
        if isinstance(event, AttemptStarted):
            task.state, task.attempt, task.cell, task.cells, task.began = RUNNING, event.attempt, None, event.cells, event.at
            task.notebook, task.error, task.cell_began, task.has_log = event.notebook, None, None, event.log is not None
            task.items, task.items_done, task.child = event.items, 0, None
        elif isinstance(event, CellStarted):
            task.cell, task.cell_began = event.cell, event.at
        elif isinstance(event, ChildStarted):
            task.child = f"run {event.child_run_id} of {event.pipeline}"
        elif isinstance(event, AttemptEnded):
            task.state, task.seconds, task.error = WAITING, (task.seconds or 0) + event.seconds, error_payload(event.error)
            task.notebook = event.notebook or task.notebook
            task.tables = written_together([task.tables, event.tables])
        elif isinstance(event, TaskEnded):
            task.state, task.reason = str(event.result), event.reason
            self._count_step(task.task_key)

    def _started(self, event: RunStarted) -> None:
        self.run_id, self.pipeline, self.engine = event.run_id, event.pipeline, event.engine
        self.began = self.began or event.at
        self.tasks = {key: self.tasks.get(key) or TaskProgress(key) for key in event.tasks}

    def _task_of(self, event: Event) -> TaskProgress | None:
        key = getattr(event, "task_key", None) or ""
        if "/" in key and key not in self.tasks:
            return self.steps.setdefault(key, TaskProgress(key))
        return self.tasks.get(key)

    def _count_items(self) -> None:
        """The items of each for_each, from its steps, which are recorded all at once."""
        for loop in self.tasks.values():
            if loop.attempt and loop.steps:
                loop.items = 0
        items: dict[str, TaskProgress] = {}
        for key, step in self.steps.items():
            name, item = key.split("/")[:2]
            if name in self.tasks:
                items[f"{name}/{item}"] = self.tasks[name]
            if step.ended:
                self._count_step(key)
        for loop in items.values():
            loop.items = (loop.items or 0) + 1

    def _count_step(self, key: str) -> None:
        """Take notice that the step has ended, and with the last of its item the item."""
        name, slash, rest = key.partition("/")
        loop = self.tasks.get(name)
        if not slash or loop is None:
            return
        item = f"{name}/{rest.partition('/')[0]}"
        self._left[item] = self._left.get(item, max(len(loop.steps), 1)) - 1
        loop.items_done += self._left[item] == 0


def error_text(error: Mapping[str, Any]) -> str:
    """An error in one line without terminal escapes: the exception where there was one, else its message."""
    if error.get("ename"):
        text = f"{error['ename']}: {error['evalue']}" if error.get("evalue") else str(error["ename"])
    else:
        text = str(error.get("message") or error["kind"])
    return " ".join(clean(text).split())


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
        steps={step["task_key"]: tuple(step["depends_on"]) for step in task.get("steps") or ()},
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
