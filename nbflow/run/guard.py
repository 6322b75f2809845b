"""The guard: a small process beside a run that cleans up when nbflow itself is killed and can do nothing more.

Run as a script it waits until its standard input closes, then kills whatever still belongs to the run and removes the
run's private folder. Standard library only: it starts in a few milliseconds and outlives its parent by design.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

_VARIABLE = "NBFLOW_FAMILY"
_LONGEST_SOCKET_FOLDER = 60
"""A socket's path holds some 107 bytes at most; the rest is needed for what stands below the folder."""


class Guard:
    """While this holds, a run has a token for its processes and a private folder, and a guard watches over both."""

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex
        place = tempfile.gettempdir()
        self.folder = Path(tempfile.mkdtemp(prefix="nbflow-", dir="/tmp" if len(place) > _LONGEST_SOCKET_FOLDER else place))
        self._process: subprocess.Popen[bytes] | None = None

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
            process.stdin.close()
            process.wait()


def watch(token: str, folder: str) -> None:
    """Wait for the end of standard input, then leave nothing of the run behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 4096):
        pass
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline and (found := list(_members(token))):
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
    shutil.rmtree(folder, ignore_errors=True)


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
