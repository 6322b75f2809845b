"""Whether the machine has time to spare for work that nobody waits for."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from nbflow.run.engines.cores import cores, narrowest, seconds_of

_LOOK_SECONDS = 1.0

Meter = Callable[[], tuple[float, float]]
"""Seconds of the processor that others have used until the call, and the seconds of a clock."""


class Spare:
    """Looks at what all processes but ``own``, the one that does such work, use of the ``usable`` cores (``None``: those that this process may
    use). Where that cannot be told there is time to spare. For one thread."""

    def __init__(self, own: int, usable: int | None = None, meter: Meter | None = None, seconds: float = _LOOK_SECONDS) -> None:
        self._most, self._seconds = max(0.5, (usable or cores()) - 1), seconds
        self._meter = meter or _of_others(own)
        self._before, self._is_there = self._meter(), False

    def wait(self, over: threading.Event) -> None:
        """Return when the others have left a core free, or half of the only one, on an average since the last look, which was a second ago or
        more; or when ``over`` is set."""
        while not over.is_set():
            used, now = self._meter()
            if now - self._before[1] >= self._seconds:
                self._is_there = used - self._before[0] <= self._most * (now - self._before[1])
                self._before = used, now
            if self._is_there:
                return
            over.wait(self._seconds)


def _of_others(own: int) -> Meter:
    group = narrowest()

    def used() -> tuple[float, float]:
        try:
            mine = psutil.Process(own).cpu_times()
            whole = _of_cores() if group is None else seconds_of(group)
        except (psutil.Error, OSError, ValueError):
            return 0.0, time.monotonic()
        return whole - float(mine.user + mine.system), time.monotonic()

    return used


def _of_cores() -> float:
    """What is used of the cores that this process may use; of all where they cannot be told apart, as where some are switched off."""
    whole = psutil.cpu_times(percpu=True)
    ours = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(len(whole)))
    return sum(map(_busy, (whole[core] for core in ours))) if max(ours) < len(whole) == os.cpu_count() else sum(map(_busy, whole))


def _busy(core: Any) -> float:
    return float(sum(core) - sum(getattr(core, kind, 0.0) for kind in ("idle", "iowait", "guest", "guest_nice")))
