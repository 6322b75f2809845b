"""The wish that a run end, as a value that everybody in the run can wait for."""

from __future__ import annotations

import asyncio


class Stop:
    """Asked once: end in good order. Asked twice: end now.

    ``by`` says who asked first (a signal's name, ``timeout``, a user), ``signal_number`` which signal it was.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.now = asyncio.Event()
        self.by = ""
        self.signal_number: int | None = None

    def ask(self, by: str, signal_number: int | None = None) -> None:
        """Ask for the end; a second call asks for it at once."""
        if self.asked.is_set():
            self.now.set()
            return
        self.by, self.signal_number = by, signal_number
        self.asked.set()
