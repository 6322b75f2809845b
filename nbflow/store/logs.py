"""The log of one attempt whose work is no notebook: written as it comes, its beginning and its end where it is too long."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from pathlib import Path

from nbflow.store.files import sync_file, sync_folder, write_all
from nbflow.store.names import former_path

_LAST_BYTES = 64 * 1024
"""How much of the end is at hand for who asks for the last lines."""


class OwedLogs:
    """Logs that are whole, and do not survive a power loss yet: ``paths``, the oldest first."""

    def __init__(self) -> None:
        self.paths: deque[Path] = deque()
        self._settling = threading.Lock()

    def add(self, path: Path) -> None:
        """Owe one more."""
        self.paths.append(path)

    def settle(self) -> None:
        """See to it that all of them do. Another thread may add some meanwhile; of several that settle one waits for the other."""
        with self._settling:
            self._settle()

    def _settle(self) -> None:
        folders = set()
        for _ in range(len(self.paths)):
            path = self.paths.popleft()
            folders.add(path.parent)
            with contextlib.suppress(OSError):  # it is written; what the disk has against it shows in the records as well
                sync_file(path)
        for folder in folders:
            with contextlib.suppress(OSError):
                sync_folder(folder)


class LogFile:
    """Keeps the promise ``LogSink`` with a file at ``path``. A file of the former attempt is renamed.

    Of more than ``limit`` bytes the first half is written as it comes, the last half when the attempt is over, with a line
    between them that tells how much was left out.
    """

    path: Path

    def __init__(self, path: Path, attempt: int, limit: int = 20_000_000, owed: OwedLogs | None = None) -> None:
        """``attempt`` counts from 1; with ``owed`` the whole log survives a power loss when that is settled. Raises ``OSError``."""
        self.path = path
        self._owed = owed
        self._half = max(limit // 2, 1)
        self._written = 0
        self._rest: deque[bytes] = deque()
        self._rest_size = self._cut = 0
        self._last = bytearray()
        self._failure: OSError | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        if attempt > 1:
            with contextlib.suppress(FileNotFoundError):
                former = path.replace(former_path(str(path), attempt - 1))
                if owed is not None:
                    owed.add(former)  # perhaps it was owed under its first name
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)

    def add(self, data: bytes) -> None:
        """Write ``data`` as far as the first half goes, and keep the rest for the end."""
        self._last += data
        if len(self._last) > 2 * _LAST_BYTES:  # not at each piece, of which there may be very many
            del self._last[:-_LAST_BYTES]
        room = self._half - self._written
        if room > 0:
            self._write(data[:room])
            self._written += len(data[:room])
        if len(data) > room:
            self._keep(data[max(room, 0) :])

    def last_lines(self, count: int) -> list[str]:
        """The last lines that were added."""
        return self._last[-_LAST_BYTES:].decode("utf-8", "replace").splitlines()[-count:]

    def finish(self) -> None:
        """Write what was kept for the end. Raises ``OSError`` where something could not be written."""
        if self._cut:
            self._write(f"\n[nbflow left out {self._cut} bytes here]\n".encode())
        for data in self._rest:
            self._write(data)
        self._rest.clear()
        try:
            if self._owed is None:
                os.fsync(self._descriptor)
        except OSError as error:
            self._failure = self._failure or error
        finally:
            os.close(self._descriptor)
        if self._failure is not None:
            raise self._failure
        if self._owed is None:
            sync_folder(self.path.parent)
        elif self._last:
            self._owed.add(self.path)

    def _keep(self, data: bytes) -> None:
        self._rest.append(data)
        self._rest_size += len(data)
        while self._rest_size > self._half:
            over, first = self._rest_size - self._half, self._rest.popleft()
            if len(first) > over:
                self._rest.appendleft(first[over:])
            self._cut += min(over, len(first))
            self._rest_size -= min(over, len(first))

    def _write(self, data: bytes) -> None:
        try:
            write_all(self._descriptor, data)
        except OSError as error:
            self._failure = error
