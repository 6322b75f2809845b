"""Tables over time: history, time travel, constraints, generated columns, upkeep; the catalog; streams."""

from __future__ import annotations

import datetime
from typing import Any

from pyspark.sql import functions as F

from tests.contract.spark.register import Place, attempt, attempted, done, program


def _versions(spark: Any, place: Place) -> str:
    name = place.table("t")
    spark.createDataFrame([(1,)], "a INT").write.saveAsTable(name)
    spark.createDataFrame([(2,)], "a INT").write.mode("append").saveAsTable(name)
    return name


@program
def time_travel(spark: Any, place: Place) -> Any:
    """A table as of a version, by SQL and by option."""
    name = _versions(spark, place)
    path = f"{place.warehouse}/c_{place.name}/t"
    return [
        spark.sql(f"SELECT * FROM {name} VERSION AS OF 0"),
        spark.read.format("delta").option("versionAsOf", 0).load(path),
        attempted(lambda: spark.read.option("versionAsOf", 0).table(name)),
        attempted(lambda: spark.sql(f"SELECT * FROM {name} VERSION AS OF 9")),
    ]


@program
def time_travel_by_time(spark: Any, place: Place) -> Any:
    """A moment in the past before the table, and one to come, are refused."""
    name = _versions(spark, place)
    return [
        attempted(lambda moment=moment: spark.sql(f"SELECT * FROM {name} TIMESTAMP AS OF '{moment}' ORDER BY a"))
        for moment in ("1999-01-01", "2999-01-01")
    ]


@program
def time_travel_to_a_moment(spark: Any, place: Place) -> Any:
    """A moment between two versions gives the first."""
    name = place.table("t")
    spark.createDataFrame([(1,)], "a INT").write.saveAsTable(name)
    moment = datetime.datetime.now(datetime.timezone.utc)
    spark.createDataFrame([(2,)], "a INT").write.mode("append").saveAsTable(name)
    return spark.sql(f"SELECT * FROM {name} TIMESTAMP AS OF '{moment:%Y-%m-%d %H:%M:%S.%f}'")


@program
def restored(spark: Any, place: Place) -> Any:
    """RESTORE TABLE goes back to a version."""
    name = _versions(spark, place)
    return [done(lambda: spark.sql(f"RESTORE TABLE {name} TO VERSION AS OF 0")), spark.table(name)]


@program
def history_and_detail(spark: Any, place: Place) -> Any:
    """DESCRIBE HISTORY and DESCRIBE DETAIL."""
    name = _versions(spark, place)
    return [
        attempted(lambda: spark.sql(f"DESCRIBE HISTORY {name}").select("version", "operation", "operationParameters.mode")),
        attempted(
            lambda: spark.sql(f"DESCRIBE DETAIL {name}").select(
                "format", "numFiles", "partitionColumns", "minReaderVersion", "minWriterVersion"
            )
        ),
    ]


@program
def upkeep(spark: Any, place: Place) -> Any:
    """OPTIMIZE and VACUUM leave the rows."""
    name = _versions(spark, place)
    told = [
        attempt(lambda text=text: len(spark.sql(text).collect()))
        for text in (f"OPTIMIZE {name}", f"OPTIMIZE {name} ZORDER BY (a)", f"VACUUM {name}", f"VACUUM {name} RETAIN 0 HOURS")
    ]
    return [told, spark.table(name)]


@program
def not_null_columns(spark: Any, place: Place) -> Any:
    """NOT NULL refuses nulls, and nothing of the insert is kept."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (a INT NOT NULL, b STRING) USING delta")
    spark.sql(f"INSERT INTO {name} VALUES (1, NULL)")
    return [done(lambda: spark.sql(f"INSERT INTO {name} VALUES (2, 'x'), (NULL, 'y')")), spark.table(name)]


@program
def check_constraints(spark: Any, place: Place) -> Any:
    """CHECK refuses rows that do not hold."""
    name = _versions(spark, place)
    made = done(lambda: spark.sql(f"ALTER TABLE {name} ADD CONSTRAINT positive CHECK (a > 0)"))
    return [made, done(lambda: spark.sql(f"INSERT INTO {name} VALUES (-1)")), spark.table(name)]


@program
def generated_columns(spark: Any, place: Place) -> Any:
    """GENERATED ALWAYS AS computes a column where it is not given."""
    name = place.table("t")
    made = done(lambda: spark.sql(f"CREATE TABLE {name} (t TIMESTAMP, d DATE GENERATED ALWAYS AS (CAST(t AS DATE))) USING delta"))
    told = done(lambda: spark.sql(f"INSERT INTO {name} (t) VALUES (TIMESTAMP '2024-01-02 03:04:05')"))
    return [made, told, attempted(lambda: spark.table(name))]


@program
def identity_columns(spark: Any, place: Place) -> Any:
    """GENERATED ALWAYS AS IDENTITY numbers rows, and cannot be given."""
    name = place.table("t")
    made = done(lambda: spark.sql(f"CREATE TABLE {name} (id BIGINT GENERATED ALWAYS AS IDENTITY, v STRING) USING delta"))
    told = done(lambda: spark.sql(f"INSERT INTO {name} (v) VALUES ('x')"))
    given = done(lambda: spark.sql(f"INSERT INTO {name} (id, v) VALUES (5, 'y')"))
    return [made, told, given, attempted(lambda: spark.table(name))]


@program
def defaults_of_columns(spark: Any, place: Place) -> Any:
    """DEFAULT in a table, with the feature for it."""
    name = place.table("t")
    made = done(
        lambda: spark.sql(
            f"CREATE TABLE {name} (a INT, b STRING DEFAULT 'none') USING delta TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')"
        )
    )
    told = done(lambda: spark.sql(f"INSERT INTO {name} (a) VALUES (1)"))
    return [made, told, attempted(lambda: spark.table(name))]


@program
def change_data_feed(spark: Any, place: Place) -> Any:
    """The feed of changes of a table."""
    name = place.table("t")
    made = done(lambda: spark.sql(f"CREATE TABLE {name} (a INT) USING delta TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')"))
    told = [
        done(lambda text=text: spark.sql(text)) for text in (f"INSERT INTO {name} VALUES (1), (2)", f"UPDATE {name} SET a = 5 WHERE a = 1")
    ]
    feed = attempted(
        lambda: spark.sql(
            f"SELECT a, _change_type, _commit_version FROM table_changes('{name}', 1) ORDER BY _commit_version, _change_type, a"
        )
    )
    return [made, *told, feed]


@program
def table_properties(spark: Any, place: Place) -> Any:
    """Properties and comments of a table."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (a INT COMMENT 'a number') USING delta COMMENT 'a table' TBLPROPERTIES ('mine' = '1')")
    told = attempted(lambda: spark.sql(f"SHOW TBLPROPERTIES {name} ('mine')"))
    return [told, attempted(lambda: spark.sql(f"DESCRIBE TABLE {name}"))]


@program
def partitioned_tables(spark: Any, place: Place) -> Any:
    """PARTITIONED BY in SQL; SHOW PARTITIONS; a filter on the partition."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (a INT, k STRING) USING delta PARTITIONED BY (k)")
    spark.sql(f"INSERT INTO {name} VALUES (1, 'x'), (2, 'y')")
    return [spark.sql(f"SELECT a FROM {name} WHERE k = 'y'"), attempted(lambda: spark.sql(f"SHOW PARTITIONS {name}").orderBy("k"))]


@program
def clustered_tables(spark: Any, place: Place) -> Any:
    """CLUSTER BY in SQL."""
    name = place.table("t")
    return [done(lambda: spark.sql(f"CREATE TABLE {name} (a INT) USING delta CLUSTER BY (a)"))]


@program
def cloned_tables(spark: Any, place: Place) -> Any:
    """SHALLOW CLONE of a table."""
    name = _versions(spark, place)
    other = place.table("u")
    return [
        done(lambda: spark.sql(f"CREATE TABLE {other} SHALLOW CLONE {name}")),
        attempted(lambda: spark.table(other).orderBy("a")),
    ]


@program
def a_table_of_another_format_by_sql(spark: Any, place: Place) -> Any:
    """CREATE TABLE of Parquet, filled and read."""
    name = place.table("p")
    made = done(lambda: spark.sql(f"CREATE TABLE {name} (id BIGINT) USING parquet"))
    return [made, done(lambda: spark.sql(f"INSERT INTO {name} VALUES (1)")), attempted(lambda: spark.table(name))]


@program
def tables_of_other_formats(spark: Any, place: Place) -> Any:
    """Tables of Parquet and of CSV by name."""
    name, other = place.table("p"), place.table("c")
    told = [
        attempt(lambda kind=kind, name=name: spark.range(2).write.format(kind).saveAsTable(name))
        for kind, name in (("parquet", name), ("csv", other))
    ]
    return [*told, attempted(lambda: spark.table(name)), attempted(lambda: spark.table(other).orderBy("id"))]


@program
def catalog_calls(spark: Any, place: Place) -> Any:
    """What the catalog tells of tables, schemas, functions."""
    name = _versions(spark, place)
    schema = f"c_{place.name}"
    return [
        attempt(lambda: [(table.name, table.tableType, table.isTemporary) for table in spark.catalog.listTables(schema) if not table.isTemporary]),
        attempt(lambda: spark.catalog.tableExists(name)), attempt(lambda: spark.catalog.databaseExists(schema)), attempt(lambda: spark.catalog.databaseExists("nowhere")), attempt(spark.catalog.currentDatabase), attempt(lambda: spark.catalog.functionExists("upper")),
        attempt(lambda: spark.catalog.getTable(name).namespace),
    ]  # fmt: skip


@program
def listed_columns(spark: Any, place: Place) -> Any:
    """What the catalog tells of a table's columns."""
    return [(column.name, column.dataType, column.nullable) for column in spark.catalog.listColumns(_versions(spark, place))]


@program
def shown_names(spark: Any, place: Place) -> Any:
    """SHOW TABLES, SHOW COLUMNS, SHOW CREATE TABLE, DESCRIBE."""
    name = _versions(spark, place)
    return [
        attempted(lambda: spark.sql(f"SHOW TABLES IN c_{place.name}").where("NOT isTemporary")),
        attempted(lambda: spark.sql(f"SHOW COLUMNS IN {name}")),
        attempted(lambda: spark.sql(f"DESCRIBE {name}")),
        attempted(lambda: spark.sql(f"SHOW SCHEMAS LIKE 'c_{place.name}'")),
    ]


@program
def current_schema(spark: Any, place: Place) -> Any:
    """USE changes where names without a schema are looked for."""
    _versions(spark, place)
    spark.sql(f"USE c_{place.name}")
    try:
        return [spark.table("t").count(), spark.sql("SELECT current_schema() AS s"), spark.table(f"spark_catalog.c_{place.name}.t").count()]
    finally:
        spark.sql("USE default")


@program
def missing_names(spark: Any, place: Place) -> Any:
    """Tables, schemas, columns and functions that are not there."""
    return [
        attempted(lambda: spark.table("nowhere")), attempted(lambda: spark.sql("SELECT * FROM no_schema.t")), attempted(lambda: spark.sql("SELECT nothing FROM range(1)")),
        attempted(lambda: spark.sql("SELECT no_function(1)")), attempted(lambda: spark.sql("SELEC 1")), attempted(lambda: spark.sql("DROP SCHEMA nowhere")), attempted(lambda: spark.sql("SELECT * FROM nowhere.a.b.t")),
    ]  # fmt: skip


@program
def schemas_dropped(spark: Any, place: Place) -> Any:
    """A schema with tables is dropped by CASCADE only."""
    _versions(spark, place)
    return [
        done(lambda: spark.sql(f"DROP SCHEMA c_{place.name}")),
        done(lambda: spark.sql(f"DROP SCHEMA c_{place.name} CASCADE")),
        spark.catalog.databaseExists(f"c_{place.name}"),
    ]


@program
def views(spark: Any, place: Place) -> Any:
    """Temporary, global temporary and lasting views; a view shadows a table."""
    name, kept = _versions(spark, place), place.table("v")
    spark.sql(f"CREATE OR REPLACE TEMP VIEW v_views_x AS SELECT a * 2 AS b FROM {name}")
    lasting = done(lambda: spark.sql(f"CREATE VIEW {kept} AS SELECT a + 1 AS c FROM {name}"))
    spark.range(1).createOrReplaceGlobalTempView("v_views_g")
    told = [
        attempted(lambda: spark.table("v_views_x").orderBy("b")),
        lasting,
        attempted(lambda: spark.table(kept).orderBy("c")),
        attempted(lambda: spark.table("global_temp.v_views_g")),
    ]
    spark.catalog.dropTempView("v_views_x")
    return [*told, attempted(lambda: spark.table("v_views_x"))]


@program
def views_of_a_table_that_changes(spark: Any, place: Place) -> Any:
    """A temporary view shows the table as it is now, and is none any more when that is dropped."""
    name = place.table("t")
    spark.range(2).write.saveAsTable(name)
    place.view("q", f"SELECT * FROM {name}")
    place.view("f", spark.table(name))
    spark.sql(f"CREATE TEMP VIEW v_{place.name}_s AS SELECT id + 1 AS id FROM v_{place.name}_f")
    spark.range(3).write.mode("append").saveAsTable(name)
    counts = [spark.table(f"v_{place.name}_{view}").count() for view in "qfs"]
    spark.sql(f"DROP TABLE {name}")
    return [counts, *(attempt(lambda view=view: spark.table(f"v_{place.name}_{view}").count()) for view in "qfs")]


@program
def described_partitions(spark: Any, place: Place) -> Any:
    """DESCRIBE tells of partitions below the columns."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (x INT COMMENT 'a number', k STRING COMMENT 'a key', d DATE) USING delta PARTITIONED BY (d, k)")
    return attempted(lambda: spark.sql(f"DESCRIBE {name}"))


@program
def purged_tables(spark: Any, place: Place) -> Any:
    """DROP TABLE with PURGE, and a schema with other files in its folder."""
    name = place.table("t")
    spark.range(1).write.saveAsTable(name)
    folder = place.warehouse / f"c_{place.name}"
    spark.sql(f"DROP TABLE {name} PURGE")
    spark.range(1).write.saveAsTable(name)
    (folder / "notes.txt").write_text("mine", "utf-8")
    spark.sql(f"DROP SCHEMA c_{place.name} CASCADE")
    return [(folder / "t").exists(), folder.exists(), spark.catalog.databaseExists(f"c_{place.name}")]


@program
def names_in_capitals(spark: Any, place: Place) -> Any:
    """Names of schemas and tables are alike in all cases."""
    name = place.table("t")
    spark.range(2).write.saveAsTable(name)
    spark.range(3).write.saveAsTable(place.table("Mixed"))
    return [
        attempt(lambda: spark.table(name.upper()).count()),
        attempt(lambda: spark.sql(f"SELECT * FROM {name.upper()}").count()),
        attempt(lambda: spark.table(place.table("mixed")).count()),
        attempt(lambda: spark.table(place.table("MIXED")).count()),
    ]


@program
def further_statements(spark: Any, place: Place) -> Any:
    """TRUNCATE, REFRESH, COMMENT ON, LIKE, several inserts of one query, files of a query, a local checkpoint."""
    name = _versions(spark, place)
    return [
        done(lambda: spark.sql(f"REFRESH TABLE {name}")),
        done(lambda: spark.catalog.refreshTable(name)),
        done(lambda: spark.sql(f"COMMENT ON TABLE {name} IS 'mine'")),
        done(lambda: spark.sql(f"CREATE TABLE {place.table('u')} LIKE {name}")),
        done(lambda: spark.sql(f"FROM {name} INSERT INTO {name} SELECT a + 1")),
        done(lambda: spark.sql(f"INSERT OVERWRITE DIRECTORY '{place.path('out')}' USING csv SELECT 1 AS x")),
        attempt(lambda: spark.table(name).localCheckpoint().count()),
        done(lambda: spark.sql(f"TRUNCATE TABLE {name}")),
        spark.table(name).count(),
    ]


@program
def common_table_expressions(spark: Any, place: Place) -> Any:
    """WITH, nested and used twice; recursive; over INSERT."""
    name = _versions(spark, place)
    spark.sql(f"INSERT INTO {name} WITH more AS (SELECT 10 AS a) SELECT a FROM more")
    return [
        spark.sql("WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS x FROM a) SELECT a.x, b.x AS y FROM a, b"),
        attempted(
            lambda: spark.sql("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r ORDER BY n")
        ),
        spark.table(name),
    ]


@program
def parameters_of_sql(spark: Any, place: Place) -> Any:
    """Named and unnamed parameters, frames in braces, IDENTIFIER, variables."""
    return [
        spark.sql("SELECT :x + 1 AS y, :s AS s", args={"x": 1, "s": "it's"}), spark.sql("SELECT ? AS a", args=[datetime.date(2024, 1, 2)]),
        spark.sql("SELECT * FROM {frame} WHERE id > {low}", frame=spark.range(3), low=1), attempted(lambda: spark.sql("SELECT IDENTIFIER(:c) FROM range(1)", args={"c": "id"})),
    ]  # fmt: skip


@program
def sql_scripts_and_variables(spark: Any, place: Place) -> Any:
    """DECLARE, SET VAR, EXECUTE IMMEDIATE."""
    return [
        done(lambda: spark.sql("DECLARE OR REPLACE VARIABLE c_n INT DEFAULT 5")),
        attempted(lambda: spark.sql("SELECT c_n + 1 AS x")),
        attempted(lambda: spark.sql("EXECUTE IMMEDIATE 'SELECT 1 AS x'")),
    ]


@program
def values_and_pipes(spark: Any, place: Place) -> Any:
    """VALUES alone, tables of ranges, SELECT * EXCEPT, pipe syntax."""
    return [
        attempted(lambda: spark.sql("VALUES (1, 'a'), (2, 'b')")),
        attempted(lambda: spark.sql("SELECT * EXCEPT (b) FROM VALUES (1, 2) AS t(a, b)")),
        attempted(lambda: spark.sql("FROM range(4) |> WHERE id > 1 |> SELECT id * 2 AS x")),
        attempted(lambda: spark.sql("SELECT * FROM range(2, 8, 3)")),
    ]


@program
def settings_of_the_session(spark: Any, place: Place) -> Any:
    """SET, conf.get with defaults, and settings that cannot be changed."""
    spark.sql("SET c_mine.key = 5")
    return [
        spark.conf.get("c_mine.key"),
        spark.conf.get("c_mine.none", "default"),
        attempt(lambda: spark.conf.get("c_mine.none")),
        attempt(lambda: spark.conf.set("spark.sql.warehouse.dir", "/x")),
        spark.sql("SET c_mine.key"),
    ]


@program
def stream_of_files(spark: Any, place: Place) -> Any:
    """New files go into a table once, with ``availableNow``; a second run takes the new ones only."""
    place.file("in/a.csv", "1\n2\n")

    def run() -> int:
        stream = spark.readStream.schema("x INT").csv(place.path("in"))
        query = (
            stream.writeStream.format("delta")
            .option("checkpointLocation", place.path("check"))
            .trigger(availableNow=True)
            .start(place.path("t"))
        )
        query.awaitTermination(50)
        return spark.read.format("delta").load(place.path("t")).count()

    first = attempt(run)
    place.file("in/b.csv", "3\n")
    return [first, attempt(run), attempt(run)]


@program
def stream_of_a_table(spark: Any, place: Place) -> Any:
    """A table as a stream, aggregated by ``foreachBatch`` and to a table."""
    name, other = _versions(spark, place), place.table("u")

    def run() -> Any:
        query = (
            spark.readStream.table(name)
            .withColumn("b", F.col("a") * 2)
            .writeStream.option("checkpointLocation", place.path("check"))
            .trigger(availableNow=True)
            .toTable(other)
        )
        query.awaitTermination(50)
        return spark.table(other).orderBy("a").collect()

    return attempt(run)


@program
def stream_by_batches(spark: Any, place: Place) -> Any:
    """``foreachBatch`` gives each batch as a frame."""
    name, seen = _versions(spark, place), []

    def run() -> Any:
        stream = spark.readStream.format("delta").table(name)
        query = (
            stream.writeStream.foreachBatch(lambda frame, number: seen.append(frame.count()))
            .option("checkpointLocation", place.path("check"))
            .trigger(availableNow=True)
            .start()
        )
        query.awaitTermination(50)
        return sum(seen)

    return attempt(run)
