"""Asking git of the repository that a folder lies in."""

from __future__ import annotations

import os
from pathlib import Path

_SECONDS = 5.0
_VARIABLES = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})


def ask_git(folder: Path, *words: str) -> str | None:
    """What git prints for the command ``words``; ``None`` where ``folder`` lies in no repository, git is not there, or it fails.

    It takes some milliseconds, and up to five seconds in a huge repository.
    """
    import subprocess

    folder = folder.absolute()
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return None
    # A hook of another repository sets these for its own git.
    environment = {name: value for name, value in os.environ.items() if name not in _VARIABLES}
    try:
        asked = subprocess.run(
            ["git", "-C", str(folder), *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=True,
            env={**environment, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return asked.stdout.decode("utf-8", "replace")
