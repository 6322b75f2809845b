"""Spark inside a notebook: the run's driver, attached to when the notebook first asks for a session.

``SparkSession.builder.getOrCreate()`` gives a session of the notebook's own on the shared driver, and all of PySpark
works on it; ``spark.stop()`` ends that session, never the driver.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

from nbflow.core.errors import EngineError
from nbflow.core.exchange import SparkAddress
from nbflow.core.results import ErrorKind
from nbflow.surface.inside.patching import when_imported
from nbflow.surface.inside.paths import patch_context_paths, patch_delta_paths, patch_rdd_paths, patch_reader_paths, patch_stream_paths
from nbflow.surface.inside.statements import after_statement, rewritten

_attached: _Driver | None = None


def install(address: SparkAddress, folder: str, name: str) -> None:
    """Make this process attach to the driver at ``address`` when it first wants a Spark session.

    ``folder`` is where relative paths start, ``name`` what the driver's log calls the notebook. Imports nothing.
    """
    global _attached  # noqa: PLW0603  (one driver for one process, as PySpark has it)
    _attached = _Driver(address, folder, name)
    when_imported(
        {
            "pyspark.core.context": _attached.patch_context,
            "pyspark.sql.session": _attached.patch_session,
            "pyspark.sql.readwriter": functools.partial(patch_reader_paths, folder),
            "pyspark.sql.streaming.readwriter": functools.partial(patch_stream_paths, folder),
            "pyspark.core.rdd": functools.partial(patch_rdd_paths, folder),
            "delta.tables": functools.partial(patch_delta_paths, folder),
        }
    )


def session() -> Any:
    """The notebook's Spark session: on the run's driver, or by hand on one that is started for this process."""
    if _attached is None:
        from nbflow.surface.inside.by_hand import start_driver

        install(start_driver(), str(Path.cwd()), "by hand")
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate()


class _Driver:
    """The driver as this process sees it."""

    def __init__(self, address: SparkAddress, folder: str, name: str) -> None:
        self._address, self._folder, self._name = address, folder, name
        self._gateway: Any = None
        self._java_context: Any = None
        self._java_session: Any = None
        self._root: Any = None

    def connect(self) -> None:
        """Open the gateway, once. Raises ``EngineError`` when the driver is gone."""
        if self._gateway is not None:
            return
        try:
            connection = json.loads(Path(self._address.connection).read_text("utf-8"))
        except (OSError, ValueError):
            raise EngineError(ErrorKind.ENGINE_LOST, "the Spark driver is gone") from None
        from pyspark.java_gateway import launch_gateway

        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ["PYSPARK_GATEWAY_PORT"] = str(connection["port"])
        os.environ["PYSPARK_GATEWAY_SECRET"] = connection["secret"]
        try:
            gateway = launch_gateway()
            jvm: Any = gateway.jvm
            scala_context = jvm.org.apache.spark.SparkContext.getOrCreate()
        except Exception as error:
            if type(error).__name__ in ("Py4JNetworkError", "ConnectionRefusedError"):
                raise EngineError(ErrorKind.ENGINE_LOST, f"the Spark driver is gone: {error}") from None
            raise
        finally:
            del os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"]  # child processes have no use for them
        self._java_context = jvm.org.apache.spark.api.java.JavaSparkContext.fromSparkContext(scala_context)
        # the session that all others are made from; one of another origin would have a catalog of its own
        self._root = jvm.org.apache.spark.sql.classic.SparkSession.builder().sparkContext(scala_context).getOrCreate()
        self._mark_connections(gateway, scala_context)
        self._gateway = gateway

    def _mark_connections(self, gateway: Any, context: Any) -> None:
        """Put the attempt's tag on every connection, for each is a thread of the driver and tags belong to threads."""
        from py4j.protocol import CALL_COMMAND_NAME, END_COMMAND_PART, get_command_part

        client = gateway._gateway_client
        original = client._create_new_connection if hasattr(client, "_create_new_connection") else client._create_connection
        tag, pool = get_command_part(self._address.tag), get_command_part("spark.scheduler.pool")
        call = f"{CALL_COMMAND_NAME}{context._target_id}\n"
        marks = [f"{call}addJobTag\n{tag}{END_COMMAND_PART}", f"{call}setLocalProperty\n{pool}{tag}{END_COMMAND_PART}"]

        def marked() -> Any:
            connection = original()
            for mark in marks:
                connection.send_command(mark)
            if self._java_session is not None:
                active = f"z:org.apache.spark.sql.classic.SparkSession\nsetActiveSession\n{get_command_part(self._java_session)}"
                connection.send_command(f"{CALL_COMMAND_NAME}{active}{END_COMMAND_PART}")
            return connection

        setattr(client, "_create_new_connection" if hasattr(client, "_create_new_connection") else "_create_connection", marked)
        context.addJobTag(self._address.tag)
        context.setLocalProperty("spark.scheduler.pool", self._address.tag)

    def patch_context(self, module: ModuleType) -> None:
        """Have ``SparkContext()`` and ``SparkContext.getOrCreate()`` attach, and ``stop()`` only let go."""
        context_class: Any = module.SparkContext  # type: ignore[attr-defined]
        original_init, original_stop = context_class.__init__, context_class.stop

        @functools.wraps(original_init)
        def init(context: Any, *args: Any, **kwargs: Any) -> None:
            if kwargs.get("gateway") is not None or kwargs.get("jsc") is not None:
                original_init(context, *args, **kwargs)
                return
            self.connect()
            from pyspark.conf import SparkConf

            conf = SparkConf(_jvm=self._gateway.jvm, _jconf=self._java_context.getConf())
            interrupt = signal.getsignal(signal.SIGINT)
            folder = os.pathsep.join(filter(None, [self._folder, os.environ.get("PYTHONPATH", "")]))
            original_init(context, gateway=self._gateway, jsc=self._java_context, conf=conf)
            context.environment["PYTHONPATH"] = folder
            context._nbflow_attached = True
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, interrupt)  # PySpark's own would cancel the jobs of every notebook

        @functools.wraps(original_stop)
        def stop(context: Any) -> None:
            if not getattr(context, "_nbflow_attached", False):
                original_stop(context)
                return
            context._jsc = None
            server = getattr(context, "_accumulatorServer", None)
            if server is not None:
                server.shutdown()
                context._accumulatorServer = None
            with context_class._lock:
                context_class._active_spark_context = None
            self._java_session = None

        context_class.__init__, context_class.stop = init, stop
        patch_context_paths(self._folder, module)

    def patch_session(self, module: ModuleType) -> None:
        """Have ``builder.getOrCreate()`` give a session of this notebook's own; follow names and paths in ``sql()``."""
        session_class: Any = module.SparkSession  # type: ignore[attr-defined]
        original_get, original_sql, original_stop = session_class.Builder.getOrCreate, session_class.sql, session_class.stop

        @functools.wraps(original_get)
        def get_or_create(builder: Any) -> Any:
            if "spark.remote" in builder._options or os.environ.get("SPARK_REMOTE"):
                return original_get(builder)
            self._ensure_session(session_class)
            return original_get(builder)

        @functools.wraps(original_sql)
        def sql(spark: Any, sqlQuery: str, *args: Any, **kwargs: Any) -> Any:  # noqa: N803  (PySpark's name)
            statement = rewritten(sqlQuery, self._address.warehouse, self._folder)
            result = original_sql(spark, statement, *args, **kwargs)
            after_statement(statement, self._address.warehouse, spark)
            return result

        @functools.wraps(original_stop)
        def stop(spark: Any) -> None:
            if not getattr(spark._sc, "_nbflow_attached", False):
                original_stop(spark)
                return
            spark._sc.stop()  # and no more: PySpark's own would take the driver's default session from everybody
            session_class._instantiatedSession = session_class._activeSession = None

        session_class.Builder.getOrCreate, session_class.sql, session_class.stop = get_or_create, sql, stop

    def _ensure_session(self, session_class: Any) -> None:
        from pyspark.core.context import SparkContext

        current = session_class._instantiatedSession
        if current is not None and current._sc._jsc is not None:
            return
        context = SparkContext._active_spark_context or SparkContext()
        self._java_session = java_session = self._root.newSession()
        self._gateway.jvm.org.apache.spark.sql.classic.SparkSession.setActiveSession(java_session)
        session_class._instantiatedSession = session_class._activeSession = None
        made = session_class(context, jsparkSession=java_session)
        session_class._instantiatedSession = session_class._activeSession = made
