"""Whether the machine has time to spare for work that nobody waits for."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psutil

from nbflow.run.engines.cores import machine_cores, seconds_of, shares

_LOOK_SECONDS = 1.0

Meter = Callable[[], tuple[float, float]]
"""Seconds of the processor that others have used until the call, and the seconds of a clock."""


class Spare:
    """Looks at what all processes but ``own``, the one that does such work, use of the cores that this process may use, and of each share of them
    that a control group has. ``limits`` are the cores of each and its meter. What cannot be told is no reason to wait. For one thread."""

    def __init__(self, own: int, limits: Sequence[tuple[float, Meter]] | None = None, seconds: float = _LOOK_SECONDS) -> None:
        self._limits, self._seconds = list(_limits(own) if limits is None else limits), seconds
        self._before, self._is_there = [meter() for _, meter in self._limits], False

    def wait(self, over: threading.Event) -> None:
        """Return when the others have left a core free, or half of what is less than two, on an average since the last look, which was a
        second ago or more; or when ``over`` is set."""
        while not over.is_set():
            now = [meter() for _, meter in self._limits]
            if now[0][1] - self._before[0][1] >= self._seconds:
                looked = zip(self._limits, self._before, now, strict=True)
                self._is_there = all(_is_left(cores, before, after) for (cores, _), before, after in looked)
                self._before = now
            if self._is_there:
                return
            over.wait(self._seconds)


def _is_left(cores: float, before: tuple[float, float], after: tuple[float, float]) -> bool:
    return after[0] - before[0] <= max(cores / 2, cores - 1) * (after[1] - before[1])


def _limits(own: int) -> Iterator[tuple[float, Meter]]:
    yield machine_cores(), _of_others(own, _of_cores)
    for share, group in shares():
        yield share, _of_others(own, functools.partial(seconds_of, group))


def _of_others(own: int, of_all: Callable[[], float]) -> Meter:
    def used() -> tuple[float, float]:
        try:
            mine = psutil.Process(own).cpu_times()
            return of_all() - float(mine.user + mine.system), time.monotonic()
        except (psutil.Error, OSError, ValueError):
            return 0.0, time.monotonic()

    return used


def _of_cores() -> float:
    """What is used of the cores that this process may use; of all where they cannot be told apart, as where some are switched off."""
    whole = psutil.cpu_times(percpu=True)
    ours = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(len(whole)))
    return sum(map(_busy, (whole[core] for core in ours))) if max(ours) < len(whole) == os.cpu_count() else sum(map(_busy, whole))


def _busy(core: Any) -> float:
    return float(sum(core) - sum(getattr(core, kind, 0.0) for kind in ("idle", "iowait", "guest", "guest_nice")))
