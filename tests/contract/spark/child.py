"""One engine's process: opens its session as that engine's users do, runs the programs, writes their answers line by line."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tests.contract.spark.canonical import Canon
from tests.contract.spark.register import Place, programs, settings

_SECONDS = 120
PLAIN = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.sources.default": "delta",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.legacy.parameterSubstitution.constantsOnly": "true",  # else Delta's parser leaves parameters unbound
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
"""The settings of a user's own session with Delta, with the small numbers of partitions of a small machine."""


NEEDED = {"catalog_calls": {"spark.sql.codegen.factoryMode": "FALLBACK"}}
"""Settings that programs need where the suite is quick: Spark lists tables with compiled code only."""


class TooLongError(BaseException):
    """A program took too long; no program catches it."""


def _plain(task: dict[str, Any]) -> Any:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.jars", ",".join(task["jars"]))
    for name, value in {**PLAIN, **task["conf"], "spark.sql.warehouse.dir": task["warehouse"]}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _attached(task: dict[str, Any]) -> Any:
    from nbflow.core.exchange import SparkAddress
    from nbflow.surface.inside.spark import install

    install(SparkAddress(**task["address"]), os.getcwd(), "conformance")
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate()


def _answer(spark: Any, name: str, task: dict[str, Any], canon: Canon) -> Any:
    root, warehouse = Path.cwd(), Path(task["warehouse"])
    try:
        place = Place(spark, name, root, warehouse)
        own = {**NEEDED.get(name, {}), **task["settings"].get(name, {})} if task["engine"] != "sail" else {}
        with settings(spark, own):
            return canon.answer(programs()[name](spark, place))
    except (Exception, TooLongError) as error:  # noqa: BLE001  (whatever an engine raises is its answer)
        return canon.failure(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _too_long(*_: Any) -> None:
    raise TooLongError


def main() -> None:
    """Run the programs that the task on the command line names."""
    task = json.loads(sys.argv[1])
    spark = _plain(task) if task["engine"] == "plain" else _attached(task)
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    canon = Canon({str(Path.cwd()): "<place>", task["warehouse"]: "<warehouse>"})
    signal.signal(signal.SIGALRM, _too_long)
    with Path(task["answers"]).open("a", encoding="utf-8") as answers:
        for name in task["programs"]:
            print(json.dumps({"begun": name}), file=answers, flush=True)
            began = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, _SECONDS)
            answer = _answer(spark, name, task, canon)
            seconds = round(time.monotonic() - began, 2)
            print(json.dumps({"program": name, "answer": answer, "seconds": seconds}), file=answers, flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
