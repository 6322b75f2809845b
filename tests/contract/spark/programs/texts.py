"""Text functions and regular expressions."""

from __future__ import annotations

from typing import Any

from pyspark.sql import functions as F

from tests.contract.spark.register import Place, attempted, each, program


@program
def text_functions(spark: Any, place: Place) -> Any:
    """What notebooks do with text every day."""
    return spark.sql(
        "SELECT upper('straße') AS a, lower('ÄB') AS b, length('naïve') AS c, trim('  x ') AS d, lpad('7', 3, '0') AS e, rpad('abc', 2) AS f, concat_ws('-', 'a', NULL, 'b') AS g, substring('hello', -3, 2) AS h, instr('hello', 'l') AS i, replace('aXbX', 'X', '') AS j, reverse('abc') AS k, repeat('ab', 2) AS l, translate('abc', 'ab', 'x') AS m"
    )


@program
def text_with_nulls(spark: Any, place: Place) -> Any:
    """A null in ``concat`` or ``||`` makes null."""
    return spark.sql("SELECT concat('a', NULL) AS a, 'a' || NULL AS b, length(NULL) AS c, coalesce(NULL, 'z') AS d, concat_ws(',') AS e")


@program
def text_cut_at_odd_places(spark: Any, place: Place) -> Any:
    """Substrings outside the text and of negative length."""
    return spark.sql(
        "SELECT substring('abc', 0, 2) AS a, substring('abc', 5) AS b, left('abc', -1) AS c, right('abc', 2) AS d, substring_index('a.b.c', '.', -2) AS e, split_part('a,b', ',', 3) AS f"
    )


@program
def capital_letters(spark: Any, place: Place) -> Any:
    """``initcap`` begins words behind blanks only."""
    return spark.sql("SELECT initcap('mary-jane smith AND sons') AS a")


@program
def text_split(spark: Any, place: Place) -> Any:
    """``split`` by a pattern, with a limit, at nothing, and what is empty at the end."""
    return spark.sql("SELECT split('a1b22c', '[0-9]+') AS a, split('a,b,c', ',', 2) AS b, split('a,,', ',') AS c")


@program
def text_split_at_nothing(spark: Any, place: Place) -> Any:
    """``split`` by an empty pattern gives letters."""
    return spark.sql("SELECT split('abc', '') AS a")


@program
def patterns(spark: Any, place: Place) -> Any:
    """``regexp_extract``, ``regexp_replace``, ``rlike``, groups and flags."""
    return spark.sql(
        r"SELECT regexp_extract('2024-05', '(\\d+)-(\\d+)', 2) AS a, regexp_replace('a1b2', '[0-9]', '#') AS b, 'Hello' RLIKE '^h' AS c, 'Hello' RLIKE '(?i)^h' AS d, regexp_extract_all('a1b22', '[0-9]+', 0) AS e, regexp_count('aXbX', 'X') AS f, regexp_extract('x', '(y)', 1) AS g"
    )


@program
def patterns_with_references(spark: Any, place: Place) -> Any:
    """A replacement with groups."""
    frame = spark.createDataFrame([("john smith",)], "s STRING")
    return frame.select(F.regexp_replace("s", r"(\w+) (\w+)", "$2 $1").alias("a"), F.regexp_replace("s", "o", r"\$").alias("b"))


@program
def patterns_of_letters(spark: Any, place: Place) -> Any:
    """Java's ``\\w`` and ``\\d`` mean ASCII only."""
    return spark.createDataFrame([("é",), ("٣",), ("a",)], "s STRING").select(
        "s", F.col("s").rlike(r"^\w$").alias("w"), F.col("s").rlike(r"^\d$").alias("d")
    )


@program
def patterns_that_look_around(spark: Any, place: Place) -> Any:
    """Looking ahead and behind, and references back, as Java has them."""
    frame = spark.createDataFrame([("a1",), ("aa",)], "s STRING")
    return [attempted(lambda text=text: frame.select(F.col("s").rlike(text).alias("x"))) for text in (r"a(?=\d)", r"(a)\1", r"(?<=a)a")]


@program
def likes(spark: Any, place: Place) -> Any:
    """LIKE with escapes, ILIKE, LIKE ANY."""
    return each(
        spark, r"'10%' LIKE '10\\%'", "'a_b' LIKE 'a!_b' ESCAPE '!'", "'ABC' ILIKE 'a%'", "'abc' LIKE ANY ('x%', 'a%')", "'abc' LIKE ALL ('%c', 'a%')",
        "'abc' NOT LIKE ANY ('x%', 'a%')", "startswith('abc', 'ab')", "contains('abc', 'd')", "endswith('abc', 'bc')",
    )  # fmt: skip


@program
def quotes_in_literals(spark: Any, place: Place) -> Any:
    """Quotes, doubled and escaped, in SQL's text."""
    return spark.sql("""SELECT 'it\\'s' AS a, "double" AS b, 'a\\nb' AS c, r'a\\nb' AS d""")


@program
def doubled_quotes_in_literals(spark: Any, place: Place) -> Any:
    """Two texts side by side are one."""
    return spark.sql("SELECT 'it''s' AS a, 'a' 'b' AS b")


@program
def encodings(spark: Any, place: Place) -> Any:
    """Base 64, hexadecimal, bytes of text, URLs."""
    return spark.sql(
        "SELECT base64(CAST('ä' AS BINARY)) AS a, unbase64('YQ==') AS b, hex('ä') AS c, unhex('61') AS d, encode('ä', 'UTF-16BE') AS e, decode(X'E4', 'ISO-8859-1') AS f, url_encode('a b&c') AS g, parse_url('http://x.org/p?q=1', 'QUERY', 'q') AS h, ascii('a') AS i, chr(97) AS j"
    )


@program
def formatted_text(spark: Any, place: Place) -> Any:
    """``format_string``, ``printf``, ``to_char``, ``to_number``, ``levenshtein``, ``soundex``."""
    return spark.sql(
        "SELECT format_string('%05d %s %.2f', 7, 'x', 1.5D) AS a, to_char(1234.5, '9,999.99') AS b, to_number('1,234', '9,999') AS c, levenshtein('kitten', 'sitting') AS d, soundex('Robert') AS e, space(2) AS f, overlay('abcd' PLACING 'X' FROM 2) AS g"
    )


@program
def order_of_text(spark: Any, place: Place) -> Any:
    """Text is ordered and compared by its bytes."""
    return [
        spark.sql("SELECT s FROM VALUES ('b'), ('B'), ('ä'), ('a'), ('') AS t(s) ORDER BY s").collect(),
        spark.sql("SELECT 'a' < 'B' AS a, 'a ' = 'a' AS b"),
    ]


@program
def lengths_of_text_columns(spark: Any, place: Place) -> Any:
    """VARCHAR and CHAR hold their length when they are written."""
    name = place.table("t")
    spark.sql(f"CREATE TABLE {name} (v VARCHAR(3), c CHAR(3)) USING delta")
    spark.sql(f"INSERT INTO {name} VALUES ('abc', 'x')")
    return [attempted(lambda: spark.sql(f"INSERT INTO {name} VALUES ('abcd', 'y')")), spark.table(name)]
