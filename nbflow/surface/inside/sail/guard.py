"""Sail kept honest: every plan and statement of the notebook passes here on its way to the server.

Names are made known (``names``), paths are made such that Sail keeps to them (``places``), and what would lose or
change stored data in silence is made right or refused (``writes``).
"""

from __future__ import annotations

import contextlib
import functools
import threading
import warnings
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from nbflow.core.sql_text import quoted
from nbflow.surface.inside.catalogs import foreign_catalog, with_own_catalog
from nbflow.surface.inside.connect.connection import Connection
from nbflow.surface.inside.sail.commits import merged_into, noting
from nbflow.surface.inside.sail.merges import guard_merge
from nbflow.surface.inside.sail.names import Names, names_in
from nbflow.surface.inside.sail.reads import wrap_reads
from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.sail.settings import ZONE, is_utc
from nbflow.surface.inside.sail.sources import WITH_PATHS, own_path, own_paths, read_from, refuse_changes
from nbflow.surface.inside.sail.statements import Statement
from nbflow.surface.inside.sail.targets import place_said, written_table
from nbflow.surface.inside.sail.travel import read_by_version
from nbflow.surface.inside.sail.views import Views
from nbflow.surface.inside.sail.writes import Writes, default_format, setting
from nbflow.surface.inside.statements import with_paths

_LISTING = ("list_tables", "list_databases", "get_table", "get_database", "table_exists", "database_exists", "list_columns", "is_cached")
_NAMES = {
    "NamedTable": ("unparsed_identifier",), "SQL": ("query",), "SqlCommand": ("sql",), "WriteOperationV2": ("table_name",),
    "SaveTable": ("table_name",), "TableExists": ("table_name",), "ListTables": ("db_name",), "GetTable": ("table_name",),
    "DatabaseExists": ("db_name",), "IsCached": ("table_name",), "RefreshTable": ("table_name",), "WriteStreamOperationStart": ("table_name",),
    "MergeIntoTableCommand": ("target_table_name",),
}  # fmt: skip
"""The fields of a plan's messages that hold names of tables, or statements."""

_STATEMENTS = ("SQL", "SqlCommand")


class Guard:
    """What stands between one client and its server."""

    def __init__(self, connection: Connection, client: Any) -> None:
        self._connection, self._client = connection, client
        self._lock, self._busy = threading.RLock(), False
        self._names: Names | None = None
        self._views = Views(self._execute_command)
        self._read: list[str] = []
        self._mentioned: list[list[str]] = []

    def run(self, statement: str) -> None:
        """Execute a statement of our own."""
        from pyspark.sql.connect.plan import SQL

        self._execute_command(SQL(statement, [], {}, []).command(self._client))

    def _execute_command(self, command: Any) -> None:
        self._client.execute_command(command)

    @property
    def names(self) -> Names:
        """The names that the session knows."""
        if self._names is None:
            self._tell_zone()
            self._names = Names(self._connection.address.warehouse, self.run)
        return self._names

    def _tell_zone(self) -> None:
        """Say once that a zone other than UTC is not heeded everywhere."""
        zone = setting(self._client, ZONE)
        if not is_utc(zone):
            told = (
                f"the session's zone is {zone}: on Sail a table's timestamps within structs and lists, of older versions, behind TABLE and "
                "IDENTIFIER(…), in temporary views that are older than the zone, and beside dates take UTC all the same"
            )
            warnings.warn(told, stacklevel=2)

    def execute(self, original: Any, command: Any, *args: Any) -> Any:
        """A command, guarded, and what has to follow it."""
        with self._lock:
            if self._busy:
                return original(self._client, command, *args)
            self._busy = True
            try:
                self._own_catalog(command)
                statement = Statement(command, self.names, self._client, self._views) if command.HasField("sql_command") else None
                self._prepare(command, statement.names_spelled() if statement is not None else ())
                if statement is not None:
                    statement.guard()
                if command.HasField("merge_into_table_command"):
                    guard_merge(command.merge_into_table_command, self.names, self._client)
                for operation in ("write_operation", "write_operation_v2"):
                    if command.HasField(operation):
                        Writes(self._client, self.names, self._views.files(self._mentioned)).guard(getattr(command, operation))
                mentioned, read = self._mentioned, self._read  # now: another thread's plans have others
            finally:
                self._busy = False
        noted = contextlib.nullcontext() if statement is None else statement.noting()
        if command.HasField("merge_into_table_command"):
            noted = noting(*merged_into(command.merge_into_table_command.target_table_name, self.names))
        with noted:
            try:
                answer = original(self._client, command, *args)
            except BaseException:  # an interrupt too ends a command in the middle
                with self._lock:
                    self.names.doubt(mentioned)
                raise
        self._views.made(command, read, mentioned)
        if statement is not None:
            statement.follow()
            if statement.dropped_view:
                self._views.dropped(statement.dropped_view)
        for operation in ("write_operation", "write_operation_v2"):
            if command.HasField(operation):
                written = getattr(command, operation)
                self.names.made(written_table(written, self.names), place_said(written))
        return answer

    def relation(self, message: Any) -> None:
        """A plan that is about to be sent."""
        with self._lock:
            if not self._busy:
                self._busy = True
                try:
                    self._own_catalog(message)
                    self._prepare(message)
                finally:
                    self._busy = False

    def _own_catalog(self, message: Any) -> None:
        """Names of tables with the workspace's own catalog in place of those that mean it, and paths as Sail takes them. Raises where a table is of
        another catalog, and where a file is not there."""
        for kind, part in _parts(message):
            if kind in WITH_PATHS:
                own_paths(part)
            for field in _NAMES.get(kind, ()):
                text = getattr(part, field, "")
                changed = with_paths(with_own_catalog(text), functools.partial(own_path, self._connection.folder)) if text else ""
                if changed != text:
                    setattr(part, field, changed)
                said = foreign_catalog(changed if kind in _STATEMENTS else f"TABLE {changed}") if changed.count(".") > 1 else None
                if said is not None:
                    raise no_catalog(said)

    def _prepare(self, message: Any, spelled: Iterable[str] = ()) -> None:
        names = [parts for text in spelled for parts in names_in(text)]
        self._read = []
        for kind, part in _parts(message):
            if kind == "DataSource":
                read_from(part, default_format(self._client))
            if kind in ("NamedTable", "DataSource"):
                refuse_changes(part)
                read_by_version(part, self.names, self._client)
            if kind == "NamedTable":
                found = names_in(part.unparsed_identifier)
                names += found
                for parts in found:
                    if len(parts) > 1:  # a shorter one may be a temporary view's
                        self.names.refuse_kept(self.names.table(parts), f"the read of {part.unparsed_identifier}")
            elif kind in ("SQL", "SqlCommand") and (part.query if kind == "SQL" else part.sql):
                names += names_in(part.query if kind == "SQL" else part.sql)
            elif kind == "DataSource":
                self._read += part.paths if part.format.lower() == "delta" else ()
            elif kind == "Catalog" and part.WhichOneof("cat_type") in _LISTING:
                self.names.mention_all()
            elif kind in ("CreateTable", "CreateExternalTable"):
                name = next(iter(names_in(part.table_name)), [])
                self.names.refuse_new(name)
                self.names.refuse_spelling(name, "to make")
                self.names.refuse_making(self.names.table(name), (part.source or default_format(self._client)).lower())
            elif kind in ("WriteOperation", "WriteOperationV2"):
                named = part.table.table_name if kind == "WriteOperation" else part.table_name
                names += names_in(named)
            elif kind == "MergeIntoTableCommand":
                names += names_in(part.target_table_name)
            elif kind in ("DropTempView", "DropGlobalTempView"):
                self._views.dropped(part.view_name, kind == "DropGlobalTempView")
        if not is_utc(setting(self._client, ZONE)):
            wrap_reads(message, self.names, self._views)
        self._mentioned = names
        if names:
            self.names.mention(names)
            self._views.fresh(names)
            self._read += [*self._views.folders(names), *filter(None, map(self.names.known_folder, names))]


def no_catalog(said: str) -> Exception:
    """The error for a table of a catalog that is not there."""
    from pyspark.errors.exceptions.connect import AnalysisException

    error: Exception = AnalysisException(f"[TABLE_OR_VIEW_NOT_FOUND] {said} SQLSTATE: 42P01")
    return error


def _parts(message: Any) -> Iterator[tuple[str, Any]]:
    """All messages inside of ``message``, itself first, with the names of their kinds."""
    yield message.DESCRIPTOR.name, message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            continue
        for item in [value] if hasattr(value, "ListFields") else value:
            yield from _parts(item)


def patch_client(connection: Connection, module: ModuleType) -> None:
    """Have all that a client sends pass its guard."""
    client: Any = module.SparkConnectClient
    original_execute, original_relation, original_analyze = client.execute_command, client._set_relation_in_plan, client._analyze

    def guard_of(self: Any) -> Guard:
        if "_nbflow_guard" not in vars(self):
            self._nbflow_guard = Guard(connection, self)
        return self._nbflow_guard  # type: ignore[no-any-return]  # set just before

    @functools.wraps(original_execute)
    def execute_command(self: Any, command: Any, *args: Any, **kwargs: Any) -> Any:
        return guard_of(self).execute(functools.partial(original_execute, **kwargs), command, *args)

    @functools.wraps(original_relation)
    def set_relation_in_plan(self: Any, plan: Any, relation: Any) -> Any:
        guard_of(self).relation(relation)
        return original_relation(self, plan, relation)

    @functools.wraps(original_analyze)
    def analyze(self: Any, method: str, **kwargs: Any) -> Any:
        for plan in kwargs.values():
            if hasattr(plan, "ListFields"):
                guard_of(self).relation(plan)
        return original_analyze(self, method, **kwargs)

    client.execute_command, client._set_relation_in_plan, client._analyze = execute_command, set_relation_in_plan, analyze


def patch_catalog(module: ModuleType) -> None:
    """Have the catalog's calls that drop be statements, which are followed, and refuse what it answers with nothing."""
    catalog: Any = module.Catalog

    def drop_table(self: Any, tableName: str, ifExists: bool = False, purge: bool = False) -> None:  # noqa: N803  (PySpark's names)
        self._sparkSession.sql(f"DROP TABLE {'IF EXISTS ' if ifExists else ''}{tableName}{' PURGE' if purge else ''}")

    def create_database(self: Any, dbName: str, ifNotExists: bool = False, properties: Any = None) -> None:  # noqa: N803  (PySpark's names)
        place = next((value for key, value in (properties or {}).items() if key.lower() == "location"), None)
        at = "" if place is None else f" LOCATION {quoted(str(place))}"
        self._sparkSession.sql(f"CREATE SCHEMA {'IF NOT EXISTS ' if ifNotExists else ''}{dbName}{at}")

    def drop_database(self: Any, dbName: str, ifExists: bool = False, cascade: bool = False) -> None:  # noqa: N803  (PySpark's names)
        self._sparkSession.sql(f"DROP SCHEMA {'IF EXISTS ' if ifExists else ''}{dbName}{' CASCADE' if cascade else ''}")

    def set_current_database(self: Any, dbName: str) -> None:  # noqa: N803  (PySpark's name)
        self._sparkSession.sql(f"USE {dbName}")

    def list_columns(self: Any, tableName: str, dbName: str | None = None) -> Any:  # noqa: N803, ARG001  (PySpark's names)
        raise refused("catalog.listColumns", f"Sail's catalog has no columns of tables; spark.table({tableName!r}).schema has them")

    catalog.dropTable, catalog.dropDatabase, catalog.setCurrentDatabase = drop_table, drop_database, set_current_database
    catalog.listColumns, catalog.createDatabase = list_columns, create_database


def patch_delta(module: ModuleType) -> None:
    """Delta's own Python API needs a part of Spark that Sail has not."""

    def refuse(cls: Any, *args: Any, **kwargs: Any) -> Any:
        raise refused("DeltaTable", "SQL has the same: MERGE INTO, UPDATE, DELETE")

    for name in ("forPath", "forName", "convertToDelta", "create", "createIfNotExists", "createOrReplace", "replace"):
        setattr(module.DeltaTable, name, classmethod(refuse))
