"""What is recorded of a run's surroundings: versions, git, who started it, and how."""

from __future__ import annotations

import getpass
import os
import platform
import socket
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nbflow.define.git import ask_git

_MOST_ASKED = 500
"""So many paths are asked for at a time: a command line has an end."""


def gather_facts(root: Path, how: str, command: Sequence[str], files: Iterable[Path] = ()) -> dict[str, Any]:
    """The facts of a run of these ``files`` that begins now, as plain JSON.

    ``how`` says what started it (``cli``, ``python``, …), ``command`` with which words. Asking git takes some
    milliseconds, and up to five seconds in a huge repository.
    """
    return {**quick_facts(how, command), **git_facts(root, files)}


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


def git_facts(root: Path, files: Iterable[Path] = ()) -> dict[str, Any]:
    """``git_commit`` and ``git_dirty`` of the repository that ``root`` is in; both ``None`` where there is none.

    Dirty means: a tracked file differs from the commit, or one of ``files`` in the repository's folder is not tracked, be it ignored;
    ``None``: git could not say. Files elsewhere, and what the files load themselves, are not looked at.
    """
    nothing: dict[str, Any] = {"git_commit": None, "git_dirty": None}
    asked = ask_git(root, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if asked is None:
        return nothing
    lines = asked.splitlines()
    commits = [line.split()[-1] for line in lines if line.startswith("# branch.oid ")]
    commit = next((commit for commit in commits if commit != "(initial)"), None)
    return {"git_commit": commit, "git_dirty": any(not line.startswith("#") for line in lines) or _any_untracked(root, files)}


def _any_untracked(root: Path, files: Iterable[Path]) -> bool | None:
    """Whether one of ``files`` in the repository's folder, or a link on the way to it, is in no commit to come. ``None``: who knows."""
    root, files = root.resolve(), {file.absolute() for file in files}
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    links = {part for part in {part for file in files for part in (file, *file.parents)} if part.is_symlink()}
    paths = {*(file.resolve() for file in files), *(link.parent.resolve() / link.name for link in links)}
    inside = sorted(str(path.relative_to(top)) for path in paths if top in path.parents)
    tracked: set[str] = set()
    for at in range(0, len(inside), _MOST_ASKED):
        asked = ask_git(
            top, "--literal-pathspecs", "ls-files", "--cached", "--recurse-submodules", "-z", "--", *inside[at : at + _MOST_ASKED]
        )  # fmt: skip
        if asked is None:
            return None
        tracked.update(asked.split("\0"))
    return not tracked.issuperset(os.fsencode(path).decode("utf-8", "replace") for path in inside)  # as ``ask_git`` tells them


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A user id without a name, as in some containers.
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
