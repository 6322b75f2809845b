"""Who is alive: a live run holds an operating-system lock on a file, which the system frees however the run ends."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from nbflow.core.errors import StoreError
from nbflow.store.failures import file_failure

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, *, shared: bool) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int, *, shared: bool) -> None:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


_HELD: set[int] = set()
"""Descriptors of the locks that this process holds. They are closed on exec; a forked child closes them itself."""


def _let_go_in_child() -> None:
    for descriptor in _HELD:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _HELD.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)


class LiveLock:
    """The lock of one live run, held from the moment it is made until ``release``."""

    def __init__(self, path: Path) -> None:
        """Take the lock on ``path``. Raises ``StoreError`` where somebody else holds it, or it cannot be made."""
        self._path = path
        try:
            self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise file_failure(path, error) from error
        try:
            _lock(self._descriptor, shared=False)
        except OSError as error:
            os.close(self._descriptor)
            msg = f"run {path.name} is alive in another process"
            raise StoreError(msg) from error
        _HELD.add(self._descriptor)

    def release(self) -> None:
        """Free the lock and remove its file. Doing it twice, or in a forked child, does no harm."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor not in _HELD or descriptor is None:
            return
        _HELD.discard(descriptor)
        with contextlib.suppress(OSError):
            self._path.unlink()
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether a live process holds the lock on ``path``."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except PermissionError:
        # Another user's run, which only that user can look at: nobody may call it dead.
        return True
    except OSError as error:
        raise file_failure(path, error) from error
    try:
        # Shared, so that two who look at the same time do not take each other for the run.
        _lock(descriptor, shared=True)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


class LiveLocks:
    """The locks of the live runs whose files lie in ``folder``, those among them that this process holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[int, LiveLock] = {}

    def take(self, run_id: int) -> None:
        """Hold the run's lock; nothing where it is held already. Raises as ``LiveLock`` does."""
        if run_id not in self._held:
            self._held[run_id] = LiveLock(self._folder / str(run_id))

    def release(self, *run_ids: int) -> None:
        """Free the locks of these runs, of all without any; no error where one is not held."""
        for run_id in run_ids or tuple(self._held):
            lock = self._held.pop(run_id, None)
            if lock is not None:
                lock.release()

    def is_held(self, run_id: int) -> bool:
        """Whether a process, this one or another, is at work on the run."""
        return is_held(self._folder / str(run_id))
