"""The embedded engine: Sail, a Spark Connect server without Java. Each attempt has a server of its own.

One server for all would be one interpreter for all UDFs: a module ``rules.py`` beside one notebook would be that of all
others, and what kills it would kill every task. It also neither ends a query whose client is gone nor answers while its
threads work, so that only its end surely ends what a cancelled attempt has running. A server starts in a tenth of a
second and takes some 35 MB.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import shutil
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from nbflow.core.errors import EngineError
from nbflow.core.exchange import SparkAddress
from nbflow.core.results import ErrorKind
from nbflow.define.pipelines.spark_settings import size_of
from nbflow.run.engines.conf import setting_text
from nbflow.run.engines.cores import cores
from nbflow.run.engines.memory import usable_memory, usual_bound
from nbflow.run.engines.private_files import connection_file, write_private
from nbflow.run.engines.server import Server
from nbflow.run.guard import Guard

_MASTER = re.compile(r"local\[(\d+)[,\]]")
_NO_TIMEOUT = str(10 * 365 * 86_400)
_MORE_THREADS = 2
"""Threads beside those that work, so that the server answers while they do."""


class SailSettings(Protocol):
    """What a server takes from the workspace's settings."""

    @property
    def python(self) -> str | None:
        """The interpreter of the kernels (``None``: the one that runs nbflow); it runs the UDFs, too."""
        ...

    @property
    def spark_conf(self) -> Mapping[str, Any]:
        """Spark's settings."""
        ...


class SailEngine:
    """Sail servers of this run's own. Keeps the promise of ``core.ports.Engine``.

    ``warehouse`` is the folder of the tables; ``state`` a folder for connection files and logs, made private;
    ``announce`` is told what takes time, which nothing does; ``token`` marks the servers' processes as the run's, and its
    ``guard`` removes what is left where nbflow is killed.
    """

    name = "sail"

    def __init__(
        self, settings: SailSettings, warehouse: Path, state: Path, announce: Callable[[str], None], token: str = "",
        guard: Guard | None = None,
    ) -> None:  # fmt: skip
        self._settings, self._warehouse, self._state = settings, warehouse.absolute(), state.absolute()
        self._token, self._guard = f"{token or uuid.uuid4().hex}-sail", guard
        self._numbers = itertools.count(1)
        self._servers: dict[str, Server] = {}
        self._spare: list[Server] = []
        self._log = self._state / "sail.log"

    @property
    def log(self) -> Path:
        """The file that takes the newest server's output."""
        return self._log

    @property
    def pids(self) -> list[int]:
        """The servers' processes."""
        return [server.pid for server in (*self._servers.values(), *self._spare) if server.is_running()]

    async def start(self, tag: str = "") -> None:
        """Make a server for one more attempt, that of ``tag``; see ``core.ports.Engine``."""
        number = next(self._numbers)
        try:
            self._state.mkdir(parents=True, exist_ok=True)
            self._state.chmod(0o700)
            (self._state / "connections").mkdir(mode=0o700, exist_ok=True)
            place = self._state / "work" / str(number)
            place.mkdir(parents=True, exist_ok=True)
            if self._guard is not None and number == 1:
                self._guard.remove(self._state / "connections", self._state / "work")
            self._warehouse.mkdir(parents=True, exist_ok=True)
            self._log = self._state / f"sail-{number}.log"
            server = Server(self._settings.python or sys.executable, self._log, f"{self._token}-{number}")
            try:
                await server.start(server_settings(self._settings.spark_conf, cores(), usual_bound(usable_memory())), place)
            except BaseException:
                server.end()
                raise
        except OSError as error:
            raise EngineError(ErrorKind.ENGINE_START, f"the Sail server did not start: {error}") from None
        if tag and tag not in self._servers:  # an attempt that never attaches gives it back by its end
            self._servers[tag] = server
        else:
            self._spare.append(server)

    async def address(self, tag: str) -> SparkAddress:
        """What a notebook needs in order to attach: each tag has a server and a session of its own."""
        path = connection_file(self._state, tag)
        if tag not in self._servers:
            while self._spare and not self._spare[0].is_running():
                self._spare.pop(0).end()
            if not self._spare:
                raise EngineError(ErrorKind.ENGINE_LOST, "there is no Sail server")
            self._servers[tag] = self._spare.pop(0)
        server = self._servers[tag]
        if not path.exists():
            remote = f"sc://127.0.0.1:{server.port}/;user_id=nbflow;session_id={uuid.uuid4()}"
            write_private(
                path, json.dumps({"remote": remote, "conf": session_settings(self._settings.spark_conf, os.environ.get("TZ", ""))})
            )
        return SparkAddress(str(path), str(self._warehouse), tag, self.name)

    async def remote(self, tag: str = "", mark: str = "") -> str:
        """Refused: without the guards, which are in Python, Sail would change stored data in silence."""
        raise EngineError(
            ErrorKind.ENGINE_START, "Sail is for Python notebooks only, which have its guards: --engine spark serves other clients"
        )

    async def clients(self) -> int:
        """Nobody comes."""
        return 0

    async def rest(self) -> None:
        """Nothing: each server is new."""

    async def lost(self, tag: str = "") -> str:
        """Return when the server of ``tag``, or any where none is named, is gone; see ``core.ports.Engine``."""
        servers = [self._servers[tag]] if tag in self._servers else [] if tag else [*self._servers.values(), *self._spare]
        waiting = [asyncio.ensure_future(server.gone()) for server in servers]
        if not waiting:
            return "there is no Sail server"
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        finally:
            for each in waiting:
                each.cancel()

    async def cancel(self, tag: str) -> None:
        """End the server of ``tag``, and with it all that it has running; see ``core.ports.Engine``."""
        server = self._servers.pop(tag, None)
        with contextlib.suppress(OSError):
            connection_file(self._state, tag).unlink()
        if server is not None:
            await _ended(server)

    async def stop(self) -> None:
        """End all servers and all they left but the logs of those that ended by themselves."""
        servers = [*self._servers.values(), *self._spare]
        self._servers.clear()
        self._spare.clear()
        for server in servers:
            await _ended(server)
        for folder in ("connections", "work"):
            shutil.rmtree(self._state / folder, ignore_errors=True)


async def _ended(server: Server) -> None:
    """End a server and remove what it wrote to files for want of memory; its log is worth keeping only when it had ended by itself."""
    if server.is_running():
        await asyncio.get_running_loop().run_in_executor(None, server.end)
        server.log.unlink(missing_ok=True)
    else:
        server.end()
    if server.folder is not None:
        shutil.rmtree(server.folder, ignore_errors=True)


def server_settings(given: Mapping[str, Any], cores: int, memory: int | None = None) -> dict[str, str]:
    """The environment variables by which a server takes its settings. ``given`` are Spark's; Sail has a few of the same.
    ``memory`` is how many bytes it may take where they do not say (``None``: all there is).

    The catalog has the name that Spark's own has, so that ``spark_catalog.bronze.events`` means the same table. What does
    not fit into the memory goes to files in the folder where the server starts; Sail makes their place when a session begins.
    The memory is shared fairly: who comes first would else take all, and a sort needs some more to write to a file, or fails.
    """
    found = _MASTER.match(str(given.get("spark.master", "")))
    cores = int(found.group(1)) if found else cores
    settings = {
        "RUST_LOG": os.environ.get("RUST_LOG", "warn"),
        "SAIL_MODE": "local",
        "SAIL_CATALOG__LIST": '[{name="spark_catalog",type="memory",initial_database=["default"]}]',
        "SAIL_CATALOG__DEFAULT_CATALOG": "spark_catalog",
        "SAIL_SPARK__SESSION_TIMEOUT_SECS": _NO_TIMEOUT,
        "SAIL_RUNTIME__TEMPORARY_FILES__PATHS": '["."]',
        "SAIL_EXECUTION__DEFAULT_PARALLELISM": str(max(1, cores)),
        "TOKIO_WORKER_THREADS": str(max(1, cores) + _MORE_THREADS),
    }
    size = size_of(str(given.get("spark.driver.memory", ""))) or memory
    if size:
        settings |= {"SAIL_RUNTIME__MEMORY_POOL__TYPE": "fair", "SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE": str(size)}
    return settings


def session_settings(given: Mapping[str, Any], zone: str) -> dict[str, str]:
    """The settings of each session: ``given`` over nbflow's own. ``zone`` is what ``TZ`` says, which Sail does not read."""
    own = {"spark.sql.sources.default": "delta"}
    with contextlib.suppress(ValueError, OSError, KeyError):  # what is no zone's name is left to Sail, as an empty one
        own["spark.sql.session.timeZone"] = ZoneInfo(zone.removeprefix(":")).key
    settings = {**own, **given}
    return {name: setting_text(value) for name, value in settings.items()}
