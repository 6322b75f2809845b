"""Nulls, arrays, maps, structs and variants."""

from __future__ import annotations

from typing import Any

from pyspark.sql import Row
from pyspark.sql import functions as F

from tests.contract.spark.register import Place, attempted, each, program

NULL_STRUCT = "SELECT * FROM VALUES (1, named_struct('a', 1, 'b', 'x', 'c', named_struct('d', 2.5D))), (2, NULL) AS t(id, s)"


@program
def null_struct_fields(spark: Any, place: Place) -> Any:
    """Fields of a null struct are null, however deep."""
    return spark.sql(f"SELECT id, s.a, s.b, s.c.d FROM ({NULL_STRUCT})")


@program
def null_struct_star(spark: Any, place: Place) -> Any:
    """``s.*`` of a null struct gives nulls."""
    return spark.sql(NULL_STRUCT).select("id", "s.*")


@program
def null_struct_is_null(spark: Any, place: Place) -> Any:
    """A null struct is null, also as a whole and after a filter."""
    return spark.sql(f"SELECT id, s IS NULL AS n, s FROM ({NULL_STRUCT})")


@program
def null_struct_is_written(spark: Any, place: Place) -> Any:
    """A null struct written to Delta is read as null."""
    spark.sql(NULL_STRUCT).write.format("delta").save(place.path("t"))
    back = spark.read.format("delta").load(place.path("t"))
    return [back, back.where("s IS NULL").count(), back.select("id", "s.a", "s.c.d")]


@program
def null_struct_from_json_is_written(spark: Any, place: Place) -> Any:
    """Null structs of a file of JSON, flattened and written."""
    frame = spark.read.json(place.file("a.json", '{"id":1,"s":{"a":1,"b":"x"}}\n{"id":2,"s":null}\n{"id":3}\n'))
    frame.select("id", "s.a", "s.b").write.format("delta").save(place.path("t"))
    return spark.read.format("delta").load(place.path("t"))


@program
def null_struct_of_outer_join_is_written(spark: Any, place: Place) -> Any:
    """A struct that an outer join left empty is written as null."""
    left, right = spark.range(2), spark.sql("SELECT 0L AS id, named_struct('a', 5, 'b', 'y') AS s")
    left.join(right, "id", "left").write.format("delta").save(place.path("t"))
    return spark.read.format("delta").load(place.path("t")).select("id", "s.a", "s.b", F.col("s").isNull().alias("n"))


@program
def null_logic(spark: Any, place: Place) -> Any:
    """Three-valued logic, ``<=>``, ``IN`` with nulls, ``NOT IN``."""
    return spark.sql(
        "SELECT NULL = NULL AS a, NULL <=> NULL AS b, 1 IN (2, NULL) AS c, 1 NOT IN (2, NULL) AS d, NULL AND false AS e, NULL OR true AS f, nullif(1, 1) AS g, nvl2(NULL, 1, 2) AS h"
    )


@program
def nulls_in_order(spark: Any, place: Place) -> Any:
    """Nulls come first going up and last going down, unless told otherwise."""
    frame = spark.createDataFrame([(1,), (None,), (2,)], "x INT")
    return [frame.orderBy("x").collect(), frame.orderBy(F.desc("x")).collect(), frame.orderBy(F.asc_nulls_last("x")).collect()]


@program
def nulls_are_dropped_and_filled(spark: Any, place: Place) -> Any:
    """``dropna``, ``fillna`` by type and by column, ``replace``."""
    frame = spark.createDataFrame([(1, "a", None), (None, None, 2.5), (None, None, None)], "i INT, s STRING, d DOUBLE")
    return [frame.na.drop("all"), frame.na.drop(thresh=2), frame.fillna(0), frame.fillna({"s": "-", "d": 1}), frame.replace("a", "b")]


@program
def arrays(spark: Any, place: Place) -> Any:
    """What SQL does with arrays."""
    return spark.sql(
        "SELECT array_contains(a, 2) AS b, size(a) AS c, a[0] AS d, element_at(a, -1) AS e, slice(a, 2, 2) AS f, array_distinct(a) AS g, sort_array(a, false) AS h, array_position(a, 3) AS i, array_remove(a, 2) AS j, concat(a, array(9)) AS k, array_join(a, '-') AS l, array_max(a) AS m, flatten(array(a, a)) AS n FROM VALUES (array(3, 2, 2, 1)) AS t(a)"
    )


@program
def arrays_with_nulls(spark: Any, place: Place) -> Any:
    """Nulls within arrays, and arrays that are null."""
    return spark.sql(
        "SELECT size(CAST(NULL AS ARRAY<INT>)) AS a, array_contains(array(1, NULL), 2) AS b, sort_array(array(2, NULL, 1)) AS c, array_join(array('a', NULL), ',', '?') AS d, array_compact(array(1, NULL)) AS e, array_sort(array(2, NULL, 1)) AS f"
    )


@program
def index_out_of_range(spark: Any, place: Place) -> Any:
    """ANSI: an index beyond an array is refused; ``get`` and ``try_element_at`` give null."""
    return each(
        spark, "array(1, 2)[5]", "element_at(array(1, 2), 5)", "get(array(1, 2), 5)", "try_element_at(array(1), 5)", "element_at(map('a', 1), 'z')",
        "element_at(array(1), 0)",
    )  # fmt: skip


@program
def higher_order_functions(spark: Any, place: Place) -> Any:
    """Lambdas over arrays and maps."""
    return each(
        spark, "transform(a, (x, i) -> x * i)", "filter(a, x -> x > 1)", "exists(a, x -> x > 2)", "forall(a, x -> x > 2)", "aggregate(a, 0, (s, x) -> s + x)",
        "zip_with(a, a, (x, y) -> x + y)", "transform_values(map('k', 1), (k, v) -> v + 1)", "transform_keys(map('k', 1), (k, v) -> upper(k))",
        "map_filter(map('a', 1, 'b', 2), (k, v) -> v > 1)", "array_sort(a, (x, y) -> y - x)", rows="FROM VALUES (array(1, 2, 3)) AS t(a)",
    )  # fmt: skip


@program
def python_lambdas(spark: Any, place: Place) -> Any:
    """The same from Python."""
    frame = spark.createDataFrame([([1, 2, 3],)], "a ARRAY<INT>")
    return frame.select(
        F.transform("a", lambda x: x + 1).alias("t"),
        F.filter("a", lambda x: x % 2 == 1).alias("f"),
        F.aggregate("a", F.lit(0), lambda s, x: s + x).alias("s"),
    )


@program
def explosions(spark: Any, place: Place) -> Any:
    """``explode`` drops empty arrays, ``explode_outer`` keeps them; with positions, of maps, and in LATERAL VIEW."""
    frame = spark.createDataFrame([(1, ["a", None]), (2, []), (3, None)], "id INT, x ARRAY<STRING>")
    view = place.view("e", frame)
    return [
        attempted(lambda: frame.select("id", F.explode("x").alias("y"))),
        attempted(lambda: frame.select("id", F.posexplode_outer("x"))),
        attempted(lambda: spark.sql(f"SELECT id, y FROM {view} LATERAL VIEW OUTER explode(x) v AS y")),
        attempted(lambda: spark.sql("SELECT explode(map('a', 1, 'b', 2))")),
        attempted(lambda: spark.sql("SELECT inline(array(named_struct('p', 1, 'q', 'x'), named_struct('p', 2, 'q', 'y')))")),
        attempted(lambda: spark.sql("SELECT stack(2, 1, 'a', 2, 'b') AS (n, s)")),
    ]


@program
def maps(spark: Any, place: Place) -> Any:
    """Maps: keys, values, entries, merging."""
    return spark.sql(
        "SELECT map_keys(m) AS a, map_values(m) AS b, m['x'] AS c, map_concat(m, map('z', 3)) AS d, map_entries(m) AS e, map_from_arrays(array('p'), array(1)) AS f, str_to_map('a:1,b:2') AS g, cardinality(m) AS h, map_contains_key(m, 'y') AS i FROM VALUES (map('x', 1, 'y', NULL)) AS t(m)"
    )


@program
def map_duplicates(spark: Any, place: Place) -> Any:
    """The same key twice is refused."""
    return [
        attempted(lambda: spark.sql("SELECT map('a', 1, 'a', 2) AS m")),
        attempted(lambda: spark.sql("SELECT map_concat(map('a', 1), map('a', 2)) AS m")),
    ]


@program
def structs(spark: Any, place: Place) -> Any:
    """Structs: made, changed, compared, and their fields dropped."""
    frame = spark.sql("SELECT named_struct('a', 1, 'b', struct(2 AS c, 'x' AS d)) AS s")
    return [
        attempted(lambda: frame.select(F.col("s").withField("e", F.lit(5)).alias("s"))),
        attempted(lambda: frame.select(F.col("s").dropFields("b.c").alias("s"))),
        attempted(lambda: frame.select("s.b.*")),
        *each(spark, "struct(1, 2) < struct(1, 3)", "struct(1 AS x) = struct(1 AS y)"),
    ]


@program
def text_of_nested_values(spark: Any, place: Place) -> Any:
    """Arrays, maps and structs as text, with nulls in them."""
    return spark.sql(
        "SELECT CAST(array(1, NULL) AS STRING) AS a, CAST(map('k', 1.5D) AS STRING) AS b, CAST(struct(1, NULL, 'x') AS STRING) AS c, CAST(array(true) AS STRING) AS d"
    )


@program
def python_rows(spark: Any, place: Place) -> Any:
    """Schema from Python rows: dicts, lists, rows in rows, all nulls refused."""
    return [
        spark.createDataFrame([Row(a=1, b=Row(c="x", d=[1.5]), e={"k": 1})]),
        spark.createDataFrame([{"b": 1, "a": "x"}]),
        spark.createDataFrame([(1, "a")], ["n", "s"]),
        attempted(lambda: spark.createDataFrame([(None,)], ["n"])),
        attempted(lambda: spark.createDataFrame([(1,), ("x",)], "n INT")),
    ]


@program
def nested_round_trip(spark: Any, place: Place) -> Any:
    """Structs in arrays in maps through Delta, nulls at each level."""
    schema = "id INT, m MAP<STRING, ARRAY<STRUCT<x: INT, y: STRING>>>"
    rows = [(1, {"k": [(1, "a"), (None, None)]}), (2, {"k": None}), (3, {}), (4, None)]
    spark.createDataFrame(rows, schema).write.format("delta").save(place.path("t"))
    return spark.read.format("delta").load(place.path("t"))


@program
def array_of_structs_with_null(spark: Any, place: Place) -> Any:
    """A field of an array of structs, one of which is null."""
    frame = spark.createDataFrame([(1, [(1, "a"), None])], "id INT, a ARRAY<STRUCT<x: INT, y: STRING>>")
    return [frame.select("a.x", "a.y"), frame.select(F.explode("a").alias("s")).select("s.x", "s.y")]


@program
def variants(spark: Any, place: Place) -> Any:
    """``parse_json`` and paths into it."""
    return spark.sql(
        """SELECT variant_get(parse_json('{"a":{"b":[1,2]}}'), '$.a.b[1]', 'int') AS x, CAST(parse_json('5') AS INT) AS y, schema_of_variant(parse_json('{"a":1}')) AS z"""
    )
