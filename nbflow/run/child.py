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
from typing import IO, Protocol

from nbflow.core.exchange import FAMILY_VARIABLE
from nbflow.run.kernels.forked import ForkedProcess
from nbflow.run.kernels.forks import Forks
from nbflow.run.processes import descendants, end_all, end_family, end_group, newest_number, own_environment, wait_gone

_LATE_SECONDS = 0.5
"""How long the end of its output is waited for when the program is gone: somebody who threw his mark away may hold it open."""


_SHOWN = 20
"""So many letters on each side of what a program cannot be given are shown."""

_SHORT_SECONDS = 5.0
"""In which fewer processes are begun than there are numbers for them, of which every system has 32,768."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: the program with its arguments, where, and the environment on top of the own one (``None``: without it).

    ``forks``: it is a Python program of nbflow's own, which may be forked as well: ``arguments`` begin with the interpreter and ``-u``.
    """

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str | None] = field(default_factory=dict)
    forks: bool = False


class _Process(Protocol):
    """A program's process, which leads a session and a group of its own."""

    pid: int

    async def gone(self) -> int:
        """Return how it ended, as ``Popen.returncode`` tells it, as soon as it has."""
        ...

    def has_ended(self) -> bool:
        """Whether it has ended by now."""
        ...

    async def release(self) -> None:
        """Leave nothing of it, now that it was killed."""
        ...


class Child:
    """A running program. Its standard input is empty, its standard output and error are one stream, ``output``."""

    def __init__(self, process: _Process, output: IO[bytes], token: str, printed: Callable[[bytes], None]) -> None:
        self._process, self._output, self._token, self._printed = process, output, token, printed
        self._quiet = asyncio.Event()
        self._began = asyncio.get_running_loop().time()
        self._descriptor = output.fileno()
        os.set_blocking(self._descriptor, False)
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    @classmethod
    async def begun(cls, program: Program, token: str, printed: Callable[[bytes], None], forks: Forks | None = None) -> Child:
        """Start ``program``, by a fork where that is possible; its processes bear ``token``, what it prints goes to ``printed``. Raises
        ``OSError``, and ``ValueError`` for text that no program can be given."""
        _refuse_unfit(program)
        if program.forks and forks is not None:
            child = await cls._forked(program, token, printed, forks)
            if child is not None:
                return child
        process = subprocess.Popen(
            program.arguments, cwd=program.folder, env=own_environment(token, program.environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None  # noqa: S101  (it was asked for)
        return cls(_Started(process), process.stdout, token, printed)

    @classmethod
    async def _forked(cls, program: Program, token: str, printed: Callable[[bytes], None], forks: Forks) -> Child | None:
        reading, writing = os.pipe()
        output = os.fdopen(reading, "rb", buffering=0)
        try:
            environment = {name: value for name, value in program.environment.items() if value is not None}
            environment[FAMILY_VARIABLE] = token
            process = await forks.fork_program(program.arguments[2:], program.folder, environment, writing)
        except BaseException:
            output.close()
            raise
        finally:
            os.close(writing)
        if process is None:
            output.close()
            return None
        return cls(_Forked(process), output, token, printed)

    async def gone(self) -> int:
        """Return how the process ended, as ``Popen.returncode`` tells it, as soon as it has."""
        return await self._process.gone()

    def interrupt(self) -> bool:
        """Interrupt the process and its group, as a terminal does; false where it has ended by itself before."""
        if self._process.has_ended():
            return False
        end_group(self._process.pid, signal.SIGINT)
        return True

    async def end(self) -> None:
        """Kill what is still there of the program, and take the rest of what it printed."""
        loop = asyncio.get_running_loop()
        below = [] if self._process.has_ended() else await loop.run_in_executor(None, descendants, self._process.pid)
        end_group(self._process.pid)
        end_all(below)
        await loop.run_in_executor(None, end_family, self._token, self._first())
        await self._process.release()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._quiet.wait(), _LATE_SECONDS)
        self._close()

    def _first(self) -> int:
        """The lowest number that a process of the program can have: its own, as long as numbers cannot have begun anew since it began.

        To look at what all processes of a machine were begun with takes longer than a short program does.
        """
        short = asyncio.get_running_loop().time() - self._began < _SHORT_SECONDS
        return self._process.pid if short and newest_number() >= self._process.pid else 0

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
        self._output.close()


class _Started:
    """A process that was started."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process, self.pid = process, process.pid

    async def gone(self) -> int:
        await wait_gone(self.pid)
        return self._process.wait()

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    async def release(self) -> None:
        self._process.wait()


class _Forked:
    """A process that was forked. Of one whose end nobody saw a kill is taken for it."""

    def __init__(self, process: ForkedProcess) -> None:
        self._process, self.pid = process, process.pid

    async def gone(self) -> int:
        await self._process.gone()
        return -signal.SIGKILL if self._process.status is None else self._process.status

    def has_ended(self) -> bool:
        return not self._process.is_running()

    async def release(self) -> None:
        await self._process.release()


def _refuse_unfit(program: Program) -> None:
    for text in (*program.arguments, *program.environment.values()):
        if text is not None and "\0" in text:
            at = text.index("\0")
            raise ValueError(f"{_around(text, at)} has a NUL character, which no program can be given: leave it out of the value")
        try:
            os.fsencode(text or "")
        except UnicodeEncodeError as error:
            raise ValueError(f"{_around(text or '', error.start)} has half of a surrogate pair, which is no text: mend the value") from None


def _around(text: str, at: int) -> str:
    return repr(text[max(0, at - _SHOWN) : at + _SHOWN])
