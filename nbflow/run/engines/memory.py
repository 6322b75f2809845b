"""The memory of this machine, and the share of it that an engine takes where the settings do not say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_MIB = 1 << 20
_GIB = 1 << 30
_STEP = 128 * _MIB
_LEAST, _USUAL_LEAST, _MOST = 512 * _MIB, _GIB, 16 * _GIB
"""Spark takes no heap of less than 450 MB. The collector of a driver stops everybody while it looks at the whole heap, and beyond 32 GB
Java writes its references longer, which no class-data archive fits."""
_CONTROL_GROUPS = {"": ("", "memory.max"), "memory": ("memory", "memory.limit_in_bytes")}
"""Of each kind of control groups, by the controller that its line names: the folder below ``/sys/fs/cgroup``, and the file of the limit."""


def heap(said: str | None) -> str:
    """The heap of a driver as Java writes it: what was ``said``, otherwise what ``usual_heap`` gives here."""
    return said or usual_heap(usable_memory())


def usual_heap(memory: int) -> str:
    """The heap of a driver where ``memory`` bytes may be used: a quarter, so that notebooks, their functions and a second driver
    have theirs too; 1 GB at least, where that is no more than half; 16 GB at most."""
    size = max(memory // 4, min(_USUAL_LEAST, memory // 2), _LEAST)
    return f"{min(size, _MOST) // _STEP * _STEP // _MIB}m"


def usual_bound(memory: int) -> int:
    """How many bytes a Sail server may take, where ``memory`` bytes may be used, before it writes to files: half."""
    return memory // 2


def usable_memory(root: Path = Path("/"), machine: int | None = None) -> int:
    """How many bytes this process may use: those of the ``machine`` (``None``: as the system tells them), fewer where a control
    group, such as a container's, has a limit. ``root`` is where the system's files lie."""
    if machine is None:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_limits(root)])


def _limits(root: Path) -> Iterator[int]:
    """The limits of the control groups that this process is in, and of those above them."""
    try:
        lines = (root / "proc/self/cgroup").read_text("utf-8", "replace").splitlines()
    except OSError:
        return  # a system that has none
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for controller in controllers.split(","):
            if controller in _CONTROL_GROUPS:
                folder, name = _CONTROL_GROUPS[controller]
                yield from _limits_at(root / "sys/fs/cgroup" / folder, path, name)


def _limits_at(top: Path, path: str, name: str) -> Iterator[int]:
    """Within a container the own group may be what is mounted at the ``top``, while ``path`` still tells it from outside."""
    inside = Path(*(part for part in Path(path).parts if part not in ("/", "..")))
    for group in (inside, *inside.parents):
        try:
            text = (top / group / name).read_text("utf-8").strip()
        except OSError:
            continue
        if text.isdigit() and int(text):  # ``max`` is none
            yield int(text)
