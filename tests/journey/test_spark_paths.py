"""Files and modules beside a notebook, seen through Spark: as if the driver stood in the notebook's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long


def test_modules_and_files_beside_the_notebook_reach_the_workers(bench: Any, tmp_path: Path) -> None:
    """Two notebooks at once, each with modules and files of the same names but its own, all used inside a UDF."""
    clients = []
    for number in (1, 2):
        folder = tmp_path / f"team {number}"
        (folder / "sub").mkdir(parents=True)
        (folder / "helpers.py").write_text(f"def f(x):\n    return x * {number}\n")
        (folder / "data.txt").write_text(str(number * 100))
        (folder / "sub" / "added.py").write_text(f"VALUE = {number * 1000}\n")
        clients.append(
            bench.client(
                """
                from pyspark import SparkFiles
                from pyspark.sql.functions import udf
                spark = session()
                spark.sparkContext.addPyFile("sub/added.py")
                spark.sparkContext.addFile("data.txt")
                sys.path.insert(0, sys.argv[2])
                import helpers

                @udf("long")
                def use(x):
                    import added
                    with open("data.txt") as beside, open(SparkFiles.get("data.txt")) as sent:
                        return helpers.f(x) + int(beside.read()) + int(sent.read()) + added.VALUE

                tell("ready")
                wait()
                tell([row[0] for row in spark.range(1, 3).select(use("id")).collect()])
                """,
                folder,
            )
        )
    assert [client.told() for client in clients] == ["ready", "ready"]
    for client in clients:
        client.go()
    assert [client.end() for client in clients] == [[[1201, 1202]], [[2402, 2404]]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A notebook's folder with two CSV files, each of a header and two rows."""
    (tmp_path / "in").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "in" / name).write_text("x\n1\n2\n")
    return tmp_path


def test_readers_and_writers_start_at_the_notebook(bench: Any, folder: Path) -> None:
    """A relative path means the notebook's folder: for readers, writers, their options, lists and patterns."""
    told = bench.run(
        """
        from pyspark.sql.functions import expr
        spark = session()
        read, rows = spark.read, spark.range(3).coalesce(1)
        tell(spark.read.csv("in/a.csv", header=True).count())
        tell(spark.read.option("header", True).csv(["in/a.csv", "in/b.csv"]).count())
        tell(spark.read.format("csv").options(header=True, path="in").load().count())
        tell(spark.read.format("csv").load("in/*.csv").count())
        tell(spark.read.text(["in/a.csv", "in/b.csv"]).count())
        for kind in ("parquet", "json", "orc"):
            getattr(rows.write, kind)("out/" + kind)
            tell(getattr(spark.read, kind)("out/" + kind).count())
        rows.write.save(path="out/delta")
        rows.write.option("path", "out/option").save()
        rows.writeTo("delta.`out/delta`").append()
        rows.selectExpr("id + 9 AS id").alias("s").mergeInto("delta.`out/delta`", expr("s.id = -1")).whenNotMatched().insertAll().merge()
        rows.writeTo("paths_second").using("delta").option("path", "out/second").create()
        tell([spark.read.load("out/delta").count(), spark.read.format("delta").option("path", "out/option").load().count()])
        tell([spark.read.csv("file://" + sys.argv[2] + "/in/a.csv").count(), spark.read.csv(sys.argv[2] + "/in").count()])
        try:
            spark.read.csv("nowhere.csv")
        except Exception as error:
            tell([type(error).__name__, sys.argv[2] + "/nowhere.csv" in str(error)])
        """,
        folder,
    )
    assert told == [2, 4, 4, 6, 6, 3, 3, 3, [9, 3], [3, 6], ["AnalysisException", True]]
    assert {path.name for path in (folder / "out").iterdir()} == {"parquet", "json", "orc", "delta", "option", "second"}


def test_sql_rdds_streams_and_delta_start_at_the_notebook(bench: Any, folder: Path) -> None:
    """So it does in SQL, for Delta's own API, for RDDs, and for streams with their checkpoints."""
    told = bench.run(
        """
        from delta.tables import DeltaTable
        spark = session()
        sc, rows = spark.sparkContext, spark.range(3).coalesce(1)
        rows.write.save("out/delta")
        tell([DeltaTable.isDeltaTable(spark, "out/delta"), DeltaTable.forPath(spark, path="out/delta").toDF().count()])
        tell(spark.sql("select * from delta.`out/delta` join csv.`in/a.csv` on id = try_cast(_c0 as int)").count())
        tell([spark.sql("describe history 'out/delta'").count(), spark.table("csv.`in/b.csv`").count()])
        spark.sql("create temporary view v using csv options (path 'in/a.csv', header 'true')")
        spark.sql("create schema if not exists paths")
        rows.write.option("path", "out/external").saveAsTable("paths.external")
        spark.sql("create table paths.located using delta location 'out/located' as select 1 as x")
        spark.sql("insert overwrite directory 'out/directory' using parquet select 1 as x")
        tell([spark.table(name).count() for name in ("v", "paths.external", "paths.located")])
        tell([sc.textFile("in/a.csv").count(), sc.textFile("in/a.csv,in/b.csv").count(), sc.wholeTextFiles("in").count()])
        sc.parallelize(["x"]).saveAsTextFile("out/text")
        stream = spark.readStream.schema("x string").csv("in").writeStream.trigger(availableNow=True)
        stream.start("out/stream", format="delta", checkpointLocation="out/check").awaitTermination()
        tell(spark.read.load("out/stream").count())
        """,
        folder,
    )
    assert told == [[True, 3], 2, [1, 3], [2, 3, 1], [3, 6, 2], 6]
    made = {"delta", "external", "located", "directory", "text", "stream", "check"}
    assert {path.name for path in (folder / "out").iterdir()} == made
