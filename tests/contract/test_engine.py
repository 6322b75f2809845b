"""The promise ``Engine``, held by Spark's driver, by Sail's servers and by the double."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.errors import EngineError
from nbflow.core.results import ErrorKind
from nbflow.define.settings import Settings
from nbflow.run.engines.holder import Holder, read_address
from nbflow.run.engines.sail import SailEngine
from nbflow.run.engines.spark import SparkEngine
from nbflow.run.engines.warm import WarmEngine
from nbflow.testing import ScriptedEngine

Made = tuple[Any, Callable[[], None]]


def scripted(_: Path) -> Made:
    """The double, and how to let it die."""
    engine = ScriptedEngine()
    return engine, engine.lose


def spark(folder: Path) -> Made:
    """A real driver, and how to kill it."""
    engine = SparkEngine(Settings(), folder / "warehouse", folder / "state", lambda text: None)
    return engine, lambda: os.kill(engine._gateway._process.pid, signal.SIGKILL)


def sail(folder: Path) -> Made:
    """Real servers, and how to kill them."""
    engine = SailEngine(Settings(), folder / "warehouse", folder / "state", lambda text: None)
    return engine, lambda: [os.kill(pid, signal.SIGKILL) for pid in engine.pids] and None


def warm(folder: Path) -> Made:
    """An engine that somebody else holds, in a thread of its own, and how it is lost."""
    held, ready, loops = ScriptedEngine(), threading.Event(), []
    holder = Holder(held, folder, {}, 0, os.getpid())

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await holder.serve(lambda address: ready.set())

    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    assert ready.wait(30)
    address = read_address(folder)
    assert address is not None
    return WarmEngine(address), lambda: loops[0].call_soon_threadsafe(held.lose)


@pytest.mark.parametrize("make", [scripted, spark, sail, warm])
def test_an_engine_keeps_its_promise(make: Callable[[Path], Made], tmp_path: Path) -> None:
    """Started once for many, told when it is gone, started anew after that, stopped for good; nothing of it raises twice."""

    async def life() -> None:
        engine, kill = make(tmp_path)
        await engine.stop()
        with pytest.raises(EngineError) as none:
            await engine.address("early")
        assert none.value.kind is ErrorKind.ENGINE_LOST
        await asyncio.gather(engine.start(), engine.start())
        first = await engine.address("one")
        assert first.tag == "one"
        assert await engine.address("one") == first != await engine.address("two")
        await engine.cancel("one")
        await engine.cancel("one")
        await engine.cancel("never heard of")
        lost = asyncio.ensure_future(engine.lost("two"))
        await asyncio.sleep(0.05)
        assert not lost.done()
        kill()
        assert await asyncio.wait_for(lost, 30)
        await engine.cancel("two")
        await engine.start()
        assert (await engine.address("three")).tag == "three"
        again = asyncio.ensure_future(engine.lost())
        await asyncio.sleep(0.05)
        assert not again.done()
        await engine.stop()
        assert await asyncio.wait_for(again, 30)
        await engine.stop()

    asyncio.run(asyncio.wait_for(life(), 240))


def readied(engine: Any) -> int:
    """How many notebooks an engine has something ready for."""
    if isinstance(engine, SailEngine):
        return len(engine.pids)
    return len(engine._doors if isinstance(engine, SparkEngine) else engine.ready)


@pytest.mark.parametrize("make", [scripted, spark, sail])
def test_what_was_made_ready_and_never_used_is_given_back(make: Callable[[Path], Made], tmp_path: Path) -> None:
    """By the end of the attempt that it was for, also where that ends in the middle of the start."""

    async def life() -> None:
        engine, _ = make(tmp_path)
        for tag in ("one", "two"):
            await engine.start(tag)
            assert readied(engine) == 1
            await engine.cancel(tag)
            assert readied(engine) == 0
        starting = asyncio.ensure_future(engine.start("three"))
        await asyncio.sleep(0)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await engine.cancel("three")
        assert readied(engine) == 0
        await engine.start("four")
        assert (await engine.address("four")).tag == "four"
        assert readied(engine) == 1
        await engine.stop()

    asyncio.run(asyncio.wait_for(life(), 240))


def test_who_holds_an_engine_gives_back_what_nobody_came_for(tmp_path: Path) -> None:
    """When its guest cancels, and when the guest leaves without a word."""

    async def life() -> None:
        held, ready = ScriptedEngine(), asyncio.Event()
        holder = Holder(held, tmp_path, {}, 0, os.getpid())
        serving = asyncio.ensure_future(holder.serve(lambda address: ready.set()))
        await ready.wait()
        address = read_address(tmp_path)
        assert address is not None
        engine = WarmEngine(address)
        await engine.start("one")
        await engine.start("two")
        assert held.ready == {"one", "two"}
        await engine.cancel("one")
        assert held.ready == {"two"}
        await engine.stop()
        while held.ready:
            await asyncio.sleep(0.01)
        holder.stop()
        await serving

    asyncio.run(asyncio.wait_for(life(), 60))


async def until(holds: Callable[[], bool]) -> None:
    """Return when it is so."""
    while not holds():
        await asyncio.sleep(0.01)


def test_an_engine_rests_while_nobody_works_on_it(tmp_path: Path) -> None:
    """From soon after the start, and again when its guest has left; not while somebody works on it, and a look at its status
    disturbs nothing."""

    async def life() -> None:
        held, ready = ScriptedEngine(), asyncio.Event()
        holder = Holder(held, tmp_path, {}, 0, os.getpid(), rest_after=0.01)
        serving = asyncio.ensure_future(holder.serve(lambda address: ready.set()))
        await ready.wait()
        await until(lambda: held.resting)
        address = read_address(tmp_path)
        assert address is not None
        engine = WarmEngine(address)
        await engine.ask("status")
        assert held.resting
        await engine.start("one")
        await until(lambda: not held.resting)
        await engine.cancel("one")
        await asyncio.sleep(0.1)
        assert not held.resting
        await engine.stop()
        await until(lambda: held.resting)
        holder.stop()
        await serving
        await until(lambda: not held.resting)

    asyncio.run(asyncio.wait_for(life(), 60))


def test_an_engine_does_not_rest_while_clients_are_there(tmp_path: Path) -> None:
    """Clients of Spark Connect come by no connection to who holds the engine: it rests when their sessions are over."""

    class Visited(ScriptedEngine):
        sessions = 1

        async def clients(self) -> int:
            return self.sessions

    async def life() -> None:
        held, ready = Visited(), asyncio.Event()
        holder = Holder(held, tmp_path, {}, 0, os.getpid(), rest_after=0.01)
        serving = asyncio.ensure_future(holder.serve(lambda address: ready.set()))
        await ready.wait()
        address = read_address(tmp_path)
        assert address is not None
        engine = WarmEngine(address)
        await engine.start()
        await engine.remote()
        await engine.stop()
        await asyncio.sleep(0.2)
        assert not held.resting
        held.sessions = 0
        await until(lambda: held.resting)
        holder.stop()
        await serving

    asyncio.run(asyncio.wait_for(life(), 60))


def test_an_engine_that_cannot_start_says_why(tmp_path: Path) -> None:
    """With the kind by which a task's failure is told."""
    wrong = SparkEngine(
        Settings(spark_conf={"spark.jars.packages": "a:b:1"}), tmp_path / "warehouse", tmp_path / "state", lambda text: None
    )
    for engine in (ScriptedEngine(fail="no such jar"), wrong):
        with pytest.raises(EngineError) as told:
            asyncio.run(engine.start())
        assert told.value.kind is ErrorKind.ENGINE_START and "jar" in str(told.value)
