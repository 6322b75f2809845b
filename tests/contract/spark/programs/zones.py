"""Times in a session whose zone is not UTC: written, changed, deleted and looked for."""

from __future__ import annotations

import datetime
from typing import Any

from pyspark.sql import functions as F

from tests.contract.spark.register import Place, attempt, done, program, settings

NEW_YORK = {"spark.sql.session.timeZone": "America/New_York"}
SHOWN = "SELECT i, unix_timestamp(t) AS u, CAST(n AS STRING) AS n, CAST(d AS STRING) AS d FROM {} ORDER BY i"


def _times(spark: Any, place: Place, rows: int = 3) -> str:
    """A table of three columns of times, whose rows are at 23:00 of July's first days in New York."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (i INT, t TIMESTAMP, n TIMESTAMP_NTZ, d DATE) USING delta")
    values = ", ".join(
        f"({day}, TIMESTAMP '2024-07-0{day} 23:00:00', TIMESTAMP_NTZ '2024-07-0{day} 23:00:00', DATE '2024-07-0{day}')"
        for day in range(1, rows + 1)
    )
    spark.sql(f"INSERT INTO {name} VALUES {values}")
    return name


def _left(spark: Any, name: str) -> list[int]:
    return sorted(row.i for row in spark.table(name).collect())


@program
def updates_of_times(spark: Any, place: Place) -> Any:
    """UPDATE gives columns of times values of other types."""
    with settings(spark, NEW_YORK):
        name = _times(spark, place)
        return [
            done(lambda: spark.sql(f"UPDATE {name} SET t = DATE '2024-01-05', n = DATE '2024-01-05' WHERE i = 1")),
            done(lambda: spark.sql(f"UPDATE {name} SET t = TIMESTAMP_NTZ '2024-01-05 01:02:03', d = TIMESTAMP '2024-01-05 22:00:00' WHERE i = 2")),
            done(lambda: spark.sql(f"UPDATE {name} SET t = '2024-01-05 01:02:03', n = TIMESTAMP '2024-01-05 22:00:00' WHERE i = 3")),
            spark.sql(SHOWN.format(name)).collect(),
        ]  # fmt: skip


@program
def updates_from_other_times(spark: Any, place: Place) -> Any:
    """UPDATE from another column of the row, and from the column itself."""
    with settings(spark, NEW_YORK):
        name = _times(spark, place, 1)
        told = [done(lambda: spark.sql(f"UPDATE {name} SET n = t, d = t WHERE i = 1")), spark.sql(SHOWN.format(name)).collect()]
        more = [done(lambda: spark.sql(f"UPDATE {name} SET t = n")), done(lambda: spark.sql(f"UPDATE {name} SET t = t + INTERVAL 1 HOUR"))]
        return [*told, *more, spark.sql(SHOWN.format(name)).collect()]


@program
def merges_of_times(spark: Any, place: Place) -> Any:
    """MERGE with named columns gives columns of times values of other types."""
    with settings(spark, NEW_YORK):
        name = _times(spark, place, 1)
        source = place.view(
            "s",
            "SELECT * FROM VALUES (1, DATE '2024-01-05', '2024-01-05 01:00:00'), (2, DATE '2024-01-06', '2024-01-06 01:00:00') AS s(i, x, y)",
        )
        merge = f"MERGE INTO {name} AS target USING {source} AS source ON target.i = source.i WHEN MATCHED THEN UPDATE SET target.t = source.x, n = source.x WHEN NOT MATCHED THEN INSERT (i, t, n, d) VALUES (source.i, source.y, source.y, source.x)"
        return [done(lambda: spark.sql(merge)), spark.sql(SHOWN.format(name)).collect()]


@program
def merges_of_times_without_zone(spark: Any, place: Place) -> Any:
    """MERGE of times without zone into timestamps, and the other way round."""
    with settings(spark, NEW_YORK):
        name = _times(spark, place, 1)
        source = place.view("s", "SELECT 1 AS i, TIMESTAMP_NTZ '2024-01-05 22:00:00' AS x, TIMESTAMP '2024-01-05 22:00:00' AS y")
        merge = f"MERGE INTO {name} t USING {source} s ON t.i = s.i WHEN MATCHED THEN UPDATE SET t.t = s.x, t.n = s.y, t.d = s.y"
        return [done(lambda: spark.sql(merge)), spark.sql(SHOWN.format(name)).collect()]


@program
def merges_of_all_times(spark: Any, place: Place) -> Any:
    """MERGE with stars, from columns of other types."""
    with settings(spark, NEW_YORK):
        name = _times(spark, place, 1)
        source = place.view(
            "s",
            "SELECT * FROM VALUES (1, DATE '2024-01-05', DATE '2024-01-05', '2024-01-05'), (2, DATE '2024-01-06', DATE '2024-01-06', '2024-01-06') AS s(i, t, n, d)",
        )
        merge = f"MERGE INTO {name} USING {source} s ON {name}.i = s.i WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        return [done(lambda: spark.sql(merge)), spark.sql(SHOWN.format(name)).collect()]


@program
def merges_of_frames_of_times(spark: Any, place: Place) -> Any:
    """mergeInto, from columns of other types."""
    with settings(spark, NEW_YORK):
        name = _times(spark, place, 1)
        frame = spark.sql("SELECT * FROM VALUES (1, DATE '2024-01-05'), (2, DATE '2024-01-06') AS s(i, t)").alias("s")
        frame = frame.select("i", "t", F.col("t").alias("n"), F.col("t").alias("d")).alias("s")
        merge = frame.mergeInto(name, F.expr(f"{name}.i = s.i")).whenMatched().updateAll().whenNotMatched().insertAll()
        named = frame.mergeInto(name, F.expr(f"{name}.i = s.i")).whenMatched().update({"t": F.col("s.d")})
        return [done(merge.merge), done(named.merge), spark.sql(SHOWN.format(name)).collect()]


@program
def merges_by_times(spark: Any, place: Place) -> Any:
    """MERGE whose rows are matched by a time, with a date, a text and a time without zone."""
    told = []
    for number, key in enumerate(("DATE '2024-07-02'", "'2024-07-02 00:00:00'", "TIMESTAMP_NTZ '2024-07-02 00:00:00'")):
        with settings(spark, NEW_YORK):
            name = place.table(f"t{number}")
            spark.sql(f"CREATE TABLE {name} (i INT, t TIMESTAMP) USING delta")
            spark.sql(f"INSERT INTO {name} VALUES (1, TIMESTAMP '2024-07-02 00:00:00'), (2, TIMESTAMP '2024-07-01 20:00:00')")
            merge = f"MERGE INTO {name} t USING (SELECT {key} AS k) s ON t.t = s.k WHEN MATCHED THEN DELETE"
            told += [done(lambda merge=merge: spark.sql(merge)), _left(spark, name)]
    return told


def _deleted(spark: Any, place: Place, conditions: tuple[str, ...], change: str) -> list[Any]:
    """What a change by each of these conditions leaves of two rows, of midnight in New York and of four hours before."""
    told = []
    for number, condition in enumerate(conditions):
        with settings(spark, NEW_YORK):
            name = place.table(f"t{number}")
            spark.sql(
                f"CREATE TABLE {name} USING delta AS SELECT * FROM VALUES (1, TIMESTAMP '2024-07-02 00:00:00'), (2, TIMESTAMP '2024-07-01 20:00:00') AS t(i, t)"
            )
            told += [done(lambda text=change.format(name, condition): spark.sql(text)), _left(spark, name)]
    return told


@program
def deletes_by_times(spark: Any, place: Place) -> Any:
    """DELETE by timestamps, texts and times without zone."""
    conditions = (
        "t = TIMESTAMP '2024-07-02 00:00:00'",
        "t BETWEEN '2024-07-02' AND '2024-07-03'",
        "t = TIMESTAMP_NTZ '2024-07-02 00:00:00'",
    )
    return _deleted(spark, place, conditions, "DELETE FROM {} WHERE {}")


@program
def deletes_by_dates(spark: Any, place: Place) -> Any:
    """DELETE by a timestamp that is compared with a date."""
    return _deleted(spark, place, ("t >= CAST(DATE '2024-07-02' AS TIMESTAMP)", "t >= DATE '2024-07-02'"), "DELETE FROM {} WHERE {}")


@program
def deletes_by_parts_of_times(spark: Any, place: Place) -> Any:
    """DELETE and UPDATE by the hour and the day of a table's timestamp."""
    return [
        *_deleted(
            spark, place, ("hour(t) = 20 OR date_format(t, 'dd') = '03'", "to_date(t) = DATE '2024-07-02'"), "DELETE FROM {} WHERE {}"
        ),
        done(lambda: spark.sql(f"UPDATE {place.table('t0')} SET i = hour(t) + 10 WHERE day(t) = 2")),
        spark.table(place.table("t0")).select("i").collect(),
    ]


@program
def replaced_by_times(spark: Any, place: Place) -> Any:
    """replaceWhere with a condition on a timestamp."""
    with settings(spark, NEW_YORK):
        path = place.path("t")
        spark.sql(
            "SELECT * FROM VALUES (1, TIMESTAMP '2024-07-01 23:00:00'), (2, TIMESTAMP '2024-07-02 12:00:00') AS t(i, t)"
        ).write.format("delta").save(path)
        new = spark.sql("SELECT 9 AS i, TIMESTAMP '2024-07-02 13:00:00' AS t")
        told = done(lambda: new.write.format("delta").mode("overwrite").option("replaceWhere", "t >= '2024-07-02'").save(path))
        return [told, sorted(row.i for row in spark.read.format("delta").load(path).collect())]


@program
def frames_of_python_times(spark: Any, place: Place) -> Any:
    """Python's times with and without zone are stored as the moments that they are."""
    with settings(spark, NEW_YORK):
        name = place.table("t")
        aware = datetime.datetime(2024, 7, 1, 23, 0, tzinfo=datetime.timezone.utc)
        spark.createDataFrame([(1, aware)], "i INT, t TIMESTAMP").write.saveAsTable(name)
        spark.createDataFrame([(2, datetime.datetime(2024, 7, 1, 23, 0))], "i INT, t TIMESTAMP").write.mode("append").saveAsTable(name)
        return spark.sql(f"SELECT i, unix_timestamp(t) AS u FROM {name} ORDER BY i").collect()


@program
def partitions_of_times_in_a_zone(spark: Any, place: Place) -> Any:
    """A partition's timestamp is the same moment for who reads it in another zone."""
    path = place.path("t")
    with settings(spark, NEW_YORK):
        frame = spark.sql("SELECT 1 AS i, TIMESTAMP '2024-07-01 23:00:00' AS t, DATE '2024-07-01' AS d")
        frame.write.format("delta").partitionBy("t", "d").save(path)
        here = spark.read.format("delta").load(path).selectExpr("unix_timestamp(t) AS u", "CAST(d AS STRING) AS d").collect()
    return [here, spark.read.format("delta").load(path).selectExpr("unix_timestamp(t) AS u").collect()]


@program
def csv_times_in_a_zone(spark: Any, place: Place) -> Any:
    """Texts of a CSV file are times of the session's zone."""
    path = place.file("t.csv", "2024-07-01 23:00:00,2024-07-01\n")
    with settings(spark, NEW_YORK):
        frame = spark.read.schema("t TIMESTAMP, d DATE").csv(path)
        return frame.selectExpr("unix_timestamp(t) AS u", "CAST(d AS STRING) AS d").collect()


@program
def json_times_in_a_zone(spark: Any, place: Place) -> Any:
    """Texts of a JSON file are times of the session's zone, unless they name one."""
    path = place.file("t.json", '{"t": "2024-07-01 23:00:00"}\n{"t": "2024-07-01T23:00:00Z"}\n')
    with settings(spark, NEW_YORK):
        return sorted(row.u for row in spark.read.schema("t TIMESTAMP").json(path).selectExpr("unix_timestamp(t) AS u").collect())


@program
def parquet_times_in_a_zone(spark: Any, place: Place) -> Any:
    """Parquet files keep moments, and times without zone."""
    path = place.path("t")
    with settings(spark, NEW_YORK):
        spark.sql("SELECT TIMESTAMP '2024-07-01 23:00:00' AS t, TIMESTAMP_NTZ '2024-07-01 23:00:00' AS n").write.parquet(path)
        return spark.read.parquet(path).selectExpr("unix_timestamp(t) AS u", "CAST(n AS STRING) AS n").collect()


@program
def rows_found_by_times(spark: Any, place: Place) -> Any:
    """A table's timestamps compared with texts, dates and times without zone."""
    with settings(spark, NEW_YORK):
        name = place.table("t")
        spark.sql(f"CREATE TABLE {name} (i INT, t TIMESTAMP) USING delta")
        spark.sql(f"INSERT INTO {name} VALUES (1, TIMESTAMP '2024-07-02 00:00:00'), (2, TIMESTAMP '2024-07-01 20:00:00')")
        conditions = ("t = '2024-07-02 00:00:00'", "t >= '2024-07-02'", "t = DATE '2024-07-02'", "t >= TIMESTAMP_NTZ '2024-07-02 00:00:00'")
        return [attempt(lambda text=text: sorted(row.i for row in spark.table(name).where(text).collect())) for text in conditions]


@program
def days_of_stored_times(spark: Any, place: Place) -> Any:
    """A table's timestamps grouped by day."""
    with settings(spark, NEW_YORK):
        name = place.table("t")
        spark.sql("SELECT TIMESTAMP '2024-07-01 23:00:00' AS t UNION ALL SELECT TIMESTAMP '2024-07-01 10:00:00'").write.saveAsTable(name)
        days = spark.sql(f"SELECT unix_timestamp(date_trunc('DAY', t)) AS day, count(*) AS c FROM {name} GROUP BY 1 ORDER BY 1").collect()
        window = F.window("t", "1 day").start.cast("long")
        return [days, spark.table(name).groupBy(window.alias("w")).count().orderBy("w").collect()]


@program
def python_reads_of_stored_times(spark: Any, place: Place) -> Any:
    """collect and toPandas give a table's timestamps in this machine's and in the session's zone."""
    with settings(spark, NEW_YORK):
        name = place.table("t")
        spark.sql("SELECT TIMESTAMP '2024-07-01 23:00:00' AS t").write.saveAsTable(name)
        return [spark.table(name).collect(), spark.table(name).toPandas()]


@program
def stored_times_within_structs(spark: Any, place: Place) -> Any:
    """A table's timestamps within a struct and a list, and all of these in an older version."""
    with settings(spark, NEW_YORK):
        name = place.table("t")
        spark.sql("SELECT TIMESTAMP '2024-07-01 23:00:00' AS t").selectExpr(
            "t", "named_struct('t', t) AS s", "array(t) AS l"
        ).write.saveAsTable(name)
        query = f"SELECT hour(t) AS t, hour(s.t) AS s, hour(l[0]) AS l FROM {name}"
        return [spark.sql(query).collect(), spark.sql(f"{query} VERSION AS OF 0").collect()]
