"""When each task waited and when it ran, as parts of the run's whole time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nbflow.core.records import RunRecord, TaskRecord


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a task's time: it waited (``attempt`` 0) or ran its ``attempt``, from 1. ``start`` and ``width`` are in hundredths
    of the run's time, ``seconds`` is how long it took; ``state`` is how an attempt ended, ``RUNNING`` where it has not."""

    attempt: int
    state: str
    start: float
    width: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Track:
    """One task: how long it waited for its turn and between attempts, how long it ran, and the parts of that in their order."""

    task_key: str
    waited: float
    ran: float
    bars: tuple[Bar, ...]


def tracks_of(run: RunRecord, parents: Mapping[str, Sequence[str]], now: datetime) -> tuple[list[Track], float]:
    """The tracks of all tasks of ``run``, and how many seconds 100 hundredths are.

    A task waits from the end of the last task that it depends on, or from the start of the run, or of the for_each that it is a step
    of, until it starts: for its turn among those that run at once. It waits between attempts, too. ``parents`` are the keys that each task
    depends on. A run that goes on lasts until ``now``.
    """
    ends = {task.task_key: task.ended for task in run.tasks if task.ended is not None}
    last = run.ended or max([moment for task in run.tasks for moment in _moments(task)], default=run.started)
    goes_on = run.result is None and not run.interrupted
    last = max(last, now) if goes_on else last
    whole = max((last - run.started).total_seconds(), 0.001)
    starts = {task.task_key: task.started for task in run.tasks if task.started is not None}
    found = []
    for task in run.tasks:
        before = parents.get(task.task_key, ())
        start = starts.get(task.parent or "", run.started)
        ready = max([ends[key] for key in before if key in ends], default=start)
        waits = goes_on and task.result is None and all(key in ends for key in before)
        bars = _bars(task, ready, last, run.started, whole, waits=waits)
        waited = sum(bar.seconds for bar in bars if not bar.attempt)
        found.append(Track(task.task_key, waited, sum(bar.seconds for bar in bars if bar.attempt), tuple(bars)))
    return found, whole


def _moments(task: TaskRecord) -> list[datetime]:
    return [moment for attempt in task.attempts for moment in (attempt.started, attempt.ended) if moment is not None]


def _bars(task: TaskRecord, ready: datetime, last: datetime, origin: datetime, whole: float, *, waits: bool) -> list[Bar]:
    def bar(attempt: int, state: str, start: datetime, end: datetime) -> Bar:
        seconds = max((end - start) / timedelta(seconds=1), 0.0)
        return Bar(attempt, state, 100 * max((start - origin).total_seconds(), 0.0) / whole, 100 * seconds / whole, seconds)

    bars, free = [], ready
    for attempt in task.attempts:
        if attempt.started > free:
            bars.append(bar(0, "WAITING", free, attempt.started))
        free = attempt.ended or last
        bars.append(bar(attempt.number, str(attempt.result or "RUNNING"), attempt.started, free))
    if waits and last > free:
        bars.append(bar(0, "WAITING", free, last))
    return bars
