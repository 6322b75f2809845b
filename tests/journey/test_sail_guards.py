"""Writes and reads on Sail that would lose or change data in silence: each is right, or refused with a word about ``spark``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable


def required(folder: Path) -> list[str]:
    """What of a table's own schema takes no null, columns and what is in them."""
    marks = ("nullable", "containsNull", "valueContainsNull")
    return [
        f"{name}: {mark}"
        for mark in marks
        for name in [DeltaTable(folder).schema().to_json()]
        if f'"{mark}":false' in name.replace(" ", "")
    ]


def test_columns_take_nulls_however_a_table_is_made(sail: Any, tmp_path: Path) -> None:
    """By path, by name, with the second writer, as a query, replaced, and with nested columns; the rows are what they were."""
    folder = tmp_path / "nb"
    told = sail.run(
        """
        from pyspark.sql import functions as F
        spark = session()
        rows = spark.range(3).select("id", F.lit("a").alias("s"), F.struct(F.lit(1).alias("x")).alias("n"), F.array(F.lit(1)).alias("l"),
                                     F.lit(1.5).cast("decimal(5,2)").alias("d"), F.current_timestamp().alias("t"), F.current_date().alias("e"))
        rows.write.format("delta").save("by_path")
        rows.write.saveAsTable("by_name")
        rows.writeTo("by_second").using("delta").create()
        spark.sql("CREATE TABLE by_query AS SELECT id, 'a' AS s, struct(1 AS x) AS n FROM range(3)")
        spark.sql("CREATE OR REPLACE TABLE by_query AS WITH r AS (SELECT id, 'b' AS s, struct(1 AS x) AS n FROM range(2)) SELECT * FROM r")
        tell([spark.read.format("delta").load("by_path").drop("t", "e").orderBy("id").first().asDict(True)["n"], spark.table("by_query").count()])
        extra = spark.range(3, 5).withColumn("extra", F.lit("kept"))
        extra.write.format("delta").mode("append").option("mergeSchema", "true").save("by_path")
        tell(sorted(row.extra or "" for row in spark.read.format("delta").load("by_path").collect()))
        """,
        folder,
    )
    assert told == [[{"x": 1}, 2], ["", "", "", "kept", "kept"]]
    for table in [folder / "by_path", *(sail.warehouse / "default").iterdir()]:
        assert required(table) == [], table


WRITES = {
    "another type": 'spark.sql("SELECT \'x\' AS id, 1L AS k").write.mode("append").save("t")',
    "a narrower type": 'spark.sql("SELECT 7.5D AS id, 1L AS k").write.mode("append").save("t")',
    "a further column": 'spark.sql("SELECT 1L AS id, 1L AS k, 2 AS z").write.mode("append").save("t")',
    "dynamic by option": 'rows.write.mode("overwrite").option("partitionOverwriteMode", "dynamic").partitionBy("k").save("t")',
    "dynamic by setting": 'spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic"); rows.write.mode("overwrite").partitionBy("k").save("t")',
    "dynamic by SQL": 'spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic"); spark.sql("INSERT OVERWRITE delta.`t` SELECT 1L, 1L")',
    "dynamic by the second writer": 'rows.writeTo("delta.`t`").overwritePartitions()',
    "rows outside": 'rows.write.mode("overwrite").option("replaceWhere", "k = 1").save("t")',
    "rows outside, by name": 'spark.sql("CREATE TABLE IF NOT EXISTS n (id BIGINT, k BIGINT)"); rows.write.mode("overwrite").option("replaceWhere", "k = 1").saveAsTable("n")',
    "a condition of the second writer": 'from pyspark.sql import functions as F; rows.writeTo("delta.`t`").overwrite(F.col("k") == 1)',
    "new columns by MERGE": "spark.conf.set('spark.databricks.delta.schema.autoMerge.enabled', 'true'); spark.sql(\"MERGE INTO delta.`t` USING (SELECT 1L AS id, 1L AS k, 'z' AS z) s ON delta.`t`.id = s.id WHEN MATCHED THEN UPDATE SET *\")",
    "a null partition": 'spark.sql("SELECT 1L AS id, CAST(NULL AS BIGINT) AS k").write.mode("append").partitionBy("k").save("t")',
    "lengths": 'spark.sql("CREATE TABLE v (s VARCHAR(3))")',
    "a time in the future": "spark.sql(\"SELECT * FROM delta.`t` TIMESTAMP AS OF '2999-01-01'\").collect()",
    "vacuum": 'spark.sql("VACUUM delta.`t`")',
    "optimize": 'spark.sql("OPTIMIZE delta.`t`")',
    "history": 'spark.sql("DESCRIBE HISTORY delta.`t`")',
}


def test_what_would_lose_data_is_refused_and_changes_nothing(sail: Any, tmp_path: Path) -> None:
    """Each by a sentence that names the engine which does it; the table has the version that it had."""
    folder = tmp_path / "nb"
    lines = [
        'spark = session(); rows = spark.range(4).selectExpr("id", "id % 2 AS k"); rows.write.partitionBy("k").save("t")',
        *(
            f"def job():\n    {code}\noutcome(job); spark.conf.set('spark.sql.sources.partitionOverwriteMode', 'static')"
            for code in WRITES.values()
        ),
        "tell(spark.read.load('t').count())",
    ]
    *refusals, count = sail.run("\n".join(lines), folder)
    assert {name: told for name, told in zip(WRITES, refusals, strict=True) if "--engine spark" not in told} == {}
    assert count == 4 and DeltaTable(folder / "t").version() == 0


def test_what_is_right_is_not_refused(sail: Any, tmp_path: Path) -> None:
    """replaceWhere with rows that meet it, a column that merges, a type that fits, an overwrite with another schema."""
    told = sail.run(
        """
        spark = session()
        spark.range(4).selectExpr("id", "id % 2 AS k").write.partitionBy("k").save("t")
        spark.sql("SELECT 9L AS id, 1L AS k").write.mode("overwrite").option("replaceWhere", "k = 1").save("t")
        tell(sorted(row.id for row in spark.read.load("t").collect()))
        spark.range(4).selectExpr("id", "id % 2 AS k").write.saveAsTable("n")
        spark.sql("SELECT 9L AS id, 1L AS k").write.mode("overwrite").option("replaceWhere", "k = 1").saveAsTable("n")
        tell(sorted(row.id for row in spark.table("n").collect()))
        spark.sql("SELECT 5 AS id, 1L AS k").write.mode("append").save("t")
        spark.sql("SELECT 6L AS id, 1L AS k, 'z' AS z").write.mode("append").option("mergeSchema", "true").save("t")
        tell(sorted([row.id, row.z or ""] for row in spark.read.load("t").collect()))
        spark.sql("SELECT 'x' AS other").write.mode("overwrite").option("overwriteSchema", "true").save("t")
        tell(spark.read.load("t").collect())
        """,
        tmp_path / "nb",
    )
    assert told == [[0, 2, 9], [0, 2, 9], [[0, ""], [2, ""], [5, ""], [6, "z"], [9, ""]], [["x"]]]


@pytest.mark.parametrize("path", ["nowhere", "/nowhere/at/all"])
def test_a_path_that_is_not_there_is_told(sail: Any, tmp_path: Path, path: str) -> None:
    """By every reader of files, also where it is one of several."""
    told = sail.run(
        f"""
        spark = session()
        open("a.csv", "w").write("1\\n")
        for read in (spark.read.csv, spark.read.json, spark.read.parquet, spark.read.text, lambda path: spark.read.csv(["a.csv", path])):
            outcome(lambda: read({path!r}).count())
        tell(spark.read.format("csv").option("path", "a.csv").load().count())
        """,
        tmp_path / "nb",
    )
    assert all("PATH_NOT_FOUND" in each for each in told[:5]) and told[5] == 1


def test_commits_carry_the_runs_mark_where_sail_keeps_it(sail: Any, tmp_path: Path) -> None:
    """What a frame writes tells which run and task wrote it."""
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    context = {
        "run_id": 7, "task_run_id": 8, "pipeline": "p", "task_key": "bronze", "attempt": 2, "started": "2026-01-01T00:00:00+00:00",
        "workspace": str(tmp_path), "notebook": "n.ipynb", "folder": str(tmp_path),
    }  # fmt: skip
    (exchange / "context.json").write_text(json.dumps(context))
    sail.run(f"os.environ['NBFLOW_TASK'] = {str(exchange)!r}; session().range(1).write.saveAsTable('t')")
    (commit,) = DeltaTable(sail.warehouse / "default" / "t").history()
    assert json.loads(commit["userMetadata"]) == {"nbflow": {"run_id": 7, "task_key": "bronze", "attempt": 2}}
