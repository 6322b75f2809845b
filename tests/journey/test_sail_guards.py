"""Writes and reads on Sail that would lose or change data in silence: each is right, or refused with a word about ``spark``."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow
import pyarrow.parquet
import pytest
from deltalake import DeltaTable, Field, Schema, write_deltalake

pytestmark = pytest.mark.long


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
    "new columns by MERGE of frames": "spark.conf.set('spark.databricks.delta.schema.autoMerge.enabled', 'true'); from pyspark.sql import functions as F; spark.sql(\"CREATE TABLE IF NOT EXISTS n (id BIGINT, k BIGINT)\"); spark.sql(\"SELECT 1L AS id, 1L AS k, 'z' AS z\").mergeInto('n', F.expr('n.id = 1')).whenNotMatched().insertAll().merge()",
    "rows outside, by SQL": 'spark.sql("INSERT INTO delta.`t` REPLACE WHERE k = 1 SELECT 1L, 0L")',
    "a null partition of files": 'spark.sql("SELECT 1L AS id, CAST(NULL AS BIGINT) AS k").write.partitionBy("k").parquet("p")',
    "files over a table": 'rows.write.mode("overwrite").parquet("t")',
    "files that are being read": 'rows.write.parquet("q"); spark.read.parquet("q").where("id > 0").write.mode("overwrite").parquet("q")',
    "a format of dates in files": 'spark.sql("SELECT DATE \'2024-01-02\' AS d").write.option("dateFormat", "yyyy").csv("f")',
    "an empty text in CSV files": 'spark.sql("SELECT \'\' AS s, 1 AS x").write.csv("f")',
    "no number in JSON files": "spark.sql(\"SELECT CAST('NaN' AS DOUBLE) AS x\").write.json('f')",
    "two columns of one name": 'spark.createDataFrame([(1, 2)], ["a", "A"]).write.parquet("f")',
    "bytes as a partition": "spark.sql(\"SELECT 1 AS x, X'00' AS k\").write.partitionBy('k').save('f')",
    "a constraint that is not checked": "spark.sql(\"CREATE TABLE c (a INT) TBLPROPERTIES ('delta.constraints.x' = 'a > 0')\")",
    "fields in another order": "spark.sql(\"CREATE TABLE IF NOT EXISTS o (s STRUCT<x: INT, y: INT>)\"); spark.sql(\"INSERT INTO o SELECT named_struct('y', 1, 'x', 2)\")",
    "a field of another type": 'spark.sql("SELECT named_struct(\'a\', 1) AS s").write.save("st"); spark.sql("SELECT named_struct(\'a\', \'x\') AS s").write.mode("append").save("st")',
    "a field instead of another": 'spark.sql("SELECT named_struct(\'b\', 1) AS s").write.mode("append").save("st")',
    "a field that differs in case": 'spark.sql("SELECT named_struct(\'A\', 1) AS s").write.mode("append").option("mergeSchema", "true").save("st")',
    "another type, by a path with a scheme": 'spark.sql("SELECT \'x\' AS id, 1L AS k").write.mode("append").save(f"file:{os.getcwd()}/t")',
    "a further column, by a path with a scheme": 'spark.sql("SELECT 1L AS id, 1L AS k, 2 AS z").write.mode("append").save(f"file://{os.getcwd()}/t")',
    "another type, by a path among the options": 'spark.sql("SELECT \'x\' AS id, 1L AS k").write.mode("append").option("path", "t").save()',
    "another type, by a name for a path": 'spark.sql("SELECT \'x\' AS id, 1L AS k").write.mode("append").option("path", f"file:{os.getcwd()}/t").saveAsTable("new")',
    "another type, by the second writer": 'spark.sql("SELECT \'x\' AS id, 1L AS k").writeTo(f"delta.`file:{os.getcwd()}/t`").append()',
    "another type, where Delta is not the default": 'spark.conf.set("spark.sql.sources.default", "parquet"); spark.sql("SELECT \'x\' AS id, 1L AS k").writeTo("delta.`t`").append()',
    "a null partition of files, by a path with a scheme": 'spark.sql("SELECT 1L AS id, CAST(NULL AS BIGINT) AS k").write.partitionBy("k").parquet(f"file:{os.getcwd()}/p")',
    "files over a table, by a path with a scheme": 'rows.write.mode("overwrite").parquet(f"file://{os.getcwd()}/t")',
    "files that are being read, by a path with a scheme": 'spark.read.parquet("q").where("id > 0").write.mode("overwrite").parquet(f"file:{os.getcwd()}/q")',
    "files that a view shows": 'spark.read.parquet("q").createOrReplaceTempView("w"); spark.table("w").where("id > 0").write.mode("overwrite").parquet("q")',
    "files that SQL reads": 'spark.sql("SELECT * FROM parquet.`q` WHERE id > 0").write.mode("overwrite").parquet("q")',
    "files of a query over a table": "spark.sql(\"INSERT OVERWRITE DIRECTORY 't' USING parquet SELECT 1 AS a\")",
    "files of a query that reads them": "spark.sql(f\"INSERT OVERWRITE LOCAL DIRECTORY 'file:{os.getcwd()}/q' USING parquet SELECT * FROM parquet.`q` WHERE id > 0\")",
    "an empty text in CSV files of a query": "spark.sql(\"INSERT OVERWRITE DIRECTORY 'f' USING csv SELECT '' AS s, 1 AS x\")",
    "a table that is elsewhere": 'rows.write.save("s3a://bucket/t")',
    "a table that is elsewhere, by SQL": 'spark.sql("INSERT INTO delta.`s3a://bucket/t` VALUES (1, 1)")',
    "a table that is elsewhere, by MERGE": 'from pyspark.sql import functions as F; rows.mergeInto("delta.`s3a://bucket/t`", F.lit(True)).whenMatched().delete().merge()',
    "a table that is elsewhere, by its making": "spark.sql(\"CREATE TABLE e (a INT) USING delta LOCATION 's3a://bucket/t'\")",
    "a schema that is elsewhere": "spark.sql(\"CREATE SCHEMA away LOCATION 'away'\")",
    "a feed of changes": 'spark.read.option("readChangeFeed", "true").option("startingVersion", 0).load("t").count()',
    "a feed of changes, by a name": 'spark.read.option("readChangeFeed", "true").option("startingVersion", 0).table("n").count()',
    "fields in another order, by a frame": "spark.sql(\"SELECT named_struct('y', 1, 'x', 2) AS s\").write.insertInto('o')",
    "a moment that is computed": "spark.sql(\"SELECT TIMESTAMP '2024-01-01', * FROM delta.`t` TIMESTAMP AS OF current_timestamp() + INTERVAL 1 DAY\").collect()",
    "lengths": 'spark.sql("CREATE TABLE v (s VARCHAR(3))")',
    "vacuum": 'spark.sql("VACUUM delta.`t`")',
    "optimize": 'spark.sql("OPTIMIZE delta.`t`")',
    "history": 'spark.sql("DESCRIBE HISTORY delta.`t`")',
}


def test_what_would_lose_data_is_refused_and_changes_nothing(sail: Any, tmp_path: Path) -> None:
    """Each by a sentence that names the engine which does it; every table has the version that it had, and all files are there that were, and no
    others."""
    folder = tmp_path / "nb"
    lines = [
        'spark = session(); rows = spark.range(4).selectExpr("id", "id % 2 AS k"); rows.write.partitionBy("k").save("t")',
        *(
            f"def job():\n    {code}\noutcome(job); spark.conf.set('spark.sql.sources.partitionOverwriteMode', 'static'); spark.conf.set('spark.databricks.delta.schema.autoMerge.enabled', 'false'); spark.conf.set('spark.sql.sources.default', 'delta')"
            for code in WRITES.values()
        ),
        "tell(spark.read.load('t').count())",
    ]
    *refusals, count = sail.run("\n".join(lines), folder)
    assert {name: told for name, told in zip(WRITES, refusals, strict=True) if "--engine spark" not in told} == {}
    named = sail.warehouse / "default"
    assert {place.name for place in folder.iterdir()} == {"t", "q", "st"} and {place.name for place in named.iterdir()} == {"n", "o"}
    tables = [folder / "t", folder / "st", named / "n", named / "o"]
    assert [(DeltaTable(table).version(), DeltaTable(table).to_pyarrow_table().num_rows) for table in tables] == [
        (0, 4),
        (0, 1),
        (0, 0),
        (0, 0),
    ]
    assert count == 4 and sorted(pyarrow.parquet.read_table(folder / "q")["id"].to_pylist()) == [0, 1, 2, 3]


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


def test_paths_mean_the_same_however_they_are_said(sail: Any, tmp_path: Path) -> None:
    """With the scheme of this machine, among options, in a name, with odd signs, by SQL; what goes by place, what has no AS and what is a directory is
    written as by any other way."""
    folder = tmp_path / "nb"
    told = sail.run(
        """
        spark = session()
        here = os.getcwd()
        rows = spark.range(2)
        rows.write.save(f"file:{here}/a ö")
        rows.write.mode("append").option("path", f"file://{here}/a ö").save()
        tell([spark.read.load(f"file:{here}/a ö").count(), spark.sql("SELECT * FROM delta.`a ö`").count(), os.listdir()])
        for read in (lambda: spark.read.csv("file:///nowhere").count(), lambda: spark.sql("SELECT * FROM csv.`/nowhere`").collect(),
                     lambda: spark.sql("CREATE TEMP VIEW v USING csv OPTIONS (path 'nowhere')")):
            outcome(read)
        rows.write.option("path", f"file:{here}/b ü").saveAsTable("by_frame")
        spark.sql("CREATE TABLE by_query USING delta LOCATION 'c ß' SELECT id, 'x' AS s FROM range(2)")
        spark.sql("INSERT INTO by_query SELECT CAST(NULL AS BIGINT), 'y'")
        spark.sql("CREATE TABLE parts (k STRING, x BIGINT) PARTITIONED BY (k)")
        spark.sql("SELECT '' AS x, 1L AS k UNION ALL SELECT 'z', 2L").write.insertInto("parts")
        tell(sorted([row.k or "", row.x] for row in spark.table("parts").collect()))
        spark.sql("INSERT OVERWRITE DIRECTORY 'd' USING json SELECT 1 AS a")
        spark.sql("INSERT OVERWRITE LOCAL DIRECTORY 'd' USING json SELECT 2 AS a")
        tell(spark.read.json("d").collect())
        spark.sql("CREATE TEMP VIEW again AS SELECT * FROM json.`d`")
        rows.write.json("e")
        spark.sql("CREATE OR REPLACE TEMP VIEW again AS SELECT * FROM json.`e`")
        spark.sql("INSERT OVERWRITE DIRECTORY 'd' USING json SELECT 3 AS a FROM again")
        """,
        folder,
    )
    assert told[0][:2] == [4, 4] and told[0][2] == ["a ö"]
    assert ["PATH_NOT_FOUND" in each for each in told[1:4]] == [True] * 3 and told[4:] == [[["", 1], ["z", 2]], [[2]]]
    assert sorted(place.name for place in folder.iterdir()) == ["a ö", "b ü", "c ß", "d", "e"]
    assert required(folder / "c ß") == [] and DeltaTable(folder / "c ß").to_pyarrow_table().num_rows == 3
    assert {json.loads(path.read_text())["location"] for path in sail.warehouse.rglob("*.json") if "by_" in path.name} == {
        str(folder / "b ü"), str(folder / "c ß"),
    }  # fmt: skip
    adds = [
        json.loads(line).get("add")
        for line in (sail.warehouse / "default" / "parts" / "_delta_log" / f"{1:020}.json").read_text().splitlines()
    ]
    assert sorted(str(add["partitionValues"]) for add in adds if add) == ["{'k': 'z'}", "{'k': None}"]


def test_a_folder_with_odd_signs_loses_nothing(sail: Any, tmp_path: Path) -> None:
    """A path may go up from there, and a table that lies there under a name takes one write after another, from one notebook as from the next."""
    folder = tmp_path / "my wörk" / "nb"
    told = sail.run(
        """
        spark = session()
        spark.range(3).write.save("../out")
        spark.range(3).write.option("path", os.path.join(os.getcwd(), "t")).saveAsTable("odd")
        spark.sql("INSERT INTO odd VALUES (7)")
        spark.sql("INSERT INTO odd VALUES (8)")
        spark.range(9, 10).write.mode("append").saveAsTable("odd")
        tell([spark.read.load("../out").count(), spark.table("odd").count()])
        """,
        folder,
    )
    assert told == [[3, 6]] and DeltaTable(tmp_path / "my wörk/out").to_pyarrow_table().num_rows == 3
    sail.run(
        """
        session().sql("INSERT INTO odd VALUES (20)")
        session().range(21, 23).write.mode("overwrite").option("replaceWhere", "id >= 20").saveAsTable("odd")
        """,
        folder,
    )
    assert sorted(DeltaTable(folder / "t").to_pyarrow_table()["id"].to_pylist()) == [0, 1, 2, 7, 8, 9, 21, 22]


def test_tables_that_sail_does_not_know_are_not_touched(sail: Any) -> None:
    """One with a feature for readers that it has not is not read, those with such features for writers, and with a feed of changes, are not written."""
    features = {
        "reads": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["later"], "writerFeatures": ["later"]},
        "writes": {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["later"]},
        "feeds": {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["changeDataFeed"]},
        "newer": {"minReaderVersion": 4, "minWriterVersion": 8},
    }  # fmt: skip
    for name, protocol in features.items():
        table = sail.warehouse / "default" / name
        write_deltalake(table, pyarrow.table({"a": [1]}), configuration={"delta.enableChangeDataFeed": str(name == "feeds").lower()})
        commit = table / "_delta_log" / f"{0:020}.json"
        actions = [json.loads(line) for line in commit.read_text().splitlines()]
        commit.write_text("\n".join(json.dumps({"protocol": protocol} if "protocol" in action else action) for action in actions))
    told = sail.run(
        """
        spark = session()
        for name in ("reads", "writes", "feeds", "newer"):
            outcome(lambda: spark.table(name).collect())
            for job in (
                lambda: spark.sql(f"INSERT INTO {name} VALUES (2L)"), lambda: spark.sql(f"DELETE FROM {name}"),
                lambda: spark.sql("SELECT 2L AS a").write.mode("append").saveAsTable(name),
                lambda: spark.sql("SELECT 2L AS a").write.mode("overwrite").saveAsTable(name),
            ):
                outcome(job)
        """
    )
    assert [each == "done" for each in told] == [*[False] * 5, *[True, False, False, False, False] * 2, *[False] * 5]
    assert {name: len(list((sail.warehouse / "default" / name / "_delta_log").glob("*.json"))) for name in features} == dict.fromkeys(
        features, 1
    )


def test_a_moment_is_answered_as_by_spark(sail: Any, tmp_path: Path) -> None:
    """By SQL and by option: the version of then, and an error before the first and after the last."""
    told = sail.run(
        """
        spark = session()
        spark.range(1).write.save("t")
        os.utime("t/_delta_log/00000000000000000000.json", (1719835200, 1719835200))  # 2024-07-01 12:00 UTC
        spark.range(2).write.mode("append").save("t")
        spark.range(1).write.saveAsTable("n")
        tell(spark.sql("SELECT * FROM delta.`t` TIMESTAMP AS OF '2024-07-02'").count())
        spark.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
        tell(spark.read.option("timestampAsOf", "2024-07-01 14:00:00").load("t").count())
        for moment in ("2024-07-01 13:59:00", "2999-01-01"):
            outcome(lambda: spark.read.option("timestampAsOf", moment).load("t").count())
            outcome(lambda: spark.sql(f"SELECT * FROM delta.`t` FOR SYSTEM_TIME AS OF '{moment}'").collect())
        outcome(lambda: spark.read.option("timestampAsOf", "2999-01-01").table("n").count())
        """,
        tmp_path / "nb",
    )
    early, late = "DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION", "DELTA_TIMESTAMP_GREATER_THAN_COMMIT"
    assert told[:2] == [1, 1] and [wanted in each for wanted, each in zip((early, early, late, late, late), told[2:])] == [True] * 5


def test_null_partitions_are_null_for_every_reader(sail: Any, tmp_path: Path) -> None:
    """Of all types, an empty text too, whether the write names the partitions or the table does; by frames and, but for empty texts, by SQL."""
    kinds = {
        "STRING": "a", "INT": "1", "BIGINT": "1", "DATE": "2024-01-02", "TIMESTAMP": "2024-01-02 03:04:05", "BOOLEAN": "true", "DOUBLE": "1.5",
        "DECIMAL(9,2)": "1.50",
    }  # fmt: skip
    code = [
        f"""
spark = session()
rows = spark.sql("SELECT 1 AS x, CAST(NULL AS {kind}) AS k UNION ALL SELECT 2, CAST('{value}' AS {kind})")
rows.write.partitionBy("k").save("t{number}")
rows.write.mode("append").save("t{number}")
tell(sorted(row.x for row in spark.read.load("t{number}").where("k IS NULL").collect()))
"""
        for number, (kind, value) in enumerate(kinds.items())
    ]
    texts = """
spark.sql("SELECT 1 AS x, '' AS k").write.mode("append").save("t0")
spark.sql("CREATE TABLE named (x INT, k STRING) PARTITIONED BY (k)")
spark.sql("INSERT INTO named VALUES (1, NULL), (2, 'b')")
"""
    folder = tmp_path / "nb"
    assert sail.run("\n".join([*code, texts]), folder) == [[1, 1]] * len(kinds)
    found = {
        place.name: DeltaTable(place).to_pyarrow_table().to_pylist() for place in [*folder.glob("t?"), sail.warehouse / "default" / "named"]
    }
    assert {name: sorted(row["x"] for row in rows if row["k"] is None) for name, rows in found.items()} == {
        name: [1] if name == "named" else [1, 1, 1] if name == "t0" else [1, 1] for name in found
    }
    adds = [json.loads(line).get("add") for line in (folder / "t0" / "_delta_log" / f"{2:020}.json").read_text().splitlines()]
    assert [add["partitionValues"] for add in adds if add] == [{"k": None}]


def test_fields_are_added_within_structs(sail: Any, tmp_path: Path) -> None:
    """mergeSchema adds fields at every depth and in lists; columns are spelled as the table spells them; old rows have nulls there."""
    cases = {
        "flat": ("s STRUCT<a: INT>", "(1,)", "s STRUCT<a: INT, b: STRING>", "(2, 'x')", [{"a": 1, "b": None}, {"a": 2, "b": "x"}]),
        "fewer": ("s STRUCT<a: INT, b: STRING>", "(1, 'x')", "s STRUCT<a: INT>", "(2,)", [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
        "deep": (
            "s STRUCT<t: STRUCT<u: INT>>", "((1,),)", "s STRUCT<t: STRUCT<u: INT, v: STRING>>", "((2, 'z'),)",
            [{"t": {"u": 1, "v": None}}, {"t": {"u": 2, "v": "z"}}],
        ),
        "list": (
            "s ARRAY<STRUCT<a: INT>>", "[(1,), None]", "S ARRAY<STRUCT<a: INT, b: STRING>>", "[(2, 'x')]",
            [[{"a": 1, "b": None}, None], [{"a": 2, "b": "x"}]],
        ),
    }  # fmt: skip
    code = ["spark = session()"]
    for name, (kind, value, other, more, _) in cases.items():
        code.append(f'spark.createDataFrame([({value},)], "{kind}").write.save("{name}")')
        code.append(f'spark.createDataFrame([({more},)], "{other}").write.mode("append").option("mergeSchema", "true").save("{name}")')
    sail.run("\n".join(code), tmp_path / "nb")
    for name, (*_, expected) in cases.items():
        table = DeltaTable(tmp_path / "nb" / name).to_pyarrow_table()
        assert (table.column_names, sorted(table["s"].to_pylist(), key=str)) == (["s"], sorted(expected, key=str)), name


def test_the_rules_of_a_table_hold(sail: Any) -> None:
    """Constraints that another engine has made, in changes that Sail does not check by itself; lengths of texts in every write. What keeps to
    them is written, as far as that can be told."""
    constrained, short = sail.warehouse / "default" / "constrained", sail.warehouse / "default" / "short"
    write_deltalake(constrained, pyarrow.table({"a": pyarrow.array([1], pyarrow.int32())}))
    DeltaTable(constrained).alter.add_constraint({"positive": "a > 0"})
    DeltaTable.create(short, Schema([Field("s", "string", metadata={"__CHAR_VARCHAR_TYPE_STRING": "varchar(3)"})]))
    told = sail.run(
        """
        from pyspark.sql import functions as F
        spark = session()
        row = lambda value: spark.createDataFrame([(value,)], "a INT")
        for job in (
            lambda: spark.sql("UPDATE constrained SET a = -1"), lambda: row(-2).write.mode("overwrite").saveAsTable("constrained"),
            lambda: spark.sql("MERGE INTO constrained t USING (SELECT -3 AS a) s ON t.a = s.a WHEN NOT MATCHED THEN INSERT *"),
            lambda: row(-4).mergeInto("constrained", F.expr("constrained.a = 0")).whenNotMatched().insertAll().merge(),
            lambda: spark.sql("INSERT INTO constrained VALUES (-5)"), lambda: row(None).write.mode("overwrite").saveAsTable("constrained"),
            lambda: spark.sql("INSERT INTO short VALUES ('long text')"),
            lambda: spark.createDataFrame([("long text",)], "s STRING").write.mode("append").saveAsTable("short"),
        ):
            outcome(job)
        row(7).write.mode("overwrite").saveAsTable("constrained")
        spark.sql("INSERT INTO constrained VALUES (8)")
        spark.sql("DELETE FROM constrained WHERE a = 7")
        spark.sql("DELETE FROM short")
        """
    )
    assert ["--engine spark" in each or "CHECK constraint positive" in each for each in told] == [True] * 8
    assert DeltaTable(constrained).to_pyarrow_table().to_pylist() == [{"a": 8}]
    assert DeltaTable(short).to_pyarrow_table().num_rows == 0


def test_changes_take_times_in_the_sessions_zone(sail: Any) -> None:
    """UPDATE, MERGE, with columns named and with stars, and DELETE, by values of other types and by parts of a table's timestamp; what Sail
    would take in UTC all the same is refused."""
    zone = ZoneInfo("America/New_York")
    told = sail.run(
        """
        from pyspark.sql import functions as F
        spark = session()
        spark.conf.set("spark.sql.session.timeZone", "America/New_York")
        spark.sql("CREATE TABLE t (i INT, at TIMESTAMP, `end` TIMESTAMP, n INT)")
        spark.sql("INSERT INTO t SELECT id, TIMESTAMP '2024-07-01 23:00:00', CAST(NULL AS TIMESTAMP) AS e, CAST(NULL AS INT) AS n FROM range(7)")
        spark.sql("UPDATE t SET at = DATE '2024-01-05', n = hour(at) WHERE i = 0 AND hour(at) = 23")
        spark.sql("UPDATE default.t SET end = CASE WHEN day(at) = 1 THEN TIMESTAMP_NTZ '2024-01-05 01:00:00' END WHERE i IN (1, 2)")
        spark.sql("MERGE INTO t x USING (SELECT 3 AS i, DATE '2024-01-05' AS d) s ON x.i = s.i WHEN MATCHED AND hour(x.at) = 23 THEN UPDATE SET x.at = s.d, n = hour(x.at)")
        source = "(SELECT id AS i, DATE '2024-01-05' AS at, '2024-01-05 01:00:00' AS `end`, 0 AS n FROM range(4, 8, 3)) AS s"
        spark.sql(f"MERGE INTO t USING {source} ON t.i = s.i WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")
        spark.sql("DELETE FROM t WHERE i = 5 AND to_date(at) = DATE '2024-07-01'")
        spark.sql("DELETE FROM t WHERE i = 6 AND to_date(at) = DATE '2024-07-02'")
        outcome(lambda: spark.sql("DELETE FROM t WHERE at >= DATE '2024-07-02'"))
        frame = spark.sql("SELECT 1 AS i, DATE '2024-01-05' AS at").alias("s")
        outcome(lambda: frame.mergeInto("t", F.expr("t.i = s.i")).whenMatched().update({"at": F.col("s.at")}).merge())
        same = spark.sql("SELECT 2 AS i, TIMESTAMP '2024-01-05 00:00:00' AS at").alias("s")
        same.mergeInto("t", F.expr("t.i = s.i")).whenMatched().update({"at": F.col("s.at")}).merge()
        """
    )
    assert ["--engine spark" in each for each in told] == [True, True]
    evening, midnight, one = (datetime(*parts, tzinfo=zone) for parts in ((2024, 7, 1, 23), (2024, 1, 5), (2024, 1, 5, 1)))
    rows = DeltaTable(sail.warehouse / "default" / "t").to_pyarrow_table().to_pylist()
    assert sorted(tuple(row.values()) for row in rows) == [
        (0, midnight, None, 23), (1, evening, one, None), (2, midnight, one, None), (3, midnight, None, 23), (4, midnight, one, 0),
        (6, evening, None, None), (7, midnight, one, 0),
    ]  # fmt: skip


def test_queries_take_a_tables_times_in_the_sessions_zone(sail: Any) -> None:
    """By SQL and by frames, through views, joins and files of a table; what is computed of them is stored so."""
    told = sail.run(
        """
        from pyspark.sql import functions as F
        spark = session()
        spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
        spark.sql("CREATE SCHEMA b")
        spark.sql("CREATE TABLE b.t USING delta AS SELECT id AS i, TIMESTAMP '2024-07-02 01:00:00' AS at FROM range(2)")
        first = lambda frame: list(frame.first())
        tell(first(spark.sql("SELECT hour(at), CAST(at AS STRING), CAST(to_date(at) AS STRING) FROM b.t")))
        tell(first(spark.sql("WITH c AS (SELECT * FROM b.t) SELECT hour(c.at), hour(x.at) FROM c JOIN spark_catalog.b.t AS x USING (i) WHERE x.at >= '2024-07-02'")))
        spark.sql("CREATE TEMP VIEW v AS SELECT *, hour(at) AS h FROM b.t")
        frame = spark.table("b.t")
        frame.createOrReplaceTempView("w")
        tell(first(spark.sql("SELECT v.h, hour(w.at) FROM v JOIN w USING (i)")))
        tell(first(frame.alias("p").join(frame.alias("q"), "i").select(F.hour("p.at"), F.date_format("q.at", "yyyy-MM-dd HH"))))
        tell(first(spark.read.load(WAREHOUSE).select(F.hour("at"))))
        frame.groupBy(F.to_date("at").alias("day")).count().write.saveAsTable("b.days")
        spark.sql("INSERT INTO b.days SELECT to_date(at), count(*) FROM b.t GROUP BY 1")
        """.replace("WAREHOUSE", repr(str(sail.warehouse / "b" / "t")))
    )
    local = datetime(2024, 7, 2, 1, tzinfo=ZoneInfo("Asia/Tokyo"))
    hour, day = local.hour, local.date()
    assert told == [[hour, "2024-07-02 01:00:00", str(day)], [hour, hour], [hour, hour], [hour, f"{day} 01"], [hour]]
    assert [row["day"] for row in DeltaTable(sail.warehouse / "b" / "days").to_pyarrow_table().to_pylist()] == [day, day]


def test_columns_that_stand_elsewhere_are_told(sail: Any) -> None:
    """A table that a frame or a query makes has its partition columns last, where Spark leaves them; one that is declared has not."""
    told = sail.run(
        """
        import warnings
        spark = session()
        rows = spark.sql("SELECT 1 AS a, 'x' AS k, 'y' AS j")
        for job in (
            lambda: rows.write.partitionBy("k").saveAsTable("one"), lambda: spark.sql("CREATE TABLE two USING delta PARTITIONED BY (k) AS SELECT 1 AS a, 'x' AS k, 'y' AS j"),
            lambda: spark.sql("CREATE TABLE three (a INT, k STRING, j STRING) USING delta PARTITIONED BY (k)"), lambda: rows.write.mode("append").saveAsTable("three"),
            lambda: rows.write.partitionBy("j").saveAsTable("four"),
        ):
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                job()
            tell(any("behind all others" in str(each.message) for each in said))
        tell([spark.table(name).columns for name in ("one", "two", "three", "four")])
        """
    )
    assert told == [True, True, False, False, False, [["a", "j", "k"], ["a", "j", "k"], ["a", "k", "j"], ["a", "k", "j"]]]


def test_set_and_reset_are_settings(sail: Any) -> None:
    """A value is taken as it stands there, as Spark takes it, also one without quotes; what is answered is what Spark answers."""
    told = sail.run(
        """
        spark = session()
        answers = [[list(row) for row in spark.sql(text).collect()] for text in (
            "SET spark.sql.session.timeZone=Asia/Tokyo", "/* a word */ set spark.sql.session.timeZone", "SET my.own = a b, 'c' ;", "SET my.own",
            "SET TIME ZONE 'Europe/Berlin'", "SET spark.nowhere", "RESET my.own")]
        tell([answers, spark.conf.get("spark.sql.session.timeZone"), spark.conf.get("my.own", "none")])
        outcome(lambda: spark.sql("SET spark.sql.session.timeZone = 'Asia/Tokyo'"))
        import warnings
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            spark.newSession().sql("SET TIME ZONE 'Europe/Berlin'")
            other = spark.newSession()
            other.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
            other.sql("SELECT 1").collect()
        tell([str(each.message)[:34] for each in said if "zone" in str(each.message)])
        """
    )
    zone = "spark.sql.session.timeZone"
    assert told == [
        [
            [
                [[zone, "Asia/Tokyo"]], [[zone, "Asia/Tokyo"]], [["my.own", "a b, 'c'"]], [["my.own", "a b, 'c'"]], [[zone, "Europe/Berlin"]],
                [["spark.nowhere", "<undefined>"]], [],
            ],
            "Europe/Berlin", "none",
        ],
        told[1],
        ["the session's zone is Europe/Berlin"[:34]],
    ]  # fmt: skip
    assert "INVALID_CONF_VALUE.TIME_ZONE" in told[1]


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


def test_the_run_is_told_of_every_commit(sail: Any, tmp_path: Path) -> None:
    """What frames write and what CREATE TABLE … AS makes bears the mark of run and task; of other SQL the commits are noted, each once, and
    none that another has made meanwhile."""
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    context = {
        "run_id": 7, "task_run_id": 8, "pipeline": "p", "task_key": "bronze", "attempt": 2, "started": "2026-01-01T00:00:00+00:00",
        "workspace": str(tmp_path), "notebook": "n.ipynb", "folder": str(tmp_path),
    }  # fmt: skip
    (exchange / "context.json").write_text(json.dumps(context))
    sail.run(
        f"""
        os.environ["NBFLOW_TASK"] = {str(exchange)!r}
        from pyspark.sql import functions as F
        spark = session()
        spark.range(3).write.saveAsTable("t")
        spark.sql("CREATE TABLE u (id BIGINT)")
        spark.sql("CREATE OR REPLACE TABLE v USING delta AS SELECT 1L AS id")
        spark.sql("INSERT INTO t VALUES (10), (11)")
        spark.sql("UPDATE default.t SET id = 12 WHERE id = 11")
        spark.sql("DELETE FROM spark_catalog.default.t WHERE id = 0")
        spark.sql("DELETE FROM t WHERE id = 999")
        spark.sql("MERGE INTO t USING (SELECT 12L AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE")
        spark.sql("MERGE WITH SCHEMA EVOLUTION INTO t USING (SELECT 20L AS id) s ON t.id = s.id WHEN NOT MATCHED THEN INSERT *")
        spark.range(30, 31).mergeInto("t", F.expr("t.id = 30")).whenNotMatched().insertAll().merge()
        spark.sql("INSERT OVERWRITE t SELECT 1L")
        """
    )
    mark = {"nbflow": {"run_id": 7, "task_key": "bronze", "attempt": 2}}
    (commit,) = DeltaTable(sail.warehouse / "default" / "v").history()
    assert json.loads(commit["userMetadata"]) == mark
    log = sail.warehouse / "default" / "t" / "_delta_log"
    history = {commit["version"]: commit for commit in DeltaTable(log.parent).history()}
    assert json.loads(history.pop(0)["userMetadata"]) == mark
    notes, numbers = ([json.loads(line) for line in (exchange / "commits.jsonl").read_text().splitlines()][way::2] for way in (0, 1))
    assert [note["file"].split("-")[1] for note in numbers] == [str(os.stat(note["file"]).st_ino) for note in notes]
    assert notes.pop(0)["file"] == str(sail.warehouse / "default" / "u" / "_delta_log" / f"{0:020}.json")
    assert [note["file"] for note in notes] == [str(log / f"{version:020}.json") for version in sorted(history)]
    assert [note["written"] for note in notes] == [os.stat(note["file"]).st_mtime_ns for note in notes]
    assert [history[version]["operation"] for version in sorted(history)] == [
        "WRITE",
        "UPDATE",
        "DELETE",
        "MERGE",
        "MERGE",
        "MERGE",
        "WRITE",
    ]
