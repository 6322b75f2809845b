"""Functions of Python in Spark: plain, pandas, Arrow, tables; and what goes to pandas and back."""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from typing import Any

import pandas as pd
from pyspark.sql import Row
from pyspark.sql import functions as F

from tests.contract.spark.register import Place, attempted, done, program, settings


@program
def plain_udf(spark: Any, place: Place) -> Any:
    """A plain function; None goes in and out."""
    twice = F.udf(lambda x: None if x is None else x * 2, "int")
    return spark.createDataFrame([(1,), (None,)], "x INT").select(twice("x").alias("y"))


@program
def udf_result_types(spark: Any, place: Place) -> Any:
    """What comes out of another type than was said is null, of a struct or list its parts."""
    frame = spark.range(1).coalesce(1)
    return [
        attempted(lambda: frame.select(F.udf(lambda x: "a", "int")("id").alias("y"))),
        attempted(lambda: frame.select(F.udf(lambda x: 1, "string")("id").alias("y"))),
        attempted(lambda: frame.select(F.udf(lambda x: 1, "double")("id").alias("y"))),
        frame.select(F.udf(lambda x: ([1, None], {"k": 1.5}), "l ARRAY<INT>, m MAP<STRING, DOUBLE>")("id").alias("y")),
        frame.select(F.udf(lambda x: decimal.Decimal("1.50"), "decimal(9,2)")("id").alias("y")),
    ]


@program
def udf_argument_types(spark: Any, place: Place) -> Any:
    """What a function is given for each type."""
    frame = spark.sql(
        "SELECT CAST(1.50 AS DECIMAL(9,2)) AS a, DATE '2024-01-02' AS b, TIMESTAMP '2024-01-02 03:04:05' AS c, array(1) AS d, map('k', 1) AS e, struct(1 AS x) AS f, X'01' AS g"
    )
    return frame.select(
        F.udf(lambda *values: " ".join(f"{type(value).__name__}" for value in values), "string")("a", "b", "c", "d", "e", "f", "g").alias(
            "y"
        )
    )


@program
def udf_that_fails(spark: Any, place: Place) -> Any:
    """An error within a function is told."""
    return attempted(lambda: spark.range(1).select(F.udf(lambda x: 1 // 0, "int")("id")))


@program
def udf_in_sql(spark: Any, place: Place) -> Any:
    """A function that is registered is called in SQL."""
    spark.udf.register("c_twice", lambda x: x * 2, "int")
    return spark.sql("SELECT c_twice(21) AS y")


@program
def udf_that_holds_values(spark: Any, place: Place) -> Any:
    """A function takes values of the notebook with it."""
    known = {1: "one"}
    return spark.range(3).select(F.udf(lambda x: known.get(x, "none"), "string")("id").alias("y"))


@program
def arrow_udf(spark: Any, place: Place) -> Any:
    """A plain function by way of Arrow."""
    return spark.range(3).select(F.udf(lambda x: x + 0.5, "double", useArrow=True)("id").alias("y"))


@program
def pandas_udf(spark: Any, place: Place) -> Any:
    """Series to series, and series to a scalar in groups."""

    @F.pandas_udf("long")
    def plus(x: pd.Series) -> pd.Series:
        return x + 1

    @F.pandas_udf("double")
    def mean(x: pd.Series) -> float:
        return float(x.mean())

    frame = spark.createDataFrame([("a", 1), ("a", 2), ("b", 5)], "k STRING, x LONG")
    return [frame.select(plus("x").alias("y")), frame.groupBy("k").agg(mean("x").alias("m"))]


@program
def pandas_iterator_udf(spark: Any, place: Place) -> Any:
    """An iterator of series."""

    @F.pandas_udf("long")
    def plus(parts: Iterator[pd.Series]) -> Iterator[pd.Series]:
        for part in parts:
            yield part + 1

    return spark.range(3).select(plus("id").alias("y"))


@program
def pandas_groups(spark: Any, place: Place) -> Any:
    """``applyInPandas`` and ``mapInPandas``; nulls come as NaN."""
    frame = spark.createDataFrame([("a", 1.0), ("a", None), ("b", 5.0)], "k STRING, x DOUBLE")
    centred = frame.groupBy("k").applyInPandas(lambda part: part.assign(x=part.x - part.x.mean()), "k STRING, x DOUBLE")
    return [centred, frame.mapInPandas(lambda parts: (part[part.x > 1] for part in parts), "k STRING, x DOUBLE")]


@program
def arrow_groups(spark: Any, place: Place) -> Any:
    """``mapInArrow``."""
    return spark.range(3).mapInArrow(lambda batches: batches, "id LONG")


@program
def cogrouped_pandas(spark: Any, place: Place) -> Any:
    """Two frames in groups of one key."""
    one, two = spark.createDataFrame([(1, 2)], "k INT, a INT"), spark.createDataFrame([(1, 3), (2, 4)], "k INT, b INT")
    return (
        one.groupBy("k")
        .cogroup(two.groupBy("k"))
        .applyInPandas(lambda x, y: pd.DataFrame({"n": [len(x)], "m": [len(y)]}), "n LONG, m LONG")
    )


@program
def table_function(spark: Any, place: Place) -> Any:
    """A function of Python that gives a table."""

    @F.udtf(returnType="n INT, square INT")
    class Squares:
        def eval(self, start: int, end: int) -> Iterator[Any]:
            for number in range(start, end):
                yield number, number * number

    return Squares(F.lit(1), F.lit(4))


@program
def to_pandas(spark: Any, place: Place) -> Any:
    """The types of pandas that columns become, with and without nulls."""
    return spark.sql(
        "SELECT 1 AS i, 2L AS l, 1.5D AS d, 'x' AS s, true AS b, DATE '2024-01-02' AS day, TIMESTAMP '2024-01-02 03:04:05' AS t, CAST(1.5 AS DECIMAL(5,2)) AS n, array(1, 2) AS a"
    ).toPandas()


@program
def to_pandas_with_nulls(spark: Any, place: Place) -> Any:
    """Nulls in ints and booleans change the type of pandas."""
    return spark.createDataFrame([(1, True, "a"), (None, None, None)], "i INT, b BOOLEAN, s STRING").toPandas()


@program
def to_pandas_of_structs(spark: Any, place: Place) -> Any:
    """Structs and maps in pandas."""
    return spark.sql("SELECT named_struct('a', 1, 'b', 'x') AS s, map('k', 1) AS m, array(named_struct('c', 1)) AS l").toPandas()


@program
def to_pandas_without_arrow(spark: Any, place: Place) -> Any:
    """With Arrow off the result is the same but for a few types."""
    with settings(spark, {"spark.sql.execution.arrow.pyspark.enabled": "false"}):
        return spark.sql("SELECT 1 AS i, 'x' AS s, TIMESTAMP '2024-01-02 03:04:05' AS t").toPandas()


@program
def from_pandas(spark: Any, place: Place) -> Any:
    """A frame of pandas with NaN, None, times and categories."""
    frame = pd.DataFrame({"i": [1, 2], "f": [1.5, float("nan")], "s": ["a", None], "t": pd.to_datetime(["2024-01-02", None])})
    return spark.createDataFrame(frame)


@program
def from_arrow(spark: Any, place: Place) -> Any:
    """A table of Arrow goes in and comes out."""
    import pyarrow as pa

    frame = spark.createDataFrame(pa.table({"a": [1, None], "b": ["x", "y"]}))
    return [frame, str(frame.toArrow().schema)]


@program
def rdds(spark: Any, place: Place) -> Any:
    """RDDs and the context."""
    return attempted(lambda: spark.sparkContext.parallelize([1, 2, 3], 2).map(lambda x: Row(n=x * x)).toDF())


@program
def pandas_on_spark(spark: Any, place: Place) -> Any:
    """The API of pandas on Spark."""
    import pyspark.pandas as ps

    return attempted(lambda: spark.createDataFrame(ps.DataFrame({"a": [3, 1]}).sort_values("a").to_pandas()))


@program
def actions(spark: Any, place: Place) -> Any:
    """``take``, ``head``, ``first``, ``tail``, ``isEmpty``, ``foreach`` and the rest."""
    frame = spark.range(4).coalesce(1)
    return [
        frame.take(2),
        frame.head(),
        frame.first(),
        frame.tail(1),
        frame.isEmpty(),
        frame.where("id > 9").first(),
        list(frame.toLocalIterator())[-1],
        frame.describe("id"),
        frame.summary("min", "50%"),
    ]


@program
def caches(spark: Any, place: Place) -> Any:
    """``cache``, ``persist``, ``checkpoint`` and CACHE TABLE leave answers as they are."""
    frame = spark.range(3).withColumn("r", F.rand())
    cached = frame.cache()
    first = cached.collect() == cached.collect()
    cached.unpersist()
    view = place.view("c", "SELECT 1 AS x")
    told = done(lambda: spark.sql(f"CACHE TABLE {view}"))
    return [first, told, spark.table(view).count(), attempted(lambda: spark.range(2).localCheckpoint())]


@program
def shown_text(spark: Any, place: Place) -> Any:
    """What ``show()`` prints."""
    import contextlib
    import io

    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        spark.sql("SELECT 1 AS a, CAST(NULL AS STRING) AS b, 1.0E7D AS c, array(1, NULL) AS d, 'a long text that is cut off' AS e").show()
        spark.range(1).printSchema()
    return said.getvalue()
