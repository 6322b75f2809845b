"""The catalog of a Spark driver, made to say what the warehouse's folders say.

The driver's catalog is in its memory and shared by all its sessions. Takes the driver's ``jvm`` and a Java session as py4j
gives them, so that the run and its notebooks do it with the same words. All calls block, and raise what py4j raises.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbflow.warehouse.entries import Entries, folder_of, text_of
from nbflow.warehouse.folders import DEFAULT_SCHEMA, StoredSchema, contents, is_own_folder, kept

WHOLE_SCHEMA = "_"
"""Stands for the name of a table when it is the schema that is being dropped."""

_MAKING = "nbflow.making"
_MADE = re.compile(rf"{re.escape(_MAKING)}\.(\w+)\.(\w+)\.")


def nowhere(warehouse: Path, schema: str) -> Path:
    """Where a schema lies while it is being dropped, so that Spark finds nothing to delete: a place of its own, since Spark
    deletes what it finds there, and who drops another schema in the same moment deletes it too."""
    return warehouse / ".trash" / f"nowhere-{schema}"


class SparkCatalog:
    """The catalog that the sessions of one driver share."""

    def __init__(self, jvm: Any, session: Any) -> None:
        self._session = session
        self._catalog = session.sharedState().externalCatalog()
        self.entries = Entries(jvm)
        self.troubles: list[str] = []
        """What could not be made known, in words."""

    def follow(self, warehouse: Path, before: Mapping[str, StoredSchema], now: Mapping[str, StoredSchema]) -> dict[str, StoredSchema]:
        """Make the catalog say what the folders say where ``now`` differs from ``before``; returns what they say.

        The folders are read again after the catalog: a notebook makes a table's folder first and then its name. Tables that
        are being made are left out of what is returned: they are looked for again.
        """
        changed = {name for name, schema in now.items() if before.get(name) != schema}
        schemas = self._schemas()
        names = {name: self._names(name) for name in changed & schemas}
        found = contents(warehouse, now)
        for name in schemas - set(found):
            self._drop_if_gone(name, warehouse)
        followed = {name: schema for name, schema in before.items() if name in found}
        for name in sorted(changed & set(found)):
            followed[name] = found[name]
            if name not in schemas:
                self._catalog.createDatabase(self.entries.schema(name, found[name].folder), True)
            elif not self._lies_at(name, warehouse, found[name].folder):
                continue
            left = self._follow_schema(found[name], before.get(name), names.get(name, set()))
            if left:
                followed[name] = replace(found[name], tables={key: table for key, table in found[name].tables.items() if key not in left})
        return followed

    def _follow_schema(self, found: StoredSchema, before: StoredSchema | None, names: set[str]) -> set[str]:
        """Make the catalog say what is in one schema, of which it has ``names``; returns the tables that are being made."""
        new = {*found.tables, *found.kept} - names
        left = {name for schema, name in self.being_made() if schema == found.name} & new if new else set()
        for name in sorted(new - left):  # who makes a table gives it its name too, and must be the first
            if name in found.tables:
                self._catalog.createTable(self.entries.table(found.tables[name]), True)
            else:
                self._make_kept(found, name)
        for name in sorted(names):
            was = before.tables.get(name) if before else None
            table = found.tables.get(name)
            if name in found.kept:
                self._follow_kept(found, name)
            elif table is not None and was is not None and was != table:
                self._forget_log(table.folder)
                if was.folder != table.folder:
                    self.remove(found.name, name)
                    self._catalog.createTable(self.entries.table(table), True)
            elif table is None and self._is_gone(found, name):
                self.remove(found.name, name)
        return left

    def _follow_kept(self, schema: StoredSchema, name: str) -> None:
        """Have the catalog say what a name's file says, where that was written anew."""
        entry = self.entry(schema.name, name)
        if entry is not None and self.entries.mark(entry) != schema.kept[name] and (schema.name, name) not in self.being_made():
            self.remove(schema.name, name)
            self._make_kept(schema, name)

    def _schemas(self) -> set[str]:
        return set(str(self._catalog.listDatabases().mkString("\n")).splitlines())

    def _names(self, schema: str) -> set[str]:
        return set(str(self._catalog.listTables(schema).mkString("\n")).splitlines())

    def _is_gone(self, schema: StoredSchema, name: str) -> bool:
        """Whether a name that no folder and no file tells is one that they did tell."""
        with contextlib.suppress(Exception):  # it may have been dropped in this very moment
            entry = self.entry(schema.name, name)
            if entry is None or (schema.name, name) in self.being_made():
                return False
            if self.entries.mark(entry) is not None:
                return True
            if str(entry.tableType().name()) == "VIEW":
                return False
            folder = self.entries.folder(entry)
            return folder is not None and is_own_folder(folder, schema.folder, name) and not self._has_files(entry, folder)
        return False

    def _has_files(self, entry: Any, folder: str) -> bool:
        """Whether a table is still there: of Delta its log, of another format its folder."""
        return (Path(folder) / "_delta_log").is_dir() if text_of(entry.provider()) == "delta" else Path(folder).is_dir()

    def entry(self, schema: str, name: str) -> Any:
        """What the catalog has of a table or view; ``None`` when it has none."""
        known = self._catalog.databaseExists(schema) and self._catalog.tableExists(schema, name)
        return self._catalog.getTable(schema, name) if known else None

    def schema_folder(self, name: str) -> Path | None:
        """Where a schema's tables lie; ``None`` when the catalog has no such schema, or its place is no folder."""
        if not self._catalog.databaseExists(name):
            return None
        folder = folder_of(self._catalog.getDatabase(name).locationUri())
        return None if folder is None else Path(folder)

    def has_schema(self, name: str) -> bool:
        """Whether the catalog has a schema of this name."""
        return bool(self._catalog.databaseExists(name))

    def tables_of(self, schema: str) -> set[str]:
        """The names that the catalog has in a schema."""
        return self._names(schema) if self.has_schema(schema) else set()

    def let_go(self, entry: Any) -> None:
        """Have a drop of the table leave its files alone."""
        self._catalog.alterTable(self.entries.copy(entry, tableType=self.entries.type("EXTERNAL")))

    def put_back(self, entry: Any) -> None:
        """Have the catalog say again what it said."""
        self._catalog.alterTable(entry)

    def move_schema(self, name: str, folder: Path) -> None:
        """Have the schema's tables lie in another folder."""
        self._catalog.alterDatabase(self.entries.schema(name, folder))

    def remove(self, schema: str, name: str) -> None:
        """Take a name out of the catalog and leave all files alone. No error when it is not there."""
        with contextlib.suppress(Exception):  # another notebook may do the same in this very moment
            entry = self._catalog.getTable(schema, name)
            if str(entry.tableType().name()) == "MANAGED":
                self.let_go(entry)
            self._catalog.dropTable(schema, name, True, False)

    def _drop_if_gone(self, name: str, warehouse: Path) -> None:
        """Take a schema out of the catalog whose folder in the warehouse is gone."""
        if name == DEFAULT_SCHEMA:
            return
        with contextlib.suppress(Exception):  # as above
            folder = self.schema_folder(name)
            if folder is not None and folder.parent == warehouse and not folder.exists():
                self.move_schema(name, nowhere(warehouse, name))
                self._catalog.dropDatabase(name, True, True)

    def _lies_at(self, name: str, warehouse: Path, folder: Path) -> bool:
        """Whether a schema lies in its folder of the warehouse, and not where its maker wanted it."""
        known = self.schema_folder(name)
        if known == folder:
            return True
        cut_off = known == nowhere(warehouse, name) and (name, WHOLE_SCHEMA) not in self.being_made()
        if name != DEFAULT_SCHEMA and not cut_off:
            return False
        self.move_schema(name, folder)  # Spark has the default one in the warehouse itself; the other's drop was cut off
        return True

    @contextlib.contextmanager
    def making(self, names: list[tuple[str, str]], tag: str) -> Iterator[None]:
        """Tell all notebooks of the driver that these tables are being made, dropped or changed by the notebook ``tag``."""
        system = self.entries.java_class("java.lang.System")
        keys = [f"{_MAKING}.{schema}.{name}.{tag}" for schema, name in names]
        for key in keys:
            system.setProperty(key, "")
        try:
            yield
        finally:
            for key in keys:
                system.clearProperty(key)

    def being_made(self) -> set[tuple[str, str]]:
        """The names that notebooks of the driver are making, dropping or changing."""
        return {(found.group(1), found.group(2)) for found in map(_MADE.match, self._makings()) if found}

    def _makings(self) -> list[str]:
        names = self.entries.java_class("java.lang.System").getProperties().stringPropertyNames()
        return [name for name in str(names.toString()).strip("[]").split(", ") if name.startswith(_MAKING)]

    def forget_maker(self, tag: str) -> None:
        """The notebook ``tag`` is gone, and makes nothing any more."""
        for key in self._makings():
            if key.endswith(f".{tag}"):
                self.entries.java_class("java.lang.System").clearProperty(key)

    def _forget_log(self, folder: Path) -> None:
        """Have Delta read a table's log anew: the folder is another one than it was."""
        path = self.entries.java_class("org.apache.hadoop.fs.Path")(self.entries.uri(folder))
        self.entries.java_class("org.apache.spark.sql.delta.DeltaLog").invalidateCache(self._session, path)

    def mark_kept(self, entry: Any, written: int) -> None:
        """Note in the catalog that a file of the warehouse, written at that moment, says what the name stands for."""
        self._catalog.alterTable(self.entries.marked(entry, written))

    def _make_kept(self, schema: StoredSchema, name: str) -> None:
        document = kept(schema.folder, name)
        try:
            if document is None:
                raise ValueError("its file cannot be read")
            self._catalog.createTable(self.entries.kept(schema, name, document), True)
        except Exception as error:  # one file that cannot be read must not hide all tables
            self.troubles.append(f"{schema.name}.{name} could not be made known: {error}")
