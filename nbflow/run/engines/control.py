"""nbflow's own hand on a Spark driver: makes its session, makes tables known, opens doors for notebooks, cancels jobs.

The door to py4j on this side. All calls block; each thread that calls gets a connection of its own.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbflow.core.exchange import TAG_SETTING
from nbflow.warehouse import DEFAULT_SCHEMA, StoredTable, schemas_in, tables_in

_CATALOG = "org.apache.spark.sql.catalyst.catalog"


@dataclass(frozen=True, slots=True)
class Door:
    """A gateway of the driver for one notebook: its port on loopback, its secret, and the server behind it."""

    port: int
    secret: str
    server: Any


class Control:
    """A connection of nbflow's own to a driver's gateway."""

    def __init__(self, port: int, secret: str) -> None:
        from py4j.java_gateway import GatewayParameters, JavaGateway

        _quiet_py4j()
        self._gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port, auth_token=secret, auto_convert=True))
        self._jvm: Any = self._gateway.jvm
        self._session: Any = None
        self._context: Any = None

    def begin(self, warehouse: Path) -> str:
        """Make the driver's context and make the warehouse's tables known; returns Spark's version."""
        self._session = self._jvm.org.apache.spark.sql.classic.SparkSession.builder().getOrCreate()
        self._context = self._session.sparkContext()
        self._register(warehouse)
        return str(self._session.version())

    def _register(self, warehouse: Path) -> None:
        """Put what lies in the warehouse into the driver's catalog, as Spark's own managed tables.

        Directly and not by SQL: that would read each table's log, some 50 ms for each, and make tables whose files
        ``DROP TABLE`` leaves behind.
        """
        catalog = self._session.sharedState().externalCatalog()
        schemas = {DEFAULT_SCHEMA: warehouse / DEFAULT_SCHEMA, **schemas_in(warehouse)}
        for name, folder in schemas.items():
            schema = getattr(self._jvm, f"{_CATALOG}.CatalogDatabase")(name, "", self._uri(folder), self._empty_map())
            if name == DEFAULT_SCHEMA:
                catalog.alterDatabase(schema)
            else:
                catalog.createDatabase(schema, True)
            for table in tables_in(name, folder):
                catalog.createTable(self._table(table), True)

    def _table(self, table: StoredTable) -> Any:
        """The catalog's entry of a Delta table, which holds no columns: Delta reads them from the table's log."""
        some = self._jvm.scala.Option.apply
        companion = self._companion(f"{_CATALOG}.CatalogTable")
        empty = self._companion(f"{_CATALOG}.CatalogStorageFormat").empty()
        given = [
            self._jvm.org.apache.spark.sql.catalyst.TableIdentifier(table.name, some(table.schema)),
            self._companion(f"{_CATALOG}.CatalogTableType").MANAGED(),
            empty.copy(some(self._uri(table.folder)), *self._defaults(empty, "copy", 2)),
            self._jvm.org.apache.spark.sql.types.StructType(),
            some("delta"),
        ]
        return getattr(self._jvm, f"{_CATALOG}.CatalogTable")(*given, *self._defaults(companion, "apply", 6))

    def _defaults(self, owner: Any, method: str, first: int) -> list[Any]:
        """The defaults of a Scala method's parameters from the ``first`` on, in whatever number this Spark has them."""
        prefix = f"{method}$default$"
        numbers = {
            int(name.removeprefix(prefix)) for name in (each.getName() for each in owner.getClass().getMethods()) if name.startswith(prefix)
        }
        return [getattr(owner, f"{prefix}{number}")() for number in sorted(numbers) if number >= first]

    def _companion(self, name: str) -> Any:
        return getattr(getattr(self._jvm, f"{name}$"), "MODULE$")

    def _empty_map(self) -> Any:
        return self._companion("scala.collection.immutable.Map").empty()

    def _uri(self, folder: Path) -> Any:
        return self._jvm.java.net.URI("file", None, str(folder), None)

    def execute(self, statements: Iterable[str]) -> None:
        """Execute SQL statements, one after another, in the driver's own session. Raises py4j's error of one that fails."""
        for statement in statements:
            self._session.sql(statement).collect()

    def open_door(self) -> Door:
        """A gateway of its own for one notebook, so that secrets, callbacks and objects are not shared with others."""
        server = self._jvm.org.apache.spark.api.python.Py4JServer(self._context.getConf())
        server.start()
        return Door(server.getListeningPort(), server.secret(), server)

    def close_door(self, door: Door) -> None:
        """Close a notebook's gateway: its connections end and its objects are let go. No error when the driver is gone."""
        with contextlib.suppress(Exception):
            door.server.shutdown()

    def cancel(self, tag: str) -> None:
        """Cancel all jobs that carry ``tag``, let none of its group begin any more, and stop its streaming queries."""
        self._context.cancelJobsWithTag(tag)
        self._context.cancelJobGroupAndFutureJobs(tag)
        queries = self._session.sharedState().activeStreamingQueries().values()
        for query in list(queries):
            if query.sparkSession().conf().get(TAG_SETTING, "") == tag:
                # in a thread of its own: a query in the middle of a batch may take its time to stop
                threading.Thread(target=_stop, args=(query,), daemon=True).start()

    def close(self) -> None:
        """Give the connection back."""
        self._gateway.close()


def _quiet_py4j() -> None:
    """Keep py4j from printing a traceback for each connection that breaks: who calls gets the error, and tells it."""
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    root = logging.getLogger()  # some of its lines go there
    if _not_py4j not in root.filters:
        root.addFilter(_not_py4j)


def _not_py4j(record: logging.LogRecord) -> bool:
    return record.module not in ("java_gateway", "clientserver")


def _stop(query: Any) -> None:
    with contextlib.suppress(Exception):  # it may have ended meanwhile, and the driver with it
        query.stop()
