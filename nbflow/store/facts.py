"""What is recorded of a run's surroundings: versions, git, who started it, and how."""

from __future__ import annotations

import getpass
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_GIT_SECONDS = 5.0
_GIT_VARIABLES = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})


def gather_facts(root: Path, how: str, command: Sequence[str]) -> dict[str, Any]:
    """The facts of a run that begins now, as plain JSON.

    ``how`` says what started it (``cli``, ``python``, …), ``command`` with which words. Asking git takes some
    milliseconds, and up to five seconds in a huge repository.
    """
    return {**quick_facts(how, command), **git_facts(root)}


def quick_facts(how: str, command: Sequence[str]) -> dict[str, Any]:
    """The facts that cost nothing: ``nbflow``, ``python``, ``platform``, ``user``, ``host``, ``how``, ``command``."""
    return {
        # Whoever imports this module has the root package loaded; asking the installation takes 20 ms.
        "nbflow": getattr(sys.modules.get("nbflow"), "__version__", "unknown"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "user": _user(),
        "host": socket.gethostname(),
        "how": how,
        "command": list(command),
    }


def git_facts(root: Path) -> dict[str, Any]:
    """``git_commit`` and ``git_dirty`` of the repository that ``root`` is in; both ``None`` where there is none.

    Dirty means: a tracked file differs from the commit.
    """
    nothing: dict[str, Any] = {"git_commit": None, "git_dirty": None}
    folder = root.absolute()
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return nothing
    # A hook of another repository sets these for its own git.
    environment = {name: value for name, value in os.environ.items() if name not in _GIT_VARIABLES}
    try:
        asked = subprocess.run(
            ["git", "-C", str(folder), "status", "--porcelain=v2", "--branch", "--untracked-files=no"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=_GIT_SECONDS, check=True,
            env={**environment, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return nothing
    lines = asked.stdout.decode("utf-8", "replace").splitlines()
    commits = [line.split()[-1] for line in lines if line.startswith("# branch.oid ")]
    commit = next((commit for commit in commits if commit != "(initial)"), None)
    return {"git_commit": commit, "git_dirty": any(not line.startswith("#") for line in lines)}


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A user id without a name, as in some containers.
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
