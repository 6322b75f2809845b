"""What lies in the warehouse's folders, told from the folders alone: schemas, tables, and names that are kept in files.

A Delta table is its folder, ``<warehouse>/<schema>/<table>``. What no folder can tell (views, tables of other formats, tables
that lie elsewhere) is kept in a file of the schema's folder, ``.names/<name>.json``. Only reads, and writes those files.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_SCHEMA = "default"
CATALOG = "spark_catalog"
"""The one catalog that there is."""

_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_COMMIT = re.compile(r"\d{20}\.(json|checkpoint.*\.parquet|checkpoint\..*\.json)\Z")
_SPARKS_SUFFIX = ".db"
_NAMES_FOLDER = ".names"
_NOT_OURS = ("global_temp",)
"""Spark has this schema for itself."""


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A Delta table of the warehouse. ``mark`` is another one when the folder was made anew."""

    schema: str
    name: str
    folder: Path
    mark: int = 0


@dataclass(frozen=True, slots=True)
class StoredSchema:
    """A schema: its folder, its tables by name, and of the names that are kept in files when each file was written."""

    name: str
    folder: Path
    tables: Mapping[str, StoredTable] = field(default_factory=dict)
    kept: Mapping[str, int] = field(default_factory=dict)


def schemas_in(warehouse: Path) -> dict[str, Path]:
    """The schemas of the warehouse and their folders: one for each folder whose name Spark allows, in lower case.

    A folder ``x.db``, as Spark itself would make it, is the schema ``x`` unless there is a folder ``x``.
    """
    found: dict[str, Path] = {}
    folders = [Path(entry.path) for entry in _folders(warehouse)]
    for folder in folders:
        name = folder.name.lower()
        if is_schema_name(name) and not has_commits(folder):
            found.setdefault(name, folder)
    for folder in folders:
        name = folder.name.removesuffix(_SPARKS_SUFFIX)
        if name != folder.name and is_schema_name(name):
            found.setdefault(name.lower(), folder)
    return found


def tables_in(schema: str, folder: Path, before: Mapping[str, StoredTable] | None = None) -> Iterator[StoredTable]:
    """The Delta tables in a schema's folder: those with at least one commit.

    ``before`` are those that were found there the last time; the logs of those that are still there are not looked at.
    """
    seen = set()
    for place in _folders(folder):
        name, mark = place.name.lower(), place.inode()
        if name in seen or not _NAME.match(place.name):
            continue
        known = (before or {}).get(name)
        if known is not None and known.mark == mark and known.folder.name == place.name:
            seen.add(name)
            yield known
        elif has_commits(Path(place.path)):
            seen.add(name)
            yield StoredTable(schema, name, Path(place.path), mark)


def table_folder(folder: Path, name: str) -> Path:
    """Where the table ``name`` lies in a schema's ``folder``, in whatever case its folder is written; of one that is not there, where it would."""
    found = (Path(place.path) for place in _folders(folder) if place.name.lower() == name and _NAME.match(place.name))
    return next(filter(has_commits, found), folder / name)


def contents(warehouse: Path, before: Mapping[str, StoredSchema] | None = None) -> dict[str, StoredSchema]:
    """All schemas of the warehouse with what is in them; ``default`` is one in any case. ``before``: as it was the last time."""
    found = {}
    for name, folder in {DEFAULT_SCHEMA: warehouse / DEFAULT_SCHEMA, **schemas_in(warehouse)}.items():
        known = (before or {}).get(name)
        tables = {table.name: table for table in tables_in(name, folder, known.tables if known else None)}
        found[name] = StoredSchema(name, folder, tables, dict(_kept_in(folder)))
    return found


def has_commits(folder: Path) -> bool:
    """Whether a folder is a Delta table: its log has a commit. One whose first write goes on, or was cut off, has none."""
    try:
        with os.scandir(folder / "_delta_log") as entries:
            return any(_COMMIT.match(entry.name) for entry in entries)
    except OSError:
        return False


def is_name(text: str) -> bool:
    """Whether this can be the name of a schema or table: what is in the warehouse under another one is not known by name."""
    return bool(_NAME.match(text)) and text.lower() not in _NOT_OURS


def is_schema_name(text: str) -> bool:
    """Whether a folder of this name in the warehouse is a schema's: hidden ones are none, as everywhere in Spark."""
    return is_name(text) and not text.startswith("_")


def is_own_folder(folder: str, schema: Path, name: str) -> bool:
    """Whether ``folder`` is where the table ``name`` of the schema in the folder ``schema`` lies by its name."""
    parent, own = os.path.split(os.path.abspath(folder))
    return own.lower() == name.lower() and os.path.realpath(parent) == os.path.realpath(schema)


def _kept_in(folder: Path) -> Iterator[tuple[str, int]]:
    try:
        with os.scandir(folder / _NAMES_FOLDER) as entries:
            for entry in entries:
                if entry.name.endswith(".json"):
                    yield entry.name.removesuffix(".json"), entry.stat().st_mtime_ns
    except OSError:
        return


def keep(folder: Path, name: str, document: Mapping[str, Any]) -> int:
    """Keep ``document``, which says what the name stands for, in the schema's ``folder``; returns when, in nanoseconds."""
    place = folder / _NAMES_FOLDER / f"{name}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name(f".{name}.{os.getpid()}.new")
    new.write_text(json.dumps(document, indent=1), "utf-8")
    written = new.stat().st_mtime_ns
    new.replace(place)
    return written


def kept(folder: Path, name: str) -> dict[str, Any] | None:
    """What ``keep`` was given for this name; ``None`` when there is nothing that can be read."""
    try:
        document = json.loads((folder / _NAMES_FOLDER / f"{name}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def forget(folder: Path, name: str) -> None:
    """Keep nothing for this name any more."""
    with contextlib.suppress(OSError):
        (folder / _NAMES_FOLDER / f"{name}.json").unlink()
    with contextlib.suppress(OSError):
        (folder / _NAMES_FOLDER).rmdir()


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((entry for entry in entries if not entry.name.startswith(".") and entry.is_dir()), key=lambda entry: entry.name)
    except OSError:
        return []
