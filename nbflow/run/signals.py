"""Signals to nbflow: the run's one event loop owns them, and turns each into the wish that the run end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from nbflow.run.stop import Stop

_HANDLED = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def signals_ask(stop: Stop) -> Iterator[None]:
    """While this holds, SIGINT, SIGTERM and SIGHUP ask ``stop``. Needs the main thread and a running loop.

    A hang-up ends the run like SIGTERM: the terminal is gone, and with it whoever watched. A signal that whoever started
    nbflow has it ignore, as ``nohup`` does, stays ignored.
    """
    loop = asyncio.get_running_loop()
    numbers = [getattr(signal, name) for name in _HANDLED if hasattr(signal, name)]
    numbers = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]

    def ask(number: signal.Signals) -> None:
        stop.ask(number.name, int(signal.SIGTERM if number.name == "SIGHUP" else number))

    for number in numbers:
        loop.add_signal_handler(number, ask, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
