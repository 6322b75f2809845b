"""The server from which a run's Python kernels are forked: begun ahead of need, and never needed, since every kernel has a start of its own."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from nbflow.core.exchange import FAMILY_VARIABLE, VARIABLE
from nbflow.run.kernels.forked import ForkedProcess, Refusal
from nbflow.run.kernels.process import CONNECTION_FILE, LOG_FILE, NATIVE_ARGUMENTS, KernelSpec, kernel_environment
from nbflow.run.processes import end_group

_PROGRAM = Path(__file__).parent / "worker" / "nbflow_kernels.py"
_OF_ATTEMPT = (VARIABLE, FAMILY_VARIABLE)
"""The variables in which attempts of a run differ; by any other a kernel might import otherwise than the server did."""

_MOST_SERVERS = 3
"""So often a run that installs packages begins anew."""

_TOKEN_ROOM = 64
_PATIENCE = 0.5
"""The part of a kernel's time to start for which the server is waited for."""

_PROGRAM_SECONDS = 20.0
"""How long the start of a program may take."""

_INSIDE = ("nbflow.surface.inside.bootstrap", "nbflow.surface.inside.spark")


class Forks:
    """Forks kernels, and programs, of the interpreter ``python`` (``None``: the one that runs nbflow). ``token`` begins the marks of a run's
    processes, ``folder`` is where the server's words go."""

    def __init__(self, token: str, folder: Path, python: str | None) -> None:
        self._token, self._log, self._python = token, folder / "kernels.log", python
        self._environment = kernel_environment("", {})
        self._servers: list[tuple[socket.socket, subprocess.Popen[bytes]]] = []
        self._control: socket.socket | None = None
        self._expected: list[str] = []
        self._usable = sys.platform.startswith("linux") and hasattr(os, "pidfd_open") and _stands_anywhere(self._environment)

    def begin(self, preload: Sequence[str]) -> None:
        """Start the server where it is not there, and have it import these modules when it has nothing else to do."""
        if self._usable:
            with contextlib.suppress(OSError):  # then kernels have a start of their own
                if self._control is None:
                    self._start()
                    preload = [*(_INSIDE if self._python is None else ()), *preload, *self._expected]
                self._send({"preload": list(preload)}, [])

    def expect(self, preload: Sequence[str]) -> None:
        """Have the server import these modules too, where it is there or as soon as it is needed."""
        if self._control is None:
            self._expected += preload
        else:
            self.begin(preload)

    async def fork(self, spec: KernelSpec) -> ForkedProcess | None:
        """A kernel as ``spec`` wants it; ``None`` where it must have a start of its own."""
        return await self._forked(spec.python, spec.environment, spec.preload, functools.partial(self._ask, spec), spec.start_timeout)

    async def fork_program(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: int
    ) -> ForkedProcess | None:
        """The Python program ``arguments``, its file first, in ``folder`` with these variables, its token among them; what it prints goes
        to the descriptor ``output``. ``None`` where it must have a start of its own."""
        request: dict[str, object] = {
            "folder": str(folder),
            "arguments": list(arguments[1:]),
            "environment": dict(environment),
            "preload": [],
            "program": arguments[0],
        }

        def ask(connection: socket.socket) -> None:
            with connection, open(os.devnull, "rb") as nothing:
                self._send(request, [connection.fileno(), nothing.fileno(), output, output])

        return await self._forked(None, environment, (), ask, _PROGRAM_SECONDS)

    async def _forked(
        self,
        python: str | None,
        environment: Mapping[str, str],
        preload: Sequence[str],
        ask: Callable[[socket.socket], None],
        seconds: float,
    ) -> ForkedProcess | None:
        """What ``ask`` asks the server for, by the end of a connection, where that can be had."""
        if not self._usable or not self._fits(python, environment):
            return None
        if self._control is None:
            self.begin(preload)
        server = self._control
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        process = ForkedProcess(ours)
        try:
            ask(theirs)
            return await asyncio.wait_for(process.begun(), seconds * _PATIENCE)
        except Refusal as refusal:
            process.abandon()
            if refusal.reason == "changed" and self._control is not server:
                return None  # another that was refused has made way for the next server already
            if refusal.reason == "changed" and len(self._servers) < _MOST_SERVERS:
                self._control = None  # the next server imports what was installed meanwhile; this one still tells of its kernels
            elif refusal.reason != "folder":
                self._usable = False
        except (OSError, asyncio.TimeoutError):
            process.abandon()
            self._usable = False
        except BaseException:
            process.abandon()
            raise
        return None

    def _ask(self, spec: KernelSpec, connection: socket.socket) -> None:
        """Raises ``OSError``."""
        with connection, (spec.private / LOG_FILE).open("wb") as log, open(os.devnull, "r+b") as nothing:
            self._send(_request(spec), [connection.fileno(), nothing.fileno(), nothing.fileno(), log.fileno()])

    def end(self) -> None:
        """End the server, and fork no more."""
        self._usable, self._control = False, None
        for control, server in self._servers:
            control.close()
            end_group(server.pid)
            server.wait()
        self._servers.clear()

    def _start(self) -> None:
        environment = {**self._environment, FAMILY_VARIABLE: f"{self._token}-kernels".ljust(len(self._token) + _TOKEN_ROOM, "-")}
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._log.open("ab") as log:
            server = subprocess.Popen(
                [self._python or sys.executable, "-Xfrozen_modules=off", str(_PROGRAM), str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, env=environment, cwd="/",
                pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip
        ours.setblocking(False)
        self._control = ours
        self._servers.append((ours, server))

    def _send(self, message: dict[str, object], descriptors: list[int]) -> None:
        """Raises ``OSError`` where the server is gone or far behind."""
        if self._control is None:
            raise BrokenPipeError
        socket.send_fds(self._control, [json.dumps(message).encode()], descriptors)

    def _fits(self, python: str | None, environment: Mapping[str, str]) -> bool:
        wanted = kernel_environment("", environment)
        return python == self._python and _without(wanted) == _without(self._environment)


def _request(spec: KernelSpec) -> dict[str, object]:
    connection = str(spec.private / CONNECTION_FILE)
    arguments = [argument.format(connection_file=connection) for argument in NATIVE_ARGUMENTS]
    environment = {**spec.environment, FAMILY_VARIABLE: spec.token, "JPY_PARENT_PID": str(os.getpid())}
    return {"folder": str(spec.folder), "arguments": arguments, "environment": environment, "preload": list(spec.preload), "program": ""}


def _without(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name not in _OF_ATTEMPT}


def _stands_anywhere(environment: dict[str, str]) -> bool:
    """Whether modules are looked for in the same folders wherever the interpreter starts."""
    path = environment.get("PYTHONPATH")
    return not path or all(map(os.path.isabs, path.split(os.pathsep)))
