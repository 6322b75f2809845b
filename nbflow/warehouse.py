"""The warehouse as folders: its schemas, its Delta tables and their names, told without reading any file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DEFAULT_SCHEMA = "default"
LOG = "_delta_log"
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_COMMIT = re.compile(r"\d{20}\.(json|checkpoint.*\.parquet|checkpoint\..*\.json)\Z")
_SPARKS_SUFFIX = ".db"
_DEPTH = 3
"""A table is ``<warehouse>/<table>``, ``<warehouse>/<schema>/<table>`` or one deeper."""


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A Delta table of the warehouse."""

    schema: str
    name: str
    folder: Path


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A folder with a Delta log, at whatever depth.

    ``name`` is ``schema.table``, as Spark has it, or the path from the warehouse where Spark has no name for it.
    ``changed`` is the time of the log's last change (ns, by the file system's clock): it is another after each commit.
    """

    name: str
    folder: Path
    changed: int


def schemas_in(warehouse: Path) -> dict[str, Path]:
    """The schemas of the warehouse and their folders: one for each folder whose name Spark allows, in lower case.

    A folder ``x.db``, as Spark itself would make it, is the schema ``x`` unless there is a folder ``x``.
    """
    found: dict[str, Path] = {}
    for folder in _folders(warehouse):
        if _NAME.match(folder.name) and not folder.name.startswith("_") and not _is_delta(folder):
            found.setdefault(folder.name.lower(), folder)
    for folder in _folders(warehouse):
        name = folder.name.removesuffix(_SPARKS_SUFFIX)
        if name != folder.name and _NAME.match(name):
            found.setdefault(name.lower(), folder)
    return found


def tables_in(schema: str, folder: Path) -> Iterator[StoredTable]:
    """The Delta tables in a schema's folder: those with at least one commit."""
    seen = set()
    for place in _folders(folder):
        name = place.name.lower()
        if _NAME.match(place.name) and name not in seen and _is_delta(place):
            seen.add(name)
            yield StoredTable(schema, name, place)


def find_tables(warehouse: Path) -> list[FoundTable]:
    """Every folder of the warehouse with a Delta log, in the order of their paths; what lies in a table is none.

    A log may be empty or broken. No log is listed: this is quick however long the logs are.
    """
    schemas = {os.fspath(folder): name for name, folder in schemas_in(warehouse).items()}
    found: list[FoundTable] = []
    taken = set()
    for folder, path, changed in _logs_below(os.fspath(warehouse), "", _DEPTH):
        parent, last = os.path.split(folder)
        name = f"{schemas[parent]}.{last.lower()}" if parent in schemas and _NAME.match(last) else path
        name = path if name in taken else name  # folders whose names differ only in case, or x beside x.db
        taken.add(name)
        found.append(FoundTable(name, Path(folder), changed))
    return found


def _logs_below(folder: str, path: str, depth: int) -> Iterator[tuple[str, str, int]]:
    try:
        with os.scandir(folder) as entries:
            inner = sorted(entry.name for entry in entries if not entry.name.startswith((".", "_")) and entry.is_dir())
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


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_delta(folder: Path) -> bool:
    try:
        with os.scandir(folder / LOG) as entries:
            return any(_COMMIT.match(entry.name) for entry in entries)
    except OSError:
        return False
