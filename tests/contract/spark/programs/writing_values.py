"""Values on their way into tables: of other types, nested, null, in partitions; and rules that a table has."""

from __future__ import annotations

from typing import Any

from tests.contract.spark.register import Place, attempt, attempted, done, program


def _each(spark: Any, statements: tuple[str, ...]) -> list[Any]:
    return [done(lambda text=text: spark.sql(text)) for text in statements]


@program
def updates_of_other_types(spark: Any, place: Place) -> Any:
    """UPDATE casts what fits, and refuses what does not."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (i INT, s STRING, d DECIMAL(5,2), b TINYINT) USING delta")
    spark.sql(f"INSERT INTO {name} VALUES (1, 'a', 1.5, 1)")
    values = ("s = 5", "i = '7'", "i = 'x'", "i = 3000000000", "i = 7.9", "d = 1.239", "d = 12345.6", "b = 300", "i = 2.5D", "s = true")
    return [[_each(spark, (f"UPDATE {name} SET {value}",)), spark.table(name).collect()] for value in values]


@program
def merges_of_other_types(spark: Any, place: Place) -> Any:
    """MERGE casts what fits, and refuses what does not."""
    told = []
    for number, value in enumerate(("3000000000", "'x'", "'7'", "7.9", "CAST(NULL AS STRING)")):
        name = place.table(f"t{number}")
        spark.sql(f"CREATE TABLE {name} (k INT, i INT) USING delta")
        spark.sql(f"INSERT INTO {name} VALUES (1, 1)")
        merge = f"MERGE INTO {name} t USING (SELECT explode(array(1, 2)) AS k, {value} AS i) s ON t.k = s.k WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        told.append([_each(spark, (merge,)), sorted(spark.table(name).collect())])
    return told


@program
def inserts_of_other_types(spark: Any, place: Place) -> Any:
    """INSERT of texts and numbers into columns of other types, one by one."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (n INT, s STRING, d DECIMAL(5,2), f DOUBLE, o BOOLEAN) USING delta")
    rows = (
        "('7', 5, '1.5', '2.5', 'true')", "('x', 'a', 1, 1, true)", "(7.9, 'a', 1.239, 1, true)", "(1, 1.50, 1, 3, 1)", "(1, true, 1e1, 1e400, true)",
        "(1, DATE '2024-01-02', 1, 16777217, false)",
    )  # fmt: skip
    return [*_each(spark, tuple(f"INSERT INTO {name} VALUES {row}" for row in rows)), spark.table(name)]


@program
def appends_of_other_numbers(spark: Any, place: Place) -> Any:
    """Frames of other numbers appended by path: wider, narrower, decimals of other scales, within arrays."""
    told = []
    cases = (("BIGINT", "INT"), ("INT", "BIGINT"), ("DOUBLE", "FLOAT"), ("DOUBLE", "INT"), ("DECIMAL(10,2)", "DECIMAL(10,1)"), ("DECIMAL(10,2)", "DECIMAL(10,4)"), ("ARRAY<BIGINT>", "ARRAY<INT>"), ("STRING", "INT"))  # fmt: skip
    for number, (stored, given) in enumerate(cases):
        path = place.path(f"t{number}")
        value = ("array(7)", "array(8)") if stored.startswith("ARRAY") else ("7", "8.125" if "4)" in given else "8")
        spark.sql(f"SELECT CAST({value[0]} AS {stored}) AS x").write.format("delta").save(path)
        more = spark.sql(f"SELECT CAST({value[1]} AS {given}) AS x")
        told.append([done(lambda path=path, more=more: more.write.format("delta").mode("append").save(path)), spark.read.load(path)])
    return told


@program
def nulls_within_values(spark: Any, place: Place) -> Any:
    """INSERT and UPDATE of nulls within arrays, maps and structs, and instead of them."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (i INT, a ARRAY<INT>, m MAP<STRING, INT>, s STRUCT<x: INT, y: STRING>) USING delta")
    told = _each(
        spark,
        (
            f"INSERT INTO {name} VALUES (1, array(1, NULL), map('k', NULL), named_struct('x', NULL, 'y', 'b'))",
            f"INSERT INTO {name} VALUES (2, NULL, NULL, NULL)",
            f"INSERT INTO {name} SELECT 3, array(), map(), CAST(NULL AS STRUCT<x: INT, y: STRING>)",
            f"UPDATE {name} SET s = NULL, a = NULL WHERE i = 1",
        ),
    )
    return [told, spark.table(name)]


@program
def nulls_of_structs_are_kept_by_changes(spark: Any, place: Place) -> Any:
    """UPDATE, DELETE and MERGE write rows anew in which a struct is null."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (i INT, s STRUCT<x: INT, y: STRING>, l ARRAY<STRUCT<x: INT>>) USING delta")
    spark.createDataFrame([(1, None, [None]), (2, (1, "a"), [(1,)]), (3, None, None)], "i INT, s STRUCT<x: INT, y: STRING>, l ARRAY<STRUCT<x: INT>>").write.mode("append").saveAsTable(name)  # fmt: skip
    spark.sql(f"UPDATE {name} SET i = 4 WHERE i = 2")
    spark.sql(f"DELETE FROM {name} WHERE i = 3")
    spark.sql(f"MERGE INTO {name} t USING (SELECT 9 AS i) s ON t.i = s.i WHEN NOT MATCHED THEN INSERT (i) VALUES (s.i)")
    return spark.table(name).selectExpr("i", "s IS NULL AS none", "l", "s")


@program
def fields_of_structs_are_set(spark: Any, place: Place) -> Any:
    """UPDATE of one field of a struct."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (i INT, s STRUCT<x: INT, y: STRING>) USING delta")
    spark.sql(f"INSERT INTO {name} VALUES (1, named_struct('x', 1, 'y', 'a'))")
    return [_each(spark, (f"UPDATE {name} SET s.x = 5",)), spark.table(name)]


@program
def changes_of_not_null_columns(spark: Any, place: Place) -> Any:
    """UPDATE and MERGE of null into a NOT NULL column, by frames too."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (a INT NOT NULL, b STRING) USING delta")
    spark.sql(f"INSERT INTO {name} VALUES (1, 'x')")
    told = _each(
        spark,
        (
            f"UPDATE {name} SET a = NULL",
            f"MERGE INTO {name} t USING (SELECT CAST(NULL AS INT) AS a, 'y' AS b) s ON t.a = s.a WHEN NOT MATCHED THEN INSERT *",
            f"MERGE INTO {name} t USING (SELECT 1 AS a, 'y' AS b) s ON t.a = s.a WHEN MATCHED THEN UPDATE SET a = NULL",
        ),
    )
    nulls = spark.createDataFrame([(None, "z")], "a INT, b STRING")
    return [told, done(lambda: nulls.write.mode("append").saveAsTable(name)), spark.table(name)]


@program
def tables_that_only_grow(spark: Any, place: Place) -> Any:
    """delta.appendOnly refuses UPDATE, DELETE and overwrites."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (a INT) USING delta TBLPROPERTIES ('delta.appendOnly' = 'true')")
    told = _each(spark, (f"INSERT INTO {name} VALUES (1)", f"DELETE FROM {name}", f"UPDATE {name} SET a = 2"))
    return [told, done(lambda: spark.sql("SELECT 5 AS a").write.mode("overwrite").saveAsTable(name)), spark.table(name)]


@program
def constraints_in_properties(spark: Any, place: Place) -> Any:
    """A constraint that stands in the table's properties holds for all writes."""
    name = place.table("t")
    made = _each(spark, (f"CREATE TABLE {name} (a INT) USING delta TBLPROPERTIES ('delta.constraints.positive' = 'a > 0')",))
    told = _each(spark, (f"INSERT INTO {name} VALUES (1)", f"INSERT INTO {name} VALUES (-1)", f"UPDATE {name} SET a = -2"))
    minus = spark.createDataFrame([(-3,)], "a INT")
    return [made, told, done(lambda: minus.write.mode("append").saveAsTable(name)), attempted(lambda: spark.table(name))]


@program
def changes_of_tables_with_constraints(spark: Any, place: Place) -> Any:
    """UPDATE, MERGE and overwrites keep to a table's constraints."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (a INT) USING delta")
    told = _each(spark, (f"ALTER TABLE {name} ADD CONSTRAINT positive CHECK (a > 0)", f"INSERT INTO {name} VALUES (1)"))
    minus, plus = spark.createDataFrame([(-3,)], "a INT"), spark.createDataFrame([(3,)], "a INT")
    told += [done(lambda: minus.write.mode("overwrite").saveAsTable(name)), done(lambda: plus.write.mode("overwrite").saveAsTable(name))]
    merge = f"MERGE INTO {name} USING (SELECT -2 AS a) s ON {name}.a = s.a WHEN NOT MATCHED THEN INSERT *"
    return [told, spark.table(name).collect(), _each(spark, (f"UPDATE {name} SET a = -1", merge)), spark.table(name)]


@program
def columns_named_by_ids(spark: Any, place: Place) -> Any:
    """A table with column mapping is written and read by name."""
    name = place.table("t")
    properties = "'delta.columnMapping.mode' = 'name', 'delta.minReaderVersion' = '2', 'delta.minWriterVersion' = '5'"
    told = _each(
        spark,
        (f"CREATE TABLE {name} (`a b` INT, c STRING) USING delta TBLPROPERTIES ({properties})", f"INSERT INTO {name} VALUES (1, 'x'), (2, 'y')", f"UPDATE {name} SET c = 'z' WHERE `a b` = 1"),
    )  # fmt: skip
    return [told, attempted(lambda: spark.table(name))]


@program
def deletions_by_vectors(spark: Any, place: Place) -> Any:
    """A table with deletion vectors."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (a INT) USING delta TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
    told = _each(
        spark, (f"INSERT INTO {name} VALUES (1), (2), (3)", f"DELETE FROM {name} WHERE a = 2", f"UPDATE {name} SET a = 9 WHERE a = 3")
    )
    return [told, attempted(lambda: spark.table(name))]


@program
def changes_of_partitions(spark: Any, place: Place) -> Any:
    """Rows move to other partitions, null among them; null partitions are found and deleted."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (i INT, k STRING, d DATE) USING delta PARTITIONED BY (k, d)")
    told = _each(
        spark,
        (
            f"INSERT INTO {name} VALUES (1, 'a', DATE '2024-01-01'), (2, NULL, NULL), (3, 'c', NULL)",
            f"UPDATE {name} SET k = 'b' WHERE i = 1",
            f"UPDATE {name} SET d = NULL WHERE i = 1",
            f"DELETE FROM {name} WHERE k IS NULL",
            f"MERGE INTO {name} t USING (SELECT 4 AS i, CAST(NULL AS STRING) AS k, DATE '2024-01-05' AS d) s ON t.i = s.i WHEN NOT MATCHED THEN INSERT *",
            f"MERGE INTO {name} t USING (SELECT 3 AS i, '' AS k) s ON t.i = s.i WHEN MATCHED THEN UPDATE SET k = s.k",
        ),
    )
    return [told, spark.table(name), spark.table(name).where("k IS NULL").select("i")]


@program
def partitions_of_odd_numbers(spark: Any, place: Place) -> Any:
    """Partitions of doubles, booleans, decimals and negative numbers."""
    told = []
    for number, values in enumerate(
        ("1.0D, -0.5D, 1e20D", "true, false, NULL", "-1, 0, NULL", "1.50BD, -2.25BD, NULL", "X'00ff', X'', NULL")
    ):
        path = place.path(f"t{number}")
        frame = spark.sql(f"SELECT explode(array({values})) AS k").selectExpr("k", "1 AS x")
        told.append([done(lambda frame=frame, path=path: frame.write.format("delta").partitionBy("k").save(path)), attempted(lambda path=path: spark.read.load(path).select("k"))])  # fmt: skip
    return told


@program
def insert_into_one_partition(spark: Any, place: Place) -> Any:
    """INSERT INTO with a PARTITION clause."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (i INT, k STRING) USING delta PARTITIONED BY (k)")
    told = _each(
        spark,
        (
            f"INSERT INTO {name} PARTITION (k = 'x') SELECT 1",
            f"INSERT INTO {name} PARTITION (k) SELECT 2, 'y'",
            f"INSERT INTO {name} PARTITION (k = 'z') VALUES (3)",
        ),
    )
    return [told, spark.table(name)]


@program
def overwrites_of_partitioned_tables(spark: Any, place: Place) -> Any:
    """An overwrite keeps the table's partitions; other ones are refused without overwriteSchema."""
    name = place.table("t")
    frame = spark.sql("SELECT 1 AS a, 'x' AS k, 'y' AS j")
    frame.write.partitionBy("k").saveAsTable(name)
    told = [
        done(lambda: frame.write.mode("overwrite").saveAsTable(name)),
        done(lambda: frame.write.mode("overwrite").partitionBy("j").saveAsTable(name)),
        done(lambda: frame.write.mode("append").partitionBy("j").saveAsTable(name)),
    ]
    log = place.warehouse / f"c_{place.name}" / "t"
    return [told, sorted(folder.name for folder in log.iterdir() if "=" in folder.name), spark.table(name)]


@program
def overwrites_of_nothing(spark: Any, place: Place) -> Any:
    """An overwrite without rows leaves an empty table; replaceWhere without rows deletes those that it names."""
    name, path = place.table("t"), place.path("u")
    spark.range(3).write.saveAsTable(name)
    spark.range(0).write.mode("overwrite").saveAsTable(name)
    spark.range(3).write.format("delta").save(path)
    told = done(lambda: spark.range(0).write.format("delta").mode("overwrite").option("replaceWhere", "id = 1").save(path))
    return [spark.table(name).count(), told, spark.read.load(path)]


@program
def columns_in_another_order(spark: Any, place: Place) -> Any:
    """Appends go by name where they are by frame, also within structs; INSERT goes by position."""
    path = place.path("t")
    spark.sql("SELECT 1 AS a, 2 AS b, named_struct('x', 1, 'y', 2) AS s").write.format("delta").save(path)
    swapped = spark.sql("SELECT named_struct('y', 20, 'x', 10) AS s, 4 AS b, 3 AS a")
    told = [done(lambda: swapped.write.format("delta").mode("append").save(path))]
    name = place.table("n")
    spark.sql(f"CREATE TABLE {name} (a INT, s STRUCT<x: INT, y: INT>) USING delta")
    told += _each(
        spark,
        (
            f"INSERT INTO {name} SELECT 1, named_struct('y', 20, 'x', 10)",
            f"INSERT INTO {name} (s, a) SELECT named_struct('x', 1, 'y', 2), 5",
        ),
    )
    return [told, spark.read.load(path), spark.table(name)]


@program
def large_and_special_numbers(spark: Any, place: Place) -> Any:
    """Numbers at the ends of their types, NaN, infinities and minus zero are stored as they are."""
    name = place.table("t")
    spark.sql(
        "SELECT 9223372036854775807 AS l, CAST(-128 AS TINYINT) AS b, CAST('NaN' AS DOUBLE) AS n, CAST('-Infinity' AS DOUBLE) AS i, -0.0D AS z, CAST('99999999999999999999999999999999999999' AS DECIMAL(38,0)) AS d, X'00ff' AS y, 1.1F AS f"
    ).write.saveAsTable(name)
    return [spark.table(name), attempt(lambda: spark.table(name).where("n = CAST('NaN' AS DOUBLE)").count())]


@program
def rows_of_intervals(spark: Any, place: Place) -> Any:
    """Intervals in a table are refused, or kept."""
    return [
        done(lambda: spark.sql("SELECT INTERVAL '1 02:03:04' DAY TO SECOND AS i").write.saveAsTable(place.table("t"))),
        done(lambda: spark.sql("SELECT INTERVAL '1-2' YEAR TO MONTH AS i").write.saveAsTable(place.table("u"))),
    ]
