"""A warm engine as a run sees it: joined where it is there, and the run's own engine where it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from typing import Any

from nbflow.core.errors import EngineError
from nbflow.core.exchange import SparkAddress
from nbflow.core.ports import Engine
from nbflow.core.results import ErrorKind
from nbflow.run.engines.holder import WarmAddress, receive

_GONE = "the workspace's warm engine is gone"
_LONGEST_LINE = 1 << 20
_SECONDS: dict[str, float | None] = {"start": 180.0, "remote": 60.0, "lost": None}
_SECONDS_OTHERWISE = 8.0


class WarmEngine:
    """The engine at ``address``, held by another process. Keeps the promise of ``core.ports.Engine``, but that ``stop`` only
    leaves it. Where it is gone when it should start, ``own`` makes an engine of the run's own (``None``: that is an
    error); ``announce`` is told so. ``lab``: it is joined for a JupyterLab."""

    def __init__(
        self, address: WarmAddress, own: Callable[[], Engine] | None = None, announce: Callable[[str], None] = lambda text: None,
        lab: bool = False,
    ) -> None:  # fmt: skip
        self.name = address.engine
        self._address, self._make_own, self._announce, self._lab = address, own, announce, lab
        self._own: Engine | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Future[None] | None = None
        self._joining = asyncio.Lock()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)

    async def start(self, tag: str = "") -> None:
        """Join the warm engine, which starts anew where it was lost; without it, start an own one."""
        async with self._joining:
            if self._own is None and self._writer is None:
                await self._join()
        if self._own is None:
            try:
                await self._call("status")  # quick, so that a holder which hangs is noticed
                await self._call("start", tag)
            except EngineError as error:
                if error.kind is not ErrorKind.ENGINE_LOST or self._make_own is None:
                    raise
                self._leave_for_own()
        if self._own is not None:
            await self._own.start(tag)

    async def _join(self) -> None:
        try:
            await self._connect()
        except EngineError:
            if self._make_own is None:
                raise
            self._leave_for_own()

    def _leave_for_own(self) -> None:
        if self._own is None and self._make_own is not None:
            self._announce(f"{_GONE}: this run starts its own")
            self._own = self._make_own()

    async def _connect(self) -> None:
        try:
            reader, self._writer = await asyncio.open_connection("127.0.0.1", self._address.port, limit=_LONGEST_LINE)
        except OSError:
            raise EngineError(ErrorKind.ENGINE_LOST, _GONE) from None
        self._writer.write(json.dumps({"token": self._address.token, "lab": self._lab}).encode() + b"\n")
        self._reading = asyncio.ensure_future(self._read(reader))

    async def address(self, tag: str) -> SparkAddress:
        """What a notebook needs in order to attach."""
        if self._own is not None:
            return await self._own.address(tag)
        return SparkAddress(**await self._call("address", tag))

    async def remote(self, tag: str = "", mark: str = "") -> str:
        """The address of its Spark Connect server; see ``core.ports.Engine``."""
        if self._own is not None:
            return await self._own.remote(tag, mark)
        return str(await self._call("remote", tag, mark))

    async def clients(self) -> int:
        """How many sessions there are."""
        return await self._own.clients() if self._own is not None else int(await self._call("clients"))

    async def rest(self) -> None:
        """Nothing: who holds the engine knows when nobody is there."""

    async def lost(self, tag: str = "") -> str:
        """Return when the engine that runs now is gone, or who holds it."""
        if self._own is not None:
            return await self._own.lost(tag)
        try:
            return str(await self._call("lost", tag))
        except EngineError:
            return _GONE

    async def cancel(self, tag: str) -> None:
        """Cancel what the tag has running."""
        if self._own is not None:
            await self._own.cancel(tag)
            return
        with contextlib.suppress(EngineError):  # an engine that is gone has nothing running
            await self._call("cancel", tag)

    async def stop(self) -> None:
        """Leave the warm engine: what this run has running on it ends. An own engine ends."""
        if self._own is not None:
            await self._own.stop()
        if self._writer is not None:
            self._writer.close()
        if self._reading is not None:
            await self._reading
        self._writer = None

    async def ask(self, call: str) -> Any:
        """Join and ask who holds the engine: ``status`` (``guests``, the other runs and notebooks that are joined, ``labs``, how
        many JupyterLabs use it, ``tasks``, how many tasks have an address, ``clients``, how many sessions there are by Spark Connect, and ``address``, where without its secret), ``remote`` or ``stop`` (it ends). Raises ``EngineError`` where nobody is there."""
        if self._writer is None:
            await self._connect()
        return await self._call(call)

    async def stay(self) -> None:
        """Be joined until the engine ends. Raises ``EngineError`` where nobody is there."""
        await self.ask("status")
        if self._reading is not None:
            await asyncio.shield(self._reading)

    async def _call(self, call: str, tag: str = "", mark: str = "") -> Any:
        if self._writer is None or self._writer.is_closing():
            raise EngineError(ErrorKind.ENGINE_LOST, _GONE)
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({"number": number, "call": call, "tag": tag, "mark": mark}).encode() + b"\n")
        try:
            return await asyncio.wait_for(answer, _SECONDS.get(call, _SECONDS_OTHERWISE))
        except asyncio.TimeoutError:
            raise EngineError(ErrorKind.ENGINE_LOST, "the workspace's warm engine does not answer") from None
        finally:
            self._waiting.pop(number, None)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Give each answer to who waits for it, until the connection ends."""
        while (message := await receive(reader)) is not None:
            waiting = self._waiting.get(message.get("number", 0))
            if waiting is None or waiting.done():
                continue
            if "error" in message:
                error = message["error"]
                waiting.set_exception(EngineError(ErrorKind(error["kind"]), error["message"], error["log"]))
            else:
                waiting.set_result(message["answer"])
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(EngineError(ErrorKind.ENGINE_LOST, _GONE))
