"""What is computed and read in ways that the other topics leave out: try-functions, JSON and CSV within columns, sequences, edges of ANSI."""

from __future__ import annotations

from typing import Any

from pyspark.sql import functions as F

from tests.contract.spark.register import Place, attempted, each, program


@program
def try_functions(spark: Any, place: Place) -> Any:
    """Those that give null where others have an error."""
    return each(
        spark, "try_add(2147483647, 1)", "try_subtract(-2147483648, 1)", "try_multiply(9223372036854775807, 2)", "try_divide(1, 0)", "try_cast('x' AS INT)",
        "try_cast('2024-02-30' AS DATE)", "try_element_at(array(1), 3)", "try_element_at(map('a', 1), 'b')", "try_to_number('x', '999')", "try_mod(1, 0)",
    )  # fmt: skip


@program
def try_sums(spark: Any, place: Place) -> Any:
    """try_sum and try_avg of what overflows."""
    return attempted(lambda: spark.sql("SELECT try_sum(x) AS s, try_avg(x) AS a FROM VALUES (9223372036854775807L), (1L) AS t(x)"))


@program
def casts_of_texts_with_blanks(spark: Any, place: Place) -> Any:
    """Texts around numbers and booleans in casts."""
    return each(
        spark, "CAST(' 1 ' AS INT)", "CAST('1.5' AS INT)", "CAST('1e2' AS INT)", "CAST('1e2' AS DOUBLE)", "CAST('+5' AS INT)", "CAST('yes' AS BOOLEAN)",
        "CAST('t' AS BOOLEAN)", "CAST('0x10' AS INT)", "CAST('1.5f' AS DOUBLE)", "CAST('NaN' AS FLOAT)", "CAST('12.345' AS DECIMAL(4,2))", "CAST('' AS INT)",
    )  # fmt: skip


@program
def casts_that_overflow(spark: Any, place: Place) -> Any:
    """Numbers too large for the type that they are cast to."""
    return each(
        spark, "CAST(300 AS TINYINT)", "CAST(3e9D AS INT)", "CAST(CAST('NaN' AS DOUBLE) AS INT)", "CAST(12345.67 AS DECIMAL(5,2))", "CAST(-129 AS TINYINT)",
        "CAST(1e40D AS FLOAT)", "CAST(9999999999L AS INT)", "CAST(1e20D AS BIGINT)", "CAST(TIMESTAMP '9999-12-31 00:00:00' AS INT)",
    )  # fmt: skip


@program
def overflow_of_functions(spark: Any, place: Place) -> Any:
    """abs, negation, shifts, factorial and dates at the ends of their types."""
    return each(
        spark, "abs(CAST(-2147483648 AS INT))", "-(CAST(-2147483648 AS INT))", "CAST(-128 AS TINYINT) DIV CAST(-1 AS TINYINT)", "factorial(21)", "shiftleft(1, 33)",
        "date_add(DATE '2024-01-01', 2147483647)", "pow(10, 400)", "element_at(array(1), 0)", "conv('zz', 36, 10)", "pmod(-7, 3)", "bround(2.5)", "ceil(1.0001BD)",
    )  # fmt: skip


@program
def from_json_modes(spark: Any, place: Place) -> Any:
    """from_json of good and bad texts, in each mode."""
    frame = spark.createDataFrame([('{"a": 1, "b": "x"}',), ('{"a": "no"}',), ("nonsense",), (None,), ("",)], "t STRING")
    return [
        attempted(lambda: frame.select(F.from_json("t", "a INT, b STRING").alias("j")).select("j.a", "j.b")),
        attempted(lambda: frame.select(F.from_json("t", "a INT, _corrupt_record STRING", {"mode": "PERMISSIVE"}).alias("j"))),
        attempted(lambda: frame.select(F.from_json("t", "a INT", {"mode": "FAILFAST"}).alias("j"))),
        attempted(lambda: frame.limit(1).select(F.from_json("t", "MAP<STRING, STRING>").alias("j"))),
    ]


@program
def to_json_options(spark: Any, place: Place) -> Any:
    """to_json of nulls, times, maps and arrays."""
    frame = spark.sql(
        "SELECT named_struct('a', CAST(NULL AS INT), 'd', DATE '2024-01-02', 't', TIMESTAMP '2024-01-02 03:04:05', 'f', 1.0D) AS s"
    )
    return [
        attempted(lambda: frame.select(F.to_json("s").alias("j"))),
        attempted(lambda: frame.select(F.to_json("s", {"ignoreNullFields": "false"}).alias("j"))),
        attempted(lambda: frame.select(F.to_json("s", {"dateFormat": "dd.MM.yyyy"}).alias("j"))),
        attempted(lambda: spark.sql("SELECT to_json(map('a', array(1, NULL))) AS j, to_json(array(named_struct('x', 1))) AS k")),
    ]


@program
def csv_and_schemas_within_columns(spark: Any, place: Place) -> Any:
    """from_csv, to_csv, schema_of_json and schema_of_csv."""
    return each(
        spark,
        "from_csv('1,x', 'a INT, b STRING')",
        "to_csv(named_struct('a', 1, 'b', 'x,y'))",
        'schema_of_json(\'{"a": [1.5], "b": null}\')',
        "schema_of_csv('1,x,2024-01-02')",
    )


@program
def json_tuples_and_arrays(spark: Any, place: Place) -> Any:
    """json_tuple, json_array_length, json_object_keys, get_json_object of deep paths."""
    text = '\'{"a": 1, "b": {"c": [10, 20]}, "d": null}\''
    return [
        attempted(lambda: spark.sql(f"SELECT json_tuple({text}, 'a', 'd', 'x')")),
        *each(
            spark,
            f"get_json_object({text}, '$.b.c[1]')",
            f"get_json_object({text}, '$.b')",
            f"get_json_object({text}, '$.d')",
            "json_array_length('[1, 2]')",
            f"json_object_keys({text})",
        ),
    ]


@program
def sequences(spark: Any, place: Place) -> Any:
    """sequence of numbers, dates and months, forwards and backwards."""
    return each(
        spark, "sequence(1, 5, 2)", "sequence(5, 1)", "sequence(DATE '2024-01-31', DATE '2024-04-30', INTERVAL 1 MONTH)", "sequence(DATE '2024-01-03', DATE '2024-01-01')",
        "size(sequence(TIMESTAMP '2024-01-01 00:00:00', TIMESTAMP '2024-01-01 03:00:00', INTERVAL 90 MINUTE))", "sequence(1, 5, -1)",
    )  # fmt: skip


@program
def times_beyond_microseconds(spark: Any, place: Place) -> Any:
    """Parts of a second with nine digits, and times of all lengths."""
    return each(
        spark, "TIMESTAMP '2024-01-02 03:04:05.123456789'", "CAST('2024-01-02 03:04' AS TIMESTAMP)", "CAST('2024-01-02T03:04:05.1Z' AS TIMESTAMP)",
        "CAST('2024-01-02 03:04:05+02:00' AS TIMESTAMP)", "CAST('2024-01-02 03:04:05 Europe/Berlin' AS TIMESTAMP)", "CAST('03:04:05' AS TIMESTAMP)", "CAST('24:00' AS TIMESTAMP)",
    )  # fmt: skip


@program
def unions_of_decimals_and_dates(spark: Any, place: Place) -> Any:
    """Set operations of decimals of other scales, of dates and texts, of nulls."""
    return [
        attempted(lambda text=text: spark.sql(text))
        for text in (
            "SELECT 1.5BD AS x UNION ALL SELECT 12.345BD", "SELECT DATE '2024-01-02' AS x UNION ALL SELECT '2024-01-03'", "SELECT NULL AS x UNION ALL SELECT 1",
            "SELECT 1 AS x UNION SELECT 1.0D", "SELECT array(1) AS x UNION ALL SELECT array(2L)", "SELECT 1 AS x EXCEPT SELECT 1L", "SELECT CAST(1 AS TINYINT) AS x INTERSECT SELECT 1",
        )
    ]  # fmt: skip


@program
def aggregates_of_filters(spark: Any, place: Place) -> Any:
    """FILTER, DISTINCT, first and last with nulls, any_value, max_by, bool_and, histograms of maps."""
    rows = "FROM VALUES ('a', 1, NULL), ('a', 2, 'x'), ('b', NULL, 'y') AS t(k, n, s)"
    return each(
        spark, "count(*) FILTER (WHERE n > 1)", "count(DISTINCT k, n)", "first(s, true)", "max_by(k, n)", "min_by(k, n)", "bool_and(n > 0)", "sum(DISTINCT n)", "mode(k)",
        "map_from_entries(collect_list(struct(k, n)))", "count_if(n IS NULL)", "stddev(n)", "var_pop(n)", "approx_count_distinct(k)", "percentile(n, 0.5)", "median(n)",
        rows=rows,
    )  # fmt: skip


@program
def pandas_functions_of_nulls(spark: Any, place: Place) -> Any:
    """Python and pandas functions are given nulls, times and decimals as they are."""
    from decimal import Decimal

    frame = spark.createDataFrame([(1, Decimal("1.50"), "a"), (None, None, None)], "i INT, d DECIMAL(5,2), s STRING")
    plain = F.udf(lambda *values: str(values), "string")
    kinds = F.pandas_udf(lambda values: values.map(lambda value: type(value).__name__), "string")
    return [
        attempted(lambda: frame.select(plain("i", "d", "s").alias("x"))),
        attempted(lambda: frame.select(kinds("d").alias("x"))),
        attempted(lambda: frame.select(F.udf(lambda value: value, "int")("d").alias("x"))),
        attempted(lambda: frame.select(F.udf(lambda value: 1.5, "int")("i").alias("x"))),
    ]


@program
def csv_reader_options(spark: Any, place: Place) -> Any:
    """Options of the CSV reader: names of columns, positive infinity, samples, skipped lines, several separators."""
    path = place.file("a.csv", "a;;b\n1;;x\n2;;y\n")
    odd = place.file("b.csv", "inf,-,1\n")
    twice = place.file("c.csv", "a,a\n1,2\n")
    return [
        attempted(lambda: spark.read.option("header", "true").option("sep", ";;").csv(path)),
        attempted(lambda: spark.read.schema("x DOUBLE, y DOUBLE, z INT").option("positiveInf", "inf").option("nanValue", "-").csv(odd)),
        attempted(lambda: spark.read.option("header", "true").csv(twice)),
        attempted(
            lambda: spark.read.option("header", "true").option("inferSchema", "true").option("samplingRatio", "0.5").csv(twice).limit(0)
        ),
        attempted(lambda: spark.read.option("header", "true").option("enforceSchema", "false").schema("x INT, y INT").csv(twice)),
    ]


@program
def json_reader_options(spark: Any, place: Place) -> Any:
    """Options of the JSON reader: comments, single quotes, names without quotes, leading zeros, formats of times."""
    path = place.file("a.json", "{'a': 1, /* a word */ b: 2}\n")
    zeros = place.file("b.json", '{"a": 007}\n')
    times = place.file("c.json", '{"d": "02.01.2024", "t": "2024/01/02 03:04"}\n')
    return [
        attempted(lambda: spark.read.options(allowComments="true", allowUnquotedFieldNames="true").schema("a INT, b INT").json(path)),
        attempted(lambda: spark.read.option("allowNumericLeadingZeros", "true").schema("a INT").json(zeros)),
        attempted(lambda: spark.read.options(dateFormat="dd.MM.yyyy", timestampFormat="yyyy/MM/dd HH:mm").schema("d DATE, t TIMESTAMP").json(times)),
        attempted(lambda: spark.read.option("dropFieldIfAllNull", "true").json(place.file("d.json", '{"a": null, "b": 1}\n'))),
        attempted(lambda: spark.read.option("prefersDecimal", "true").json(place.file("e.json", '{"a": 1.5}\n'))),
    ]  # fmt: skip
