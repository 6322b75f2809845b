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
    "datetime": st.datetimes(), "time": st.times(), "timedelta": st.timedeltas(),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False), "path": st.text(alphabet="ab/ .é", min_size=1).map(Path),
    "list[int]": st.lists(st.integers()), "list[date]": st.lists(st.dates()), "set[int]": st.sets(st.integers()),
    "dict[str, float]": st.dictionaries(st.text(), st.floats(allow_nan=False)), "tuple[int, str]": st.tuples(st.integers(), st.text()),
    "int?": st.none() | st.integers(), "any": st.none() | st.booleans() | st.integers() | st.lists(st.text()),
    "str?": st.none() | st.text() | st.sampled_from(["", "null", "None"]), "list[str?]": st.lists(st.none() | st.sampled_from(["", "None", "x"])),
    "dict[date, int?]": st.dictionaries(st.dates(), st.none() | st.integers()), "any?": st.none() | st.sampled_from(["", "null", "None"]),
    "list[path]": st.lists(st.sampled_from([Path("a"), Path("/b c/d")])), "float?": st.none() | st.floats(allow_nan=False),
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
        ("", "int?", None), ("", "str?", ""), ("None", "str?", None), ("null", "any?", None), (".INF", "float", math.inf), ("-Infinity", "float", -math.inf),
        ("0.000001", "timedelta", timedelta(microseconds=1)), (1.5, "timedelta", timedelta(seconds=1.5)), (date(2026, 1, 31), "datetime", datetime(2026, 1, 31)),
        (datetime(2026, 1, 31), "date", date(2026, 1, 31)), (5, "decimal", Decimal(5)), (0.1, "decimal", Decimal("0.1")), ([1, {"a": [2.0]}], "any", [1, {"a": [2.0]}]),
        ({"a": 1}, "str", '{"a": 1}'), (("1", "2"), "list[int]", [1, 2]), ("x,y", "set", {"x", "y"}), ('["1", 2]', "tuple[int, str]", (1, "2")), ({"2026-01-31": "1"}, "dict[date, int]", {date(2026, 1, 31): 1}),
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
        (["x"], "list[int]"), ([1], "tuple[int, int]"), ([None], "list[int]"), ("1_000", "decimal"), ("٣", "decimal"), (True, "decimal"), ("x\0", "path"),
        ("20260131", "date"), (datetime(2026, 1, 31, 5), "date"), (float("inf"), "int"), (float("nan"), "int"), ("9" * 5000, "int"), (10**400, "float"),
        ("1e999999999", "timedelta"), (1e300, "timedelta"), ("[" * 100_000, "list"), ("[" * 100_000, "dict"), ([[1], [1]], "set"), ({1, 2}, "str"), (object(), "int"), (b"x", "str"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_sentence(given_: Any, kind: str) -> None:
    """Never converted in silence; the sentence says what was expected."""
    with pytest.raises(ValueError, match=r"expected|JSON|Expecting") as caught:
        convert(given_, ValueType.parse(kind))
    assert "\n" not in str(caught.value)


@given(
    st.sampled_from(sorted(PAIRS)),
    st.text() | st.integers() | st.floats() | st.none() | st.booleans() | st.lists(st.text() | st.integers()),
)
def test_no_value_does_more_than_not_fit(name: str, value: Any) -> None:
    """Whatever is given for whatever type, it is converted, to what converts to itself, or refused with one line."""
    kind = ValueType.parse(name)
    try:
        found = convert(value, kind)
    except ValueError as error:
        assert str(error) and "\n" not in str(error)
        return
    again = decode(json.loads(json.dumps(encode(found))), kind) if found == found else found
    assert again == found or str(again) == str(found)


@pytest.mark.parametrize("text", ["", "integer", "int]", "list[int", "list[x]", "list[int]x", "?", "int ?"])
def test_text_that_no_type_has_is_refused(text: str) -> None:
    """A context of another version is told, not guessed at."""
    with pytest.raises(ValueError, match="no type of a parameter"):
        ValueType.parse(text)


def test_a_number_that_would_fill_the_memory_is_refused() -> None:
    """A Decimal of a hundred million digits is no whole number that anybody means."""
    with pytest.raises(ValueError, match="whole number"):
        convert(Decimal("1e99999999"), ValueType.parse("int"))
