"""Writing tables: every mode and form, and what must not lose data."""

from __future__ import annotations

import json
from typing import Any

from pyspark.sql import functions as F

from tests.contract.spark.register import Place, attempt, attempted, done, program, settings


@program
def save_modes(spark: Any, place: Place) -> Any:
    """saveAsTable in each mode."""
    name, frame = place.table("t"), spark.range(2)
    frame.write.saveAsTable(name)
    frame.write.mode("append").saveAsTable(name)
    frame.write.mode("ignore").saveAsTable(name)
    counts = [spark.table(name).count(), attempt(lambda: frame.write.saveAsTable(name))]
    frame.write.mode("overwrite").saveAsTable(name)
    return [*counts, spark.table(name).count(), attempt(lambda: frame.write.mode("nonsense").saveAsTable(place.table("u")))]


@program
def save_by_path(spark: Any, place: Place) -> Any:
    """save and load by path, in each mode."""
    frame, path = spark.range(2), place.path("t")
    frame.write.format("delta").save(path)
    frame.write.format("delta").mode("append").save(path)
    refused = attempt(lambda: frame.write.format("delta").save(path))
    count = spark.read.format("delta").load(path).count()
    frame.write.format("delta").mode("overwrite").save(path)
    return [count, refused, spark.read.load(path).count()]


@program
def save_to_relative_path(spark: Any, place: Place) -> Any:
    """A relative path of a table starts at the notebook's folder."""
    spark.range(3).write.format("delta").save(place.relative("t"))
    return [(place.folder / "t" / "_delta_log").is_dir(), spark.read.format("delta").load(place.path("t")).count()]


@program
def tables_of_a_query(spark: Any, place: Place) -> Any:
    """CREATE TABLE AS SELECT, CREATE OR REPLACE with another schema, IF NOT EXISTS."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} USING delta AS SELECT 1 AS a")
    spark.sql(f"CREATE TABLE IF NOT EXISTS {name} USING delta AS SELECT 2 AS a")
    first = spark.table(name).collect()
    refused = attempt(lambda: spark.sql(f"CREATE TABLE {name} USING delta AS SELECT 2 AS a"))
    told = [
        done(lambda query=query: spark.sql(f"CREATE OR REPLACE TABLE {name} USING delta AS {query}"))
        for query in ("SELECT 5 AS a", "SELECT 'x' AS b")
    ]
    return [first, refused, *told, spark.table(name)]


@program
def inserts(spark: Any, place: Place) -> Any:
    """INSERT by position, by names of columns, by name, with defaults left out, and OVERWRITE."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (a INT, b STRING) USING delta")
    rows = ("VALUES (1, 'x'), (2, NULL)", "(b, a) VALUES ('y', 3)", "BY NAME SELECT 'z' AS b, 4 AS a", "(a) VALUES (5)")
    told = [done(lambda text=text: spark.sql(f"INSERT INTO {name} {text}")) for text in rows]
    before = attempted(lambda: spark.table(name))
    return [told, before, done(lambda: spark.sql(f"INSERT OVERWRITE {name} VALUES (9, 'o')")), spark.table(name)]


@program
def insert_into_of_frames(spark: Any, place: Place) -> Any:
    """``insertInto`` goes by position, ``saveAsTable`` with append by name."""
    name = place.table("t")
    spark.sql("SELECT 1 AS a, 2 AS b").write.saveAsTable(name)
    swapped = spark.sql("SELECT 3 AS b, 4 AS a")
    swapped.write.insertInto(name)
    swapped.write.mode("append").saveAsTable(name)
    return spark.table(name)


@program
def writes_of_version_two(spark: Any, place: Place) -> Any:
    """``writeTo``: create, append, overwrite by condition, replace."""
    name = place.table("t")
    spark.range(3).writeTo(name).using("delta").create()
    told = [
        done(lambda: spark.range(3, 5).writeTo(name).append()),
        attempted(lambda: spark.table(name)),
        done(lambda: spark.range(1).writeTo(name).overwrite(F.col("id") < 2)),
        attempted(lambda: spark.table(name)),
        done(lambda: spark.sql("SELECT 'x' AS s").writeTo(name).using("delta").createOrReplace()),
    ]
    return [told, spark.table(name)]


@program
def append_of_another_type_by_path(spark: Any, place: Place) -> Any:
    """Text into an int column: refused, or cast, never null; what stood there stands."""
    path = place.path("t")
    spark.sql("SELECT 1 AS a").write.format("delta").save(path)
    told = [
        attempt(lambda value=value: spark.sql(f"SELECT {value} AS a").write.format("delta").mode("append").save(path))
        for value in ("'x'", "7.5D", "3000000000L")
    ]
    return [told, spark.read.format("delta").load(path)]


@program
def append_of_another_type_by_name(spark: Any, place: Place) -> Any:
    """The same into a table with a name, by saveAsTable and by INSERT."""
    name = place.table("t")
    spark.sql("SELECT 1 AS a").write.saveAsTable(name)
    told = [
        attempt(lambda value=value: spark.sql(f"SELECT {value} AS a").write.mode("append").saveAsTable(name))
        for value in ("'x'", "7.5D", "3000000000L")
    ]
    told.append(done(lambda: spark.sql(f"INSERT INTO {name} VALUES ('x')")))
    return [told, spark.table(name)]


@program
def append_of_an_extra_column(spark: Any, place: Place) -> Any:
    """A column that the table lacks is refused without mergeSchema."""
    path = place.path("t")
    spark.createDataFrame([(1,)], "a INT").write.format("delta").save(path)
    more = spark.createDataFrame([(2, "x")], "a INT, b STRING")
    return [attempt(lambda: more.write.format("delta").mode("append").save(path)), spark.read.format("delta").load(path)]


@program
def append_of_an_extra_column_beside_not_null(spark: Any, place: Place) -> Any:
    """The same where the table came of a literal or a range, which Sail makes NOT NULL: refused or merged, never lost."""
    path = place.path("t")
    spark.sql("SELECT 1 AS a").write.format("delta").save(path)
    more = spark.sql("SELECT 2 AS a, 'x' AS b")
    plain = attempt(lambda: more.write.format("delta").mode("append").save(path))
    merged = attempt(lambda: more.write.format("delta").mode("append").option("mergeSchema", "true").save(path))
    return [plain, merged, spark.read.format("delta").load(path)]


@program
def append_of_an_extra_column_by_name(spark: Any, place: Place) -> Any:
    """And by name, to a table of a range."""
    name = place.table("t")
    spark.range(1).write.saveAsTable(name)
    more = spark.range(1, 2).withColumn("b", F.lit("x"))
    plain = attempt(lambda: more.write.mode("append").saveAsTable(name))
    merged = attempt(lambda: more.write.mode("append").option("mergeSchema", "true").saveAsTable(name))
    return [plain, merged, spark.table(name)]


@program
def append_of_a_missing_column(spark: Any, place: Place) -> Any:
    """A column that the append lacks is null."""
    path = place.path("t")
    spark.createDataFrame([(1, "x")], "a INT, b STRING").write.format("delta").save(path)
    told = attempt(lambda: spark.createDataFrame([(2,)], "a INT").write.format("delta").mode("append").save(path))
    return [told, spark.read.format("delta").load(path)]


@program
def append_of_nulls_to_a_range(spark: Any, place: Place) -> Any:
    """A table that came of a range takes nulls."""
    path = place.path("t")
    spark.range(1).write.format("delta").save(path)
    told = attempt(lambda: spark.createDataFrame([(None,)], "id LONG").write.format("delta").mode("append").save(path))
    return [told, spark.read.format("delta").load(path)]


@program
def dynamic_overwrite_by_option(spark: Any, place: Place) -> Any:
    """``partitionOverwriteMode=dynamic`` leaves the other partitions."""
    path = place.path("t")
    spark.createDataFrame([(1, "a"), (2, "b")], "x INT, k STRING").write.format("delta").partitionBy("k").save(path)
    new = spark.createDataFrame([(9, "a")], "x INT, k STRING")
    told = attempt(lambda: new.write.format("delta").mode("overwrite").option("partitionOverwriteMode", "dynamic").save(path))
    return [told, spark.read.format("delta").load(path)]


@program
def dynamic_overwrite_by_setting(spark: Any, place: Place) -> Any:
    """The same by the session's setting, by saveAsTable, insertInto and INSERT OVERWRITE."""
    name = place.table("t")
    spark.createDataFrame([(1, "a"), (2, "b"), (3, "c"), (4, "d")], "x INT, k STRING").write.partitionBy("k").saveAsTable(name)
    with settings(spark, {"spark.sql.sources.partitionOverwriteMode": "dynamic"}):
        told = [
            attempt(lambda: spark.createDataFrame([(9, "a")], "x INT, k STRING").write.mode("overwrite").insertInto(name)),
            done(lambda: spark.sql(f"INSERT OVERWRITE {name} VALUES (8, 'b')")),
        ]
    return [told, spark.table(name)]


@program
def insert_overwrite_of_a_partition(spark: Any, place: Place) -> Any:
    """INSERT OVERWRITE with a PARTITION clause replaces that one."""
    name = place.table("t")
    spark.createDataFrame([(1, "a"), (2, "b")], "x INT, k STRING").write.partitionBy("k").saveAsTable(name)
    told = done(lambda: spark.sql(f"INSERT OVERWRITE {name} PARTITION (k = 'a') SELECT 9"))
    return [told, spark.table(name)]


@program
def replace_where(spark: Any, place: Place) -> Any:
    """``replaceWhere`` replaces what the condition takes in."""
    path = place.path("t")
    spark.createDataFrame([(1, "a"), (2, "b")], "x INT, k STRING").write.format("delta").partitionBy("k").save(path)
    new = spark.createDataFrame([(9, "a")], "x INT, k STRING")
    told = attempt(lambda: new.write.format("delta").mode("overwrite").option("replaceWhere", "k = 'a'").save(path))
    return [told, spark.read.format("delta").load(path)]


@program
def replace_where_with_rows_outside(spark: Any, place: Place) -> Any:
    """Rows outside the condition are refused, and nothing is changed."""
    path = place.path("t")
    spark.createDataFrame([(1, "a"), (2, "b")], "x INT, k STRING").write.format("delta").partitionBy("k").save(path)
    new = spark.createDataFrame([(9, "b")], "x INT, k STRING")
    told = attempt(lambda: new.write.format("delta").mode("overwrite").option("replaceWhere", "k = 'a'").save(path))
    return [told, spark.read.format("delta").load(path)]


@program
def null_partitions_are_written(spark: Any, place: Place) -> Any:
    """Null in a column of partitions, as text, date and int."""
    told = []
    for kind in ("STRING", "DATE", "INT"):
        path = place.path(kind)
        spark.sql(f"SELECT 1 AS x, CAST(NULL AS {kind}) AS k").write.format("delta").partitionBy("k").save(path)
        told.append(spark.read.format("delta").load(path))
    return told


@program
def empty_texts_in_partitions(spark: Any, place: Place) -> Any:
    """An empty text in a column of partitions is null, also in the log that other engines read."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (x INT, k STRING) USING delta PARTITIONED BY (k)")
    spark.sql(f"INSERT INTO {name} VALUES (1, '')")
    spark.sql("SELECT 2 AS x, '' AS k").write.mode("append").saveAsTable(name)
    log = place.warehouse / f"c_{place.name}" / "t" / "_delta_log"
    adds = [json.loads(line).get("add") for file in sorted(log.glob("*.json")) for line in file.read_text("utf-8").splitlines()]
    return [[add["partitionValues"] for add in adds if add], spark.table(name)]


@program
def columns_in_another_case(spark: Any, place: Place) -> Any:
    """A column whose name differs in case only is the table's column, also with mergeSchema."""
    path = place.path("t")
    spark.createDataFrame([(1, "x")], "a INT, b STRING").write.format("delta").save(path)
    more = spark.createDataFrame([(2, "y")], "A INT, B STRING")
    more.write.format("delta").mode("append").save(path)
    more.write.format("delta").mode("append").option("mergeSchema", "true").save(path)
    return spark.read.format("delta").load(path)


@program
def append_of_a_struct_with_fewer_fields(spark: Any, place: Place) -> Any:
    """A field that the append lacks is null, with mergeSchema and without."""
    path = place.path("t")
    spark.createDataFrame([(1, (1, "x"))], "id INT, s STRUCT<a: INT, b: STRING>").write.format("delta").save(path)
    fewer = spark.createDataFrame([(2, (2,))], "id INT, s STRUCT<a: INT>")
    told = [
        attempt(lambda: fewer.write.format("delta").mode("append").option("mergeSchema", "true").save(path)),
        attempt(lambda: fewer.write.format("delta").mode("append").save(path)),
    ]
    return [told, spark.read.format("delta").load(path)]


@program
def tables_made_at_a_path_by_the_second_writer(spark: Any, place: Place) -> Any:
    """``writeTo`` a path makes a table there."""
    path = place.path("t")
    return [
        attempt(lambda: spark.range(2).writeTo(f"delta.`{path}`").create()),
        attempt(lambda: spark.read.format("delta").load(path).count()),
    ]


@program
def insert_into_of_other_names(spark: Any, place: Place) -> Any:
    """``insertInto`` heeds no names of columns; what does not fit is refused."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (a INT, b STRING) USING delta")
    spark.sql("SELECT 1 AS x, 'q' AS y").write.insertInto(name)
    told = [
        attempt(lambda query=query: spark.sql(query).write.insertInto(name))
        for query in ("SELECT 'z' AS x, 'q' AS y", "SELECT 3000000000L AS x, 'w' AS y", "SELECT 1 AS x", "SELECT 1 AS x, 'w' AS y, 3 AS z")
    ]
    return [told, spark.table(name)]


@program
def inserts_of_times(spark: Any, place: Place) -> Any:
    """INSERT of texts, dates and times without zone into a column of timestamps takes the session's zone."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (i INT, t TIMESTAMP, n TIMESTAMP_NTZ) USING delta")
    with settings(spark, {"spark.sql.session.timeZone": "America/New_York"}):
        for number, value in enumerate(("TIMESTAMP '2024-07-01 23:00:00'", "'2024-07-01 23:00:00'", "DATE '2024-07-01'")):
            spark.sql(f"INSERT INTO {name} VALUES ({number}, {value}, {value})")
        spark.sql(f"INSERT INTO {name} (n, t, i) SELECT TIMESTAMP '2024-07-01 22:00:00', TIMESTAMP_NTZ '2024-07-01 22:00:00', 3")
        return spark.sql(f"SELECT i, unix_timestamp(t) AS u, n FROM {name} ORDER BY i").collect()


@program
def inserts_that_replace(spark: Any, place: Place) -> Any:
    """INSERT INTO … REPLACE WHERE."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} USING delta AS SELECT 1 AS a")
    return [
        done(lambda: spark.sql(f"INSERT INTO {name} REPLACE WHERE a = 1 SELECT 1 AS a")),
        done(lambda: spark.sql(f"INSERT INTO {name} REPLACE WHERE a = 1 SELECT 2 AS a")),
        spark.table(name),
    ]


@program
def files_over_a_table(spark: Any, place: Place) -> Any:
    """Parquet files that overwrite a table's folder."""
    path = place.path("t")
    spark.range(2).write.format("delta").save(path)
    told = attempt(lambda: spark.range(3).write.mode("overwrite").parquet(path))
    return [told, (place.folder / "t" / "_delta_log").exists()]


@program
def odd_partition_values(spark: Any, place: Place) -> Any:
    """Partition values with blanks, signs and letters beyond ASCII; timestamps and decimals."""
    path, other = place.path("t"), place.path("u")
    spark.createDataFrame([(1, "a b"), (2, "c/d=e"), (3, "50%"), (4, "ä")], "x INT, k STRING").write.format("delta").partitionBy("k").save(
        path
    )
    spark.sql("SELECT 1 AS x, TIMESTAMP '2024-01-02 03:04:05.678' AS t, CAST(1.50 AS DECIMAL(9,2)) AS d").write.format("delta").partitionBy(
        "t", "d"
    ).save(other)
    return [spark.read.format("delta").load(path), spark.read.format("delta").load(other)]


@program
def overwrite_schema(spark: Any, place: Place) -> Any:
    """An overwrite with another schema needs ``overwriteSchema``."""
    name = place.table("t")
    spark.sql("SELECT 1 AS a").write.saveAsTable(name)
    new = spark.sql("SELECT 'x' AS b")
    refused = attempt(lambda: new.write.mode("overwrite").saveAsTable(name))
    before = spark.table(name).columns
    new.write.mode("overwrite").option("overwriteSchema", "true").saveAsTable(name)
    return [refused, before, spark.table(name)]


@program
def dropped_and_made_again(spark: Any, place: Place) -> Any:
    """A dropped table is gone with its rows; one of the same name begins anew."""
    name = place.table("t")
    spark.sql("SELECT 1 AS a").write.saveAsTable(name)
    spark.sql(f"DROP TABLE {name}")
    gone = attempt(lambda: spark.table(name).count())
    made = attempt(lambda: spark.sql("SELECT 'x' AS b").write.saveAsTable(name))
    return [gone, made, attempted(lambda: spark.table(name))]


@program
def dropped_with_its_files(spark: Any, place: Place) -> Any:
    """DROP TABLE removes a managed table's folder."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} USING delta AS SELECT 1 AS a")
    folder = place.warehouse / f"c_{place.name}" / "t"
    there = folder.exists()
    spark.sql(f"DROP TABLE {name}")
    return [
        there,
        folder.exists(),
        attempt(lambda: spark.sql(f"DROP TABLE {name}")),
        done(lambda: spark.sql(f"DROP TABLE IF EXISTS {name}")),
    ]


@program
def tables_at_a_path(spark: Any, place: Place) -> Any:
    """A table over a path keeps its files when it is dropped."""
    name, path = place.table("t"), place.path("t")
    spark.range(2).write.format("delta").save(path)
    spark.sql(f"CREATE TABLE {name} USING delta LOCATION '{path}'")
    count = spark.table(name).count()
    spark.sql(f"DROP TABLE {name}")
    return [count, spark.read.format("delta").load(path).count(), spark.sql(f"SELECT * FROM delta.`{path}`")]


@program
def reads_and_writes_of_one_table(spark: Any, place: Place) -> Any:
    """A table is overwritten with a query of itself, and read again after each write."""
    name = place.table("t")
    spark.range(3).write.saveAsTable(name)
    frame = spark.table(name)
    counts = [frame.count()]
    spark.table(name).where("id > 0").write.mode("overwrite").saveAsTable(name)
    counts.append(spark.table(name).count())
    spark.sql(f"INSERT INTO {name} SELECT id + 10 FROM {name}")
    return [counts, spark.table(name)]


@program
def numbers_that_do_not_fit(spark: Any, place: Place) -> Any:
    """INSERT of numbers too large, and of decimals with more digits, into narrow columns."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (a TINYINT, d DECIMAL(5,2)) USING delta")
    told = [
        done(lambda values=values: spark.sql(f"INSERT INTO {name} VALUES {values}"))
        for values in ("(300, 1)", "(1, 12345.6)", "(2, 1.239)")
    ]
    return [told, spark.table(name)]


@program
def files_without_rows(spark: Any, place: Place) -> Any:
    """An empty frame makes a table with its columns."""
    name = place.table("t")
    spark.createDataFrame([], "a INT, b ARRAY<STRING>").write.saveAsTable(name)
    return spark.table(name)


@program
def columns_of_nothing(spark: Any, place: Place) -> Any:
    """A column of nulls alone, without a type, in a table."""
    path = place.path("t")
    told = attempt(lambda: spark.sql("SELECT 1 AS a, NULL AS b").write.format("delta").save(path))
    return [told, attempt(lambda: spark.read.format("delta").load(path))]


@program
def names_of_columns(spark: Any, place: Place) -> Any:
    """Names with blanks and signs are refused; those that differ in case only too; quoted ones work."""
    return [
        attempt(lambda: spark.sql("SELECT 1 AS `a b`").write.format("delta").save(place.path("t"))),
        attempt(lambda: spark.createDataFrame([(1, 2)], ["a", "A"]).write.format("delta").save(place.path("u"))),
        attempt(lambda: spark.sql("SELECT 1 AS `ä-ö`, 2 AS `x.y`").write.format("delta").save(place.path("v"))),
        attempted(lambda: spark.read.format("delta").load(place.path("v")).select("`x.y`")),
    ]
