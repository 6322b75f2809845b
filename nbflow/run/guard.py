"""The guard: a small process beside a run that cleans up when nbflow itself is killed and can do nothing more.

Run as a script it waits until its standard input closes, then kills whatever still belongs to the run, does what it was
told to do then, and removes the run's private folder. Standard library only: it starts in a few milliseconds and outlives
its parent by design. It is told by lines of JSON: ``{"remove": path}``, ``{"later": name, "command": […], "input": text}``,
``{"forget": name}``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

_VARIABLE = "NBFLOW_FAMILY"
_COMMAND_SECONDS = 10.0
_LONGEST_SOCKET_FOLDER = 60
"""A socket's path holds some 107 bytes at most; the rest is needed for what stands below the folder."""


class Guard:
    """While this holds, a run has a token for its processes and a private folder, and a guard watches over both."""

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex
        place = tempfile.gettempdir()
        self.folder = Path(tempfile.mkdtemp(prefix="nbflow-", dir="/tmp" if len(place) > _LONGEST_SOCKET_FOLDER else place))
        self._process: subprocess.Popen[bytes] | None = None

    def remove(self, *places: Path) -> None:
        """Have these files and folders removed at the end, too."""
        for place in places:
            self._tell({"remove": os.path.abspath(place)})

    def later(self, name: str, command: Sequence[str], text: str) -> None:
        """Have ``command`` run at the end, with ``text`` as its input, unless ``name`` is forgotten before."""
        self._tell({"later": name, "command": list(command), "input": text})

    def forget(self, name: str) -> None:
        """What ``later`` was to do under this name is done already."""
        self._tell({"forget": name})

    def _tell(self, message: dict[str, Any]) -> None:
        import json

        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):  # it was killed, and does nothing any more
                process.stdin.write(json.dumps(message).encode() + b"\n")
                process.stdin.flush()

    def __enter__(self) -> Guard:
        command = [sys.executable, "-I", "-S", __file__, self.token, str(self.folder)]
        # a run inside a task's notebook outlives the task by its guard alone, which must not count as the task's
        environment = {name: value for name, value in os.environ.items() if name != _VARIABLE}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, env=environment
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.wait()


def watch(token: str, folder: str) -> None:
    """Wait for the end of standard input, then leave nothing of the run behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    told = b""
    while part := os.read(0, 65536):
        told += part
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline and (found := list(_members(token))):
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
    places, commands = _orders(told)
    for command, text in commands:
        try:
            subprocess.run(
                command, input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=_COMMAND_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
    for place in [*places, folder]:
        shutil.rmtree(place, ignore_errors=True)
        if os.path.lexists(place):
            try:
                os.unlink(place)
            except OSError:
                continue


def _orders(told: bytes) -> tuple[list[str], list[tuple[list[str], str]]]:
    """What is to be removed, and what to be run with which input. A line that was cut off by the end is none."""
    import json

    places: list[str] = []
    later: dict[str, tuple[list[str], str]] = {}
    for line in told.split(b"\n")[:-1]:
        message = json.loads(line)
        if "remove" in message:
            places.append(message["remove"])
        elif "later" in message:
            later[message["later"]] = message["command"], message["input"]
        else:
            later.pop(message["forget"], None)
    return places, list(later.values())


def _members(token: str) -> Iterator[int]:
    """The processes whose environment says that they belong to the run of ``token``."""
    mark = f"{_VARIABLE}={token}".encode()
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if any(entry.startswith(mark) for entry in file.read().split(b"\0")):
                        yield int(name)
            except OSError:
                continue


if __name__ == "__main__":
    watch(sys.argv[1], sys.argv[2])
