"""Whether the machine has time to spare for work that nobody waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psutil

_LOOK_SECONDS = 1.0


class Spare:
    """Looks at what all processes but ``own``, the one that does such work, use of the processor; ``wait`` is of one thread at a time."""

    def __init__(self, own: int, cores: int | None = None, used: Callable[[], float] | None = None, seconds: float = _LOOK_SECONDS) -> None:
        self._cores, self._seconds = cores or psutil.cpu_count() or 1, seconds
        self._used = used or _of_others(own)
        self._at, self._before, self._is_there = time.monotonic(), self._used(), False

    def wait(self, over: threading.Event) -> None:
        """Return when the others have left a core of the machine free for a second, or half of its only one, or ``over`` is set."""
        while not over.is_set():
            elapsed = time.monotonic() - self._at
            if elapsed >= self._seconds:
                now = self._used()
                self._is_there = (now - self._before) / elapsed <= max(0.5, self._cores - 1)
                self._at, self._before = time.monotonic(), now
            if self._is_there:
                return
            over.wait(self._seconds)


def _of_others(own: int) -> Callable[[], float]:
    """Seconds of the processor that others than ``own`` have used until the call; none of them counts when ``own`` is gone."""
    process = psutil.Process(own)

    def used() -> float:
        whole = psutil.cpu_times()
        idle = whole.idle + getattr(whole, "iowait", 0.0) + getattr(whole, "guest", 0.0) + getattr(whole, "guest_nice", 0.0)
        try:
            mine = process.cpu_times()
        except psutil.Error:
            return 0.0
        return float(sum(whole) - idle - mine.user - mine.system)

    return used
