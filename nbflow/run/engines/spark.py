"""Spark's driver: one JVM for a run, started as plain java, to which every Python notebook attaches through py4j."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import shutil
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from nbflow.core.errors import EngineError
from nbflow.core.exchange import SparkAddress
from nbflow.core.results import ErrorKind
from nbflow.run.engines.archive import archive_options, make_archive
from nbflow.run.engines.clients import Serving
from nbflow.run.engines.conf import driver_options
from nbflow.run.engines.control import Control, Door, first_lines
from nbflow.run.engines.cores import cores
from nbflow.run.engines.gateway import Gateway
from nbflow.run.engines.memory import heap
from nbflow.run.engines.parts import Parts, find_parts
from nbflow.run.engines.private_files import connection_file, write_private
from nbflow.run.engines.usual import usual_work
from nbflow.run.guard import Guard

_CANCEL_SECONDS = 5.0
_CLIENT_SECONDS = 1.0
_ROUNDS = 12
"""More gain little: by then most of what Java makes its fastest code of has been called often enough."""
_CLOSE_SECONDS = 1.0
"""How long a cancelled notebook's gateway stays open, so that what it waits for still ends with a word about the cancel."""


class DriverSettings(Protocol):
    """What a driver takes from the workspace's settings."""

    @property
    def driver_memory(self) -> str | None:
        """The heap, as Java writes it: ``1g`` (``None``: a share of what the machine has)."""
        ...

    @property
    def parallel(self) -> int | None:
        """How many tasks run at once (``None``: one for each core)."""
        ...

    @property
    def python(self) -> str | None:
        """The interpreter of the kernels (``None``: the one that runs nbflow)."""
        ...

    @property
    def spark_conf(self) -> Mapping[str, Any]:
        """Spark's settings, over nbflow's."""
        ...


class SparkEngine:
    """A Spark driver of this run's own. Keeps the promise of ``core.ports.Engine``.

    ``warehouse`` is the folder of the tables; ``state`` a folder for connection files and the log, made private;
    ``announce`` is told, in the loop's thread, what takes time; ``token`` marks the driver's processes as the run's, and its
    ``guard`` removes what is left where nbflow is killed. A ``lasting`` driver is for many runs: it takes the time to become fast.
    At rest it rehearses so many ``rehearsals``, while others leave it a core of the machine.
    """

    name = "spark"

    def __init__(
        self, settings: DriverSettings, warehouse: Path, state: Path, announce: Callable[[str], None], token: str = "",
        guard: Guard | None = None, *, lasting: bool = False, rehearsals: int = _ROUNDS,
    ) -> None:  # fmt: skip
        self._settings, self._warehouse, self._state, self._announce = settings, warehouse.absolute(), state.absolute(), announce
        self._lasting, self._rehearsals = lasting, rehearsals
        self._guard, self._token = guard, token or uuid.uuid4().hex
        self._gateway = Gateway(self._state, f"{self._token}-driver", settings.python)
        self._control: Control | None = None
        self._starting: asyncio.Future[None] | None = None
        self._doors: dict[str, Door] = {}
        self._serving: Serving | None = None
        self._rehearsed: Control | None = None
        self._parts: Parts | None = None
        self._has_archive = False
        self.rounds = 0
        self.version = ""

    @property
    def log(self) -> Path:
        """The file that takes the driver's output."""
        return self._gateway.log

    async def start(self, tag: str = "") -> None:
        """Make the driver take work, with a gateway for ``tag``; see ``core.ports.Engine``. A caller that is cancelled disturbs no other."""
        while self._control is None or not self._gateway.is_running():
            if self._starting is None or self._starting.done():
                self._starting = asyncio.ensure_future(self._begin())
                self._starting.add_done_callback(lambda done: done.cancelled() or done.exception())  # its callers may be gone
            await asyncio.shield(self._starting)
        if not tag or tag in self._doors:
            return
        control = self._control
        opening = asyncio.ensure_future(_in_thread(control.open_door))
        try:
            self._doors[tag] = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(functools.partial(self._close_unwanted, control))
            raise
        except Exception as error:  # noqa: BLE001  (whatever py4j makes of a driver that goes in this very moment)
            message = f"the Spark driver does not answer: {first_lines(error)}"
            raise EngineError(ErrorKind.ENGINE_START, message, self._gateway.last_words()) from None

    def _close_unwanted(self, control: Control, opened: asyncio.Future[Door]) -> None:
        if not opened.cancelled() and opened.exception() is None:
            self._close_later(control, opened.result())

    async def _begin(self) -> None:
        await self._end()
        try:
            self._state.mkdir(parents=True, exist_ok=True)
            self._state.chmod(0o700)
            (self._state / "connections").mkdir(mode=0o700)
            if self._guard is not None:
                self._guard.remove(self._state / "connections", self._gateway.arguments, self._gateway.scratch)
            self._warehouse.mkdir(parents=True, exist_ok=True)
            port, secret = await self._start_gateway()
            control = await _in_thread(Control, port, secret)
            if not self._has_archive and cores() > 1:
                asyncio.get_running_loop().run_in_executor(None, control.load_classes)  # nobody waits for it
            self.version = await _in_thread(control.begin, self._warehouse)
            self._control, self.rounds = control, 0
            asyncio.get_running_loop().run_in_executor(None, control.follow_tables)  # nobody waits for it
        except (EngineError, asyncio.CancelledError):
            await self._end()
            raise
        except Exception as error:  # noqa: BLE001  (py4j and Java raise what they like while a driver starts)
            message = f"the Spark driver did not start: {first_lines(error)}"  # now: py4j asks the driver for the text
            words = self._gateway.last_words()
            await self._end()
            raise EngineError(ErrorKind.ENGINE_START, message, words) from None

    async def _start_gateway(self) -> tuple[int, str]:
        parts = self._parts = await find_parts(self._announce)
        memory = heap(self._settings.driver_memory)
        settings, notebooks = self._settings, self._settings.parallel or cores()
        options = driver_options(settings.spark_conf, memory, self._warehouse, self._gateway.scratch, cores(), notebooks)
        archive = archive_options(parts)
        self._has_archive = bool(archive)
        options = replace(options, java_options=(*archive, *options.java_options), lasting=self._lasting)
        return await self._gateway.start(parts.java, options, parts.class_path)

    async def address(self, tag: str) -> SparkAddress:
        """What a notebook needs in order to attach: each tag has a gateway and a secret of its own."""
        path = connection_file(self._state, tag)
        if self._control is None:
            raise EngineError(ErrorKind.ENGINE_LOST, "the Spark driver is gone", self._gateway.last_words())
        if tag not in self._doors:
            self._doors[tag] = await _in_thread(self._control.open_door)
        if not path.exists():
            door = self._doors[tag]
            write_private(path, json.dumps({"port": door.port, "secret": door.secret}))
        return SparkAddress(str(path), str(self._warehouse), tag)

    async def remote(self, tag: str = "", mark: str = "") -> str:
        """The address of the driver's Spark Connect server, which it has from the first call on; see ``core.ports.Engine``."""
        control = self._control
        if control is None:
            raise EngineError(ErrorKind.ENGINE_LOST, "the Spark driver is gone", self._gateway.last_words())
        try:
            if self._serving is None:
                self._serving = Serving(functools.partial(control.serve, self._warehouse), self._gateway.password)
            return await self._serving.remote(tag, mark)
        except Exception as error:  # noqa: BLE001  (as above)
            message = f"the Spark driver takes no clients of Spark Connect: {first_lines(error)}"
            raise EngineError(ErrorKind.ENGINE_START, message, self._gateway.last_words()) from None

    async def clients(self) -> int:
        """How many sessions there are by Spark Connect."""
        return 0 if self._serving is None else await self._serving.sessions()

    async def rest(self) -> None:
        """Make the class-data archive where there is none; then rehearse what most notebooks do, so that the first of them finds it
        compiled, while others leave the machine time for it and no client of Spark Connect is there. See ``core.ports.Engine``."""
        if self._parts is not None and not archive_options(self._parts):
            parts, self._parts = self._parts, None  # where it fails it would fail again
            try:
                await make_archive(parts, token=self._token, guard=self._guard, behind=True)
            except asyncio.CancelledError:
                self._parts = parts
                raise
            except (EngineError, OSError):
                pass
        control = self._control
        if control is not None and self._rehearsed is not control:
            await self._rehearse(control)

    async def _rehearse(self, control: Control) -> None:
        from nbflow.run.engines.spare import Spare  # loads psutil, which only who rests needs

        over, spare = threading.Event(), Spare(self._gateway.pid)

        def wait(over: threading.Event) -> None:
            spare.wait(over)
            while self._serving is not None and self._serving.is_used() and not over.wait(_CLIENT_SECONDS):
                spare.wait(over)

        def rehearse() -> bool:
            folder = self._gateway.scratch / f"rehearsal-{uuid.uuid4().hex}"
            try:
                return control.rehearse(usual_work(folder), over, wait)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

        try:
            while self.rounds < self._rehearsals:
                if not await _in_thread(rehearse):
                    break  # what fails would fail again
                self.rounds += 1
            self._rehearsed = control
        finally:
            over.set()
            asyncio.get_running_loop().run_in_executor(None, control.end_rehearsal)

    async def lost(self, tag: str = "") -> str:
        """Return when the driver that runs now is gone; see ``core.ports.Engine``."""
        if self._starting is not None and not self._starting.done():
            await asyncio.wait({self._starting})
        return await self._gateway.gone()

    async def cancel(self, tag: str) -> None:
        """Cancel the jobs with ``tag``, now and from now on, and close its gateway soon; no error when the driver is gone."""
        control, door = self._control, self._doors.pop(tag, None)
        with contextlib.suppress(OSError):
            connection_file(self._state, tag).unlink()
        if control is None or not self._gateway.is_running():
            return
        with contextlib.suppress(Exception):  # the driver may go in the very moment; then its jobs are gone too
            await asyncio.wait_for(_in_thread(control.cancel, tag), _CANCEL_SECONDS)
            if self._serving is not None:
                await asyncio.wait_for(self._serving.end(tag), _CANCEL_SECONDS)
        if door is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(_CLOSE_SECONDS, self._close_later, control, door)
            loop.run_in_executor(None, control.read_ahead)  # nobody waits for it

    def _close_later(self, control: Control, door: Door) -> None:
        if control is self._control and self._gateway.is_running():
            asyncio.get_running_loop().run_in_executor(None, control.close_door, door)

    async def stop(self) -> None:
        """End the driver and all it left but its log; one that is starting is ended too."""
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._end()

    async def _end(self) -> None:
        control, self._control = self._control, None
        serving, self._serving = self._serving, None
        self._doors.clear()
        shutil.rmtree(self._state / "connections", ignore_errors=True)
        if control is not None:
            with contextlib.suppress(Exception):  # its other end may be gone
                control.close()
        await self._gateway.end()
        if serving is not None:
            serving.close()  # now: what the driver tells us of waits for its answers, and so would this


async def _in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)
