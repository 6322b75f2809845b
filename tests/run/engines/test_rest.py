"""What a Spark driver does while nobody is there, with a real one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbflow.define.settings import Settings
from nbflow.run.engines.ahead import open_logs
from nbflow.run.engines.archive import archive_path
from nbflow.run.engines.parts import find_parts
from nbflow.run.engines.spark import SparkEngine
from nbflow.run.engines.usual import Work, usual_work

pytestmark = pytest.mark.long


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the jars of the machine's, and an archive that is none: a driver has no reason to make one."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "jars").symlink_to(asyncio.run(find_parts(print)).jars[0].parent)
    monkeypatch.setenv("NBFLOW_CACHE", str(tmp_path / "cache"))
    path = archive_path(asyncio.run(find_parts(print)))
    path.parent.mkdir()
    path.write_bytes(b"no archive")
    return path


def names(control: Any) -> list[str]:
    """The driver's schemas, and the tables and views of its default one."""
    said = [control._session.sql(f"show {what}").toJSON().collectAsList() for what in ("schemas", "tables", "views")]
    return [str(row) for rows in said for row in rows]


def left(folder: Path) -> Iterator[Path]:
    """The folders in which something was rehearsed."""
    return folder.glob("tmp/rehearsal-*")


class Ready:
    """A machine that has time to spare, whatever else goes on there."""

    def __init__(self, own: int) -> None:
        self.own = own

    def wait(self, over: threading.Event) -> None:
        """Not at all."""


def test_a_driver_rehearses_and_nobody_sees_it(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is rehearsed can be executed; afterwards no name, no cached table, no file of it is there, nor a table that Delta has open, and
    an archive that is there is left alone. Cut off in the middle it stops, the driver goes on, and the next rest with
    what is not done yet."""
    monkeypatch.setattr("nbflow.run.engines.spare.Spare", Ready)

    async def life() -> None:
        engine = SparkEngine(Settings(), tmp_path / "warehouse", tmp_path / "state", print, rehearsals=2)
        try:
            await engine.start()
            control: Any = engine._control
            by_hand = usual_work(tmp_path / "by hand")
            await asyncio.to_thread(control.execute, by_hand.statements)
            before, rehearse = names(control), control.rehearse
            begun: list[int] = []

            def noted(work: Work, *more: Any) -> Any:
                begun.append(engine.rounds)
                return rehearse(work, *more)

            control.rehearse = noted
            resting = asyncio.ensure_future(engine.rest())
            while begun != [0, 1]:
                await asyncio.sleep(0.01)
            resting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await resting
            tracker = control._context.statusTracker()
            while list(tracker.getActiveJobIds()):
                await asyncio.sleep(0.05)
            assert (engine.rounds, engine._rehearsed) == (1, None)

            await engine.rest()
            assert (engine.rounds, engine._rehearsed, begun) == (2, control, [0, 1, 1])
            assert not list(left(engine._state))
            opened = {str(log.dataPath()) for log in open_logs(control._jvm, control._session)}
            assert opened == {f"file:{table}" for table in by_hand.tables}
            assert [name for name in names(control) if name not in before] == []
            assert control._session.sharedState().cacheManager().isEmpty()
            assert not list((tmp_path / "warehouse").iterdir())
            assert cache.read_bytes() == b"no archive"
            await engine.rest()
            assert begun == [0, 1, 1]
        finally:
            await engine.stop()

    asyncio.run(asyncio.wait_for(life(), 500))


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux")
def test_the_makers_of_the_fastest_code_step_back(tmp_path: Path) -> None:
    """A lasting driver makes Java's fastest code, and only the threads that make it step back behind others."""

    async def life() -> set[tuple[str, int]]:
        engine = SparkEngine(Settings(), tmp_path / "warehouse", tmp_path / "state", print, lasting=True)
        try:
            await engine.start()
            return set(threads(Path(f"/proc/{engine._gateway.pid}/task")))
        finally:
            await engine.stop()

    found = asyncio.run(asyncio.wait_for(life(), 200))
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert {niceness for name, niceness in found if name.startswith("C2")} == {max(before, 10)}
    assert {niceness for name, niceness in found if name.startswith("C1") or name == "java"} == {before}


def test_a_driver_that_was_stopped_is_told_as_that(tmp_path: Path) -> None:
    """Whoever still works with it learns that somebody stopped it, and nothing of what stands in its log."""

    async def life() -> str:
        engine = SparkEngine(Settings(), tmp_path / "warehouse", tmp_path / "state", print)
        try:
            await engine.start()
            lost = asyncio.ensure_future(engine.lost())
            engine._gateway.close_input()
            return await lost
        finally:
            await engine.stop()

    said = asyncio.run(asyncio.wait_for(life(), 200))
    assert said == "the driver ended (exit code 0): somebody stopped the engine, or a notebook called System.exit"


def threads(tasks: Path) -> Iterator[tuple[str, int]]:
    """The names of a process's threads, and how far each steps back."""
    for thread in tasks.iterdir():
        with contextlib.suppress(OSError):  # ended
            yield (thread / "comm").read_text("utf-8").strip(), os.getpriority(os.PRIO_PROCESS, int(thread.name))
