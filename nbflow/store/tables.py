"""The tables of a warehouse, read from their Delta logs and files without any engine. The door to deltalake."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nbflow.core.errors import UsageError
from nbflow.core.exchange import Mark
from nbflow.warehouse.folders import DEFAULT_SCHEMA, has_commits
from nbflow.warehouse.tables import find_tables


@dataclass(frozen=True, slots=True)
class TableRecord:
    """A table as it stands. ``size`` is in bytes, ``changed`` the time of its newest commit in UTC, ``run_id`` the run that
    made it (``None``: it does not tell). ``trouble`` says why it cannot be read; then the rest is ``None``."""

    name: str
    path: Path
    version: int | None = None
    rows: int | None = None
    size: int | None = None
    changed: datetime | None = None
    run_id: int | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """One version of a table: what made it, when (UTC), and which run and task where the commit tells."""

    version: int
    at: datetime
    operation: str
    run_id: int | None = None
    task_key: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its type in Delta's words, and whether it may be null."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class TableView:
    """A table at one version: its columns, the names of those that part it, and its first rows."""

    record: TableRecord
    columns: tuple[Column, ...]
    partitions: tuple[str, ...]
    preview: tuple[Mapping[str, Any], ...]


class Tables:
    """The tables of ``warehouse`` by their names: ``schema.table``, or the path of a table that has no such name."""

    def __init__(self, warehouse: Path) -> None:
        self._warehouse = warehouse

    def all(self) -> list[TableRecord]:
        """All tables, by name. One that cannot be read is there with what is wrong."""
        return [_record(name, path) for name, path in sorted(self._found().items())]

    def view(self, name: str, version: int | None = None, rows: int = 10) -> TableView:
        """The table ``name`` at ``version`` (``None``: the newest), with its first ``rows``. Raises ``UsageError``."""
        found, path = self._named(name)
        table = _opened(found, path, version)
        try:
            columns = tuple(Column(item.name, _type(item.type), item.nullable) for item in table.schema().fields)
            preview = tuple(_first(path, table, rows).to_pylist()) if rows else ()
            partitions = tuple(table.metadata().partition_columns)
            return TableView(_described(found, path, table), columns, partitions, preview)
        except Exception as error:  # what delta-rs says of a table that it does not know how to read can be anything
            raise _unread(found, table, error) from error

    def arrow(self, name: str, version: int | None = None, rows: int = 1000) -> Any:
        """The first ``rows`` of the table ``name`` at ``version`` as an Arrow table. Raises ``UsageError``."""
        found, path = self._named(name)
        table = _opened(found, path, version)
        try:
            return _first(path, table, rows)
        except Exception as error:  # as above
            raise _unread(found, table, error) from error

    def history(self, name: str, limit: int | None = None) -> list[Commit]:
        """The newest commits of the table ``name``, the newest first. Raises ``UsageError``."""
        found, path = self._named(name)
        table = _opened(found, path)
        try:
            return [_commit(entry) for entry in table.history(limit)]
        except Exception as error:  # as above
            raise _unread(found, table, error) from error

    def _found(self) -> dict[str, Path]:
        return {table.name: table.folder for table in find_tables(self._warehouse)}

    def _named(self, name: str) -> tuple[str, Path]:
        from nbflow.define.nearest import did_you_mean, there_are

        known = self._found()
        if name in known:
            return name, known[name]
        wanted = name.lower().removeprefix("spark_catalog.")
        wanted = wanted if "." in wanted else f"{DEFAULT_SCHEMA}.{wanted}"
        if wanted not in known:
            hint = did_you_mean(wanted, known) or (there_are(sorted(known)) if known else f"{self._warehouse} has none")
            raise UsageError(f"there is no table {name!r}", hint)
        return wanted, known[wanted]


def _opened(name: str, path: Path, version: int | None = None) -> Any:
    from deltalake import DeltaTable

    try:
        return DeltaTable(path, version=version)
    except Exception as error:  # as above
        if not has_commits(path):
            raise UsageError(
                f"table {name} has no commit: its first write goes on, or was cut off", "the next write makes it a table"
            ) from None
        if version is None:
            raise UsageError(f"table {name} cannot be read: {error}") from error
        newest = _opened(name, path).version()  # it may be the table that cannot be read, at whatever version
        hint = f"'nbflow tables history {name}' lists its versions"
        if version > newest:
            raise UsageError(f"table {name} has no version {version}: its newest is {newest}", hint) from None
        raise UsageError(f"table {name} has no version {version}: {error}", hint) from error


def _first(path: Path, table: Any, rows: int) -> Any:
    """The first rows of the table in the folder ``path`` as an Arrow table.

    Arrow's own reader knows nothing of columns that have other names in the files, nor of rows that are marked as deleted: where
    the protocol allows them, delta-rs reads the table itself, in one part, so that the rows come in the same order each time.

    Arrow reads ahead, and goes on when the first rows are there: through its own file system, since its threads would want
    Python for that of delta-rs, and break or block an interpreter that comes to its end.
    """
    if table.protocol().min_reader_version == 1:
        from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

        return table.to_pyarrow_dataset(filesystem=SubTreeFileSystem(str(path), LocalFileSystem())).head(rows)
    import pyarrow as pa

    found = _asked(table, f"SELECT * FROM t LIMIT {rows}")
    return found.cast(pa.schema(table.schema().to_arrow()))


def _asked(table: Any, query: str) -> Any:
    """What delta-rs answers to a query of ``t``, the table, as an Arrow table."""
    import pyarrow as pa
    from deltalake import QueryBuilder

    asking = QueryBuilder().register("t", table)
    asking.execute("SET datafusion.execution.target_partitions = 1")
    return pa.table(asking.execute(query))


def _unread(name: str, table: Any, error: Exception) -> UsageError:
    features = sorted(table.protocol().reader_features or ())
    if not features:
        return UsageError(f"table {name} cannot be read without an engine: {error}", "read it in a notebook")
    drop = f"ALTER TABLE {name} DROP FEATURE {features[0] if len(features) == 1 else '…'}"
    return UsageError(
        f"table {name} cannot be read without an engine, which does not know all that it uses ({', '.join(features)}): {error}",
        f"read it in a notebook on Spark; '{drop}' there makes it a table that all read",
    )


def _record(name: str, path: Path) -> TableRecord:
    try:
        return _described(name, path, _opened(name, path))
    except Exception as error:  # one broken table must not hide the others
        return TableRecord(name, path, trouble=str(error))


def _described(name: str, path: Path, table: Any) -> TableRecord:
    actions = table.get_add_actions(flatten=True)
    counts, sizes = actions["num_records"].to_pylist(), actions["size_bytes"].to_pylist()
    newest = _commit(table.history(1)[0])
    return TableRecord(name, path, table.version(), _rows(table, counts), sum(sizes), newest.at, newest.run_id)


def _rows(table: Any, counts: list[int | None]) -> int | None:
    """How many rows a table has whose files have so many; ``None`` where that is not told."""
    if "deletionVectors" in (table.protocol().reader_features or ()):
        try:
            return int(_asked(table, "SELECT count(*) FROM t")[0][0].as_py())
        except Exception:  # it is one that delta-rs cannot read
            return None
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _commit(entry: Mapping[str, Any]) -> Commit:
    at = datetime.fromtimestamp(entry["timestamp"] / 1000, timezone.utc)
    mark = Mark.from_text(entry.get("userMetadata"))
    run_id, task_key = (mark.run_id, mark.task_key) if mark is not None else (None, None)
    return Commit(int(entry["version"]), at, str(entry.get("operation", "")), run_id, task_key, dict(entry.get("operationMetrics") or {}))


def _type(kind: Any) -> str:
    """A type as Delta writes it: ``long``, ``array<string>``."""
    document = json.loads(kind.to_json())
    return _written(document)


def _written(document: Any) -> str:
    if isinstance(document, str):
        return document
    if document["type"] == "array":
        return f"array<{_written(document['elementType'])}>"
    if document["type"] == "map":
        return f"map<{_written(document['keyType'])},{_written(document['valueType'])}>"
    return "struct<" + ",".join(f"{item['name']}:{_written(item['type'])}" for item in document["fields"]) + ">"
