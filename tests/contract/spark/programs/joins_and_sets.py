"""Joins, set operations, duplicates, and the types that come of them."""

from __future__ import annotations

from typing import Any

from pyspark.sql import functions as F

from tests.contract.spark.register import Place, attempted, program


def _sides(spark: Any) -> tuple[Any, Any]:
    left = spark.createDataFrame([(1, "a"), (2, "b"), (None, "c")], "k INT, l STRING")
    return left, spark.createDataFrame([(1, "x"), (1, "y"), (3, "z"), (None, "n")], "k INT, r STRING")


@program
def joins_of_each_kind(spark: Any, place: Place) -> Any:
    """Inner, outer, semi, anti and cross joins; null keys match nothing."""
    left, right = _sides(spark)
    return [left.join(right, "k", how) for how in ("inner", "left", "right", "full", "left_semi", "left_anti")] + [
        left.crossJoin(right).count()
    ]


@program
def join_conditions(spark: Any, place: Place) -> Any:
    """Null-safe equality, inequalities, columns of the same name."""
    left, right = _sides(spark)
    return [
        left.join(right, left.k.eqNullSafe(right.k)),
        left.join(right, left.k < right.k).select(left.k, "r"),
        attempted(lambda: left.join(right, left.k == right.k).select("k")),
    ]


@program
def self_joins(spark: Any, place: Place) -> Any:
    """A frame joined with one made of it, under aliases."""
    frame = spark.createDataFrame([(1, 2), (2, 3)], "a INT, b INT")
    return frame.alias("x").join(frame.alias("y"), F.col("x.b") == F.col("y.a")).select("x.a", F.col("y.b").alias("c"))


@program
def joins_in_sql(spark: Any, place: Place) -> Any:
    """USING, NATURAL, lateral, and ON with types that differ."""
    left, right = (place.view(name, frame) for name, frame in zip("lr", _sides(spark)))
    return [
        attempted(lambda: spark.sql(f"SELECT * FROM {left} JOIN {right} USING (k)")),
        attempted(lambda: spark.sql(f"SELECT * FROM {left} NATURAL LEFT JOIN {right}")),
        attempted(lambda: spark.sql(f"SELECT l, n FROM {left}, LATERAL (SELECT count(*) AS n FROM {right} WHERE {right}.k = {left}.k)")),
        attempted(lambda: spark.sql(f"SELECT l FROM {left} JOIN (SELECT '1' AS t) ON k = t")),
    ]


@program
def subqueries(spark: Any, place: Place) -> Any:
    """IN, EXISTS, scalar and correlated subqueries; NOT IN with a null finds nothing."""
    left, right = (place.view(name, frame) for name, frame in zip("lr", _sides(spark)))
    return [
        spark.sql(f"SELECT l FROM {left} WHERE k IN (SELECT k FROM {right})"),
        spark.sql(f"SELECT l FROM {left} WHERE k NOT IN (SELECT k FROM {right})"),
        spark.sql(f"SELECT l FROM {left} WHERE NOT EXISTS (SELECT 1 FROM {right} WHERE {right}.k = {left}.k)"),
        spark.sql(f"SELECT l, (SELECT max(r) FROM {right} WHERE {right}.k = {left}.k) AS m FROM {left}"),
    ]


@program
def sets(spark: Any, place: Place) -> Any:
    """Union, intersection and difference, of bags and of sets."""
    left, right = (
        place.view(name, f"SELECT * FROM VALUES {values} AS t(x)")
        for name, values in (("l", "(1), (1), (2), (NULL)"), ("r", "(1), (NULL), (3)"))
    )
    return [
        spark.sql(f"SELECT * FROM {left} UNION SELECT * FROM {right}"),
        spark.sql(f"SELECT * FROM {left} UNION ALL SELECT * FROM {right}"),
        spark.sql(f"SELECT * FROM {left} INTERSECT SELECT * FROM {right}"),
        spark.sql(f"SELECT * FROM {left} INTERSECT ALL SELECT * FROM {right}"),
        spark.sql(f"SELECT * FROM {left} EXCEPT SELECT * FROM {right}"),
        spark.sql(f"SELECT * FROM {left} EXCEPT ALL SELECT * FROM {right}"),
        spark.sql(f"SELECT * FROM {left} MINUS SELECT * FROM {right}"),
    ]


@program
def union_widens(spark: Any, place: Place) -> Any:
    """Ints and bigints, ints and doubles, decimals of two scales, dates and timestamps."""
    pairs = (
        ("1", "2L"),
        ("1", "2.5D"),
        ("CAST(1 AS DECIMAL(5,1))", "CAST(2 AS DECIMAL(9,4))"),
        ("1", "2.5"),
        ("NULL", "1"),
        ("DATE '2024-01-01'", "TIMESTAMP '2024-01-02 03:04:05'"),
    )
    return [attempted(lambda one=one, two=two: spark.sql(f"SELECT {one} AS x UNION ALL SELECT {two} AS x")) for one, two in pairs]


@program
def union_of_number_and_text(spark: Any, place: Place) -> Any:
    """ANSI: the text must be a number."""
    return [
        attempted(lambda: spark.sql("SELECT 1 AS x UNION ALL SELECT 'a'")),
        attempted(lambda: spark.sql("SELECT 1 AS x UNION ALL SELECT '2'")),
    ]


@program
def union_by_name(spark: Any, place: Place) -> Any:
    """Columns in another order; missing ones become null."""
    one, two = spark.sql("SELECT 1 AS a, 'x' AS b"), spark.sql("SELECT 'y' AS b, 2.5D AS c")
    return [one.unionByName(two, allowMissingColumns=True), attempted(lambda: one.unionByName(two)), one.union(spark.sql("SELECT 2, 'z'"))]


@program
def duplicates(spark: Any, place: Place) -> Any:
    """``distinct``, ``dropDuplicates`` by key, nulls and signed zeros."""
    frame = spark.createDataFrame([(1, "a"), (1, "a"), (None, "b"), (None, "b")], "n INT, s STRING")
    return [
        frame.distinct(),
        frame.dropDuplicates(["n"]).count(),
        spark.sql("SELECT DISTINCT d FROM VALUES (0.0D), (-0.0D), (CAST('NaN' AS DOUBLE)), (CAST('NaN' AS DOUBLE)) AS t(d)").count(),
    ]


@program
def order_and_limits(spark: Any, place: Place) -> Any:
    """Order by several columns, by position, limits and offsets."""
    return [
        spark.sql("SELECT * FROM VALUES (1, 'b'), (1, 'a'), (2, 'c') AS t(n, s) ORDER BY 1 DESC, s LIMIT 2 OFFSET 1").collect(),
        spark.range(5).orderBy(F.desc("id")).limit(2).collect(),
        spark.range(5).offset(3).collect(),
    ]


@program
def samples_and_splits(spark: Any, place: Place) -> Any:
    """Samples with a seed take what they took before."""
    frame = spark.range(100).coalesce(1)
    return [
        sum(row.id for row in frame.sample(fraction=0.2, seed=7).collect()),
        [part.count() for part in frame.randomSplit([0.5, 0.5], seed=7)],
    ]


@program
def columns_changed(spark: Any, place: Place) -> Any:
    """``withColumn``, ``withColumnRenamed``, ``drop``, ``selectExpr``, ``toDF``, names without case."""
    frame = spark.createDataFrame([(1, "a")], "Id INT, Name STRING")
    return [
        frame.withColumn("ID", F.col("id") + 1),
        frame.withColumnsRenamed({"Id": "x", "Name": "y"}),
        frame.drop("name", "nothing"),
        frame.selectExpr("id * 2 AS twice", "*"),
        frame.toDF("p", "q"),
        frame.columns,
        frame.dtypes,
    ]


@program
def expressions_of_python(spark: Any, place: Place) -> Any:
    """when/otherwise, isin, between, like, cast, names that expressions get."""
    frame = spark.createDataFrame([(1, "ab"), (5, None)], "n INT, s STRING")
    return [
        frame.select(
            F.when(F.col("n") > 3, "big").when(F.col("n") > 0, "small").alias("w"),
            F.col("n").isin(1, 2).alias("i"),
            F.col("s").like("a%").alias("l"),
            F.col("n").between(1, 4).alias("b"),
        ),
        frame.select(F.col("n") + 1, F.upper("s"), F.col("n").cast("string"), F.lit(1)).columns,
        attempted(lambda: frame.select("nothing")),
    ]


@program
def case_of_mixed_types(spark: Any, place: Place) -> Any:
    """when/otherwise of a number and a text."""
    return attempted(lambda: spark.range(2).select(F.when(F.col("id") == 0, 1).otherwise("a").alias("x")))
