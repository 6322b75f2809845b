"""The warehouse's tables under their names in a Sail session, whose catalog begins empty and is its own.

The folders are the truth, the same as for Spark's driver: a table is made known when a plan or a statement names it, made
known anew when somebody else has changed it, and forgotten when its folder is gone.
"""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbflow.surface.inside.sail.places import plain, real
from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.statements import name_at, tokens_of
from nbflow.warehouse.folders import CATALOG, DEFAULT_SCHEMA, contents, forget, is_schema_name, keep, kept, schemas_in, table_folder

_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_ROOTS = re.compile(r"\A/+")
_COMMIT = re.compile(r"\d{20}\.(json|checkpoint)")

_ELSEWHERE = {
    "version": 1, "type": "EXTERNAL", "provider": "delta", "schema": {"type": "struct", "fields": []}, "partitions": [], "options": {},
    "properties": {}, "view": None, "text": None, "comment": None,
}  # fmt: skip
"""What is kept of a Delta table that lies elsewhere: no columns, since its log has them."""

_DOUBTED = "doubted"
"""The state, which is none that a folder can have, of a table that has to be made known anew."""

Table = tuple[str, str]


class Names:
    """What one session knows of ``warehouse`` (empty: the server's own, of which nothing is known). ``run`` executes a statement in the
    session."""

    def __init__(self, warehouse: str, run: Callable[[str], None]) -> None:
        self.warehouse, self._run = Path(warehouse) if warehouse else None, run
        self._schemas: dict[str, Path] = {}
        self._tables: dict[Table, str] = {}
        self.current = DEFAULT_SCHEMA
        if self.warehouse is not None:
            run(f"DROP SCHEMA IF EXISTS {DEFAULT_SCHEMA}")  # it has no place of its own in Sail
            self._know_schema(DEFAULT_SCHEMA, self.warehouse / DEFAULT_SCHEMA)

    def schema_folder(self, schema: str) -> Path | None:
        """Where the tables of a schema lie, or would; ``None`` where there is no warehouse."""
        return None if self.warehouse is None else schemas_in(self.warehouse).get(schema, self.warehouse / schema)

    def folder(self, table: Table) -> str:
        """Where a table lies, or would; empty where there is no warehouse."""
        folder = self.schema_folder(table[0])
        return "" if folder is None else self.elsewhere(table) or str(table_folder(folder, table[1]))

    def elsewhere(self, table: Table) -> str:
        """Where a Delta table lies that is not in the warehouse, as the file of its name says; empty for any other."""
        document = self._kept(table)
        return (document.get("location") or "") if document is not None and _is_delta(document) else ""

    def _kept(self, table: Table | None) -> dict[str, Any] | None:
        folder = self.schema_folder(table[0]) if table is not None else None
        return kept(folder, table[1]) if table is not None and folder is not None else None

    def known_folder(self, parts: Sequence[str]) -> str:
        """The folder of the table that a name means, which the session knows; empty where it knows none."""
        table = self.table(parts)
        return self.folder(table) if table is not None and table in self._tables else ""

    def table(self, parts: Sequence[str]) -> Table | None:
        """The table that a name of one to three parts means; ``None`` where it is one of another catalog, or no name of ours."""
        parts = [part.lower() for part in parts]
        if len(parts) == 3 and parts[0] == CATALOG:
            parts = parts[1:]
        if len(parts) == 1:
            parts = [self.current, *parts]
        known = self.warehouse is not None and len(parts) == 2 and all(map(_NAME.match, parts))
        return (parts[0], parts[1]) if known else None

    def place(self, parts: Sequence[str]) -> str:
        """Where the Delta table lies, or would, that a name or ``delta.`/a/path``` means; empty for any other."""
        if len(parts) == 2 and parts[0].lower() == "delta" and parts[1].startswith("/"):
            return _ROOTS.sub("/", parts[1])
        table = self.table(parts)
        return "" if table is None else self.folder(table)

    def refuse_kept(self, table: Table | None, what: str) -> None:
        """Raise where a name stands for what only Spark's driver knows: a view, a table of another format."""
        document = self._kept(table)
        if document is not None and not _is_delta(document):
            of = "a view" if document.get("type") == "VIEW" else f"a {document.get('provider')} table that only Spark's driver knows"
            raise refused(what, f"the name stands for {of}")

    def refuse_new(self, parts: Sequence[str], kind: str = "table") -> None:
        """Raise where a table or schema is about to be made under a name that Spark does not allow: no later task would know it by that."""
        own = self._own(parts)
        wrong = next((part for part in own if not _NAME.match(part)), None)
        if wrong is not None:
            from pyspark.errors.exceptions.connect import AnalysisException

            allowed = "Valid names only contain alphabet characters, numbers and _."
            raise AnalysisException(
                f"[INVALID_SCHEMA_OR_RELATION_NAME] `{wrong}` is not a valid name for tables/schemas. {allowed} SQLSTATE: 42602"
            )
        if kind == "schema" and own and not is_schema_name(own[-1]):
            raise refused(f"the schema {own[-1]}", "nbflow takes no folder of that name for a schema, so that no later task would know it")

    def refuse_spelling(self, parts: Sequence[str], what: str) -> None:
        """Raise where ``what`` is about to be done to the name of a table in other capitals than it has: to Sail it is another's."""
        own = self._own(parts)
        table = self.table(own)
        if table is not None and own[-1] != table[1] and state_of(self.folder(table)):
            raise refused(f"{what} {'.'.join(parts)}", f"there is {'.'.join(table)}, and Sail takes other capitals for another table")

    def _own(self, parts: Sequence[str]) -> Sequence[str]:
        """A name without the catalog; empty where it is none of the warehouse's: of another catalog, or a path."""
        own = parts[1:] if len(parts) > 1 and parts[0].lower() == CATALOG else parts
        return () if self.warehouse is None or len(own) > 2 or (own and own[0].lower() == "delta" and "/" in own[-1]) else own

    def refuse_making(self, table: Table | None, provider: str) -> None:
        """Raise where a table is about to be made that no later task would know; ``provider`` is ``view`` for a view."""
        if table is None or provider == "delta":
            return
        what = f"the view {'.'.join(table)}" if provider == "view" else f"the table {'.'.join(table)} as {provider}"
        instead = "a temporary view works" if provider == "view" else "USING delta works, and files without a name"
        raise refused(what, f"Sail would know it in this notebook only ({instead})")

    def made(self, table: Table | None, place: str) -> None:
        """A table was made under a name, at ``place`` where one was said: where it lies elsewhere its name is kept in a file, as
        Spark's driver does it. Tells of what later tasks do not know."""
        if table is None or self.warehouse is None or state_of(self.folder(table)):
            return
        folder, place = self.schema_folder(table[0]), real(place)
        if folder is None or folder.parent != self.warehouse or not state_of(place):
            warnings.warn(f"{'.'.join(table)} is known to this notebook only: its files are not in the warehouse", stacklevel=2)
            return
        keep(folder, table[1], {**_ELSEWHERE, "location": place})
        self._schemas.setdefault(table[0], folder)
        self._tables[table] = state_of(place)

    def mention(self, names: Iterable[Sequence[str]]) -> None:
        """Make the tables known that are among ``names``, and the schemas."""
        if self.warehouse is None:
            return
        schemas = {**schemas_in(self.warehouse)}
        schemas.setdefault(DEFAULT_SCHEMA, self.warehouse / DEFAULT_SCHEMA)
        for name in set(self._schemas) - set(schemas):
            self._forget_schema(name)
        for parts in [*names, *(table for table, state in self._tables.items() if state == _DOUBTED)]:
            for part in parts[:2]:
                if part.lower() in schemas:
                    self._know_schema(part.lower(), schemas[part.lower()])
            table = self.table(parts)
            if table is not None and table[0] in schemas:
                self._follow(table, self.folder(table))

    def mention_all(self) -> None:
        """Make everything in the warehouse known."""
        if self.warehouse is not None:
            stored = contents(self.warehouse)
            self.mention([[name] for name in stored])
            self.mention([schema.name, name] for schema in stored.values() for name in (*schema.tables, *schema.kept))

    def _know_schema(self, schema: str, folder: Path) -> None:
        if self._schemas.get(schema, folder) != folder:
            self._forget_schema(schema)
        if schema not in self._schemas:
            self._run(f"CREATE SCHEMA IF NOT EXISTS `{schema}` LOCATION '{folder}'")
            self._schemas[schema] = folder

    def _forget_schema(self, schema: str) -> None:
        """Have the session not know a schema whose folder is gone."""
        self._run(f"DROP SCHEMA IF EXISTS `{schema}` CASCADE")
        del self._schemas[schema]
        self._tables = {table: state for table, state in self._tables.items() if table[0] != schema}

    def _follow(self, table: Table, folder: str) -> None:
        """Have the session know a table as it lies there now."""
        state, known = state_of(folder), self._tables.get(table, "")
        if state == known:
            return
        schema, name = table
        if known or not state:
            if known:
                self._run(f"DROP TABLE IF EXISTS {CATALOG}.`{schema}`.`{name}`")
            self._tables.pop(table, None)
        if state:
            self._run(f"DROP TABLE IF EXISTS {CATALOG}.`{schema}`.`{name}`")  # it may be known from a write
            self._run(f"CREATE TABLE IF NOT EXISTS {CATALOG}.`{schema}`.`{name}` USING delta LOCATION '{plain(folder)}'")
            self._tables[table] = state

    def doubt(self, names: Iterable[Sequence[str]]) -> None:
        """A command that ``names`` these tables failed: Sail may hold what was never committed for what they are now, also of one that is not
        there. They are made known anew, or forgotten, when they are named again."""
        for table in map(self.table, names):
            if table is not None and table[0] in self._schemas:
                self._tables[table] = _DOUBTED

    def made_schema(self, schema: str, folder: Path) -> None:
        """A schema was made in the session: it has a folder as soon as it is there, so that others know it."""
        if self.warehouse is not None and folder.parent == self.warehouse and schema not in schemas_in(self.warehouse):
            folder.mkdir(exist_ok=True)
            self._schemas[schema] = folder

    def forget(self, table: Table) -> None:
        """A table was dropped from the session; where it lies elsewhere its files stay there."""
        self._tables.pop(table, None)
        folder = self.schema_folder(table[0])
        if folder is not None and self.elsewhere(table):
            forget(folder, table[1])

    def forget_schema(self, schema: str) -> None:
        """A schema was dropped from the session."""
        self._schemas.pop(schema, None)
        self._tables = {table: state for table, state in self._tables.items() if table[0] != schema}

    def renamed(self, old: Table, new: Table) -> None:
        """Move a table's folder to where its new name says; of one that lies elsewhere only the name. Raises ``ValueError`` where that cannot be."""
        if not state_of(self.folder(old)):
            raise ValueError(f"there is no table {'.'.join(old)}")
        if os.path.exists(self.folder(new)):
            raise ValueError(f"there is a table {'.'.join(new)} already")
        folders = self.schema_folder(old[0]), self.schema_folder(new[0])
        document = self._kept(old)
        if document is not None and folders[0] is not None and folders[1] is not None:
            keep(folders[1], new[1], document)
            forget(folders[0], old[1])
        else:
            os.rename(self.folder(old), self.folder(new))
        self.mention([old, new])


def _is_delta(document: Mapping[str, Any]) -> bool:
    """Whether the file of a name tells of a Delta table."""
    return document.get("type") != "VIEW" and document.get("provider") == "delta" and bool(document.get("location"))


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


def state_of(folder: str) -> str:
    """What a table's folder is now, and which version it has; empty where there is no table."""
    log = os.path.join(folder, "_delta_log")
    with contextlib.suppress(OSError), os.scandir(log) as entries:
        commits = [entry.name for entry in entries if _COMMIT.match(entry.name)]
        return f"{os.stat(log).st_ino}-{max(commits)}" if commits else ""
    return ""
