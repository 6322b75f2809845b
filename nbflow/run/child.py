"""A program as a process of its own: in a session of its own, what it prints told as it comes, and its end with all it left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbflow.core.exchange import FAMILY_VARIABLE
from nbflow.run.processes import descendants, end_all, end_family, end_group, wait_gone

_LATE_SECONDS = 0.5
"""How long the end of its output is waited for when the program is gone: somebody who threw his mark away may hold it open."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: the program with its arguments, where, and the environment on top of the own one (``None``: without it)."""

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str | None] = field(default_factory=dict)


class Child:
    """A running program. Its standard input is empty, its standard output and error are one stream."""

    def __init__(self, process: subprocess.Popen[bytes], token: str, printed: Callable[[bytes], None]) -> None:
        self._process, self._token, self._printed = process, token, printed
        self._quiet = asyncio.Event()
        if process.stdout is not None:
            self._descriptor = process.stdout.fileno()
            os.set_blocking(self._descriptor, False)
            asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    @classmethod
    def start(cls, program: Program, token: str, printed: Callable[[bytes], None]) -> Child:
        """Start ``program``; its processes bear ``token``, what it prints goes to ``printed``. Raises ``OSError``."""
        process = subprocess.Popen(
            program.arguments, cwd=program.folder, env=_environment(program, token), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        return cls(process, token, printed)

    async def gone(self) -> int:
        """Return how the process ended, as ``Popen.returncode`` tells it, as soon as it has."""
        await wait_gone(self._process.pid)
        return self._process.wait()

    def interrupt(self) -> bool:
        """Interrupt the process and its group, as a terminal does; false where it has ended by itself before."""
        if self._process.poll() is not None:
            return False
        end_group(self._process.pid, signal.SIGINT)
        return True

    async def end(self) -> None:
        """Kill what is still there of the program, and take the rest of what it printed."""
        loop = asyncio.get_running_loop()
        below = [] if self._process.returncode is not None else await loop.run_in_executor(None, descendants, self._process.pid)
        end_group(self._process.pid)
        end_all(below)
        await loop.run_in_executor(None, end_family, self._token)
        self._process.wait()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._quiet.wait(), _LATE_SECONDS)
        self._close()

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, 1 << 16)
        except BlockingIOError:
            return
        if data:
            self._printed(data)
        else:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._quiet.set()

    def _close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        if self._process.stdout is not None:
            self._process.stdout.close()


def _environment(program: Program, token: str) -> dict[str, str]:
    environment = {name: value for name, value in {**os.environ, **program.environment}.items() if value is not None}
    if environment.get("NBFLOW_ENGINE", "").startswith("sc:"):
        del environment["NBFLOW_ENGINE"]  # a token may stand in it, and what a task prints is kept
    return {**environment, FAMILY_VARIABLE: token}
