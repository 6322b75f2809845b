"""Forks Jupyter kernels that begin with their imports done: ``python nbflow_kernels.py DESCRIPTOR PARENT``.

The interpreter is that of the kernels, nbflow need not be there. DESCRIPTOR is a socket (SOCK_SEQPACKET) to the run, whose process is PARENT.
Its messages are JSON objects: ``{"preload": [module, …]}`` is imported when there is nothing else to do, and ``{"folder", "arguments",
"environment", "preload", "program"}`` asks for a kernel, or where it names a file for that Python program, with these variables over the server's own, with four descriptors beside it: the kernel's own connection,
which is such a socket too, and its standard input, output and error. On that connection come ``{"pid": …}`` and ``{"bound": true}`` from the kernel, and ``{"ended": wait status}``; or
``{"refused": why}``. A kernel that has ended keeps its number until the run closes its connection. Without the run all kernels end.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

_BACKEND, _INLINE = "MPLBACKEND", "module://matplotlib_inline.backend_inline"
"""What ipykernel sets before a cell can import matplotlib, which reads it then."""

_MOST_BYTES = 1 << 20
_BASE = (
    "ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.debugger", "IPython.core.completerlib", "IPython.core.oinspect", "IPython.core.logger",
    "IPython.core.magic_arguments", "IPython.core.magics.execution", "IPython.core.magics.namespace", "IPython.extensions.storemagic",
    "asttokens", "executing", "faulthandler", "pdb", "pure_eval", "stack_data", "pexpect", "pygments.formatters.html", "pygments.formatters.terminal256",
    "pygments.lexers.python", "pygments.styles.default", "sqlite3", "timeit", "tornado.locks", "tornado.platform.asyncio", "tornado.queues",
)  # fmt: skip
"""What every kernel imports before its first cell or in the course of it."""

_SHARED = frozenset({"jemalloc_bg_thd"})
"""Threads that know of forks themselves: Arrow's allocator, which goes on without it in the child."""

_SETTLING_SECONDS = 0.5


@dataclass
class Asked:
    """A kernel that is asked for, or a ``program``, with its descriptors; ``parent`` is one of the run's process."""

    folder: str
    arguments: list[str]
    environment: dict[str, str]
    parent: int
    connection: socket.socket
    streams: list[int]
    program: str

    def tell(self, message: dict[str, Any]) -> bool:
        """Tell the run; false where it wants to know no more."""
        return _tell(self.connection, message)


class Server:
    """Single-threaded: what it has imported, and the kernels that came from it."""

    def __init__(self, control: socket.socket, parent: int) -> None:
        self._control, self._parent = control, os.pidfd_open(parent)
        self._poll = select.poll()
        self._kernels: dict[int, socket.socket] = {}
        self._by_descriptor: dict[int, int] = {}
        self._waiting: list[str] = []
        self._tried: set[str] = set()
        self._places = _library_places()
        before = dict(os.environ)
        for name in _BASE:
            self._load(name)
        self._given, self._added = before, {name: value for name, value in os.environ.items() if before.get(name) != value}
        self._environment = dict(os.environ)
        self._sound = _is_alone()

    def serve(self) -> Asked | None:
        """Do what the run asks. Returns in a process that is to become a kernel; ``None`` when the run is over."""
        self._poll.register(self._control, select.POLLIN)
        self._poll.register(self._parent, select.POLLIN)
        while True:
            events = self._poll.poll(0 if self._waiting else None)
            if not events:
                self._preload([self._waiting.pop(0)])
            events.sort(key=lambda event: event[0] == self._control.fileno())  # to begin a kernel may take long: ends come first
            for descriptor, _ in events[:1]:  # what it leads to may close the others
                if descriptor == self._control.fileno():
                    data, descriptors, _, _ = socket.recv_fds(self._control, _MOST_BYTES, 4)
                    if not data:
                        self._end()
                    if (asked := self._take(json.loads(data), descriptors)) is not None:
                        return asked
                elif descriptor == self._parent:
                    self._end()
                else:
                    self._look_after(descriptor)

    def _take(self, message: dict[str, Any], descriptors: list[int]) -> Asked | None:
        """Do what one message says; what it asks for in the process that is to become the kernel."""
        if not descriptors:
            self._waiting += message["preload"]
            return None
        connection = socket.socket(fileno=descriptors[0])
        asked = Asked(
            message["folder"], message["arguments"], message["environment"], self._parent, connection, descriptors[1:], message["program"]
        )  # fmt: skip
        self._preload(message["preload"])
        refused = self._reason_against(asked.folder)
        pid = -1 if refused else self._fork()
        if pid == 0:
            asked.environment = {**self._given, **asked.environment, **self._added}
            self._let_go()
            return asked
        if pid > 0:
            self._watch(pid, connection)
        else:
            _tell(connection, {"refused": refused or "fork"})
            connection.close()
        for stream in asked.streams:
            os.close(stream)
        return None

    def _fork(self) -> int:
        """The kernel's number, 0 in the kernel itself; -1 where the system has no room for one."""
        gc.freeze()  # what is there already is not looked at again, and its memory stays shared
        try:
            return os.fork()
        except OSError:
            return -1

    def _watch(self, pid: int, connection: socket.socket) -> None:
        self._kernels[pid] = connection
        for descriptor in (os.pidfd_open(pid), connection.fileno()):
            self._by_descriptor[descriptor] = pid
            self._poll.register(descriptor, select.POLLIN)

    def _look_after(self, descriptor: int) -> None:
        """Tell how a kernel ended, or bury one in which the run has no more interest."""
        pid = self._by_descriptor[descriptor]
        connection = self._kernels[pid]
        if descriptor != connection.fileno():
            self._forget(descriptor)
            os.close(descriptor)
            ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            if ended is not None:
                code = ended.si_status << 8 if ended.si_code == os.CLD_EXITED else ended.si_status
                _tell(connection, {"ended": code})
            return
        self._forget(descriptor)
        for further in [each for each, owner in self._by_descriptor.items() if owner == pid]:
            self._forget(further)
            os.close(further)
        _kill(pid)
        os.waitpid(pid, 0)
        del self._kernels[pid]
        connection.close()

    def _forget(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        del self._by_descriptor[descriptor]

    def _let_go(self) -> None:
        """Close, in a kernel, what is the server's."""
        self._control.close()
        for descriptor, pid in self._by_descriptor.items():
            if descriptor != self._kernels[pid].fileno():
                os.close(descriptor)
        for connection in self._kernels.values():
            connection.close()

    def _end(self) -> NoReturn:
        for pid in self._kernels:
            _kill(pid)
        os._exit(0)  # nothing here has anything to put in order

    def _preload(self, names: Iterable[str]) -> None:
        new = [name for name in names if name not in self._tried]
        if not new or not self._sound:
            return
        os.environ.setdefault(_BACKEND, _INLINE)
        for name in new:
            self._load(name)
        if _BACKEND not in self._environment:
            del os.environ[_BACKEND]
        self._sound = dict(os.environ) == self._environment and _is_alone()

    def _load(self, name: str) -> None:
        self._tried.add(name)
        try:
            importlib.import_module(name)
        except Exception:
            return  # whoever needs it is told by an import of his own

    def _reason_against(self, folder: str) -> str:
        """Why a kernel of ``folder`` would be another one here than by a start of its own; empty where it would not."""
        if not self._sound:
            return "threads"
        if _library_places() != self._places:
            return "changed"
        return "folder" if _hides_modules(folder) else ""


def _library_places() -> dict[str, int]:
    """The folders of installed packages, with when something was installed or removed there last."""
    places = {}
    for place in sys.path:
        if os.path.basename(place) in ("site-packages", "dist-packages"):
            try:
                places[place] = os.stat(place).st_mtime_ns
            except OSError:
                places[place] = 0
    return places


def _hides_modules(folder: str) -> bool:
    """Whether files in ``folder`` bear names of modules that are loaded here: a kernel that starts there would import those."""
    loaded = {name.partition(".")[0] for name in sys.modules}
    try:
        with os.scandir(folder) as entries:
            return any(_is_module(entry, loaded) for entry in entries)
    except OSError:
        return True


def _is_module(entry: os.DirEntry[str], loaded: set[str]) -> bool:
    name, _, ending = entry.name.partition(".")
    if entry.name == "matplotlibrc":
        return "matplotlib" in loaded
    return name in loaded and (ending.endswith(("py", "pyc", "so")) or os.path.exists(os.path.join(entry.path, "__init__.py")))


def _is_alone() -> bool:
    """Whether no thread is left here after a fork but those that know of it. OpenBLAS ends its own before each one."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    deadline = time.monotonic() + _SETTLING_SECONDS
    while _other_threads():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)  # one that was just told to end
    return True


def _other_threads() -> list[str]:
    names = []
    for number in os.listdir("/proc/self/task"):
        if int(number) != os.getpid():
            try:
                with open(f"/proc/self/task/{number}/comm", encoding="ascii", errors="replace") as file:
                    names.append(file.read().strip())
            except OSError:
                continue
    return [name for name in names if name not in _SHARED]


def _tell(connection: socket.socket, message: dict[str, Any]) -> bool:
    """Whether somebody wants to know."""
    try:
        connection.send(json.dumps(message).encode())
    except OSError:
        return False
    return True


def _kill(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except OSError:
            continue


def main() -> None:
    """Serve until the run is over."""
    gc.disable()
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # this file's folder, which no kernel has
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    forked: Any = importlib.import_module("nbflow_forked")
    del sys.path[0]
    parent = int(sys.argv[2])
    server = Server(socket.socket(fileno=int(sys.argv[1])), parent)
    asked = server.serve()
    if asked is not None:
        del server
        forked.become_program(asked) if asked.program else forked.become_kernel(asked)


if __name__ == "__main__":
    main()
