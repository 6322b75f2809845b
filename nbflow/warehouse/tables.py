"""The warehouse's Delta tables at whatever depth, told by their folders without reading any file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbflow.warehouse.folders import is_name, schemas_in

LOG = "_delta_log"
_DEPTH = 3
"""A table is ``<warehouse>/<table>``, ``<warehouse>/<schema>/<table>`` or one deeper."""


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A folder with a Delta log, at whatever depth.

    ``name`` is ``schema.table``, as Spark has it, or the path from the warehouse where Spark has no name for it.
    ``changed`` is the time of the log's last change (ns, by the file system's clock): it is another after each commit.
    """

    name: str
    folder: Path
    changed: int


def known_by(commit: str) -> list[tuple[str, int]]:
    """By what a commit's file is known again, each with when it was written, in ns: its path, and what the file system calls it, where that
    is told, which it keeps when its table is renamed. Raises ``OSError``."""
    path, found = os.path.realpath(commit), os.stat(commit)
    number = [(f"{found.st_dev}-{found.st_ino}", found.st_mtime_ns)] if found.st_ino else []
    return [(path, found.st_mtime_ns), *number]


def find_tables(warehouse: Path) -> list[FoundTable]:
    """Every folder of the warehouse with a Delta log, in the order of their paths; what lies in a table is none.

    A log may be empty or broken. No log is listed: this is quick however long the logs are.
    """
    schemas = {os.fspath(folder): name for name, folder in schemas_in(warehouse).items()}
    found: list[FoundTable] = []
    taken = set()
    for folder, path, changed in _logs_below(os.fspath(warehouse), "", _DEPTH):
        parent, last = os.path.split(folder)
        name = f"{schemas[parent]}.{last.lower()}" if parent in schemas and is_name(last) else path
        name = path if name in taken else name  # folders whose names differ only in case, or x beside x.db
        taken.add(name)
        found.append(FoundTable(name, Path(folder), changed))
    return found


def _logs_below(folder: str, path: str, depth: int) -> Iterator[tuple[str, str, int]]:
    try:
        with os.scandir(folder) as entries:
            hidden = "." if path else (".", "_")  # of what begins with _ a table is one, and a schema none
            inner = sorted(entry.name for entry in entries if not entry.name.startswith(hidden) and entry.is_dir())
    except OSError:
        return
    for name in inner:
        place, below = os.path.join(folder, name), f"{path}/{name}" if path else name
        try:
            changed = os.stat(os.path.join(place, LOG)).st_mtime_ns
        except OSError:
            if depth > 1:
                yield from _logs_below(place, below, depth - 1)
            continue
        yield place, below, changed
