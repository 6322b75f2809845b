"""What PySpark's sessions, client and context do differently in a notebook whose engine is a Spark Connect server."""

from __future__ import annotations

import contextlib
import functools
from types import ModuleType
from typing import Any

from nbflow.surface.inside.catalogs import with_own_catalog
from nbflow.surface.inside.connect.connection import Connection
from nbflow.surface.inside.paths import resolved_name
from nbflow.surface.inside.statements import rewritten

_NEEDS_A_DRIVER = ("sparkContext", "_sc", "_jsc", "_jconf", "_jvm", "_jsparkSession")


def patch_utils(module: ModuleType) -> None:
    """Have PySpark take this process for a client of Spark Connect, so that ``F.col`` and all others are those of Connect.

    Not by its environment variable, which the notebook's children would inherit without the way to the server.
    """
    module.is_remote.__code__ = (lambda: True).__code__  # the function itself: others may have taken it from there already


def patch_builder(connection: Connection, module: ModuleType) -> None:
    """Have ``SparkSession.builder.getOrCreate()`` give the notebook's session, unless it names a server itself."""
    builder = module.SparkSession.Builder
    original_get = builder.getOrCreate

    @functools.wraps(original_get)
    def get_or_create(self: Any) -> Any:
        if "spark.remote" in self._options:
            return original_get(self)
        return connection.session(self._options)

    builder.getOrCreate = get_or_create
    if hasattr(builder, "create"):
        original_create = builder.create

        @functools.wraps(original_create)
        def create(self: Any) -> Any:
            if "spark.remote" in self._options:
                return original_create(self)
            return connection.new_session()

        builder.create = create


def patch_connect_session(connection: Connection, module: ModuleType) -> None:
    """Names and paths in ``sql()`` and ``table()``, what a session is asked for that only a driver has, and its end."""
    session_class: Any = module.SparkSession
    builder = session_class.Builder
    patch_builder(connection, module)
    builder.enableHiveSupport = lambda self: self  # the warehouse's tables are known without it
    original_sql, original_table, original_stop = session_class.sql, session_class.table, session_class.stop
    original_get = session_class.__getattr__

    @functools.wraps(original_sql)
    def sql(spark: Any, sqlQuery: str, *args: Any, **kwargs: Any) -> Any:  # noqa: N803  (PySpark's name)
        formatted = bool(set(kwargs) - {"args"})
        statement = rewritten(with_own_catalog(sqlQuery), connection.address.warehouse, connection.folder, formatted)
        return original_sql(spark, statement, *args, **kwargs)

    @functools.wraps(original_table)
    def table(spark: Any, tableName: str) -> Any:  # noqa: N803  (PySpark's name)
        return original_table(spark, resolved_name(tableName, connection.folder))

    @functools.wraps(original_stop)
    def stop(spark: Any) -> None:
        with contextlib.suppress(Exception):  # a server that is gone has nothing running
            spark.client.interrupt_all()
        original_stop(spark)

    def get(spark: Any, name: str) -> Any:
        if name in _NEEDS_A_DRIVER:
            raise AttributeError(_only_with_a_driver(connection, f"spark.{name}"))
        return original_get(spark, name)

    session_class.sql, session_class.table, session_class.stop, session_class.__getattr__ = sql, table, stop, get
    session_class.newSession = lambda spark: connection.new_session()
    if "__del__" in vars(session_class):
        # the collector may run it in the middle of gRPC, whose locks it then waits for, for ever; the run ends all sessions
        del session_class.__del__


def patch_connect_context(connection: Connection, module: ModuleType) -> None:
    """Have a ``SparkContext`` be refused in words: PySpark would start a driver of its own."""

    def refuse(cls: Any, instance: Any = None, gateway: Any = None, conf: Any = None) -> None:
        raise RuntimeError(_only_with_a_driver(connection, "SparkContext"))

    module.SparkContext._ensure_initialized = classmethod(refuse)


def patch_dataframe(connection: Connection, module: ModuleType) -> None:
    """RDDs are refused in words."""
    frame: Any = module.DataFrame
    original_get = frame.__getattr__

    def get(self: Any, name: str) -> Any:
        if name in ("rdd", "toJSON", "_jdf"):
            raise AttributeError(_only_with_a_driver(connection, f"DataFrame.{name}"))
        return original_get(self, name)

    frame.rdd = property(lambda self: get(self, "rdd"))
    frame.__getattr__ = get


def _only_with_a_driver(connection: Connection, what: str) -> str:
    engine = "Sail" if connection.is_sail else "Spark Connect"
    return f"{what} does not exist over {engine}, which has no driver in reach: 'nbflow run --engine spark' has it"


def patch_client(connection: Connection, module: ModuleType) -> None:
    """Have calls to a server that is gone end with a plain sentence, and an interrupted call end what it began."""
    client: Any = module.SparkConnectClient
    original_handle, original_execute = client._handle_error, client._execute

    @functools.wraps(original_handle)
    def handle_error(self: Any, error: Exception) -> Any:
        if _may_mean_gone(error) and connection.is_gone():
            raise connection.gone("nobody answers at its address") from None
        return original_handle(self, error)

    @functools.wraps(original_execute)
    def execute(self: Any, request: Any) -> Any:
        try:
            return original_execute(self, request)
        except KeyboardInterrupt:
            connection.interrupt()
            raise

    client._handle_error, client._execute = handle_error, execute


def _may_mean_gone(error: Exception) -> bool:
    import grpc
    from pyspark.errors.exceptions.base import PySparkException

    if isinstance(error, grpc.RpcError):
        return error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED)
    return isinstance(error, PySparkException) and "RETRIES_EXCEEDED" in str(error)
