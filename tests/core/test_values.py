"""Values: conversion by the declared type, and the way to JSON and back."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.values import ValueType, convert, decode, encode

PAIRS = {
    "str": st.text(), "int": st.integers(), "float": st.floats(allow_nan=False), "bool": st.booleans(), "date": st.dates(),
    "datetime": st.datetimes(), "time": st.times(), "timedelta": st.integers(-(10**9), 10**9).map(lambda n: timedelta(seconds=n)),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False), "path": st.text(alphabet="ab/ .é", min_size=1).map(Path),
    "list[int]": st.lists(st.integers()), "list[date]": st.lists(st.dates()), "set[int]": st.sets(st.integers()),
    "dict[str, float]": st.dictionaries(st.text(), st.floats(allow_nan=False)), "tuple[int, str]": st.tuples(st.integers(), st.text()),
    "int?": st.none() | st.integers(), "any": st.none() | st.booleans() | st.integers() | st.lists(st.text()),
}  # fmt: skip


@given(st.sampled_from(sorted(PAIRS)).flatmap(lambda name: st.tuples(st.just(name), PAIRS[name])))
def test_encoding_and_back_is_the_value(pair: tuple[str, Any]) -> None:
    """Through real JSON, for every type."""
    name, value = pair
    kind = ValueType.parse(name)
    assert decode(json.loads(json.dumps(encode(value))), kind) == value


@pytest.mark.parametrize("name", [*PAIRS, "dict[str, list[int?]]?", "tuple[int]"])
def test_a_type_s_text_is_read_back(name: str) -> None:
    """The text form is what a context and a record hold."""
    assert str(ValueType.parse(name)) == name


@pytest.mark.parametrize(
    ("given_", "kind", "expected"),
    [
        ("007", "str", "007"), ("007", "int", 7), ("1_000", "str", "1_000"), (5, "str", "5"), (True, "str", "true"), (2.0, "int", 2),
        ("1e5", "float", 1e5), ("inf", "float", math.inf), ("-.inf", "float", -math.inf), ("true", "bool", True), ("False", "bool", False),
        ("2026-01-31", "date", date(2026, 1, 31)), ("2026-01-31T10:00:00Z", "datetime", datetime.fromisoformat("2026-01-31T10:00:00+00:00")),
        ("12:30", "time", time(12, 30)), ("1h30m", "timedelta", timedelta(minutes=90)), ("90", "timedelta", timedelta(seconds=90)),
        ("1.10", "decimal", Decimal("1.10")), ("a/b", "path", Path("a/b")), ("a, b", "list", ["a", "b"]), ("[1, 2]", "list[int]", [1, 2]),
        ("", "list", []), ("1,2", "list[int]", [1, 2]), ('{"a": 1}', "dict", {"a": 1}), ("null", "int?", None), ("None", "date?", None),
    ],
)  # fmt: skip
def test_the_type_decides_and_not_the_look(given_: Any, kind: str, expected: Any) -> None:
    """What papermill's command line guesses, the declaration says here."""
    found = convert(given_, ValueType.parse(kind))
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    ("given_", "kind"),
    [
        ("1.5", "int"), (1.5, "int"), ("1_000", "int"), ("٣", "int"), (True, "int"), ("many", "float"), ("yes", "bool"), (1, "bool"),
        ("31.01.2026", "date"), ("24:00", "time"), ("soon", "timedelta"), ("", "path"), (None, "str"), ("{", "dict"), ("[1", "list"),
        (["x"], "list[int]"), ([1], "tuple[int, int]"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_sentence(given_: Any, kind: str) -> None:
    """Never converted in silence; the sentence says what was expected."""
    with pytest.raises(ValueError, match=r"expected|JSON|Expecting") as caught:
        convert(given_, ValueType.parse(kind))
    assert "\n" not in str(caught.value)
