"""The Spark settings and Java options of a driver: nbflow's defaults with the workspace's over them. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbflow.core.errors import EngineError
from nbflow.core.results import ErrorKind
from nbflow.define.pipelines.spark_settings import size_of
from nbflow.define.settings import LEAST_HEAP

_DELTA_EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"
_LAUNCHER_ONLY = ("spark.jars.packages", "spark.jars.repositories", "spark.jars.excludes", "spark.jars.ivySettings")


@dataclass(frozen=True, slots=True)
class DriverOptions:
    """What a driver's command line is made from. ``settings`` are Spark's; ``memory`` is the heap as Java writes it;
    ``java_options`` and ``class_path`` are the workspace's own, after nbflow's. A ``lasting`` driver serves many runs."""

    settings: Mapping[str, str]
    memory: str
    java_options: tuple[str, ...] = ()
    class_path: tuple[str, ...] = ()
    lasting: bool = False


def driver_options(given: Mapping[str, Any], memory: str, warehouse: Path, scratch: Path, cores: int, notebooks: int = 1) -> DriverOptions:
    """The options of a driver on ``cores`` cores for so many ``notebooks`` at once, whose tables lie in ``warehouse``; ``scratch`` takes
    its temporary files.

    ``given`` are Spark's settings over nbflow's defaults. Those that only Spark's launcher reads are done here, since the
    driver starts without it: heap, Java options, class path and jars. Raises ``EngineError`` for those that cannot be.
    """
    settings = {**_defaults(warehouse, scratch, max(2, cores), notebooks), **{name: setting_text(value) for name, value in given.items()}}
    useless = [name for name in _LAUNCHER_ONLY if name in settings]
    if useless:
        msg = f"the setting {useless[0]} cannot be used: nbflow fetches only Delta's jars; name jars by path in spark.jars"
        raise EngineError(ErrorKind.ENGINE_START, msg)
    extensions = [name.strip() for name in settings["spark.sql.extensions"].split(",") if name.strip()]
    if _DELTA_EXTENSION not in extensions:
        settings["spark.sql.extensions"] = ",".join([_DELTA_EXTENSION, *extensions])
    jars = [part.strip() for part in settings.get("spark.jars", "").split(",") if part.strip()]
    more = [part for part in settings.pop("spark.driver.extraClassPath", "").split(":") if part]
    options = shlex.split(settings.pop("spark.driver.extraJavaOptions", ""))
    memory = _heap(settings.pop("spark.driver.memory", memory))
    return DriverOptions(settings, memory, tuple(options), (*more, *(jar.removeprefix("file:") for jar in jars)))


def _defaults(warehouse: Path, scratch: Path, cores: int, notebooks: int) -> dict[str, str]:
    """Settings of a driver on one machine: Delta, local, quiet, quick to start.

    A slot that is free goes to the pool with the fewest running tasks, and of those with none to the first in the alphabet (Spark's
    ``FairSchedulingAlgorithm``). With more busy notebooks than slots some could wait until the jobs of others end, so there is
    a slot for each, and one for who comes by hand. What is cut into as many parts as there are slots still has one for a core.

    The counts of partitions are Spark's for a cluster (200 and 10000) unless they are set. Delta would compute a table's list of
    files for each commit, into a part of its checksum that it does not read. The code that Spark compiles for a query is kept
    for the next of its kind: 100 pieces, as Spark has it, are fewer than a pipeline of three notebooks needs. Without Spark's older way of parameters ``spark.sql("… :x", args=…)`` fails, since Delta's parser (4.4.0) leaves out the newer
    one. With columnar input to Python functions, which Spark 4.2.0 has by default, a UDF over Parquet or Delta waits for ever for
    its rows. Added files of one name replace each other: otherwise the second makes all later tasks of the driver fail. The
    last three are what PySpark sets when it makes a context itself.
    """
    settings = {
        "spark.master": f"local[{cores if notebooks == 1 else max(cores, notebooks + 1)}]",
        "spark.app.name": "nbflow",
        "spark.sql.extensions": _DELTA_EXTENSION,
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.sources.default": "delta",
        "spark.sql.warehouse.dir": str(warehouse),
        "spark.sql.shuffle.partitions": str(cores),
        "spark.default.parallelism": str(cores),
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": str(cores),
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.databricks.delta.allFilesInCrc.enabled": "false",
        "spark.sql.codegen.cache.maxEntries": "1000",
        "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled": "false",
        "spark.sql.legacy.parameterSubstitution.constantsOnly": "true",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.scheduler.mode": "FAIR",
        "spark.files.overwrite": "true",
        "spark.sql.artifact.isolation.enabled": "false",
        "spark.rdd.compress": "true",
        "spark.serializer.objectStreamReset": "100",
    }
    if "," not in str(scratch):  # a comma would make two folders of it
        settings["spark.local.dir"] = str(scratch)
    return settings


def _heap(size: str) -> str:
    """A heap as Java takes it, of a size as Spark takes it. Raises ``EngineError`` where Spark would not start."""
    size = size.strip()
    bytes_ = size_of(size)
    if bytes_ is None:
        return size  # Java says what is wrong with it
    if bytes_ < LEAST_HEAP:
        raise EngineError(ErrorKind.ENGINE_START, f"spark.driver.memory: {size} is too little for Spark's driver; 512m is the least")
    return size if size[-1] in "kmgKMG" else f"{bytes_ >> 10}k"


def setting_text(value: Any) -> str:
    """The value of a setting as Spark writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def argument_file(arguments: list[str]) -> str:
    """``arguments`` as the text of a file that ``java @file`` reads: nothing of them is seen in a list of processes."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}
    return "".join('"' + "".join(escapes.get(letter, letter) for letter in argument) + '"\n' for argument in arguments)
