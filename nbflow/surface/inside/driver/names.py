"""Names of tables in a notebook: what the folders of the warehouse say at the moment a statement names them."""

from __future__ import annotations

import contextlib
import re
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nbflow.surface.inside.catalogs import unknown_catalog
from nbflow.surface.inside.changes import Change, changes_of
from nbflow.surface.inside.context import current_mark
from nbflow.surface.inside.driver.driver import Driver
from nbflow.surface.inside.driver.drops import Drop, SchemaDrop, TableDrop
from nbflow.warehouse.catalog import WHOLE_SCHEMA, SparkCatalog
from nbflow.warehouse.folders import CATALOG, DEFAULT_SCHEMA, StoredSchema, contents, forget, keep, schemas_in

_FOREIGN = re.compile(r"(?:got identifier|handle the identifier|The catalog) ((?:`[^`]+`|\w+)(?:\.(?:`[^`]+`|\w+))*)")


class Names:
    """What one notebook knows of the warehouse's names, and what it does to them."""

    def __init__(self, driver: Driver) -> None:
        self._driver, self.warehouse = driver, Path(driver.address.warehouse)
        self._seen: dict[str, StoredSchema] = {}
        self._known: SparkCatalog | None = None
        self._lock = threading.RLock()
        self._busy = threading.local()

    def look(self) -> None:
        """Make the driver's catalog say what the folders say now. Asks the driver only when they have changed."""
        with self._lock:
            if self._driver.gateway is None or (now := contents(self.warehouse, self._seen)) == self._seen:
                return
            try:
                self._seen = self._catalog().follow(self.warehouse, self._seen, now)
            except Exception as error:  # the statement itself may need none of it, and says what is wrong when it does
                warnings.warn(f"the tables of {self.warehouse} could not be made known: {error}", stacklevel=2)
                return
            while self._catalog().troubles:
                warnings.warn(self._catalog().troubles.pop(), stacklevel=2)

    @contextlib.contextmanager
    def sql(self, spark: Any, statement: str, parameters: Any = None) -> Iterator[None]:
        """Around a SQL statement: what it names is known before, what it makes or drops is seen to after."""
        with self.around(changes_of(statement, parameters if isinstance(parameters, Mapping) else None), spark):
            yield

    @contextlib.contextmanager
    def around(self, changes: Sequence[Change] = (), spark: Any = None) -> Iterator[None]:
        """Around a call of the session ``spark`` that names tables and makes these changes. A call inside of another is left alone."""
        if getattr(self._busy, "now", False):
            yield
            return
        self._busy.now = True
        try:
            self.look()
            with self._seen_to(changes, spark):
                yield
        except Exception as error:
            with contextlib.suppress(Exception):  # py4j asks the driver for the text of its errors
                _tell_catalog(error)
            raise
        finally:
            self._busy.now = False

    @contextlib.contextmanager
    def _seen_to(self, changes: Sequence[Change], spark: Any) -> Iterator[None]:
        named = [(change, names) for change in changes if self._driver.gateway is not None and (names := _full(change, spark))]
        if not named:
            yield
            return
        catalog, tag = self._catalog(), self._driver.address.tag
        made = {part for change, names in named if change.action == "make" for part in names}
        with catalog.making([name for _, names in named for name in names], tag), contextlib.ExitStack() as after:
            for change, names in named:
                after.callback(self._settle, catalog, change, names)
            for change, names in named:
                if change.action == "drop" and names[0] not in made:  # a script may need the place for what it makes then
                    after.callback(self._drop(catalog, change, names[0]).end)
            yield

    def _settle(self, catalog: SparkCatalog, change: Change, names: Sequence[tuple[str, str]]) -> None:
        """When a statement has ended, well or not: have the files say what its names stand for now."""
        for schema, name in names if change.action != "drop" or change.kind == "view" else ():
            if change.kind == "schema":
                self._tell_schema(catalog, schema)
            else:
                self._keep(catalog, schema, name)

    def _drop(self, catalog: SparkCatalog, change: Change, name: tuple[str, str]) -> Drop:
        own = current_mark()
        mark = {} if own is None else asdict(own)
        if change.kind == "schema":
            return SchemaDrop(catalog, self.warehouse, name[0], mark, change.cascade)
        return TableDrop(catalog, self.warehouse, name, mark, change.purge)

    def _keep(self, catalog: SparkCatalog, schema: str, name: str) -> None:
        """Keep in a file what a name stands for where no folder tells it; keep nothing for a name that is not there."""
        folder = catalog.schema_folder(schema)
        if folder is None or folder.parent != self.warehouse:
            return
        entry = catalog.entry(schema, name)
        document = None if entry is None else catalog.entries.describe(entry, folder)
        if document is not None:
            catalog.mark_kept(entry, keep(folder, name, document))
            return
        forget(folder, name)
        if entry is not None and not catalog.entries.can_keep(entry):
            warnings.warn(f"the table {schema}.{name} is known to this run only: its files are not in the warehouse", stacklevel=2)

    def _tell_schema(self, catalog: SparkCatalog, name: str) -> None:
        """Say of a schema that later runs do not know that they do not."""
        folder = catalog.schema_folder(name)
        if folder is not None and schemas_in(self.warehouse).get(name) != folder and name != DEFAULT_SCHEMA:
            warnings.warn(f"the schema {name} is known to this run only: it does not lie at {self.warehouse / name}", stacklevel=2)

    def _catalog(self) -> SparkCatalog:
        if self._known is None:
            self._known = SparkCatalog(self._driver.gateway.jvm, self._driver.root)
        return self._known


def _full(change: Change, spark: Any) -> list[tuple[str, str]]:
    """Schema and name of what changes, and of what it becomes, in lower case. Empty where it is no
    name of the warehouse."""
    if change.kind == "schema":
        return [(change.name[0].lower(), WHOLE_SCHEMA)] if len(change.name) == 1 else []
    if len(change.name) not in (1, 2) or len(change.new_name) > 2:
        return []
    schema = change.name[0] if len(change.name) == 2 else str(spark._jsparkSession.sessionState().catalog().getCurrentDatabase())
    parts = [change.name, change.new_name] if change.new_name else [change.name]
    return [((part[0] if len(part) == 2 else schema).lower(), part[-1].lower()) for part in parts]


def _tell_catalog(error: Exception) -> None:
    """Add to Spark's message which name to use, where the one that was used begins with a catalog that is not there."""
    attribute = "_desc" if hasattr(error, "_desc") else "errmsg"  # of PySpark's errors, of py4j's
    text = getattr(error, attribute, None)
    if not isinstance(text, str):
        return
    found = _FOREIGN.search(text if attribute == "_desc" else str(error))
    catalog, *rest = (part.strip("`") for part in found.group(1).split(".")) if found else [CATALOG]
    if catalog.lower() != CATALOG:
        name = ".".join(rest) or "schema.table"
        setattr(error, attribute, f"{text.rstrip()}\n{unknown_catalog(catalog, name)}")
