"""Aggregates, grouping sets, pivots and window functions."""

from __future__ import annotations

from typing import Any

from pyspark.sql import Window
from pyspark.sql import functions as F

from tests.contract.spark.register import Place, attempted, each, program

SALES = "SELECT * FROM VALUES ('a', 1, 10), ('a', 2, NULL), ('b', 1, 5), ('b', 3, 7), (NULL, 1, 1) AS t(k, n, x)"


@program
def group_by(spark: Any, place: Place) -> Any:
    """Counts, sums and means by group; null is a group."""
    return spark.sql(
        f"SELECT k, count(*) AS c, count(x) AS cx, sum(x) AS s, avg(x) AS m, min(n) AS lo, max(x) AS hi FROM ({SALES}) GROUP BY k"
    )


@program
def aggregates_of_nothing(spark: Any, place: Place) -> Any:
    """Over no rows: null sums, zero counts, empty lists."""
    return spark.sql("SELECT count(*) AS c, sum(id) AS s, avg(id) AS m, collect_list(id) AS l, max(id) AS hi FROM range(0)")


@program
def collected_values(spark: Any, place: Place) -> Any:
    """``collect_list`` and ``collect_set`` leave nulls out."""
    return spark.sql(f"SELECT k, sort_array(collect_list(x)) AS l, sort_array(collect_set(n)) AS s FROM ({SALES}) GROUP BY k")


@program
def statistics(spark: Any, place: Place) -> Any:
    """Deviations, correlation, percentiles, mode, median."""
    return spark.sql(
        "SELECT stddev(x) AS a, var_pop(x) AS b, round(corr(x, y), 9) AS c, percentile(x, 0.25) AS d, median(x) AS e, mode(y) AS f, skewness(x) AS g FROM VALUES (1, 2), (2, 2), (4, 5), (8, 1) AS t(x, y)"
    )


@program
def approximate_aggregates(spark: Any, place: Place) -> Any:
    """``percentile_approx`` gives a value of the column; ``approx_count_distinct`` of few is exact."""
    return each(
        spark,
        "percentile_approx(x, 0.5)",
        "percentile_approx(x, array(0.25, 0.75))",
        "approx_percentile(x, 0.5, 100)",
        "approx_count_distinct(x)",
        rows="FROM VALUES (1), (2), (4), (8) AS t(x)",
    )


@program
def conditional_aggregates(spark: Any, place: Place) -> Any:
    """``count_if``, FILTER, ``max_by``, ``any``, ``every``, ``first`` without nulls."""
    return spark.sql(
        f"SELECT count_if(n > 1) AS a, sum(x) FILTER (WHERE k = 'b') AS b, max_by(k, x) AS c, any(n > 2) AS d, every(n > 0) AS e, count(DISTINCT k, n) AS f FROM ({SALES})"
    )


@program
def rollup_and_cube(spark: Any, place: Place) -> Any:
    """ROLLUP, CUBE, GROUPING SETS and ``grouping_id``."""
    rows = "SELECT * FROM VALUES ('a', 1), ('b', 2) AS t(k, n)"
    return [
        spark.sql(f"SELECT k, n, count(*) AS c, grouping_id() AS g FROM ({rows}) GROUP BY ROLLUP(k, n)"),
        spark.sql(f"SELECT k, n, sum(n) AS s FROM ({rows}) GROUP BY GROUPING SETS ((k), (n), ())"),
    ]


@program
def pivots(spark: Any, place: Place) -> Any:
    """A pivot with and without its values, in Python and in SQL."""
    frame = spark.sql(SALES)
    view = place.view("s", frame)
    return [
        attempted(lambda: frame.groupBy("k").pivot("n").sum("x")),
        attempted(lambda: frame.groupBy("k").pivot("n", [1, 2]).agg(F.sum("x").alias("s"), F.count("x").alias("c"))),
        attempted(lambda: spark.sql(f"SELECT * FROM {view} PIVOT (sum(x) FOR n IN (1 AS one, 3 AS three))")),
    ]


@program
def unpivots(spark: Any, place: Place) -> Any:
    """Columns become rows, nulls kept by ``unpivot`` and left out by UNPIVOT."""
    frame = spark.createDataFrame([(1, 10, None)], "id INT, a INT, b INT")
    view = place.view("u", frame)
    return [frame.unpivot("id", ["a", "b"], "name", "value"), spark.sql(f"SELECT * FROM {view} UNPIVOT (value FOR name IN (a, b))")]


@program
def having_and_aliases(spark: Any, place: Place) -> Any:
    """HAVING, grouping by position and by alias, GROUP BY ALL."""
    return [
        attempted(lambda: spark.sql(f"SELECT upper(k) AS u, sum(x) AS s FROM ({SALES}) GROUP BY u HAVING s > 11")),
        attempted(lambda: spark.sql(f"SELECT k, sum(n) AS s FROM ({SALES}) GROUP BY 1")),
        attempted(lambda: spark.sql(f"SELECT k, sum(n) AS s FROM ({SALES}) GROUP BY ALL")),
        attempted(lambda: spark.sql(f"SELECT k, n FROM ({SALES}) GROUP BY k")),
    ]


@program
def rankings(spark: Any, place: Place) -> Any:
    """Ranks of all kinds, with ties."""
    over = Window.partitionBy("k").orderBy("n")
    frame = spark.createDataFrame([("a", 1), ("a", 1), ("a", 2), ("b", 1)], "k STRING, n INT")
    return frame.select(
        "k",
        "n",
        F.row_number().over(over).alias("r"),
        F.rank().over(over).alias("k1"),
        F.dense_rank().over(over).alias("d"),
        F.percent_rank().over(over).alias("p"),
        F.ntile(2).over(over).alias("t"),
        F.cume_dist().over(over).alias("c"),
    )


@program
def ranking_without_order(spark: Any, place: Place) -> Any:
    """A rank without ORDER BY is refused."""
    return attempted(lambda: spark.sql("SELECT id, row_number() OVER (PARTITION BY id) AS r FROM range(2)"))


@program
def lags_and_leads(spark: Any, place: Place) -> Any:
    """The rows before and behind, with defaults and without nulls."""
    return spark.sql(
        "SELECT n, lag(x) OVER w AS a, lead(x, 1, -1) OVER w AS b, last_value(x) IGNORE NULLS OVER w AS c, nth_value(x, 2) OVER w AS d FROM VALUES (1, 10), (2, NULL), (3, 30) AS t(n, x) WINDOW w AS (ORDER BY n)"
    )


@program
def frames_of_rows(spark: Any, place: Place) -> Any:
    """Running sums, moving means, and the frame without words."""
    return spark.sql(
        "SELECT n, sum(n) OVER (ORDER BY n) AS a, avg(n) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS b, sum(n) OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS c, count(*) OVER () AS d FROM VALUES (1), (2), (2), (5) AS t(n)"
    )


@program
def frames_of_ranges(spark: Any, place: Place) -> Any:
    """Frames over values: numbers, and days of dates."""
    return [
        spark.sql("SELECT n, sum(n) OVER (ORDER BY n RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM VALUES (1), (2), (4) AS t(n)"),
        spark.sql(
            "SELECT d, sum(x) OVER (ORDER BY d RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW) AS s FROM VALUES (DATE '2024-01-01', 1), (DATE '2024-01-02', 2), (DATE '2024-01-04', 4) AS t(d, x)"
        ),
    ]


@program
def ranges_of_days_in_seconds(spark: Any, place: Place) -> Any:
    """The usual way to a moving sum over days: a range of seconds over a timestamp as a number."""
    over = Window.orderBy(F.col("t").cast("long")).rangeBetween(-86400, 0)
    frame = spark.sql(
        "SELECT * FROM VALUES (TIMESTAMP '2024-01-01 00:00:00', 1), (TIMESTAMP '2024-01-02 00:00:00', 2), (TIMESTAMP '2024-01-03 00:00:01', 4) AS v(t, x)"
    )
    return frame.select("t", F.sum("x").over(over).alias("s"))


@program
def lists_over_windows(spark: Any, place: Place) -> Any:
    """``collect_list`` over a window leaves nulls out."""
    return spark.sql("SELECT n, collect_list(x) OVER (ORDER BY n) AS l FROM VALUES (1, 'a'), (2, NULL), (3, 'c') AS t(n, x)")


@program
def latest_row_of_each_key(spark: Any, place: Place) -> Any:
    """The usual way to drop duplicates by row_number, and QUALIFY refused or not."""
    rows = "SELECT * FROM VALUES ('a', 1), ('a', 2), ('b', 1) AS t(k, n)"
    frame = spark.sql(rows)
    over = Window.partitionBy("k").orderBy(F.col("n").desc())
    return [
        frame.withColumn("r", F.row_number().over(over)).where("r = 1").drop("r"),
        attempted(lambda: spark.sql(f"{rows} QUALIFY row_number() OVER (PARTITION BY k ORDER BY n DESC) = 1 ORDER BY k")),
    ]
