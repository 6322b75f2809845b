"""The calls of PySpark and Delta that name tables beside ``sql()``: each sees what the warehouse's folders say."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from nbflow.surface.inside.changes import Change, name_parts
from nbflow.surface.inside.driver.names import Names
from nbflow.surface.inside.statements import quoted_name

_Changes = Callable[[Mapping[str, Any]], list[Change]]
"""The changes that a call makes, told by its arguments."""


def patch_readers(names: Names, module: ModuleType) -> None:
    """Tables read, and written by either writer."""
    _around(names, module.DataFrameReader, {"table": _none})
    _around(names, module.DataFrameWriter, {"insertInto": _none, "saveAsTable": _making("name")})
    writer = module.DataFrameWriterV2
    _noting(writer, "__init__", "table")
    _around(names, writer, {"__init__": _none, "append": _none, "overwrite": _none, "overwritePartitions": _none})
    _around(names, writer, {"create": _making_noted, "replace": _making_noted, "createOrReplace": _making_noted})


def patch_streams(names: Names, module: ModuleType) -> None:
    """Tables that are read and written as streams."""
    _around(names, module.DataStreamReader, {"table": _none})
    _around(names, module.DataStreamWriter, {"toTable": _making("tableName")})


def patch_merge(names: Names, module: ModuleType) -> None:
    """Tables that are merged into."""
    _around(names, module.MergeIntoWriter, {"__init__": _none, "merge": _none})


def patch_catalog(names: Names, module: ModuleType) -> None:
    """Everything that is asked of the catalog; a schema that is made there lies where one made by SQL does."""
    catalog = module.Catalog
    changing: dict[str, _Changes] = {
        "createTable": _making("tableName"),
        "createExternalTable": _making("tableName"),
        "dropTable": lambda given: [Change("drop", "table", name_parts(given["tableName"]), purge=bool(given.get("purge")))],
        "dropView": lambda given: [Change("drop", "view", name_parts(given["viewName"]))],
        "dropDatabase": lambda given: [Change("drop", "schema", name_parts(given["dbName"]), cascade=bool(given.get("cascade")))],
    }
    asked = {name: _none for name, method in vars(catalog).items() if inspect.isfunction(method) and not name.startswith("_")}
    _around(names, catalog, {**asked, **{name: changes for name, changes in changing.items() if hasattr(catalog, name)}})
    if hasattr(catalog, "createDatabase"):
        _with_location(names, catalog)


def _with_location(names: Names, catalog: Any) -> None:
    original = catalog.createDatabase

    @functools.wraps(original)
    def create(self: Any, dbName: str, ifNotExists: bool = False, properties: Any = None) -> Any:
        given, parts = dict(properties or {}), name_parts(dbName)
        if len(parts) == 1 and "location" not in {key.lower() for key in given}:
            given["location"] = str(Path(names.warehouse) / parts[0].lower())
        return original(self, dbName, ifNotExists, given)

    catalog.createDatabase = create


def patch_delta(names: Names, module: ModuleType) -> None:
    """Delta's own way to a table."""
    table: Any = module.DeltaTable
    for name in ("forName", "convertToDelta"):
        setattr(table, name, classmethod(_wrapped(names, getattr(table, name).__func__, _none)))
    builder = module.DeltaTableBuilder
    original = builder.tableName

    @functools.wraps(original)
    def table_name(self: Any, identifier: str) -> Any:
        parts = name_parts(identifier) if isinstance(identifier, str) else ()
        name = ".".join(map(quoted_name, parts))
        return original(self, name if len(parts) == 2 else identifier)  # Delta takes no catalog here

    builder.tableName = table_name
    _noting(builder, "tableName", "identifier")
    _around(names, builder, {"execute": _making_noted})


def _none(given: Mapping[str, Any]) -> list[Change]:
    return []


def _making(argument: str) -> _Changes:
    return lambda given: [Change("make", "table", name_parts(given[argument]))]


def _making_noted(given: Mapping[str, Any]) -> list[Change]:
    return [Change("make", "table", name_parts(getattr(given["self"], "_nbflow_table", "")))]


def _noting(owner: Any, method: str, argument: str) -> None:
    """Have the object remember the name that a method was given."""
    original = getattr(owner, method)
    signature = inspect.signature(original)

    @functools.wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        self._nbflow_table = signature.bind(self, *args, **kwargs).arguments.get(argument, "")
        return original(self, *args, **kwargs)

    setattr(owner, method, call)


def _around(names: Names, owner: Any, methods: Mapping[str, _Changes]) -> None:
    """Have these methods of a class see the folders' names, and what they change seen to."""
    for name, changes in methods.items():
        setattr(owner, name, _wrapped(names, getattr(owner, name), changes))


def _wrapped(names: Names, original: Any, changes: _Changes) -> Any:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            given: Mapping[str, Any] = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return original(*args, **kwargs)  # which says what is wrong
        spark = getattr(args[0], "_spark", None) or getattr(args[0], "_sparkSession", None)
        with names.around(changes(given), spark):
            return original(*args, **kwargs)

    return call
