"""Numbers: decimals, ANSI arithmetic, casts, rounding, and how they look as text."""

from __future__ import annotations

from typing import Any

from tests.contract.spark.register import Place, attempted, each, program, settings


@program
def decimal_arithmetic(spark: Any, place: Place) -> Any:
    """Precision and scale of sums, products and quotients."""
    return spark.sql(
        "SELECT a + b AS s, a - b AS d, a * b AS p, a % b AS m FROM VALUES (CAST(10.25 AS DECIMAL(9,2)), CAST(3.5 AS DECIMAL(5,1))) AS t(a, b)"
    )


@program
def decimal_division(spark: Any, place: Place) -> Any:
    """Precision and scale of a quotient."""
    return spark.sql("SELECT a / b AS q, a / 3 AS r FROM VALUES (CAST(10.25 AS DECIMAL(9,2)), CAST(3.5 AS DECIMAL(5,1))) AS t(a, b)")


@program
def decimal_large_products(spark: Any, place: Place) -> Any:
    """A product of wide decimals loses scale as Spark has it."""
    return each(
        spark,
        "CAST(1.5 AS DECIMAL(38,10)) * CAST(2.5 AS DECIMAL(38,10))",
        "CAST(1 AS DECIMAL(38,18)) / CAST(3 AS DECIMAL(38,18))",
        "CAST(1.5 AS DECIMAL(20,10)) * CAST(2.5 AS DECIMAL(20,10))",
    )


@program
def decimal_aggregates(spark: Any, place: Place) -> Any:
    """Types of sum and avg of decimals."""
    return spark.sql(
        "SELECT sum(a) AS s, avg(a) AS m, min(a) AS lo FROM VALUES (CAST(1.10 AS DECIMAL(9,2))), (CAST(2.25 AS DECIMAL(9,2))) AS t(a)"
    )


@program
def decimal_overflow(spark: Any, place: Place) -> Any:
    """Too many digits are refused."""
    return each(
        spark,
        "CAST(123.45 AS DECIMAL(4,2))",
        "CAST(99999999999999999999999999999999999999 AS DECIMAL(38,0)) + 1",
        "CAST('1e40' AS DECIMAL(38,0))",
    )


@program
def integer_overflow(spark: Any, place: Place) -> Any:
    """ANSI: int arithmetic beyond its range is refused."""
    return each(spark, "2147483647 + 1", "-2147483648 - 1", "2147483647 * 2", "CAST(127 AS TINYINT) + CAST(1 AS TINYINT)")


@program
def bigint_overflow(spark: Any, place: Place) -> Any:
    """ANSI: bigint arithmetic beyond its range is refused."""
    return each(spark, "9223372036854775807 + 1L", "9223372036854775807 * 2L", "abs(-9223372036854775807L - 1L)")


@program
def sum_overflow(spark: Any, place: Place) -> Any:
    """ANSI: a sum of bigints beyond their range is refused."""
    return attempted(lambda: spark.sql("SELECT sum(x) AS s FROM VALUES (9223372036854775807L), (1L) AS t(x)"))


@program
def division_by_zero(spark: Any, place: Place) -> Any:
    """ANSI: dividing by zero is refused, of doubles too."""
    return each(spark, "1 / 0", "1.5D / 0.0D", "1 % 0", "1 DIV 0", "try_divide(1, 0)")


@program
def invalid_casts(spark: Any, place: Place) -> Any:
    """ANSI: a text that is no number is refused; ``try_cast`` gives null."""
    return each(
        spark,
        "CAST('x' AS INT)",
        "CAST('1.5' AS INT)",
        "CAST(300 AS TINYINT)",
        "CAST('2024-13-01' AS DATE)",
        "CAST('maybe' AS BOOLEAN)",
        "try_cast('x' AS INT)",
    )


@program
def casts_between_kinds(spark: Any, place: Place) -> Any:
    """Valid casts: blanks, signs, exponents, booleans, doubles to ints."""
    return each(
        spark,
        "CAST(' 12 ' AS INT)",
        "CAST('+7' AS INT)",
        "CAST('1e3' AS DOUBLE)",
        "CAST('yes' AS BOOLEAN)",
        "CAST(7.9D AS INT)",
        "CAST(-7.9D AS INT)",
        "CAST(true AS INT)",
    )


@program
def casts_without_ansi(spark: Any, place: Place) -> Any:
    """With ANSI off, bad casts are null and overflow wraps."""
    with settings(spark, {"spark.sql.ansi.enabled": "false"}):
        return each(spark, "CAST('x' AS INT)", "2147483647 + 1", "1 / 0", "CAST(300 AS TINYINT)", "CAST('1.9' AS INT)")


@program
def rounding(spark: Any, place: Place) -> Any:
    """``round`` goes half up, ``bround`` half even; of doubles by their text."""
    return each(
        spark,
        "round(2.5D)",
        "round(1.005D, 2)",
        "bround(2.5D)",
        "bround(3.5D)",
        "round(-2.5D)",
        "rint(2.5D)",
        "round(1234, -2)",
        "bround(1250, -2)",
    )


@program
def rounding_to_even(spark: Any, place: Place) -> Any:
    """``bround`` of decimals, half even, and its type."""
    return spark.sql("SELECT bround(2.5) AS a, bround(3.5) AS b, bround(-12.345, 2) AS c")


@program
def rounding_of_decimals(spark: Any, place: Place) -> Any:
    """The type of a rounded decimal, floor and ceil."""
    return spark.sql("SELECT round(12.345, 1) AS a, floor(12.345) AS b, ceil(-12.345) AS c, ceil(12.345, 1) AS d, round(12.5) AS e")


@program
def text_of_doubles(spark: Any, place: Place) -> Any:
    """Doubles as text: exponents, infinity, nothing after the point."""
    return each(
        spark,
        "CAST(1.0E7D AS STRING)",
        "CAST(1.0E-4D AS STRING)",
        "CAST(100.0D AS STRING)",
        "CAST(CAST('Infinity' AS DOUBLE) AS STRING)",
        "CAST(1.5F AS STRING)",
        "concat(1.0E10D, '')",
    )


@program
def text_of_decimals(spark: Any, place: Place) -> Any:
    """Decimals as text keep their scale."""
    return each(
        spark,
        "CAST(1.50 AS STRING)",
        "CAST(CAST(0 AS DECIMAL(10,4)) AS STRING)",
        "format_number(1234567.891, 2)",
        "CAST(0.0000001 AS STRING)",
    )


@program
def not_a_number(spark: Any, place: Place) -> Any:
    """NaN equals itself, is the largest, and counts in sums."""
    view = place.view("n", "SELECT * FROM VALUES (CAST('NaN' AS DOUBLE)), (1.0D), (CAST('Infinity' AS DOUBLE)) AS t(d)")
    return [
        spark.sql(f"SELECT count(*) AS n FROM {view} WHERE d = CAST('NaN' AS DOUBLE)"),
        spark.sql(f"SELECT max(d) AS hi, min(d) AS lo FROM {view}"),
        spark.sql(f"SELECT d FROM {view} ORDER BY d").collect(),
        spark.sql(f"SELECT isnan(d) AS a, nanvl(d, 0.0D) AS b FROM {view}"),
    ]


@program
def types_of_literals(spark: Any, place: Place) -> Any:
    """What plain numbers in SQL are."""
    return spark.sql("SELECT 1 AS a, 1L AS b, 1.5 AS c, 1.5D AS d, 1e3 AS e, 3000000000 AS f, -1S AS g, 1Y AS h, 1.50BD AS i")


@program
def integer_division_and_modulo(spark: Any, place: Place) -> Any:
    """``/``, ``DIV``, ``%`` and ``pmod`` of negative numbers."""
    return spark.sql("SELECT 7 / 2 AS a, -7 DIV 2 AS b, -7 % 3 AS c, pmod(-7, 3) AS d, mod(7, -3) AS e")


@program
def mathematics(spark: Any, place: Place) -> Any:
    """Powers, roots, logarithms, signs, greatest and least with nulls."""
    return spark.sql(
        "SELECT pow(2, 10) AS a, sqrt(2) AS b, log10(1000) AS c, ln(0.5) AS d, signum(-3) AS e, greatest(1, NULL, 3) AS f, least(2.5, 1) AS g, hex(255) AS h, conv('ff', 16, 10) AS i, factorial(5) AS j, width_bucket(5.3, 0.2, 10.6, 5) AS k"
    )


@program
def logarithm_of_nothing(spark: Any, place: Place) -> Any:
    """Logarithms outside their range are null, square roots NaN."""
    return each(spark, "ln(0)", "ln(-1)", "sqrt(-1)", "log2(0)", "acos(2)")


@program
def bits(spark: Any, place: Place) -> Any:
    """Bit operations and shifts."""
    return spark.sql(
        "SELECT 5 & 3 AS a, 5 | 3 AS b, 5 ^ 3 AS c, ~5 AS d, shiftleft(1, 33) AS e, shiftright(-8, 1) AS f, bit_count(255) AS g"
    )


@program
def hashes(spark: Any, place: Place) -> Any:
    """``hash``, ``xxhash64``, ``md5``, ``sha2``, ``crc32`` give Spark's values."""
    return spark.sql("SELECT hash('a', 1) AS a, xxhash64('a', 1) AS b, md5('a') AS c, sha2('a', 256) AS d, crc32('a') AS e, sha1('a') AS f")


@program
def mixed_types_in_expressions(spark: Any, place: Place) -> Any:
    """An int and a text: compared, in one array, in one CASE; numbers of two types in the branches of one expression."""
    return each(
        spark,
        "1 = '1'",
        "array(1, 'a')",
        "CASE WHEN true THEN 1 ELSE 'a' END",
        "coalesce(NULL, 1, 2.5)",
        "if(true, 1, 2L)",
        "'2' + 1",
        "CASE WHEN true THEN 1 ELSE 2L END",
        "if(false, 1, 2.5D)",
        "nvl(1, 2L)",
    )


@program
def intervals_of_numbers(spark: Any, place: Place) -> Any:
    """``range``, ``sequence`` and ``between``."""
    return [spark.range(10, 0, -3), spark.sql("SELECT sequence(1, 9, 4) AS s, 5 BETWEEN 1 AND 5 AS b, sequence(3, 1) AS r")]
