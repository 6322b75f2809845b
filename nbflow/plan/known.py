"""What references can be replaced with: what is known of a pipeline, a run and the tasks that have ended."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nbflow.plan.times import Interval

NO_PARAMETERS: Mapping[str, Any] = {}
"""For values that may not refer to parameters: those of parameters."""

NO_ITEM = object()
"""For tasks that are none of a ``for_each_task``: they have no ``{{input}}``."""

LATER = object()
"""For the tasks of a ``for_each_task`` while nobody knows the item yet, and for a parameter whose value was told to be wrong."""

ONE_TIME = "one_time"
"""The type of trigger of a run that somebody starts."""

RUN_JOB_TASK = "run_job_task"
"""That of a run which a task of another pipeline starts."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What later tasks may know of a task that has ended, beside its values.

    ``result`` and ``error`` are words of ``core.results``, ``error`` empty where it did not fail; ``executions`` counts its
    attempts.
    """

    run_id: int
    result: str
    error: str = ""
    executions: int = 0
    notebook_path: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What references can be replaced with. ``None`` stands for what is not known yet.

    ``values`` maps the key of each finished task to its task values, ``outputs`` to the result of its SQL, ``ended`` to what else is known of it; ``start_time`` is
    the run's, ``trigger_time`` that of what started it (``None``: the same). ``zone`` is where times are told, ``interval`` the time whose data
    the run is for (``None``: the last whole day before its start). ``attempt`` counts from 1; ``workspace`` is the
    workspace's folder; ``item`` what ``{{input}}`` is in a task of a ``for_each_task``; ``partly`` says that there are parameters
    which could not be read, ``compat`` that what looks like a reference and is none stays as text.
    """

    job_name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    task_name: str | None = None
    notebook_path: str | None = None
    run_id: int | None = None
    task_run_id: int | None = None
    start_time: datetime | None = None
    values: Mapping[str, Mapping[str, Any]] | None = None
    outputs: Mapping[str, Mapping[str, Any]] | None = None
    ended: Mapping[str, Ended] | None = None
    attempt: int | None = None
    trigger_time: datetime | None = None
    trigger_type: str | None = None
    zone: str = "UTC"
    interval: Interval | None = None
    workspace: str | None = None
    item: Any = NO_ITEM
    partly: bool = False
    compat: bool = False

    @property
    def triggered(self) -> datetime | None:
        """When what started the run happened: with an interval that somebody asked for its start, as in a backfill."""
        return self.trigger_time or (self.interval.start if self.interval is not None else self.start_time)

    @property
    def begin(self) -> datetime | None:
        """Where the time begins whose data the run is for."""
        interval = self._interval()
        return None if interval is None else interval.start

    @property
    def end(self) -> datetime | None:
        """Where it ends."""
        interval = self._interval()
        return None if interval is None else interval.end

    def _interval(self) -> Interval | None:
        if self.interval is not None or self.start_time is None:
            return self.interval
        return Interval.before(self.start_time, self.zone)


def stable_id(text: str) -> int:
    """A positive whole number for ``text``, the same everywhere: Databricks' ids are numbers."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") + 1
