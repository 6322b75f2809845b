"""The workspace's warm engine as commands see it: whether it is there, and the process that holds one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbflow.run.engines.holder import WarmAddress
    from nbflow.workspace import Workspace


def held(workspace: Workspace) -> WarmAddress | None:
    """Where the workspace's warm engine is, if somebody holds one."""
    from nbflow.run.engines.holder import read_address

    return read_address(workspace.warm_folder) if is_held_at(workspace) else None


def is_held_at(workspace: Workspace) -> bool:
    """Whether somebody holds an engine for the workspace, or is about to, or is ending it."""
    from nbflow.run.engines.holder import LOCK_FILE
    from nbflow.store.live import is_held

    return is_held(workspace.warm_folder / LOCK_FILE)


def is_between(workspace: Workspace) -> bool:
    """Whether the workspace's warm engine is just starting or ending."""
    return is_held_at(workspace) and held(workspace) is None


def make_folder(workspace: Workspace) -> None:
    """Make the folder of the warm engine's files. Raises ``StoreError``."""
    from nbflow.store.folders import make_private_folder

    make_private_folder(workspace.warm_folder.parent)
    make_private_folder(workspace.warm_folder)


def start_holder(
    workspace: Workspace, settings: Mapping[str, Any], *, minutes: float = 0, bound: bool = False, stdout: int, stderr: IO[str] | None
) -> subprocess.Popen[str]:
    """Start the process that holds a warm engine with the call's ``settings``; ``minutes`` is how long it may be idle (0: for
    ever). ``bound``: it ends with whoever has the other end of its standard input, and joins an engine that is there. See ``hold_engine`` for what it tells."""
    holder = subprocess.Popen(
        [sys.executable, "-m", "nbflow.surface.cli.hold_engine"], stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, text=True,
        start_new_session=True, cwd="/",
    )  # fmt: skip
    resolved = {**settings, "python": workspace.settings.python}  # a path from here
    asked = {"root": str(workspace.root), "settings": resolved, "minutes": minutes, "bound": bound}
    if holder.stdin is not None:
        holder.stdin.write(json.dumps(asked) + "\n")
        holder.stdin.flush()
    return holder
