"""Interrupts of a cell that are counted where raising them would leave things half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any


class Interrupts:
    """Inside of a ``with`` block on this an interrupt raises nothing: ``count`` says how many came.

    Where the block is entered in another thread than the main one it changes nothing, for no interrupt is raised there; nor where the
    program ignores interrupts, or does with them what it wants.
    """

    def __init__(self) -> None:
        self.count = 0
        self._told: Callable[[], None] = lambda: None
        self._former: Any = None

    def tell(self, told: Callable[[], None]) -> None:
        """Have ``told`` called at each interrupt from now on, and once where one came already."""
        self._told = told
        if self.count:
            told()

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._former = signal.signal(signal.SIGINT, self._came)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._former is not None:
            signal.signal(signal.SIGINT, self._former)

    def _came(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        self._told()
