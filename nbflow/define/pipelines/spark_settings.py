"""Settings of Spark, as far as an author's slip in them can be told without Spark: what the usual ones take. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nbflow.core.values import shown
from nbflow.define.nearest import nearest

_SLIP = 0.93  # ``spark.sql.shuffle.partition`` is a slip, ``spark.executor.memoryOverhead`` is none of ``spark.executor.memory``
_LATER = ("${", "{{")
_ENDING_IN_ENABLED = ".enabled"
_SIZE = re.compile(r"-?[0-9]+\s*([kmgtp]i?b?|b)?", re.IGNORECASE)
_HEAP = re.compile(r"([0-9]+)(b|[kmgtp]b?)?", re.IGNORECASE)
_TIME = re.compile(r"-?[0-9]+\s*(us|ms|s|m|min|h|d)?")
_KINDS: dict[str, tuple[re.Pattern[str], str]] = {
    "number": (re.compile(r"-?[0-9]+"), "a whole number"),
    "boolean": (re.compile(r"true|false", re.IGNORECASE), "true or false"),
    "size": (_SIZE, "a size, as 512m or 2g"),
    "time": (_TIME, "a time, as 30s or 5m"),
}
_KNOWN = {
    "number": (
        "spark.sql.shuffle.partitions", "spark.default.parallelism", "spark.driver.cores", "spark.executor.cores",
        "spark.executor.instances", "spark.task.cpus", "spark.task.maxFailures", "spark.sql.files.maxRecordsPerFile",
        "spark.sql.files.minPartitionNum", "spark.sql.execution.arrow.maxRecordsPerBatch", "spark.databricks.delta.snapshotPartitions",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism", "spark.sql.sources.parallelPartitionDiscovery.threshold",
        "spark.sql.adaptive.coalescePartitions.minPartitionNum", "spark.ui.port",
    ),
    "boolean": (
        "spark.sql.adaptive.enabled", "spark.sql.adaptive.coalescePartitions.enabled", "spark.sql.adaptive.skewJoin.enabled",
        "spark.sql.ansi.enabled", "spark.sql.caseSensitive", "spark.sql.execution.arrow.pyspark.enabled", "spark.ui.enabled",
        "spark.ui.showConsoleProgress", "spark.speculation", "spark.shuffle.compress", "spark.rdd.compress",
        "spark.sql.parquet.mergeSchema", "spark.sql.parquet.filterPushdown", "spark.sql.codegen.wholeStage",
        "spark.databricks.delta.schema.autoMerge.enabled", "spark.databricks.delta.optimizeWrite.enabled",
        "spark.databricks.delta.autoCompact.enabled", "spark.databricks.delta.retentionDurationCheck.enabled",
        "spark.sql.streaming.stateStore.stateSchemaCheck", "spark.dynamicAllocation.enabled",
    ),
    "size": (
        "spark.driver.memory", "spark.executor.memory", "spark.driver.memoryOverhead", "spark.executor.memoryOverhead",
        "spark.driver.maxResultSize", "spark.sql.autoBroadcastJoinThreshold", "spark.sql.files.maxPartitionBytes",
        "spark.sql.files.openCostInBytes", "spark.sql.adaptive.advisoryPartitionSizeInBytes", "spark.kryoserializer.buffer.max",
        "spark.memory.offHeap.size", "spark.reducer.maxSizeInFlight", "spark.shuffle.file.buffer",
    ),
    "time": ("spark.sql.broadcastTimeout", "spark.network.timeout", "spark.executor.heartbeatInterval", "spark.locality.wait"),
    "text": (
        "spark.master", "spark.app.name", "spark.sql.session.timeZone", "spark.sql.warehouse.dir", "spark.sql.sources.default",
        "spark.sql.sources.partitionOverwriteMode", "spark.sql.extensions", "spark.serializer", "spark.scheduler.mode", "spark.local.dir",
        "spark.jars", "spark.jars.packages", "spark.driver.extraJavaOptions", "spark.driver.extraClassPath",
        "spark.sql.legacy.timeParserPolicy", "spark.sql.storeAssignmentPolicy", "spark.sql.parquet.compression.codec",
    ),
}  # fmt: skip
_KIND_OF = {name: kind for kind, names in _KNOWN.items() for name in names}


def setting_problem(name: Any, value: Any) -> tuple[str, str | None] | None:
    """What is wrong with a setting of Spark and what to do about it; ``None`` where nothing is, as far as this knows."""
    if not isinstance(name, str) or not name:
        return f"the name of a setting of Spark is text, got {shown(name)}", None
    if isinstance(value, Mapping):
        inner = next((f"{name}.{key}" for key in value), f"{name}.…")
        return f"a setting of Spark takes text or a number, got {shown(value)}", f"write the name whole: '{inner}: value'"
    if not isinstance(value, (str, int, float)):
        return f"a setting of Spark takes text or a number, got {shown(value)}", "one value, as text, where Spark takes a list: 'a,b'"
    kind = _KIND_OF.get(name) or ("boolean" if name.startswith("spark.") and name.endswith(_ENDING_IN_ENABLED) else "text")
    text = (str(value).lower() if isinstance(value, bool) else str(value)).strip()
    if kind == "text" or any(sign in text for sign in _LATER) or _KINDS[kind][0].fullmatch(text):
        return None
    return f"takes {_KINDS[kind][1]}, got {shown(value)}", None


def size_of(text: str) -> int | None:
    """How many bytes a size is as Spark takes it for a heap: 2g, 2gb, a bare number for so many MiB; ``None`` where it is none."""
    said = _HEAP.fullmatch(text.strip())
    if said is None:
        return None
    unit = (said[2] or "m").lower()[0]
    return int(said[1]) << 10 * "bkmgtp".index(unit)


def setting_slip(name: str) -> str | None:
    """The usual setting that ``name`` is nearly, but not quite; ``None`` where it is one, or like none."""
    if name in _KIND_OF or not name.startswith("spark."):
        return None
    return nearest(name, _KIND_OF, _SLIP)
