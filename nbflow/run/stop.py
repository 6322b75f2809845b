"""The wish that a run end, as a value that everybody in the run can wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Stop:
    """Asked once: end in good order. Asked twice: end now.

    ``by`` says who asked first (a signal's name, ``timeout``, a user), ``signal_number`` which signal it was; ``own`` is false
    where the wish was that of the whole of which this is a part.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.now = asyncio.Event()
        self.by = ""
        self.signal_number: int | None = None
        self.own = True
        self._parts: list[Stop] = []

    def ask(self, by: str, signal_number: int | None = None) -> None:
        """Ask for the end; a second call asks for it at once."""
        for part in self._parts:
            part.own = part.own and part.asked.is_set()
            part.ask(by, signal_number)
        if self.asked.is_set():
            self.now.set()
            return
        self.by, self.signal_number = by, signal_number
        self.asked.set()

    @contextmanager
    def part(self) -> Iterator[Stop]:
        """The wish that a part of the run end: asked with the whole, or by itself while the rest goes on."""
        part = Stop()
        if self.asked.is_set():
            part.own = False
            part.ask(self.by, self.signal_number)
        if self.now.is_set():
            part.now.set()
        self._parts.append(part)
        try:
            yield part
        finally:
            self._parts.remove(part)
