"""Which values fit into which columns on Sail, told by types alone."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import types as t

from nbflow.surface.inside.sail.columns import adds_fields, fits, left_out, nullable, takes_no_null

INT, LONG, TEXT = t.IntegerType(), t.LongType(), t.StringType()


def struct(**fields: Any) -> t.StructType:
    """A struct with these fields."""
    return t.StructType([t.StructField(name, kind) for name, kind in fields.items()])


FIT = [
    (INT, INT, "yes"), (INT, LONG, "yes"), (LONG, INT, "no"), (INT, TEXT, "no"), (t.FloatType(), t.DoubleType(), "yes"),
    (t.DoubleType(), t.FloatType(), "no"), (t.NullType(), TEXT, "yes"), (t.TimestampNTZType(), t.TimestampType(), "no"),
    (t.DecimalType(5, 2), t.DecimalType(7, 3), "yes"), (t.DecimalType(7, 3), t.DecimalType(7, 2), "no"), (t.DecimalType(9, 2), t.DecimalType(9, 3), "no"),
    (struct(x=INT), struct(x=INT), "yes"), (struct(x=INT), struct(x=LONG), "no"), (struct(x=INT), INT, "no"),
    (struct(y=INT, x=INT), struct(x=INT, y=INT), "yes"), (struct(X=INT), struct(x=INT), "no"), (struct(x=INT, y=INT), struct(x=INT), "adds"),
    (struct(x=INT), struct(x=INT, y=INT), "lacks"), (struct(y=INT), struct(x=INT), "adds"),
    (t.ArrayType(struct(x=INT)), t.ArrayType(struct(x=INT, y=INT)), "lacks"), (t.ArrayType(INT), t.ArrayType(LONG), "no"),
    (t.MapType(TEXT, struct(x=INT, y=INT)), t.MapType(TEXT, struct(x=INT)), "adds"), (t.MapType(TEXT, INT), t.MapType(INT, INT), "no"),
    (struct(s=struct(x=INT, y=INT)), struct(s=struct(x=INT)), "adds"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "stored", "answer"), FIT, ids=str)
def test_what_fits(given: Any, stored: Any, answer: str) -> None:
    """Numbers only widen, and only at the top; within a column names are exact; fields come and go with mergeSchema alone."""
    assert fits(given, stored, merges=False) == (answer == "yes")
    assert fits(given, stored, merges=True) == (answer != "no")
    assert (adds_fields(given, stored), left_out(given, stored)) == (answer == "adds", answer == "lacks") or answer == "no"


def test_columns_that_take_no_null() -> None:
    """At every depth, and none afterwards; what a column is called and says of itself stays."""
    inner = t.StructType([t.StructField("c", INT, nullable=False)])
    schema = t.StructType([t.StructField("a", INT, nullable=False, metadata={"comment": "a word"}), t.StructField("b", inner)])
    free = nullable(schema)
    assert (takes_no_null(schema), takes_no_null(t.StructType([schema["b"]])), takes_no_null(free)) == (True, True, False)
    assert free.names == schema.names and free["a"].metadata == {"comment": "a word"} and free["b"].dataType["c"].nullable
