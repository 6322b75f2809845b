"""Whole files or none: written beside their place under a hidden name, then put there in one step."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path


def write_whole(path: Path, content: bytes, beside: Path, *, durable: bool) -> None:
    """Put ``content`` at ``path``. A reader sees the former file or the new one, whatever dies meanwhile.

    ``beside`` is the hidden name in the same folder that is used on the way. A folder that is gone is made again. With
    ``durable`` the name survives a power loss as well once this returns; the content always does. Raises ``OSError``,
    and then the former file is untouched.
    """
    try:
        _write(beside, content)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(beside, content)
    try:
        beside.replace(path)
    except OSError:
        remove(beside)
        raise
    if durable:
        sync_folder(path.parent)


def remove(path: Path) -> None:
    """Take ``path`` away, if it is there and that is possible."""
    with contextlib.suppress(OSError):
        path.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a power loss, on systems where a folder can be synced."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the content of ``path`` survive a power loss. Raises ``OSError``."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if sys.platform == "darwin":  # where a plain sync leaves data in the drive's memory
            import fcntl

            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of ``content``, however many calls the system takes for it."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    except OSError:
        remove(path)
        raise
    finally:
        os.close(descriptor)
