"""Whether the machine has time to spare for work that nobody waits for."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from nbflow.run.engines.parts import cores

_LOOK_SECONDS = 1.0


class Spare:
    """Looks at what all processes but ``own``, the one that does such work, use of the cores that it may use. Where that cannot be told
    there is time to spare. For one thread."""

    def __init__(self, own: int, of: int | None = None, used: Callable[[], float] | None = None, seconds: float = _LOOK_SECONDS) -> None:
        self._most, self._seconds = max(0.5, (of or cores()) - 1), seconds
        self._used = used or _of_others(own)
        self._before, self._at, self._is_there = self._used(), time.monotonic(), False

    def wait(self, over: threading.Event) -> None:
        """Return when the others have left a core free for a second, or half of the only one, or when ``over`` is set."""
        while not over.is_set():
            if time.monotonic() - self._at >= self._seconds:
                used, now = self._used(), time.monotonic()
                self._is_there = used - self._before <= self._most * (now - self._at)
                self._before, self._at = used, now
            if self._is_there:
                return
            over.wait(self._seconds)


def _of_others(own: int) -> Callable[[], float]:
    """Seconds of the processor that others than ``own`` have used until the call."""

    def used() -> float:
        try:
            mine = psutil.Process(own).cpu_times()
            whole = psutil.cpu_times(percpu=True)
        except (psutil.Error, OSError):
            return 0.0
        ours = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(len(whole))
        return sum(map(_busy, (whole[core] for core in ours if core < len(whole)))) - float(mine.user + mine.system)

    return used


def _busy(core: Any) -> float:
    return float(sum(core) - sum(getattr(core, kind, 0.0) for kind in ("idle", "iowait", "guest", "guest_nice")))
