"""A warm engine's own side: it holds one engine for whoever of the workspace comes, until it is stopped or long idle.

Whoever comes speaks over loopback, one JSON object a line: first the token, and ``lab`` where it is a JupyterLab, then calls
(``start``, ``address``, ``remote``, ``clients``, ``lost``, ``cancel``, ``status``, ``stop``), each with a number that its answer bears.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nbflow.core.errors import EngineError
from nbflow.core.ports import Engine
from nbflow.core.results import ErrorKind
from nbflow.run.engines.private_files import write_private

ADDRESS_FILE = "engine.json"
_FIRST_WORD_SECONDS = 10.0
_LOOK_SECONDS = 0.2
_REST_AFTER_SECONDS = 2.0
"""A run that follows the start, or another run, at once finds the engine free."""
LOCK_FILE = "lock"
"""Who holds the engine holds a lock on this file, in the same folder."""


@dataclass(frozen=True, slots=True)
class WarmAddress:
    """Where a warm engine is, as its file tells it, which only its owner may read. ``fingerprint`` holds a digest of each thing
    that it was started with; ``since`` is ISO 8601 in UTC; ``autotermination_minutes`` how long it may be idle (0: for ever);
    ``of_lab`` says that it ends with the JupyterLab that it was started for, or with the last that uses it then."""

    port: int
    token: str
    engine: str
    fingerprint: Mapping[str, str]
    since: str
    pid: int
    autotermination_minutes: float
    of_lab: bool = False


def read_address(folder: Path) -> WarmAddress | None:
    """The address that stands in the folder of a workspace's warm engine; ``None`` where there is none."""
    try:
        return WarmAddress(**json.loads((folder / ADDRESS_FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


class Holder:
    """Serves ``engine`` until it is asked to stop, or nobody has been there for ``minutes`` (0: never). ``of_lab``: a JupyterLab
    uses it from the beginning, until ``stop_when_unused`` is called. The engine rests when nobody has been there for ``rest_after``
    seconds."""

    def __init__(
        self, engine: Engine, folder: Path, fingerprint: Mapping[str, str], minutes: float, pid: int, rest_after: float = _REST_AFTER_SECONDS,
        *, of_lab: bool = False,
    ) -> None:  # fmt: skip
        self._engine, self._folder, self._fingerprint, self._minutes, self._pid = engine, folder, fingerprint, minutes, pid
        self._of_lab = self._has_lab = of_lab
        self._rest_after, self._token = rest_after, secrets.token_hex(32)
        self._guests: dict[asyncio.StreamWriter, set[str]] = {}
        self._labs: set[asyncio.StreamWriter] = set()
        self._over = asyncio.Event()
        self._last_guest = 0.0
        self._served_at = ""
        self._resting: asyncio.Task[None] | None = None

    async def serve(self, ready: Callable[[WarmAddress], None]) -> None:
        """Start the engine, tell ``ready`` where it is, and serve until it is time to end; then nothing is left.

        Raises ``EngineError`` where the engine cannot start.
        """
        loop = asyncio.get_running_loop()
        try:
            await self._engine.start()
            server = await asyncio.start_server(self._guest, "127.0.0.1", 0)
            since = datetime.now(timezone.utc).isoformat(timespec="seconds")
            port = server.sockets[0].getsockname()[1]
            address = WarmAddress(port, self._token, self._engine.name, self._fingerprint, since, self._pid, self._minutes, self._of_lab)
            write_private(self._folder / ADDRESS_FILE, json.dumps(asdict(address)))
            self._last_guest = loop.time()
            try:
                ready(address)
                self._rest()
                while not self._over.is_set():
                    with contextlib.suppress(asyncio.TimeoutError):
                        await asyncio.wait_for(self._over.wait(), self._idle_left(loop.time()))
                        break
                    if self._idle_left(loop.time()) == 0 and not await self._has_sessions():
                        break
            finally:
                (self._folder / ADDRESS_FILE).unlink(missing_ok=True)
                server.close()
        finally:
            self._wake()
            await self._engine.stop()
            for writer in list(self._guests):
                writer.close()

    def stop(self) -> None:
        """Let ``serve`` end."""
        self._over.set()

    async def stop_when_unused(self) -> None:
        """Let ``serve`` end as soon as nobody is there: no run, no notebook, no JupyterLab, no client of Spark Connect."""
        self._has_lab = False
        while self._guests or await self._has_sessions():
            await asyncio.sleep(_LOOK_SECONDS)
        self.stop()

    def _idle_left(self, now: float) -> float | None:
        """Seconds until the idle limit is over; ``None`` without a limit, or while somebody is there."""
        if self._guests:
            self._last_guest = now
        if not self._minutes:
            return None
        return max(0.0, self._last_guest + 60 * self._minutes - now)

    async def _has_sessions(self) -> bool:
        """Whether clients of Spark Connect have sessions; then it is not idle."""
        busy = False
        if self._served_at:
            with contextlib.suppress(EngineError):
                busy = await self._engine.clients() > 0
        if busy:
            self._last_guest = asyncio.get_running_loop().time()
        return busy

    def _rest(self) -> None:
        """Let the engine rest from soon on, until somebody works on it."""
        if self._resting is None and not self._guests and not self._over.is_set():
            self._resting = asyncio.create_task(self._rest_soon())

    async def _rest_soon(self) -> None:
        await asyncio.sleep(self._rest_after)
        while await self._has_sessions():
            await asyncio.sleep(self._rest_after)
        await self._engine.rest()

    def _wake(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None

    async def _guest(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; what it has running ends with it."""
        first = None
        with contextlib.suppress(asyncio.TimeoutError):
            first = await asyncio.wait_for(receive(reader), _FIRST_WORD_SECONDS)
        if not hmac.compare_digest(str((first or {}).get("token", "")).encode("utf-8", "replace"), self._token.encode()):
            writer.close()
            return
        tags = self._guests[writer] = set()
        if (first or {}).get("lab"):
            self._labs.add(writer)
        calls: set[asyncio.Task[None]] = set()
        try:
            while (message := await receive(reader)) is not None:
                call = asyncio.create_task(self._answer(message, tags, writer))
                calls.add(call)
                call.add_done_callback(calls.discard)
        finally:
            for call in calls:
                call.cancel()
            del self._guests[writer]
            self._labs.discard(writer)
            self._last_guest = asyncio.get_running_loop().time()
            writer.close()
            await asyncio.gather(*(self._engine.cancel(tag) for tag in tags), return_exceptions=True)
            self._rest()

    async def _answer(self, message: dict[str, Any], tags: set[str], writer: asyncio.StreamWriter) -> None:
        try:
            answer = {"answer": await self._do(message, tags)}
        except EngineError as error:
            answer = {"error": {"kind": str(error.kind), "message": str(error), "log": error.log}}
        except Exception as error:  # whatever it is, who called must not wait for ever
            answer = {"error": {"kind": str(ErrorKind.ENGINE_LOST), "message": f"the warm engine failed: {error}", "log": ""}}
        _send(writer, {"number": message.get("number"), **answer})

    async def _do(self, message: dict[str, Any], tags: set[str]) -> Any:
        call, tag = message.get("call"), str(message.get("tag", ""))
        if call in ("start", "address", "remote"):
            self._wake()
        if call == "start":
            tags |= {tag} - {""}
            await self._engine.start(tag)
            if tag and tag not in tags:  # who asked has gone on without it meanwhile
                await self._engine.cancel(tag)
        elif call == "address":
            tags.add(tag)
            return asdict(await self._engine.address(tag))
        elif call == "remote":
            tags |= {tag} - {""}
            remote = await self._engine.remote(tag, str(message.get("mark", "")))
            self._served_at = remote.partition("/;")[0]
            return remote
        elif call == "clients":
            return await self._engine.clients()
        elif call == "lost":
            return await self._engine.lost(tag)
        elif call == "cancel":
            tags.discard(tag)
            await self._engine.cancel(tag)
        elif call == "status":
            clients = await self._engine.clients() if self._served_at else 0
            tasks = sum(len(each) for each in self._guests.values())
            others = len(self._guests) - len(self._labs) - 1
            return {
                "guests": others, "labs": len(self._labs) + self._has_lab, "tasks": tasks, "clients": clients, "address": self._served_at,
            }  # fmt: skip
        elif call == "stop":
            self.stop()
            return {"stopping": 1}
        return None


def _send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    if not writer.is_closing():
        writer.write(json.dumps(message).encode() + b"\n")


async def receive(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next message; ``None`` at the end of the connection, or where it is none."""
    try:
        line = await reader.readline()
        message = json.loads(line) if line else None
    except (OSError, ValueError):
        return None
    return message if isinstance(message, dict) else None
