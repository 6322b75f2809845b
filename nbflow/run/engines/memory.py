"""The memory of this machine, and the share of it that an engine takes where the settings do not say."""

from __future__ import annotations

import os
from pathlib import Path

from nbflow.define.settings import LEAST_HEAP
from nbflow.run.engines.control_groups import texts

_MIB = 1 << 20
_GIB = 1 << 30
_STEP = 128 * _MIB
_USUAL_LEAST, _MOST = _GIB, 16 * _GIB
"""The collector of a driver stops everybody while it looks at the whole heap, and beyond 32 GB
Java writes its references longer, which no class-data archive fits."""
_LIMITS = {"": "memory.max", "memory": "memory.limit_in_bytes"}


def heap(said: str | None) -> str:
    """The heap of a driver as Java writes it: what was ``said``, otherwise what ``usual_heap`` gives here."""
    return said or usual_heap(usable_memory())


def usual_heap(memory: int) -> str:
    """The heap of a driver where ``memory`` bytes may be used: a quarter, so that notebooks, their functions and a second driver
    have theirs too; 1 GB at least, where that is no more than half; 16 GB at most."""
    size = max(memory // 4, min(_USUAL_LEAST, memory // 2), LEAST_HEAP)
    return f"{min(size, _MOST) // _STEP * _STEP // _MIB}m"


def usual_bound(memory: int) -> int:
    """How many bytes a Sail server may take, where ``memory`` bytes may be used, before it writes to files: half."""
    return memory // 2


def usable_memory(root: Path = Path("/"), machine: int | None = None) -> int:
    """How many bytes this process may use: those of the ``machine`` (``None``: as the system tells them), fewer where a control
    group, such as a container's, has a limit. ``root`` is where the system's files lie."""
    if machine is None:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = (text for _, text in texts(root, _LIMITS))
    return min([machine, *(int(text) for text in limits if text.isdigit() and int(text))])  # ``max`` is none
