"""Interrupts that fall into a finalizer."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import signal, time, weakref
from nbflow.surface.inside.driver.interrupts import keep_interrupts

class Thing:
    pass

def finalizer(_):
    signal.raise_signal(signal.SIGINT)
    for _ in range(10):
        pass

{keep}
thing = Thing()
reference = weakref.ref(thing, finalizer)
try:
    del thing
    time.sleep(0.3)
    print("went on")
except KeyboardInterrupt:
    print("interrupted")
try:
    reference = weakref.ref(thing := Thing(), lambda _: 1 / 0)
    del thing
finally:
    print("alive")
"""


def lines(keep: str) -> tuple[list[str], str]:
    """What the program prints, and what it prints as errors."""
    done = subprocess.run([sys.executable, "-c", CODE.replace("{keep}", keep)], capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1], done.stderr


def test_an_interrupt_in_a_finalizer_comes_right_after_it() -> None:
    """Python alone goes on as if there had been none; with the hook the code around is interrupted."""
    assert lines("")[0] == ["went on", "alive"]
    out, errors = lines("keep_interrupts(); keep_interrupts()")
    assert out == ["interrupted", "alive"]
    assert "ZeroDivisionError" in errors and "KeyboardInterrupt" not in errors
