"""Interrupts that are counted, and what they do to a run that nobody waits for."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from nbflow import run_pipeline
from nbflow.core.errors import NbflowError
from nbflow.surface.jupyter.interrupts import Interrupts
from nbflow.workspace import Workspace


def test_they_are_counted_and_raised_no_more() -> None:
    """Inside of the block each is counted and told, one that came before it was to be told, too; behind it an interrupt is one again."""
    told: list[int] = []
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGINT)
        assert interrupts.count == 1
        interrupts.tell(lambda: told.append(interrupts.count))
        signal.raise_signal(signal.SIGINT)
    assert (interrupts.count, told) == (2, [1, 2])
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_who_handles_interrupts_himself_goes_on_to() -> None:
    """A program that a shell started in the background ignores them, another may stop in its own way."""
    came: list[int] = []
    former = signal.getsignal(signal.SIGINT)
    try:
        for handler in (signal.SIG_IGN, lambda number, frame: came.append(number)):
            signal.signal(signal.SIGINT, handler)
            with Interrupts() as interrupts:
                signal.raise_signal(signal.SIGINT)
            assert (interrupts.count, signal.getsignal(signal.SIGINT)) == (0, handler)
    finally:
        signal.signal(signal.SIGINT, former)
    assert came == [signal.SIGINT]


def test_in_another_thread_nothing_is_changed() -> None:
    """A thread is never interrupted, and the main thread still is."""
    inside, leave = threading.Event(), threading.Event()

    def enter() -> None:
        with Interrupts():
            inside.set()
            leave.wait(60)

    other = threading.Thread(target=enter)
    other.start()
    inside.wait(60)
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        leave.set()
        other.join()


def test_a_run_that_has_not_begun_when_its_cell_is_interrupted(workspace: Path) -> None:
    """Nobody would ever have its handle: its process is gone when the interrupt is raised, and nothing goes on."""

    def interrupt() -> None:
        while not _children():
            time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGINT)

    other = threading.Thread(target=interrupt)
    other.start()
    with pytest.raises(KeyboardInterrupt) as caught:
        run_pipeline("small", workspace=workspace, wait=False)
    other.join()
    began = bool(Workspace.find(workspace).store.runs())
    said = "interrupted: the run was asked to end" if began else "interrupted before a run began"
    assert caught.value._render_traceback_() == [said]  # type: ignore[attr-defined]
    assert _children() == []
    assert [run.state for run in Workspace.find(workspace).store.runs() if run.state != "CANCELED"] == []
    with pytest.raises(NbflowError):
        run_pipeline("smal", workspace=workspace, wait=False)


def _children() -> list[int]:
    """The processes of ``nbflow run`` that this one has started and that have not ended."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (place / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid() and state != "Z" and b"\0--begun-file\0" in (place / "cmdline").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue
    return found
