"""Dropped tables: what lies in the warehouse's trash, brought back or deleted for good without any engine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from nbflow.core.errors import UsageError
from nbflow.warehouse.folders import CATALOG, DEFAULT_SCHEMA, contents, is_name, keep
from nbflow.warehouse.trash import Dropped, bring_back, clean, destroy, dropped

_REST = "*"
"""The name of what else than tables the folder of a dropped schema held."""


@dataclass(frozen=True, slots=True)
class DroppedTable:
    """A table in the trash: its name, when it was dropped (UTC), bytes, and the run and task that dropped it where known.

    ``path`` is the folder that holds its files now.
    """

    name: str
    at: datetime
    size: int
    path: Path
    run_id: int | None = None
    task_key: str | None = None


class DroppedTables:
    """The trash of one warehouse."""

    def __init__(self, warehouse: Path) -> None:
        self._warehouse = warehouse

    def all(self) -> list[DroppedTable]:
        """What lies in the trash, the newest first."""
        return [_told(item) for item in dropped(self._warehouse)]

    def restore(self, name: str, new_name: str | None = None) -> tuple[str, Path]:
        """Bring back what was dropped last under ``name``, as ``new_name`` where one is given; returns name and folder.

        Raises ``UsageError`` when nothing was, when the name is taken, or when the new one names no schema.
        """
        wanted = _full(name)
        found = next((item for item in dropped(self._warehouse) if item.name == wanted), None)
        if found is None:
            from nbflow.define.nearest import did_you_mean, there_are

            known = sorted({item.name for item in dropped(self._warehouse)})
            raise UsageError(
                f"there is no table {name!r} in the trash", did_you_mean(wanted, known) or (there_are(known) if known else "it is empty")
            )
        former = wanted.partition(".")[0]
        if new_name is not None and "." not in new_name and former != DEFAULT_SCHEMA:
            raise UsageError(f"{new_name!r} names no schema", f"write {former}.{new_name}, or {DEFAULT_SCHEMA}.{new_name}")
        target = _full(new_name) if new_name is not None else wanted
        schema, _, table = target.partition(".")
        rest = wanted.endswith(f".{_REST}")
        if not (is_name(schema) and (is_name(table) or (rest and table == _REST))):
            raise UsageError(f"{new_name!r} is no name for this", f"write schema.{_REST if rest else 'table'}")
        known_schema = contents(self._warehouse).get(schema)
        home = known_schema.folder if known_schema is not None else self._warehouse / schema
        folder = home if rest else home / table
        self._refuse_taken(target, folder, known_schema is not None and table in {*known_schema.tables, *known_schema.kept})
        try:
            bring_back(found, folder)
        except OSError as error:
            raise UsageError(f"{target} cannot be restored: {error.strerror or error}") from error
        if found.kept is not None and not rest:
            keep(home, table, found.kept)
        clean(self._warehouse)
        return target, folder

    def _refuse_taken(self, name: str, folder: Path, known: bool) -> None:
        if not known:
            with contextlib.suppress(OSError):
                folder.rmdir()  # an empty one is nobody's
        if known or folder.exists():
            what = f"there is a table {name!r} already" if known else f"there is a folder {folder} already"
            raise UsageError(what, f"give another name: --as {name}_restored")

    def empty(self, older_than: timedelta | None = None) -> list[DroppedTable]:
        """Delete for good what lies in the trash, or what has lain there for longer than that; returns what it was."""
        until = datetime.now(timezone.utc) - (older_than or timedelta())
        gone = []
        for item in dropped(self._warehouse):
            if item.at <= until:
                told = _told(item)
                try:
                    destroy(item)
                except OSError as error:
                    raise UsageError(f"{item.folder} cannot be deleted: {error.strerror or error}") from error
                gone.append(told)
        clean(self._warehouse)
        return gone


def _full(name: str) -> str:
    """A table's name as the trash has it: in lower case, with its schema and without the catalog."""
    plain = name.lower().removeprefix(f"{CATALOG}.")
    return plain if "." in plain else f"{DEFAULT_SCHEMA}.{plain}"


def _told(item: Dropped) -> DroppedTable:
    return DroppedTable(item.name, item.at, sum(_sizes(item.files)), item.files, item.run_id, item.task_key)


def _sizes(folder: Path) -> Iterator[int]:
    for place, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                yield os.lstat(os.path.join(place, name)).st_size
