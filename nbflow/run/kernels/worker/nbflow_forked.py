"""What a process does that was forked by ``nbflow_kernels.py``, beside which this file is found: it becomes a kernel, or a program."""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import os
import select
import sys
import threading
import time
from typing import Any, Protocol

_FAMILY = b"NBFLOW_FAMILY="


class Asked(Protocol):
    """What it is to be: where, with which arguments and variables, with its standard streams, and whom it tells. ``parent`` is a
    descriptor of the run's process."""

    folder: str
    arguments: list[str]
    environment: dict[str, str]
    parent: int
    connection: Any
    streams: list[int]
    program: str

    def tell(self, message: dict[str, Any]) -> bool:
        """Tell the run; false where it wants to know no more."""
        ...


def become_kernel(asked: Asked) -> None:
    """Be, from here on, the process that a kernel's own start would have given, and its kernel until that ends."""
    _take_place(asked)
    launcher = importlib.util.find_spec("ipykernel_launcher")
    sys.argv = [str(launcher.origin) if launcher is not None else "ipykernel_launcher", *asked.arguments]
    sys.orig_argv = [sys.orig_argv[0], "-Xfrozen_modules=off", "-m", "ipykernel_launcher", *asked.arguments]
    _announce(asked)
    gc.enable()
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize(asked.arguments)
    app.poller = threading.Thread(target=_end_without, args=(asked.parent,), daemon=True)
    asked.tell({"bound": True})
    asked.connection.close()
    app.start()


def become_program(asked: Asked) -> None:
    """Be, from here on, the process that a start of the interpreter with the program would have given, to its end."""
    import runpy

    _take_place(asked)
    sys.argv = [asked.program, *asked.arguments]
    sys.orig_argv = [sys.executable, *sys.argv]
    sys.path.insert(0, os.path.dirname(asked.program))
    streams: list[Any] = [sys.stdout, sys.stderr]
    for stream in streams:
        stream.reconfigure(write_through=True)
    _announce(asked)
    asked.connection.close()
    gc.enable()
    threading.Thread(target=_end_without, args=(asked.parent,), daemon=True).start()
    runpy.run_path(asked.program, run_name="__main__")


def _take_place(asked: Asked) -> None:
    """Take the session, the streams, the folder, the variables and the mark of what is asked for."""
    os.setsid()
    for number, stream in enumerate(asked.streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked.folder)
    os.environ.clear()
    os.environ.update(asked.environment)
    _bear_token(asked.environment[_FAMILY.decode().rstrip("=")])
    time.tzset()
    _begin_anew()


def _announce(asked: Asked) -> None:
    """Tell the run that this process begins. Where nobody waits for it any more, another does its work: it ends here."""
    if not asked.tell({"pid": os.getpid()}):
        os._exit(1)


def _begin_anew() -> None:
    """Let this process know its own number, and nothing that is random be the same in two kernels."""
    main: Any = threading.main_thread()
    main._set_native_id()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if "multiprocessing.process" in sys.modules:
        sys.modules["multiprocessing.process"].current_process().authkey = os.urandom(32)


def _bear_token(token: str) -> None:
    """Have the system show ``token`` as this process's, where it shows the variables that a process began with."""
    with open("/proc/self/stat", "rb") as file:
        numbers = file.read().rpartition(b")")[2].split()
    start, end = int(numbers[47]), int(numbers[48])
    shown = b"\0" + ctypes.string_at(start, end - start)
    at = shown.index(b"\0" + _FAMILY)
    room = shown.index(b"\0", at + 1) - at - 1
    mark = _FAMILY + token.encode()
    if len(mark) > room:
        msg = f"a token of {len(token)} letters has no room"
        raise ValueError(msg)
    ctypes.memmove(start + at, mark.ljust(room, b"\0"), room)


def _end_without(parent: int) -> None:
    """End this process when the run's is gone, as ipykernel's own poller does it for a kernel that is the run's child."""
    poll = select.poll()
    poll.register(parent, select.POLLIN)
    poll.poll()
    os._exit(1)
