"""The warehouse's tables under their names in a Sail session, whose catalog begins empty and is its own.

The folders are the truth: a table is made known when a plan or a statement names it, made known anew when somebody else has
changed it, and forgotten when its folder is gone.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nbflow.surface.inside.context import current_mark
from nbflow.surface.inside.statements import name_at, tokens_of
from nbflow.warehouse import trash

CATALOG = "spark_catalog"
DEFAULT = "default"
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_COMMIT = re.compile(r"\d{20}\.json\Z")

Table = tuple[str, str]


class Names:
    """What one session knows of ``warehouse``. ``run`` executes a statement in it."""

    def __init__(self, warehouse: str, run: Callable[[str], None]) -> None:
        self._warehouse, self._run = warehouse, run
        self._schemas: set[str] = set()
        self._tables: dict[Table, str] = {}
        self.current = DEFAULT
        run(f"DROP SCHEMA IF EXISTS {DEFAULT}")  # it has no place of its own in Sail
        self._know_schema(DEFAULT)

    def folder(self, table: Table) -> str:
        """Where a table lies."""
        schema, name = table
        return os.path.join(self._warehouse, self._entry(self._warehouse, schema), self._entry(os.path.join(self._warehouse, schema), name))

    @staticmethod
    def _entry(folder: str, name: str) -> str:
        """The entry of ``folder`` that is called ``name`` in whatever case; names are alike in all cases."""
        if os.path.isdir(os.path.join(folder, name)):
            return name
        with contextlib.suppress(OSError):
            return next((entry for entry in os.listdir(folder) if entry.lower() == name), name)
        return name

    def table(self, parts: Sequence[str]) -> Table | None:
        """The table that a name of one to three parts means; ``None`` where it is one of another catalog, or no name of ours."""
        parts = [part.lower() for part in parts]
        if len(parts) == 3 and parts[0] == CATALOG:
            parts = parts[1:]
        if len(parts) == 1:
            parts = [self.current, *parts]
        return (parts[0], parts[1]) if len(parts) == 2 and all(map(_NAME.match, parts)) else None

    def mention(self, names: Iterable[Sequence[str]]) -> None:
        """Make the tables known that are among ``names``, and the schemas."""
        for parts in names:
            schema = parts[-1].lower() if len(parts) == 1 or parts[0].lower() == CATALOG else parts[0].lower()
            if _NAME.match(schema) and os.path.isdir(os.path.join(self._warehouse, schema)):
                self._know_schema(schema)
            table = self.table(parts)
            if table is not None:
                self._follow(table)

    def mention_all(self) -> None:
        """Make everything in the warehouse known."""
        for schema in _folders(self._warehouse):
            if _NAME.match(schema) and _state(os.path.join(self._warehouse, schema)) == "":
                self._know_schema(schema.lower())
                self.mention((schema, name) for name in _folders(os.path.join(self._warehouse, schema)))

    def _know_schema(self, schema: str) -> None:
        if schema not in self._schemas:
            self._run(f"CREATE SCHEMA IF NOT EXISTS `{schema}` LOCATION '{os.path.join(self._warehouse, schema)}'")
            self._schemas.add(schema)

    def _follow(self, table: Table) -> None:
        """Have the session know a table as it lies there now."""
        state, known = _state(self.folder(table)), self._tables.get(table, "")
        if state == known:
            return
        schema, name = table
        if known or not state:
            if known:
                self._run(f"DROP TABLE IF EXISTS {CATALOG}.`{schema}`.`{name}`")
            self._tables.pop(table, None)
        if state:
            self._know_schema(schema)
            self._run(f"DROP TABLE IF EXISTS {CATALOG}.`{schema}`.`{name}`")  # it may be known from a write
            self._run(f"CREATE TABLE IF NOT EXISTS {CATALOG}.`{schema}`.`{name}` USING delta LOCATION '{self.folder(table)}'")
            self._tables[table] = state

    def dropped(self, table: Table) -> None:
        """Move the folder of a table that was dropped to the trash; Sail leaves it where it is."""
        folder = self.folder(table)
        if _state(folder):
            trash.throw_away(Path(self._warehouse), Path(folder), ".".join(table), _mark())
        self._tables.pop(table, None)

    def dropped_schema(self, schema: str) -> None:
        """The same for all tables of a schema, whose folder goes too where nothing else lies in it."""
        folder = os.path.join(self._warehouse, schema)
        for name in _folders(folder):
            self.dropped((schema, name))
        with contextlib.suppress(OSError):
            os.rmdir(folder)
        self._schemas.discard(schema)

    def renamed(self, old: Table, new: Table) -> None:
        """Move a table's folder to where its new name says. Raises ``ValueError`` where that cannot be."""
        if not _state(self.folder(old)):
            raise ValueError(f"there is no table {'.'.join(old)}")
        if os.path.exists(self.folder(new)):
            raise ValueError(f"there is a table {'.'.join(new)} already")
        os.rename(self.folder(old), self.folder(new))
        self.mention([old, new])


def names_in(text: str) -> list[list[str]]:
    """Every dotted name in a statement: most of them are none of a table, which costs a look at the folders."""
    tokens = list(tokens_of(text))
    found = []
    for index, token in enumerate(tokens):
        if token.kind in ("word", "quoted") and (index == 0 or tokens[index - 1].text != "."):
            parts, _ = name_at(tokens[index:])
            if 0 < len(parts) <= 3 and parts not in found:
                found.append(parts)
    return found


def _folders(folder: str) -> list[str]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith((".", "_")))
    return []


def _state(folder: str) -> str:
    """What a table's folder is now, and which version it has; empty where there is no table."""
    log = os.path.join(folder, "_delta_log")
    with contextlib.suppress(OSError), os.scandir(log) as entries:
        commits = [entry.name for entry in entries if _COMMIT.match(entry.name)]
        return f"{os.stat(log).st_ino}-{max(commits)}" if commits else ""
    return ""


def _mark() -> dict[str, Any]:
    """By which run and task something is dropped, where that is known."""
    mark = current_mark()
    return {} if mark is None else asdict(mark)
