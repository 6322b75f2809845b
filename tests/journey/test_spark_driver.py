"""Many notebooks on one Spark driver: sessions of their own, names in common, and what outlives a driver."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.exchange import SparkAddress
from tests.journey.watching import LOOPBACK, listening

pytestmark = pytest.mark.long


def test_two_notebooks_have_sessions_of_their_own(bench: Any) -> None:
    """Temporary views, settings and functions of one notebook are not seen by another on the same driver."""
    code = """
        spark = session()
        spark.range({n}).createOrReplaceTempView("mine")
        spark.conf.set("spark.sql.shuffle.partitions", {n})
        spark.udf.register("number", lambda: {n}, "int")
        tell("ready")
        wait()
        tell([spark.table("mine").count(), spark.conf.get("spark.sql.shuffle.partitions"), spark.sql("select number()").first()[0]])
        """
    clients = [bench.client(code.format(n=number)) for number in (3, 5)]
    assert [client.told() for client in clients] == ["ready", "ready"]
    for client in clients:
        client.go()
    assert [client.end() for client in clients] == [[[3, "3", 3]], [[5, "5", 5]]]


def test_a_name_is_known_to_everybody_and_lies_where_it_should(bench: Any) -> None:
    """A new schema and table of one notebook are read by another, by two-part and three-part name, at warehouse/schema/table."""
    reader = bench.client(
        """
        spark = session()
        tell("ready")
        wait()
        tell([spark.table(name).count() for name in ("Lake1.events", "spark_catalog.lake1.events", "lake1.byname", "loose")])
        """
    )
    assert reader.told() == "ready"
    bench.run(
        """
        spark = session()
        spark.sql("/* a new one */ CREATE SCHEMA IF NOT EXISTS Lake1 -- without a place")
        spark.range(4).write.saveAsTable("lake1.events")
        spark.sql("CREATE TABLE spark_catalog.lake1.byname AS SELECT 1 AS x")
        spark.range(2).write.saveAsTable("loose")
        spark.stop()
        """
    )
    reader.go()
    assert reader.end() == [[4, 4, 1, 2]]
    for place in ("lake1/events", "lake1/byname", "default/loose"):
        assert (bench.warehouse / place / "_delta_log").is_dir()


def test_stop_ends_the_session_only(bench: Any) -> None:
    """After ``spark.stop()`` the notebook gets a new session on the same driver, and others are not disturbed."""
    other = bench.client("spark = session(); tell('ready'); wait(); tell(spark.range(7).count())")
    assert other.told() == "ready"
    assert bench.run(
        """
        from pyspark import SparkContext
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
        spark.range(1).createOrReplaceTempView("gone")
        first = spark.sparkContext.applicationId
        spark.stop()
        spark = SparkSession.builder.getOrCreate()
        tell([spark.catalog.tableExists("gone"), first == spark.sparkContext.applicationId, spark.range(3).count()])
        with SparkSession.builder.getOrCreate() as spark:
            tell(spark.range(2).count())
        with SparkContext("local[2]", "mine") as sc:
            tell(sc.parallelize([1, 2]).sum())
        """
    ) == [[False, True, 3], 2, 3]
    other.go()
    assert other.end() == [7]


def test_every_way_to_a_session_leads_to_the_notebooks_own(bench: Any) -> None:
    """Builders with masters, names, Hive and Delta's pip helper, contexts and ``active()`` all give the one session."""
    assert bench.run(
        """
        from delta import configure_spark_with_delta_pip
        from pyspark import SparkConf, SparkContext
        from pyspark.sql import SparkSession
        builder = SparkSession.builder.master("local[*]").appName("mine").enableHiveSupport()
        spark = configure_spark_with_delta_pip(builder.config("spark.sql.ansi.enabled", "false")).getOrCreate()
        sc = SparkContext.getOrCreate(SparkConf().setMaster("local"))
        ways = [SparkSession.builder.getOrCreate(), SparkSession.active(), SparkSession.getActiveSession(), session()]
        tell([[way is spark for way in ways], sc is spark.sparkContext])
        tell([spark.conf.get("spark.sql.ansi.enabled"), spark.newSession().range(2).count()])
        """
    ) == [[[True] * 4, True], ["false", 2]]


def test_what_pyspark_can_do_works_on_the_shared_driver(bench: Any) -> None:
    """pandas both ways, pandas UDFs, RDDs with broadcasts and accumulators, MLlib, merge, caching, parameters of SQL."""
    assert bench.run(
        """
        import pandas as pd
        from delta.tables import DeltaTable
        from pyspark.ml.feature import VectorAssembler
        from pyspark.ml.regression import LinearRegression, LinearRegressionModel
        from pyspark.sql.functions import pandas_udf
        spark = session()

        @pandas_udf("long")
        def twice(x: pd.Series) -> pd.Series:
            return x * 2

        tell(int(spark.range(4).select(twice("id").alias("x")).toPandas().x.sum()))
        tell(spark.createDataFrame(pd.DataFrame({"a": [1, 2]})).count())

        sc = spark.sparkContext
        added, known = sc.accumulator(0), sc.broadcast({1: 10})
        sc.parallelize([1, 1, 1], 2).foreach(lambda x: added.add(known.value[x]))
        tell(added.value)

        rows = spark.createDataFrame([(float(i), 2.0 * i) for i in range(9)], ["x", "label"])
        LinearRegression().fit(VectorAssembler(inputCols=["x"], outputCol="features").transform(rows)).save("model")
        tell(round(LinearRegressionModel.load("model").coefficients[0], 3))

        spark.sql("create schema if not exists m")
        spark.range(3).write.saveAsTable("m.t")
        table = DeltaTable.forName(spark, "m.t").alias("t")
        table.merge(spark.range(2, 6).alias("s"), "t.id = s.id").whenNotMatchedInsertAll().execute()
        tell(spark.table("m.t").cache().count())
        tell(spark.sql("select * from m.t where id > :low", args={"low": 3}).count())
        tell(spark.sql("select * from {t} where id > ?", args=[3], t=spark.table("m.t")).count())
        """
    ) == [12, 2, 30, 2.0, 6, 2, 2]


def test_callbacks_find_their_own_notebook(bench: Any) -> None:
    """``foreachBatch`` of two notebooks at once runs each function in the notebook that gave it."""
    code = """
        spark = session()
        seen = []
        rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", {n}).load()
        writer = rows.writeStream.foreachBatch(lambda batch, number: seen.append([{n}, batch.count()]))
        tell("ready")
        wait()
        query = writer.option("checkpointLocation", "check").start()
        while len(seen) < 3:
            query.awaitTermination(1)
        query.stop()
        tell(seen[:3])
        """
    clients = [bench.client(code.format(n=number)) for number in (2, 4)]
    assert [client.told() for client in clients] == ["ready", "ready"]
    for client in clients:
        client.go()
    assert [client.end() for client in clients] == [[[[2, 2]] * 3], [[[4, 4]] * 3]]


def test_what_cancels_or_clears_keeps_to_the_notebook(bench: Any) -> None:
    """``cancelAllJobs`` of one notebook leaves the jobs of others alone, and its own tag is not in its way."""
    other = bench.client("sc = session().sparkContext; tell('ready'); tell(sc.parallelize([1], 1).mapPartitions(until_go).count())")
    assert other.told() == "ready"
    assert bench.run(
        """
        sc = session().sparkContext
        sc.cancelAllJobs()
        sc.clearJobTags()
        tell([list(sc.getJobTags()), sc.parallelize([1]).count()])
        """
    ) == [[[], 1]]
    (other.folder / "go").touch()
    assert other.end() == [1]


def test_the_connection_is_private(bench: Any) -> None:
    """Connection files have mode 0600 in a folder of 0700, each notebook has its own secret, and no process list shows one."""
    clients = [bench.client("session(); tell('ready'); wait()") for _ in range(2)]
    assert [client.told() for client in clients] == ["ready", "ready"]
    files = [bench.state / "connections" / f"{client.tag}.json" for client in clients]
    assert {stat.S_IMODE(file.stat().st_mode) for file in [*files, bench.state / "driver.args"]} == {0o600}
    assert stat.S_IMODE(bench.state.stat().st_mode) == 0o700
    secrets = {json.loads(file.read_text())["secret"] for file in files}
    assert len(secrets) == 2
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert not [secret for secret in secrets if secret in shown]
    assert "spark.sql.warehouse.dir" not in shown


def test_only_loopback_listens(bench: Any) -> None:
    """The driver listens on loopback addresses alone, and so does who started it, also when it serves Spark Connect."""
    bench.run("session().range(1).count()")
    assert listening(bench.java())
    assert listening(bench.java()) <= LOOPBACK
    bench.do(bench.engine.remote())
    assert listening(bench.java(), os.getpid()) <= LOOPBACK


MANY = "select reflect('java.lang.Thread', 'sleep', 100L) from range(0, 5000, 1, 5000)"
"""A query of so many tasks that all of them take minutes, each a moment."""


def test_a_big_job_starves_no_small_one(bench: Any, until: Any) -> None:
    """Jobs of thousands of tasks came first, of a notebook and of a client of Spark Connect: a small one of another notebook and of
    another client ends before them, though Spark takes the first in the alphabet of those that have nothing running."""

    def client(way: str, tag: str, code: str) -> Any:
        if way == "attached":
            return bench.client(code, tag=tag)
        connection = bench.root / f"{tag}.json"
        connection.write_text(json.dumps({"remote": bench.do(bench.engine.remote(tag))}))
        return bench.attach(SparkAddress(str(connection), "", tag, "connect"), code)

    ways = ("attached", "connect")
    big = [client(way, f"a-{way}", f"spark = session(); tell('ready'); outcome(lambda: spark.sql({MANY!r}).collect())") for way in ways]
    assert [each.told() for each in big] == ["ready", "ready"]
    jobs = bench.engine._control._context.statusTracker()
    until(lambda: len(list(jobs.getActiveJobIds())) == 2)
    for way in ways:
        assert client(way, f"z-{way}", "tell(session().range(0, 8, 1, 8).selectExpr('sum(id)').first()[0])").end() == [28]
    assert len(list(jobs.getActiveJobIds())) == 2
    for each in big:
        bench.do(bench.engine.cancel(each.tag))
    assert [told == "done" for each in big for told in each.end()] == [False, False]


def test_who_reads_next_does_not_wait_for_the_state_of_a_table(bench: Any, until: Any) -> None:
    """When a notebook has ended, Delta computes the state of what it has added; that a table is gone or not readable meanwhile, of another
    one written by it, is nobody's trouble, and is not tried again each time."""
    names = ("kept", "gone", "broken")
    writing = """
        for name in {names}:
            session().range(0, 5, 1, 3).write.mode("append").saveAsTable(f"ahead_{{name}}")
        tell("written")
        """
    client = bench.client(writing.format(names=names) + "\n        wait()" + writing.format(names=names))
    control = bench.engine._control
    delta_log = control._jvm.org.apache.spark.sql.delta.DeltaLog

    def snapshot(name: str) -> Any:
        return delta_log.forTable(control._session, str(bench.warehouse / "default" / f"ahead_{name}")).unsafeVolatileSnapshot()

    def failed_jobs() -> int:
        statuses = control._jvm.java.util.ArrayList()
        statuses.add(control._jvm.org.apache.spark.JobExecutionStatus.FAILED)
        return int(control._context.statusStore().jobsList(statuses).size())

    assert client.told() == "written"
    until(lambda: all(snapshot(name)._computedStateTriggered() for name in names))
    client.go()
    assert client.end() == ["written"]
    assert [(snapshot(name).version(), snapshot(name)._computedStateTriggered()) for name in names] == [(1, False)] * 3
    before = failed_jobs()
    shutil.rmtree(bench.warehouse / "default" / "ahead_gone")
    (bench.warehouse / "default" / "ahead_broken" / "_delta_log" / "00000000000000000001.json").unlink()
    bench.do(bench.engine.cancel(client.tag))
    until(lambda: snapshot("kept")._computedStateTriggered())
    assert (snapshot("kept").version(), snapshot("kept").numOfFiles()) == (1, 6)
    for version in (2, 3, 4):
        more = bench.client(writing.format(names=["kept"]))
        assert more.end() == ["written"]
        bench.do(bench.engine.cancel(more.tag))
        until(lambda: snapshot("kept")._computedStateTriggered())
        assert snapshot("kept").version() == version
    assert failed_jobs() - before == 1
    assert bench.run("tell(session().table('ahead_kept').count())") == [25]


def test_the_state_of_a_table_is_computed_while_its_notebook_goes_on(bench: Any, until: Any) -> None:
    """Of one that it has made, and of one that it has replaced: what it reads next of them finds it."""
    client = bench.client(
        """
        spark = session()
        spark.range(0, 3, 1, 2).write.saveAsTable("at_once")
        tell("made")
        wait()
        spark.range(0, 9, 1, 5).write.mode("overwrite").saveAsTable("at_once")
        tell("replaced")
        wait()
        tell(spark.table("at_once").count())
        """
    )
    control = bench.engine._control
    log = control._jvm.org.apache.spark.sql.delta.DeltaLog.forTable

    def state() -> tuple[int, bool]:
        snapshot = log(control._session, str(bench.warehouse / "default" / "at_once")).unsafeVolatileSnapshot()
        return snapshot.version(), snapshot._computedStateTriggered()

    for version, word in ((0, "made"), (1, "replaced")):
        assert client.told() == word
        until(lambda version=version: state() == (version, True))
        client.go()
    assert client.end() == [9]


def test_a_killed_driver_is_told_at_once_and_its_names_outlive_it(
    tmp_path: Path, own_bench: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL to the driver: ``lost()`` returns, the waiting call and the next one raise, and the next driver knows the tables.

    A table's folder that was removed meanwhile is not missed, and DROP TABLE removes the files. All of it lies in folders
    with spaces, accents, braces and signs in their names, and runs on the Java that the wheel brings.
    """
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    bench = type(own_bench)(tmp_path / "tëam's {1} #2 [100%]")
    try:
        client = bench.client(
            """
            spark = session()
            for name in ("Keep", "empty"):
                spark.sql(f"create schema {name}")
            rows = spark.createDataFrame([(1, "a"), (2, "b"), (3, "b")], ["id", "k"]).coalesce(1)
            rows.write.partitionBy("k").saveAsTable("keep.stays")
            for name in ("keep.removed", "keep.dropped", "loose"):
                rows.write.saveAsTable(name)
            rows.write.csv("out")
            files = [spark.read.csv("out"), spark.read.format("csv").load("out/*.csv"), spark.sql("select * from csv.`out`")]
            tell([table.count() for table in files])
            outcome(endless_job)
            outcome(lambda: spark.range(3).count())
            """
        )
        assert client.told() == [3, 3, 3]
        until(lambda: list(bench.engine._control._context.statusTracker().getActiveJobIds()))
        lost = asyncio.run_coroutine_threadsafe(bench.engine.lost(), bench.loop)
        os.kill(bench.java(), signal.SIGKILL)
        assert "SIGKILL" in lost.result(10)
        assert ["the Spark driver is gone" in told for told in client.end()] == [True, True]
        bench.do(bench.engine.cancel(client.tag))

        shutil.rmtree(bench.warehouse / "keep" / "removed")
        assert bench.run(
            """
            spark = session()
            tell(sorted(row.tableName for row in spark.sql("show tables in keep").collect()))
            tell([spark.table("keep.stays").where("k = 'b'").count(), spark.table("spark_catalog.default.loose").count()])
            spark.sql("DROP TABLE keep.dropped")
            row = spark.createDataFrame([(4, "c")], ["id", "k"]).coalesce(1)
            row.write.mode("append").partitionBy("k").saveAsTable("keep.stays")
            row.write.saveAsTable("keep.removed")
            spark.sql("CREATE OR REPLACE TABLE empty.one AS SELECT 1 AS other")
            tell([spark.table(name).count() for name in ("keep.stays", "keep.removed", "empty.one")])
            """
        ) == [["dropped", "stays"], [2, 3], [4, 1, 1]]
        assert not (bench.warehouse / "keep" / "dropped").exists()
    finally:
        bench.close()


def test_numpy_is_loaded_by_who_uses_it(bench: Any) -> None:
    """Attaching and a query load neither NumPy nor pandas; values of NumPy arrive all the same, once it is there."""
    told = bench.run(
        """
        from pyspark.sql import functions as F
        spark = session()
        rows = spark.sql("SELECT id FROM range(5) WHERE id < :n", args={"n": 3}).where(F.col("id") > 0).collect()
        F.col("id").between(1, F.lit(F.col("id"))) & F.when(F.col("id") > 1, F.col("id") % 2 == 0)
        tell([len(rows), sorted({"numpy", "pandas", "pyarrow"} & set(sys.modules))])
        import numpy
        frame = spark.range(5).select(F.lit(numpy.int64(7)).alias("a"), F.lit(numpy.array([1.5, 2.5])).alias("b"))
        tell([str(frame.schema["b"].dataType), frame.where(F.col("a") == numpy.int32(7)).count(), list(frame.first().b)])
        """
    )
    assert told == [[2, []], ["ArrayType(DoubleType(), True)", 5, [1.5, 2.5]]]


def test_java_s_names_are_what_the_notebook_imports(bench: Any) -> None:
    """A short name of a Java class is no class until the notebook imports it; what a static method says is asked for each time."""
    told = bench.run(
        """
        from py4j.java_gateway import JavaPackage, java_import
        spark = session()
        jvm = spark.sparkContext._jvm
        seen = [type(jvm.Date) is JavaPackage]
        java_import(jvm, "java.sql.Date")
        seen += [jvm.Date._fqn, jvm.Date(0).getClass().getName()]
        sessions = getattr(jvm, "org.apache.spark.sql.classic.SparkSession")
        for change in (lambda: None, sessions.clearActiveSession, lambda: sessions.setActiveSession(spark._jsparkSession)):
            change()
            seen.append(jvm.org.apache.spark.sql.classic.SparkSession.getActiveSession().isDefined())
        tell([seen, jvm.java.lang.Math.max(2, 3), jvm.java.lang.Math.PI > 3])
        """
    )
    assert told == [[[True, "java.sql.Date", "java.sql.Date", True, False, True], 3, True]]
