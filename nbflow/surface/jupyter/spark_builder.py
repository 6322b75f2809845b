"""A builder of a plain PySpark session with Delta, for notebooks that make their own (engine ``none``)."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from pathlib import Path
from typing import Any

from nbflow.core.errors import EngineError
from nbflow.core.results import ErrorKind
from nbflow.run.engines.cores import cores
from nbflow.run.engines.parts import Parts, find_parts
from nbflow.workspace import Workspace


def spark_builder(app_name: str = "nbflow") -> Any:
    """``SparkSession.builder`` with what Delta needs: delta-spark's extension and catalog, its jars (fetched once, as for
    nbflow's own driver), tables in the workspace's warehouse, Delta as the default format, and counts of partitions for one
    machine. More ``.config(…)`` may follow.

    The session is PySpark's own, with a driver of its own that PySpark's launcher starts: that needs a Java of the machine, not
    a wheel's. Raises ``EngineError`` (ENGINE_START) where it is missing, or the jars cannot be had.
    """
    parts = _found()
    if parts.java.from_wheel:
        message = f"a session of its own needs a Java of the machine, in JAVA_HOME or on the path: {parts.java.program} is a wheel's"
        raise EngineError(ErrorKind.ENGINE_START, f"{message}, which PySpark's launcher cannot start; engine spark can")
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder: Any = SparkSession.builder
    settings = {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.sources.default": "delta",
        "spark.sql.warehouse.dir": str(Workspace.find(Path.cwd()).warehouse),
        "spark.jars": ",".join(map(str, parts.jars)),
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled": "false",  # Spark 4.2.0 waits for ever with it
        "spark.sql.shuffle.partitions": str(cores()),
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.appName(app_name)


def _found() -> Parts:
    """What a driver needs; in a thread of its own, since a notebook's cell runs in a loop already."""
    found: list[Parts | BaseException] = []

    def find() -> None:
        try:
            found.append(asyncio.run(find_parts(lambda text: print(text, file=sys.stderr))))
        except BaseException as error:  # noqa: BLE001  (told to the caller's thread)
            found.append(error)

    thread = threading.Thread(target=find)
    thread.start()
    thread.join()
    [one] = found
    if isinstance(one, BaseException):
        raise one
    return one
