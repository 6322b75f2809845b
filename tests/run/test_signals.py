"""Signals to nbflow."""

from __future__ import annotations

import asyncio
import os
import signal

from nbflow.run.signals import signals_ask
from nbflow.run.stop import Stop


def asked_by(number: int) -> str:
    """Who asked for the end after this process got the signal."""

    async def work() -> str:
        stop = Stop()
        with signals_ask(stop):
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.05)
        return stop.by

    return asyncio.run(work())


def test_each_signal_asks_for_the_end() -> None:
    """SIGINT, SIGTERM and a hang-up, by their names."""
    assert [asked_by(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == ["SIGINT", "SIGTERM", "SIGHUP"]


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """As ``nohup`` leaves the hang-up."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert asked_by(signal.SIGHUP) == ""
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
