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
    holder = Holder(held, folder, "", 0, os.getpid())

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


def test_an_engine_that_cannot_start_says_why(tmp_path: Path) -> None:
    """With the kind by which a task's failure is told."""
    wrong = SparkEngine(
        Settings(spark_conf={"spark.jars.packages": "a:b:1"}), tmp_path / "warehouse", tmp_path / "state", lambda text: None
    )
    for engine in (ScriptedEngine(fail="no such jar"), wrong):
        with pytest.raises(EngineError) as told:
            asyncio.run(engine.start())
        assert told.value.kind is ErrorKind.ENGINE_START and "jar" in str(told.value)
