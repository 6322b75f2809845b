"""A kernel's process that was forked from a server which has done the imports already."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
from typing import Any

from nbflow.run.processes import describe_end, end_group, wait_gone

_MOST_BYTES = 4096
_BURIAL_SECONDS = 2.0
_UNKNOWN = "nobody saw how"


class Refusal(Exception):  # noqa: N818  (an answer, no fault)
    """The server forks no such kernel; ``reason`` is its word for why, empty where it is gone."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ForkedProcess:
    """Keeps the promise of ``KernelProcess``. What is known of it comes by ``connection``, of which the server holds the other
    end. Made by ``begun``: until then it has no number. A kernel whose server is gone goes on; only how it ends is not told then."""

    pid: int
    status: int | None = None
    """How it ended, as ``Popen.returncode`` tells it; ``None`` where nobody saw it."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        loop = asyncio.get_running_loop()
        self._begun: asyncio.Future[int] = loop.create_future()
        self._bound: asyncio.Future[None] = loop.create_future()
        self._ended: asyncio.Future[str] = loop.create_future()
        self._watch: asyncio.Future[None] | None = None
        self._loop = loop
        loop.add_reader(connection, self._read)

    async def begun(self) -> ForkedProcess:
        """This process when it is there. Raises ``Refusal``."""
        self.pid = await asyncio.shield(self._begun)
        return self

    async def listening(self) -> None:
        """Return when the kernel has its sockets."""
        await asyncio.shield(self._bound)

    def is_running(self) -> bool:
        """Whether it was not told that it has ended."""
        if self._connection.fileno() >= 0 and not self._ended.done():
            self._read()
        return not self._ended.done()

    async def gone(self) -> str:
        """Return how it ended, as soon as it has."""
        return await asyncio.shield(self._ended)

    async def interrupt(self) -> None:
        """By a signal to its group."""
        if self.is_running():
            end_group(self.pid, signal.SIGINT)

    async def release(self) -> None:
        """Have the server bury it."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.gone(), _BURIAL_SECONDS)
        self.abandon()

    def abandon(self) -> None:
        """Want to know no more of it: the server kills what is still there."""
        self._loop.remove_reader(self._connection)
        self._connection.close()
        if self._watch is not None:
            self._watch.cancel()
        for waiting in (self._begun, self._bound, self._ended):
            waiting.cancel()
            if waiting.done() and not waiting.cancelled():
                waiting.exception()  # it may be that nobody asked

    def _read(self) -> None:
        """Take what has come."""
        while True:
            try:
                data = self._connection.recv(_MOST_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._loop.remove_reader(self._connection)
                self._lost()
                return
            self._take(json.loads(data))

    def _take(self, message: dict[str, Any]) -> None:
        if "pid" in message:
            self._begun.set_result(int(message["pid"]))
        elif "bound" in message:
            self._bound.set_result(None)
        elif "refused" in message:
            self._begun.set_exception(Refusal(str(message["refused"])))
        elif "ended" in message and not self._ended.done():
            self.status = os.waitstatus_to_exitcode(int(message["ended"]))
            how = describe_end(self.status)
            if not self._begun.done():
                self._begun.set_exception(Refusal(how))
            self._ended.set_result(how)

    def _lost(self) -> None:
        """Nobody holds the other end any more."""
        if not self._begun.done():
            self._begun.set_exception(Refusal(""))
        elif not self._ended.done() and self._begun.exception() is None and self._watch is None:
            self._watch = asyncio.ensure_future(self._watch_alone(self._begun.result()))

    async def _watch_alone(self, pid: int) -> None:
        await wait_gone(pid)
        if not self._ended.done():
            self._ended.set_result(_UNKNOWN)
