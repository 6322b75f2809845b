"""UPDATE, DELETE, MERGE with each clause, and schemas that grow."""

from __future__ import annotations

from typing import Any

from pyspark.sql import functions as F

from tests.contract.spark.register import Place, attempt, attempted, done, program, settings


def _two(spark: Any, place: Place, target: str = "(1, 'a'), (2, 'b'), (3, 'c')", source: str = "(2, 'B'), (4, 'D')") -> tuple[str, str]:
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (k INT, v STRING) USING delta")
    spark.sql(f"INSERT INTO {name} VALUES {target}")
    return name, place.view("s", f"SELECT * FROM VALUES {source} AS t(k, v)")


@program
def updates(spark: Any, place: Place) -> Any:
    """UPDATE with and without a condition, from the row itself."""
    name, _ = _two(spark, place)
    spark.sql(f"UPDATE {name} SET v = upper(v), k = k + 10 WHERE k > 1")
    spark.sql(f"UPDATE {name} SET v = NULL WHERE k = 13")
    return spark.table(name)


@program
def deletes(spark: Any, place: Place) -> Any:
    """DELETE with a condition; a null is no reason; without a condition nothing is left."""
    name, _ = _two(spark, place, "(1, 'a'), (2, NULL), (NULL, 'c')")
    spark.sql(f"DELETE FROM {name} WHERE k > 1 OR v = 'zz'")
    rows = spark.table(name).collect()
    spark.sql(f"DELETE FROM {name}")
    return [sorted(rows, key=str), spark.table(name).count()]


@program
def counts_of_changes(spark: Any, place: Place) -> Any:
    """What UPDATE, DELETE and INSERT answer."""
    name, _ = _two(spark, place)
    return [
        spark.sql(f"UPDATE {name} SET v = 'x' WHERE k < 3"),
        spark.sql(f"DELETE FROM {name} WHERE k = 3"),
        spark.sql(f"INSERT INTO {name} VALUES (7, 'g')"),
    ]


@program
def delete_with_subquery(spark: Any, place: Place) -> Any:
    """DELETE with a subquery."""
    name, source = _two(spark, place)
    return [done(lambda: spark.sql(f"DELETE FROM {name} WHERE k IN (SELECT k FROM {source})")), spark.table(name)]


@program
def merge_upsert(spark: Any, place: Place) -> Any:
    """MERGE: update what matches, insert the rest."""
    name, source = _two(spark, place)
    spark.sql(f"MERGE INTO {name} t USING {source} s ON t.k = s.k WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")
    return spark.table(name)


@program
def merge_with_conditions(spark: Any, place: Place) -> Any:
    """MERGE with conditions, a delete, and only some columns."""
    name, source = _two(spark, place, source="(1, 'A'), (2, NULL), (4, 'D'), (5, 'skip')")
    spark.sql(f"""MERGE INTO {name} t USING {source} s ON t.k = s.k
        WHEN MATCHED AND s.v IS NULL THEN DELETE
        WHEN MATCHED THEN UPDATE SET t.v = concat(t.v, s.v)
        WHEN NOT MATCHED AND s.v <> 'skip' THEN INSERT (k) VALUES (s.k)""")
    return spark.table(name)


@program
def merge_not_matched_by_source(spark: Any, place: Place) -> Any:
    """MERGE: what the source lacks is changed or deleted."""
    name, source = _two(spark, place)
    spark.sql(f"""MERGE INTO {name} t USING {source} s ON t.k = s.k
        WHEN NOT MATCHED BY SOURCE AND t.k = 1 THEN DELETE
        WHEN NOT MATCHED BY SOURCE THEN UPDATE SET t.v = 'old'""")
    return spark.table(name)


@program
def merge_with_duplicates(spark: Any, place: Place) -> Any:
    """Two rows of the source for one of the table are refused, and nothing is changed."""
    name, source = _two(spark, place, source="(1, 'x'), (1, 'y')")
    told = done(lambda: spark.sql(f"MERGE INTO {name} t USING {source} s ON t.k = s.k WHEN MATCHED THEN UPDATE SET v = s.v"))
    return [told, spark.table(name)]


@program
def merge_with_null_keys(spark: Any, place: Place) -> Any:
    """Null keys match nothing, unless by ``<=>``."""
    name, source = _two(spark, place, "(1, 'a'), (NULL, 'n')", "(1, 'A'), (NULL, 'N')")
    spark.sql(f"MERGE INTO {name} t USING {source} s ON t.k <=> s.k WHEN MATCHED THEN UPDATE SET v = s.v")
    rows = sorted(spark.table(name).collect(), key=str)
    spark.sql(f"MERGE INTO {name} t USING {source} s ON t.k = s.k WHEN NOT MATCHED THEN INSERT *")
    return [rows, spark.table(name)]


@program
def merge_casts(spark: Any, place: Place) -> Any:
    """MERGE of a source with wider types casts, and refuses what does not fit."""
    name, _ = _two(spark, place)
    told = [
        done(
            lambda query=query: spark.sql(
                f"MERGE INTO {name} t USING ({query}) s ON t.k = s.k WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
            )
        )
        for query in ("SELECT 1L AS k, 5 AS v", "SELECT 3000000000L AS k, 'big' AS v")
    ]
    return [told, spark.table(name)]


@program
def merge_evolves_schema(spark: Any, place: Place) -> Any:
    """MERGE WITH SCHEMA EVOLUTION adds the source's columns."""
    name, _ = _two(spark, place)
    told = done(
        lambda: spark.sql(
            f"MERGE WITH SCHEMA EVOLUTION INTO {name} t USING (SELECT 1 AS k, 'A' AS v, 9 AS more) s ON t.k = s.k WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        )
    )
    return [told, spark.table(name)]


@program
def merge_auto_merge(spark: Any, place: Place) -> Any:
    """The setting ``autoMerge`` adds the source's columns; without it they are left out."""
    name, _ = _two(spark, place)
    text = f"MERGE INTO {name} t USING (SELECT {{k}} AS k, 'A' AS v, 9 AS more) s ON t.k = s.k WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    spark.sql(text.format(k=1))
    columns = spark.table(name).columns
    with settings(spark, {"spark.databricks.delta.schema.autoMerge.enabled": "true"}):
        told = done(lambda: spark.sql(text.format(k=7)))
    return [columns, told, spark.table(name)]


@program
def delta_table_api(spark: Any, place: Place) -> Any:
    """``DeltaTable``: merge, update, delete, history."""
    from delta.tables import DeltaTable

    name, source = _two(spark, place)

    def change() -> list[Any]:
        table = DeltaTable.forName(spark, name)
        table.alias("t").merge(spark.table(source).alias("s"), "t.k = s.k").whenMatchedUpdate(
            set={"v": "s.v"}
        ).whenNotMatchedInsertAll().execute()
        table.update("k = 1", {"v": F.lit("one")})
        table.delete("k = 3")
        return [row.operation for row in table.history().select("operation").collect()]

    return [attempt(change), spark.table(name)]


@program
def merge_of_frames(spark: Any, place: Place) -> Any:
    """``mergeInto`` of frames."""
    name, source = _two(spark, place)
    told = attempt(
        lambda: (
            spark.table(source)
            .alias("s")
            .mergeInto(name, F.expr(f"{name}.k = s.k"))
            .whenMatched()
            .updateAll()
            .whenNotMatched()
            .insertAll()
            .merge()
        )
    )
    return [told, spark.table(name)]


@program
def merge_of_frames_with_auto_merge(spark: Any, place: Place) -> Any:
    """``mergeInto`` with the setting ``autoMerge`` adds the source's columns, as withSchemaEvolution does."""
    name, _ = _two(spark, place)

    def merge(key: int, column: str, evolves: bool) -> None:
        source = spark.sql(f"SELECT {key} AS k, 'new' AS v, 9 AS {column}")
        writer = source.mergeInto(name, F.expr(f"{name}.k = {key}")).whenNotMatched().insertAll()
        (writer.withSchemaEvolution() if evolves else writer).merge()

    evolved = attempt(lambda: merge(7, "evolved", evolves=True))
    with settings(spark, {"spark.databricks.delta.schema.autoMerge.enabled": "true"}):
        told = attempt(lambda: merge(8, "merged", evolves=False))
    return [evolved, told, spark.table(name)]


@program
def merge_schema_adds_columns(spark: Any, place: Place) -> Any:
    """mergeSchema adds columns; rows from before have null there."""
    path = place.path("t")
    spark.createDataFrame([(1,)], "a INT").write.format("delta").save(path)
    told = attempt(
        lambda: (
            spark.createDataFrame([(2, "x")], "a INT, b STRING")
            .write.format("delta")
            .mode("append")
            .option("mergeSchema", "true")
            .save(path)
        )
    )
    return [told, spark.read.format("delta").load(path)]


@program
def merge_schema_adds_literals(spark: Any, place: Place) -> Any:
    """The same of a literal, which Sail makes NOT NULL: the old rows can be read."""
    path = place.path("t")
    frame = spark.createDataFrame([(1,)], "a INT")
    frame.write.format("delta").save(path)
    told = attempt(lambda: frame.withColumn("b", F.lit("x")).write.format("delta").mode("append").option("mergeSchema", "true").save(path))
    return [told, attempted(lambda: spark.read.format("delta").load(path).orderBy("b"))]


@program
def merge_schema_adds_fields(spark: Any, place: Place) -> Any:
    """mergeSchema adds fields within a struct."""
    path = place.path("t")
    spark.createDataFrame([(1, (1,))], "id INT, s STRUCT<a: INT>").write.format("delta").save(path)
    told = attempt(
        lambda: (
            spark.createDataFrame([(2, (2, "x"))], "id INT, s STRUCT<a: INT, b: STRING>")
            .write.format("delta")
            .mode("append")
            .option("mergeSchema", "true")
            .save(path)
        )
    )
    return [told, spark.read.format("delta").load(path)]


@program
def merge_schema_with_another_type(spark: Any, place: Place) -> Any:
    """mergeSchema does not take a column of another type."""
    path = place.path("t")
    spark.createDataFrame([(1,)], "a INT").write.format("delta").save(path)
    told = attempt(
        lambda: spark.createDataFrame([("x",)], "a STRING").write.format("delta").mode("append").option("mergeSchema", "true").save(path)
    )
    return [told, spark.read.format("delta").load(path)]


@program
def alter_adds_columns(spark: Any, place: Place) -> Any:
    """ALTER TABLE ADD COLUMNS, also within order, and comments."""
    name, _ = _two(spark, place)
    told = done(lambda: spark.sql(f"ALTER TABLE {name} ADD COLUMNS (w DOUBLE AFTER k, z STRING COMMENT 'last')"))
    return [told, spark.table(name)]


@program
def alter_renames_tables(spark: Any, place: Place) -> Any:
    """ALTER TABLE RENAME TO keeps the rows."""
    name, _ = _two(spark, place)
    new = place.table("renamed")
    told = done(lambda: spark.sql(f"ALTER TABLE {name} RENAME TO {new}"))
    return [told, attempt(lambda: spark.table(new)), spark.catalog.tableExists(name)]


@program
def alter_renames_and_drops_columns(spark: Any, place: Place) -> Any:
    """Renaming and dropping columns needs column mapping."""
    name, _ = _two(spark, place)
    refused = done(lambda: spark.sql(f"ALTER TABLE {name} RENAME COLUMN v TO w"))
    told = done(
        lambda: spark.sql(
            f"ALTER TABLE {name} SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name', 'delta.minReaderVersion' = '2', 'delta.minWriterVersion' = '5')"
        )
    )
    renamed = done(lambda: spark.sql(f"ALTER TABLE {name} RENAME COLUMN v TO w"))
    return [refused, told, renamed, spark.table(name)]


@program
def widened_types(spark: Any, place: Place) -> Any:
    """ALTER COLUMN TYPE without the feature is refused."""
    name, _ = _two(spark, place)
    return [done(lambda: spark.sql(f"ALTER TABLE {name} ALTER COLUMN k TYPE BIGINT")), spark.table(name).dtypes]
