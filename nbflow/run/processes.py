"""Processes of an attempt: waiting for one's death without delay, and ending all that a kernel left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbflow.core.exchange import FAMILY_VARIABLE

_PROC = Path("/proc")


def own_environment(token: str, more: Mapping[str, str | None]) -> dict[str, str]:
    """All variables of a process that bears ``token``: those of this one and ``more`` (``None``: without it)."""
    environment = {name: value for name, value in {**os.environ, **more}.items() if value is not None}
    if environment.get("NBFLOW_ENGINE", "").startswith("sc:"):
        del environment["NBFLOW_ENGINE"]  # a token may stand in it, and what a task prints is kept
    return {**environment, FAMILY_VARIABLE: token}


async def wait_gone(pid: int) -> None:
    """Return when process ``pid`` has ended (it may still be a zombie): at once where the system has pidfds."""
    try:
        descriptor = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
    except ProcessLookupError:
        return
    except OSError:
        descriptor = -1
    if descriptor < 0:
        while _alive(pid):
            await asyncio.sleep(0.05)
        return
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(descriptor, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def end_group(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to the process group that ``pid`` leads; no error when it is gone, or was never there (0)."""
    if pid > 0:  # to the system, 0 is the group of whoever asks
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)


@dataclass(frozen=True, slots=True)
class Process:
    """A process, and when it began in the system's ticks: another that gets its number later is another."""

    pid: int
    began: int


def descendants(pid: int) -> list[Process]:
    """The processes that come from ``pid``, at whatever distance, as long as those between are there. Needs ``/proc``."""
    children: dict[int, list[Process]] = {}
    for entry in _PROC.iterdir() if sys.platform.startswith("linux") else ():
        if entry.name.isdigit() and (told := _stat(int(entry.name))):
            children.setdefault(int(told[1]), []).append(Process(int(entry.name), int(told[19])))
    found: list[Process] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += [process.pid for process in below]
    return found


def end_all(processes: Iterable[Process]) -> None:
    """Kill these processes; no error when they are gone."""
    for process in processes:
        told = _stat(process.pid)
        if told and int(told[19]) == process.began:
            _kill(process.pid)


def _stat(pid: int) -> list[bytes]:
    """What ``/proc`` tells of a process behind its name: state, parent and so on; empty where it is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def newest_number() -> int:
    """The number of the process that was begun last, in the system or its container; 0 where that is not told."""
    try:
        return int((_PROC / "loadavg").read_bytes().split()[-1])
    except (OSError, ValueError, IndexError):
        return 0


def end_family(token: str, first: int = 0) -> None:
    """Kill every process whose environment holds ``NBFLOW_FAMILY=token``, in whatever session it is; none has a number below ``first``.

    A child that made a session of its own escapes its group, but has inherited the variable. Killing and looking again,
    a few times, also catches what a dying process had just forked. Needs ``/proc``; elsewhere the group must do. One
    that threw its environment away is found by ``descendants``, as long as its parent is there.
    """
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline:
        found = list(_family(token, first))
        if not found:
            return
        for pid in found:
            _kill(pid)


def _family(token: str, first: int) -> Iterator[int]:
    if not sys.platform.startswith("linux"):
        return
    mark = f"{FAMILY_VARIABLE}={token}".encode()
    for entry in _PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) < first or int(entry.name) == os.getpid():
            continue
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
        except OSError:
            continue  # gone meanwhile, or somebody else's


def describe_end(status: int) -> str:
    """How a process ended, from ``Popen.returncode``: ``signal SIGKILL`` or ``exit code 3``."""
    if status < 0:
        try:
            return f"signal {signal.Signals(-status).name}"
        except ValueError:
            return f"signal {-status}"
    return f"exit code {status}"
