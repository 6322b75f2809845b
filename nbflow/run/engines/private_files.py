"""Files that only their owner may read: where connections and secrets of engines stand."""

from __future__ import annotations

import os
import re
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, from its first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def connection_file(state: Path, tag: str) -> Path:
    """Where an engine with the folder ``state`` writes how the attempt of ``tag`` reaches it; nbflow's own tags are file names."""
    name = re.sub(r"[^\w.-]", lambda found: f"%{ord(found.group()):x}", tag)
    return state / "connections" / f"{name}.json"
