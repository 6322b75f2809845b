"""Drops of tables and schemas: the driver lets go of the name, and the files go to the warehouse's trash."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from nbflow.warehouse import trash
from nbflow.warehouse.catalog import SparkCatalog, nowhere
from nbflow.warehouse.folders import DEFAULT_SCHEMA, contents, forget, is_own_folder, kept


class Drop(Protocol):
    """A drop that is under way."""

    def end(self) -> None:
        """Called when the statement has ended, well or not: finish the drop, or undo what was prepared for it."""
        ...


class TableDrop:
    """The drop of a table. Until it has succeeded the files lie where they were; Spark itself never deletes them."""

    def __init__(self, catalog: SparkCatalog, warehouse: Path, name: tuple[str, str], mark: Mapping[str, Any], purge: bool) -> None:
        self._catalog, self._warehouse, self._name, self._mark, self._purge = catalog, warehouse, name, mark, purge
        self._entry: Any = None
        self._folder: Path | None = None
        self._schema = catalog.schema_folder(name[0])
        entry = catalog.entry(*name)
        kind = "" if entry is None else str(entry.tableType().name())
        if kind in ("", "VIEW") or self._schema is None or self._schema.parent != warehouse:
            return
        folder = catalog.entries.folder(entry)
        if folder is not None and is_own_folder(folder, self._schema, name[1]):
            self._folder = Path(folder)
            if kind == "MANAGED":
                self._entry = entry
                catalog.let_go(entry)

    def end(self) -> None:
        """Move the files to the trash when the name is gone."""
        schema, name = self._name
        if self._catalog.entry(schema, name) is not None:
            if self._entry is not None:
                self._catalog.put_back(self._entry)
            return
        if self._schema is None or self._schema.parent != self._warehouse:
            return
        if self._folder is not None and self._folder.is_dir():
            document = kept(self._schema, name)
            item = trash.throw_away(self._warehouse, self._folder, f"{schema}.{name}", self._mark, document)
            if self._purge:
                trash.destroy(item)
                trash.clean(self._warehouse)
        forget(self._schema, name)


class SchemaDrop:
    """The drop of a schema: each of its tables goes to the trash by itself, and what else its folder holds as one."""

    def __init__(self, catalog: SparkCatalog, warehouse: Path, name: str, mark: Mapping[str, Any], cascade: bool) -> None:
        self._catalog, self._warehouse, self._name, self._mark = catalog, warehouse, name, mark
        folder = catalog.schema_folder(name)
        refused = name == DEFAULT_SCHEMA or (not cascade and bool(catalog.tables_of(name)))
        self._folder = folder if folder is not None and folder.parent == warehouse and not refused else None
        if self._folder is not None:
            catalog.move_schema(name, nowhere(warehouse, name))

    def end(self) -> None:
        """Move everything to the trash when the schema is gone."""
        folder = self._folder
        if folder is None:
            return
        if self._catalog.has_schema(self._name):
            self._catalog.move_schema(self._name, folder)
            return
        found = contents(self._warehouse).get(self._name)
        if found is None or found.folder != folder:
            return
        trash.throw_away_schema(self._warehouse, found, self._mark)
        shutil.rmtree(nowhere(self._warehouse, self._name), ignore_errors=True)
