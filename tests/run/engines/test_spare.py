"""When the machine has time to spare: by what others are said to use of it, and by what they really use."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from nbflow.run.engines.spare import Spare

BUSY = "while True: pass"


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """What ends all waiting of a test, at its end at the latest."""
    event = threading.Event()
    yield event
    event.set()


def waits(spare: Spare, over: threading.Event) -> threading.Thread:
    """A thread that waits until there is time to spare."""
    thread = threading.Thread(target=spare.wait, args=(over,), daemon=True)
    thread.start()
    return thread


class Machine:
    """One whose others use so many cores at a time; its clock goes on by a second with each look."""

    def __init__(self, used: float) -> None:
        self.used, self.spent, self.now = used, 0.0, 0.0

    def __call__(self) -> tuple[float, float]:
        """What ``Spare`` asks."""
        self.spent, self.now = self.spent + self.used, self.now + 1
        return self.spent, self.now


@pytest.mark.parametrize(("cores", "least"), [(0.5, 0.25), (1, 0.5), (1.5, 0.75), (2, 1.0), (8, 7.0)])
def test_one_core_is_to_be_free(over: threading.Event, cores: float, least: float) -> None:
    """Who waits goes on when the others use all cores but one, half of what is less than two; while they use more it waits."""
    machine = Machine(least + 0.01)
    waiting = waits(Spare(0, [(cores, machine)], 0.01), over)
    while machine.now < 20:
        assert waiting.is_alive()
        time.sleep(0.01)
    machine.used = least
    waiting.join(30)
    assert not waiting.is_alive() and not over.is_set()


def test_a_share_is_to_be_free_as_the_cores_are(over: threading.Event) -> None:
    """A container that has time left waits for a machine that has none, and the other way round."""
    machine, group = Machine(0.0), Machine(2.0)
    waiting = waits(Spare(0, [(8, machine), (2, group)], 0.01), over)
    while machine.now < 10:
        assert waiting.is_alive()
        time.sleep(0.01)
    machine.used, group.used, before = 8.0, 0.0, machine.now
    while machine.now < before + 10:
        assert waiting.is_alive()
        time.sleep(0.01)
    machine.used = 1.0
    waiting.join(30)
    assert not waiting.is_alive() and not over.is_set()


def test_whoever_does_not_want_it_any_more_waits_no_longer(over: threading.Event) -> None:
    """However busy the machine is."""
    waiting = waits(Spare(0, [(1, Machine(1.0))], 0.01), over)
    waiting.join(0.2)
    assert waiting.is_alive()
    over.set()
    waiting.join(30)
    assert not waiting.is_alive()


def test_what_the_worker_uses_itself_does_not_count(over: threading.Event) -> None:
    """A process that takes a whole core counts for all but itself."""
    with subprocess.Popen([sys.executable, "-c", BUSY]) as busy:
        try:
            its, ours = Spare(busy.pid), Spare(psutil.Process().pid)
            before, began = (its._limits[0][1]()[0], ours._limits[0][1]()[0]), psutil.Process(busy.pid).cpu_times().user
            while psutil.Process(busy.pid).cpu_times().user - began < 1:
                time.sleep(0.05)
            theirs, mine = its._limits[0][1]()[0] - before[0], ours._limits[0][1]()[0] - before[1]
        finally:
            busy.kill()
    assert mine - theirs > 0.5
    gone = Spare(busy.pid, seconds=0.01)
    gone.wait(over)  # there is nothing to be considerate for
    assert not over.is_set()
