"""Folders that nbflow makes in a workspace: each with a ``.gitignore`` inside that keeps it out of git."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from nbflow.store.failures import folder_failure


def make_private_folder(path: Path) -> Path:
    """Make ``path`` for state that only its owner may see (mode 0700), unless it is there. Returns it.

    Raises ``StoreError`` where it cannot be made.
    """
    return _make(path, 0o700)


def make_kept_folder(path: Path) -> Path:
    """Make ``path`` for what people look at (the mode follows the umask), unless it is there. Returns it.

    Raises ``StoreError`` where it cannot be made.
    """
    return _make(path, 0o777)


def _make(path: Path, mode: int) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode)
            # Only a new folder gets the file: who took it out of an old one wants the folder in git.
            _write_gitignore(path / ".gitignore")
        if not path.is_dir():
            raise FileExistsError
    except OSError as error:
        raise folder_failure(path, error) from error
    return path


def _write_gitignore(path: Path) -> None:
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "w") as file:
            file.write("*\n")
