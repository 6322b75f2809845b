"""Sail's servers: their settings, how they start, and that nothing of them is left."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nbflow.core.errors import EngineError
from nbflow.core.results import ErrorKind
from nbflow.define.settings import Settings
from nbflow.run.engines.sail import SailEngine, server_settings, session_settings

OWNER = """
import asyncio, sys
from pathlib import Path
from nbflow.define.settings import Settings
from nbflow.run.engines.sail import SailEngine

async def main():
    engine = SailEngine(Settings(), Path(sys.argv[1], "warehouse"), Path(sys.argv[1], "state"), lambda text: None)
    await engine.start()
    print(*engine.pids, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def made(folder: Path, **settings: object) -> SailEngine:
    return SailEngine(Settings(**settings), folder / "warehouse", folder / "state", lambda text: None)  # type: ignore[arg-type]


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_each_attempt_has_a_server_and_a_private_connection(tmp_path: Path) -> None:
    """Two tags have two ports and two sessions; the file that names them is their owner's alone and goes with the attempt."""

    async def life() -> None:
        engine = made(tmp_path)
        try:
            await engine.start()
            await engine.start()
            one, two = await engine.address("one"), await engine.address("two")
            remotes = [json.loads(Path(each.connection).read_text())["remote"] for each in (one, two)]
            assert remotes[0].split("/;")[0] != remotes[1].split("/;")[0]
            assert {os.stat(each.connection).st_mode & 0o777 for each in (one, two)} == {0o600}
            assert (one.engine, one.warehouse) == ("sail", str(tmp_path / "warehouse"))
            pids = engine.pids
            await engine.cancel("one")
            assert not Path(one.connection).exists() and not is_there(pids[0]) and is_there(pids[1])
        finally:
            await engine.stop()
        assert not any(map(is_there, pids))
        assert list((tmp_path / "state").iterdir()) == []

    asyncio.run(life())


def test_the_loss_of_one_server_is_told_to_its_own_attempt(tmp_path: Path) -> None:
    """With the signal that ended it; the other attempt goes on."""

    async def life() -> None:
        engine = made(tmp_path)
        try:
            await engine.start()
            await engine.start()
            await engine.address("one"), await engine.address("two")
            first, _ = engine.pids
            lost = [asyncio.ensure_future(engine.lost(tag)) for tag in ("one", "two")]
            os.kill(first, signal.SIGKILL)
            assert "SIGKILL" in await asyncio.wait_for(lost[0], 30)
            assert not lost[1].done()
            lost[1].cancel()
        finally:
            await engine.stop()

    asyncio.run(life())


def test_no_server_is_left_when_the_owner_is_killed(tmp_path: Path) -> None:
    """SIGKILL gives nobody time to clean up: the server itself sees that its owner is gone."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.communicate()
    deadline = time.monotonic() + 20
    while is_there(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_interpreter_without_pysail_is_told(tmp_path: Path) -> None:
    """The error names the interpreter, says how to install what is missing, and leaves no process."""
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -I "$@"\n')
    bare.chmod(0o755)
    engine = made(tmp_path, python=str(bare))
    with pytest.raises(EngineError) as told:
        asyncio.run(engine.start())
    assert told.value.kind is ErrorKind.ENGINE_START
    assert "exit code 1" in str(told.value) and "pip install pysail" in told.value.log


def test_settings_reach_sail_as_its_own() -> None:
    """Cores and memory are read from Spark's names; each session has the workspace's settings, with Delta as the default format."""
    settings = server_settings({"spark.master": "local[3]", "spark.driver.memory": "2g"}, cores=8)
    assert settings["SAIL_EXECUTION__DEFAULT_PARALLELISM"] == "3"
    assert settings["SAIL_RUNTIME__MEMORY_POOL__TYPE"] == "fair"
    assert settings["SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE"] == str(2 * 1024**3)
    assert "SAIL_RUNTIME__MEMORY_POOL__TYPE" not in server_settings({}, cores=8)
    sizes = [
        server_settings(given, cores=8, memory=3 * 1024**3)["SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE"]
        for given in ({}, {"spark.driver.memory": "512m"})
    ]
    assert sizes == [str(3 * 1024**3), str(512 * 1024**2)]
    assert session_settings({"spark.sql.ansi.enabled": True}, zone="") == {
        "spark.sql.sources.default": "delta",
        "spark.sql.ansi.enabled": "true",
    }
    zones = [session_settings({}, zone).get("spark.sql.session.timeZone") for zone in ("Europe/Berlin", ":Asia/Tokyo", "no/such")]
    assert zones == ["Europe/Berlin", "Asia/Tokyo", None]
