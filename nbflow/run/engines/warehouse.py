"""What lies in the warehouse's folders, told from the folders alone: schemas, and the tables that can be known by name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DEFAULT_SCHEMA = "default"
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_COMMIT = re.compile(r"\d{20}\.(json|checkpoint.*\.parquet|checkpoint\..*\.json)\Z")
_SPARKS_SUFFIX = ".db"


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A Delta table of the warehouse."""

    schema: str
    name: str
    folder: Path


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


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_delta(folder: Path) -> bool:
    try:
        with os.scandir(folder / "_delta_log") as entries:
            return any(_COMMIT.match(entry.name) for entry in entries)
    except OSError:
        return False
