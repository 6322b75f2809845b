"""Dates, timestamps, zones and intervals."""

from __future__ import annotations

import datetime
from typing import Any

from pyspark.sql import functions as F

from tests.contract.spark.register import Place, attempt, each, program, settings

BERLIN = {"spark.sql.session.timeZone": "Europe/Berlin"}


@program
def timestamps_in_a_zone(spark: Any, place: Place) -> Any:
    """The session's zone decides how a timestamp is read from text and shown as text."""
    with settings(spark, BERLIN):
        return spark.sql(
            "SELECT CAST(TIMESTAMP '2024-07-01 12:00:00' AS STRING) AS a, unix_timestamp(TIMESTAMP '2024-07-01 12:00:00') AS b, hour(TIMESTAMP '2024-07-01 10:00:00Z') AS c"
        ).collect()


@program
def zone_conversions(spark: Any, place: Place) -> Any:
    """``from_utc_timestamp``, ``to_utc_timestamp``, ``convert_timezone``."""
    return spark.sql(
        "SELECT from_utc_timestamp('2024-07-01 12:00:00', 'Europe/Berlin') AS a, to_utc_timestamp('2024-01-01 12:00:00', 'Asia/Tokyo') AS b, convert_timezone('UTC', 'America/New_York', TIMESTAMP_NTZ '2024-01-01 12:00:00') AS c"
    )


@program
def day_of_clock_change(spark: Any, place: Place) -> Any:
    """Adding a day and adding 24 hours differ when the clocks change."""
    with settings(spark, BERLIN):
        return spark.sql(
            "SELECT CAST(TIMESTAMP '2024-03-30 12:00:00' + INTERVAL 1 DAY AS STRING) AS a, CAST(TIMESTAMP '2024-03-30 12:00:00' + INTERVAL '24' HOUR AS STRING) AS b, CAST(TIMESTAMP '2024-03-30 12:00:00' + make_interval(0, 0, 0, 1) AS STRING) AS c"
        ).collect()


@program
def times_without_zone(spark: Any, place: Place) -> Any:
    """From timestamps with a zone to those without, and back."""
    with settings(spark, BERLIN):
        return spark.sql(
            "SELECT CAST(CAST(TIMESTAMP '2024-07-01 12:00:00' AS TIMESTAMP_NTZ) AS STRING) AS a, CAST(CAST(TIMESTAMP_NTZ '2024-07-01 12:00:00' AS TIMESTAMP) AS STRING) AS b, typeof(localtimestamp()) AS c"
        ).collect()


@program
def dates_of_timestamps(spark: Any, place: Place) -> Any:
    """The date of a timestamp is that of the session's zone."""
    with settings(spark, BERLIN):
        return each(spark, "CAST(TIMESTAMP '2024-07-01 23:30:00Z' AS DATE)", "to_date('2024-07-01T23:30:00Z')")


@program
def timestamps_of_numbers(spark: Any, place: Place) -> Any:
    """Seconds, milliseconds and microseconds since 1970."""
    return each(
        spark, "timestamp_seconds(1)", "timestamp_millis(1500)", "timestamp_micros(1)", "CAST(1.5D AS TIMESTAMP)", "from_unixtime(0)",
        "CAST(TIMESTAMP '1970-01-01 00:00:01.5' AS DOUBLE)",
    )  # fmt: skip


@program
def timestamp_seconds_of_fractions(spark: Any, place: Place) -> Any:
    """Parts of a second are kept."""
    return spark.sql("SELECT timestamp_seconds(1.5) AS a, unix_millis(timestamp_seconds(1.25)) AS b")


@program
def formats(spark: Any, place: Place) -> Any:
    """``date_format`` with Java's letters."""
    return spark.sql(
        "SELECT date_format(TIMESTAMP '2024-01-02 15:04:05.678', 'yyyy/MM/dd HH:mm:ss.SSS') AS a, date_format(DATE '2024-01-02', 'EEE, d MMM yy') AS b, date_format(TIMESTAMP '2024-01-02 15:04:05', 'hh:mm a') AS c, date_format(DATE '2024-08-05', 'D Q') AS d"
    )


@program
def parsing(spark: Any, place: Place) -> Any:
    """``to_date`` and ``to_timestamp`` with formats, good and bad."""
    return each(
        spark, "to_date('02.01.2024', 'dd.MM.yyyy')", "to_timestamp('2024-01-02 03:04', 'yyyy-MM-dd HH:mm')", "to_date('2024-02-30')",
        "try_to_timestamp('nonsense')", "to_timestamp('20240102', 'yyyyMMdd')",
    )  # fmt: skip


@program
def parsing_of_odd_texts(spark: Any, place: Place) -> Any:
    """Texts of dates that a cast takes: short ones, and with a time behind."""
    texts = ("2024", "2024-1", "2024-1-2", " 2024-01-02 ", "2024-01-02 03:04", "2024-01-02T03")
    return each(spark, *(f"CAST('{text}' AS DATE)" for text in texts))


@program
def differences_of_dates(spark: Any, place: Place) -> Any:
    """Days, months and units between, with their types."""
    return spark.sql(
        "SELECT datediff(DATE '2024-03-01', DATE '2024-02-01') AS a, months_between(DATE '2024-03-31', DATE '2024-02-29') AS b, DATE '2024-03-01' - DATE '2024-02-01' AS c, timestampdiff(HOUR, TIMESTAMP '2024-01-01 00:00:00', TIMESTAMP '2024-01-02 01:00:00') AS d"
    )


@program
def arithmetic_of_dates(spark: Any, place: Place) -> Any:
    """``add_months``, ``date_add``, ``last_day``, ``next_day``, ``trunc`` at the ends of months."""
    return spark.sql(
        "SELECT add_months(DATE '2024-01-31', 1) AS a, date_add(DATE '2024-02-28', 2) AS b, last_day(DATE '2023-02-01') AS c, next_day(DATE '2024-01-02', 'MON') AS d, trunc(DATE '2024-05-06', 'quarter') AS e, DATE '2024-01-31' + INTERVAL 1 MONTH AS f"
    )


@program
def parts_of_dates(spark: Any, place: Place) -> Any:
    """Year, quarter, week and day of a date."""
    return spark.sql(
        "SELECT year(d) AS a, quarter(d) AS b, weekofyear(d) AS c, dayofyear(d) AS e, dayofweek(d) AS f, extract(MONTH FROM d) AS g, day(d) AS h FROM VALUES (DATE '2023-01-01'), (DATE '2024-12-31') AS t(d)"
    )


@program
def days_of_the_week(spark: Any, place: Place) -> Any:
    """``weekday`` and the parts of a date that count days of the week, on a Sunday."""
    sunday = "DATE '2024-01-07'"
    return each(
        spark, f"weekday({sunday})", f"dayofweek({sunday})", f"extract(DOW FROM {sunday})", f"extract(DAYOFWEEK FROM {sunday})",
        f"extract(DAYOFWEEK_ISO FROM {sunday})", f"extract(DOW_ISO FROM {sunday})", f"date_part('dow', {sunday})", f"dayname({sunday})",
    )  # fmt: skip


@program
def seconds_with_parts(spark: Any, place: Place) -> Any:
    """Seconds of a timestamp with and without their parts."""
    return spark.sql(
        "SELECT second(t) AS a, extract(SECOND FROM t) AS b, date_part('MINUTE', t) AS c FROM VALUES (TIMESTAMP '2024-01-02 03:04:05.678') AS v(t)"
    )


@program
def truncated_timestamps(spark: Any, place: Place) -> Any:
    """``date_trunc`` to each unit."""
    units = ("HOUR", "WEEK", "MONTH", "QUARTER", "YEAR", "nonsense")
    return each(spark, *(f"date_trunc('{unit}', t)" for unit in units), rows="FROM VALUES (TIMESTAMP '2024-05-16 03:04:05') AS v(t)")


@program
def intervals(spark: Any, place: Place) -> Any:
    """Intervals of days and of months, their sums, products and text."""
    return spark.sql(
        "SELECT CAST(INTERVAL '1 02:03:04' DAY TO SECOND AS STRING) AS a, CAST(INTERVAL '1-2' YEAR TO MONTH AS STRING) AS b, INTERVAL 3 DAYS * 2 AS c, CAST(TIMESTAMP '2024-01-02 00:00:00' - TIMESTAMP '2024-01-01 12:00:00' AS STRING) AS d"
    )


@program
def made_dates(spark: Any, place: Place) -> Any:
    """``make_date``, ``make_timestamp``, and a day that is none."""
    return each(spark, "make_date(2024, 2, 29)", "make_timestamp(2024, 1, 2, 3, 4, 5.678)", "make_date(2023, 2, 29)")


@program
def python_times(spark: Any, place: Place) -> Any:
    """Dates and times of Python go in and come out as they were."""
    rows = [(datetime.date(2024, 1, 2), datetime.datetime(2024, 1, 2, 3, 4, 5, 678901), datetime.timedelta(hours=1)), (None, None, None)]
    return spark.createDataFrame(rows, "d DATE, t TIMESTAMP, i INTERVAL DAY TO SECOND")


@program
def early_dates(spark: Any, place: Place) -> Any:
    """Dates before 1582 and far ahead keep their calendar."""
    spark.sql(
        "SELECT DATE '1500-01-01' AS a, DATE '0001-01-01' AS b, DATE '9999-12-31' AS c, TIMESTAMP '1899-12-31 23:59:59' AS d"
    ).write.parquet(place.path("out"))
    return spark.read.parquet(place.path("out"))


@program
def time_windows(spark: Any, place: Place) -> Any:
    """Tumbling and sliding windows of time."""
    frame = spark.sql("SELECT * FROM VALUES (TIMESTAMP '2024-01-01 00:03:00', 1), (TIMESTAMP '2024-01-01 00:07:00', 2) AS t(at, x)")
    return [
        frame.groupBy(F.window("at", "5 minutes")).agg(F.sum("x").alias("s")).select("window.start", "window.end", "s"),
        frame.groupBy(F.window("at", "10 minutes", "5 minutes")).count().select("window.start", "count"),
    ]


@program
def session_windows(spark: Any, place: Place) -> Any:
    """Windows that end after a pause."""
    frame = spark.sql(
        "SELECT * FROM VALUES (TIMESTAMP '2024-01-01 00:00:00'), (TIMESTAMP '2024-01-01 00:04:00'), (TIMESTAMP '2024-01-01 00:20:00') AS t(at)"
    )
    return frame.groupBy(F.session_window("at", "5 minutes")).count().select("session_window.start", "session_window.end", "count")


@program
def current_moments(spark: Any, place: Place) -> Any:
    """``now()`` is one moment for the whole query."""
    return spark.sql(
        "SELECT now() = current_timestamp() AS a, current_date() = to_date(now()) AS b, typeof(now()) AS c, current_timezone() AS d"
    )


@program
def functions_of_stored_times(spark: Any, place: Place) -> Any:
    """What is told of a table's timestamp, in the session's zone."""
    name = place.table("t")
    with settings(spark, {"spark.sql.session.timeZone": "America/New_York"}):
        spark.sql("SELECT TIMESTAMP '2024-07-01 23:00:00' AS t").write.saveAsTable(name)
        query = f"SELECT unix_timestamp(t) AS u, hour(t) AS h, CAST(to_date(t) AS STRING) AS d, CAST(t AS STRING) AS s FROM {name}"
        return spark.sql(query).collect()


@program
def times_in_csv(spark: Any, place: Place) -> Any:
    """Timestamps in a CSV file bear the offset of the session's zone."""
    with settings(spark, {"spark.sql.session.timeZone": "America/New_York"}):
        spark.sql("SELECT TIMESTAMP '2024-07-01 23:00:00' AS t").coalesce(1).write.csv(place.path("out"))
    return [file.read_text("utf-8") for file in place.folder.glob("out/*.csv")]


@program
def zones_that_are_set(spark: Any, place: Place) -> Any:
    """SET of a zone, with and without quotes; SET TIME ZONE; RESET."""
    with settings(spark, {"spark.sql.session.timeZone": "UTC"}):
        return [
            attempt(lambda text=text: spark.sql(text).collect())
            for text in (
                "SET spark.sql.session.timeZone=Asia/Tokyo", "SET spark.sql.session.timeZone", "SET TIME ZONE 'Europe/Berlin'",
                "SET spark.sql.session.timeZone = 'Asia/Tokyo'", "SELECT current_timezone() AS z",
            )
        ]  # fmt: skip
