"""A table's timestamps in expressions: cast where Sail would take them in UTC, refused where the cast does not help. Pure."""

from __future__ import annotations

import pytest
from pyspark.sql import types as t

from nbflow.surface.inside.sail.assignments import _given, _split
from nbflow.surface.inside.sail.moments import Named, zoned
from nbflow.surface.inside.statements import tokens_of

TABLES = [
    Named.of("`x`", [t.StructField("at", t.TimestampType()), t.StructField("End", t.TimestampType()), t.StructField("day", t.DateType())]),
    Named.of("s", [t.StructField("k", t.TimestampType()), t.StructField("at", t.DateType()), t.StructField("n", t.IntegerType())]),
]


def moments(expression: str) -> str:
    """What becomes of an expression."""
    return zoned(expression, list(tokens_of(expression)), TABLES)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("hour(x.at) = 3", "hour(CAST(x.at AS TIMESTAMP)) = 3"),
        ("`x`.`at` > '2024-01-01' -- at", "CAST(`x`.`at` AS TIMESTAMP) > '2024-01-01'"),
        ("s.k = x.at AND n > 1", "CAST(s.k AS TIMESTAMP) = CAST(x.at AS TIMESTAMP) AND n > 1"),
        ("CASE WHEN end IS NULL THEN 1 ELSE n END", "CASE WHEN CAST(end AS TIMESTAMP) IS NULL THEN 1 ELSE n END"),
        ("to_date(x.at) = DATE '2024-01-02'", "to_date(CAST(x.at AS TIMESTAMP)) = DATE '2024-01-02'"),
        ("x.at > CAST(x.day AS TIMESTAMP)", "CAST(x.at AS TIMESTAMP) > CAST(x.day AS TIMESTAMP)"),
        ("x.day = s.at", "x.day = s.at"),
        ("k = TIMESTAMP '2024-01-02' OR at(1) = 'k'", "CAST(k AS TIMESTAMP) = TIMESTAMP '2024-01-02' OR at(1) = 'k'"),
        ("y.at > 1", "y.at > 1"),
    ],
)
def test_timestamps_are_cast(expression: str, wanted: str) -> None:
    """Wherever they stand by their names, and nothing else is: no function, no text, no comment, no column of another table or kind."""
    assert moments(expression) == wanted


@pytest.mark.parametrize("expression", ["x.at > DATE '2024-01-02'", "x.at = s.at", "k >= current_date()", "x.at < date_add(x.day, 1)"])
def test_timestamps_beside_dates_are_refused(expression: str) -> None:
    """In words that name the engine which compares them right."""
    with pytest.raises(Exception, match="beside a date.*--engine spark"):
        moments(expression)


def test_the_values_of_a_merge_are_found() -> None:
    """Of each clause, each by its column, whatever commas, brackets and cases are in them."""
    text = (
        "MERGE WITH SCHEMA EVOLUTION INTO a.t AS x USING (SELECT 1 AS i, 2 AS j) s ON x.i = s.i WHEN MATCHED AND s.j IN (1, 2) THEN UPDATE SET "
        "x.at = CASE WHEN s.j = 1 THEN f(1, 2) END, `End` = array(1, 2)[0] WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (i, at) VALUES (s.i, (s.j))"
    )
    parts = list(_split(list(tokens_of(text)), ("INTO", "USING", "ON", "WHEN", "THEN")))
    assert [(part.word, part.text(text)) for part in parts if part.word in ("INTO", "USING", "ON")] == [
        ("INTO", "a.t AS x"), ("USING", "(SELECT 1 AS i, 2 AS j) s"), ("ON", "x.i = s.i"),
    ]  # fmt: skip
    assert [(column, value.text(text)) for part in parts for column, value in _given(part)] == [
        ("at", "CASE WHEN s.j = 1 THEN f(1, 2) END"), ("end", "array(1, 2)[0]"), ("i", "s.i"), ("at", "(s.j)"),
    ]  # fmt: skip
