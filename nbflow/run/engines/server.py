"""The process of a Sail server, in a session of its own, bound to the life of its owner."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from nbflow.core.errors import EngineError
from nbflow.core.exchange import FAMILY_VARIABLE
from nbflow.core.results import ErrorKind
from nbflow.run.processes import describe_end, end_family, end_group, wait_gone

_START_SECONDS = 30.0
_LOG_LINES = 20
_SCRIPT = Path(__file__).parent / "worker" / "nbflow_sail.py"
_UNWANTED = ("SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED", "SPARK_LOCAL_REMOTE", "SPARK_API_MODE")
"""What would make the Python of a UDF believe that it is a client."""


class Server:
    """A server's process. ``log`` takes its output, ``token`` marks it and what its UDFs start; ``folder`` is where it was started."""

    def __init__(self, python: str, log: Path, token: str) -> None:
        self._python, self.log, self._token = python, log, token
        self._process: subprocess.Popen[bytes] | None = None
        self.folder: Path | None = None
        self.port = 0

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid if self._process is not None else 0

    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    async def start(self, settings: Mapping[str, str], folder: Path) -> None:
        """Start the process in ``folder`` and wait until it listens on ``port``. Raises ``EngineError``.

        Its standard input is a pipe of ours: when we are gone, however that came, it goes too.
        """
        self.folder = folder
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [self._python, str(_SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=folder,
                start_new_session=True, env=self._environment(settings),
            )  # fmt: skip
        process = self._process
        try:
            line = await asyncio.wait_for(_line(process), _START_SECONDS)
        except asyncio.TimeoutError:
            msg = f"the Sail server did not answer within {_START_SECONDS:g} s"
            raise EngineError(ErrorKind.ENGINE_START, msg, self.last_words()) from None
        if not line:
            await wait_gone(process.pid)
            msg = f"the Sail server ended while it started ({describe_end(process.wait())})"
            raise EngineError(ErrorKind.ENGINE_START, msg, self.last_words())
        self.port = int(line)

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
        return {**environment, **settings, FAMILY_VARIABLE: self._token}

    async def gone(self) -> str:
        """Return, with a sentence and the log's last lines, as soon as the process has ended."""
        process = self._process
        if process is None:
            return "there is no Sail server"
        await wait_gone(process.pid)
        words = self.last_words()
        return f"the Sail server ended ({describe_end(process.wait())})" + (f"; its log ends with:\n{words}" if words else "")

    def end(self) -> None:
        """Kill the process and all that its UDFs started; no error when it is gone.

        Nothing is lost by that: a commit to a Delta table is one file, which is there or not.
        """
        process = self._process
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        end_group(process.pid)
        end_family(self._token)
        process.wait()

    def last_words(self) -> str:
        """The last lines of the log."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:])
        return ""


async def _line(process: subprocess.Popen[bytes]) -> bytes:
    """The first line that a process prints; empty when it ends without one."""
    if process.stdout is None:
        return b""
    descriptor = process.stdout.fileno()
    os.set_blocking(descriptor, False)
    loop, told, line = asyncio.get_running_loop(), asyncio.Event(), b""

    def read() -> None:
        nonlocal line
        part = os.read(descriptor, 64)
        line += part
        if not part or line.endswith(b"\n"):
            told.set()

    loop.add_reader(descriptor, read)
    try:
        await told.wait()
    finally:
        loop.remove_reader(descriptor)
    return line
