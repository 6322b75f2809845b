"""Unquoted scalars: YAML 1.2's core schema, and numbers that keep what was written."""

from __future__ import annotations

import copy
import json
import math
import pickle
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.values import ValueType, convert
from nbflow.define.pipeline_files.scalars import plain_scalar


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"), ("on", "on"), ("yes", "yes"), ("Off", "Off"), ("y", "y"), ("012", 12), ("0o14", 12), ("0O14", "0O14"), ("0x1F", 31),
        ("0b11", "0b11"), ("12:30", "12:30"), ("12:30:45", "12:30:45"), ("1e5", 100000.0), ("1E-2", 0.01), ("1_000", "1_000"), ("2026-01-01", "2026-01-01"),
        ("~", None), ("null", None), ("Null", None), ("nULL", "nULL"), ("", None), ("true", True), ("TRUE", True), ("tRue", "tRue"), ("False", False),
        (".5", 0.5), ("5.", 5.0), (".", "."), ("-3", -3), ("+3", 3), ("-0", 0), ("--3", "--3"), ("-0x1F", "-0x1F"), (".inf", math.inf), ("-.INF", -math.inf),
        ("inf", "inf"), ("nan", "nan"), ("=", "="), ("0o8", "0o8"), ("1.2.3", "1.2.3"), ("1e", "1e"), ("٣", "٣"), ("1\n", "1\n"),
    ],
)  # fmt: skip
def test_scalars_are_what_they_look_like(written: str, value: Any) -> None:
    """NO is a country, 12:30 a time of day, 1e5 a number, 012 twelve."""
    found = plain_scalar(written)
    assert found == value
    assert isinstance(found, type(value))


def test_not_a_number_is_one() -> None:
    """``.nan`` is no text."""
    assert math.isnan(plain_scalar(".nan"))


@pytest.mark.parametrize(("written", "value"), [("012", 12), ("+5", 5), ("0x1F", 31), ("1e5", 100000.0), ("3.10", 3.1), ("1.", 1.0)])
def test_a_number_for_a_text_parameter_is_the_text_as_written(written: str, value: float) -> None:
    """The version 3.10 is not 3.1; for every other type it is the number, and as JSON too."""
    number = plain_scalar(written)
    assert convert(number, ValueType("str")) == written
    assert convert(number, ValueType("float")) == value
    assert convert(number, ValueType("decimal")) == Decimal(str(value))
    assert type(convert(number, ValueType("float"))) is float
    assert json.dumps(number) == json.dumps(value)
    assert repr(number) == repr(value)


@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: [value], lambda value: {"k": [value]}])
@pytest.mark.parametrize(("written", "value"), [("012", 12), ("1e5", 100000.0)])
def test_a_number_for_a_parameter_of_any_type_is_a_plain_number(written: str, value: float, wrap: Any) -> None:
    """What is injected into a notebook is formatted by its class: ``012`` is no Python."""
    converted = convert(wrap(plain_scalar(written)), ValueType("any"))
    assert f"{converted}" == f"{wrap(value)}"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda number: pickle.loads(pickle.dumps(number))])
@pytest.mark.parametrize("written", ["012", "3.10"])
def test_a_copy_keeps_what_was_written(copied: Any, written: str) -> None:
    """Values are copied on their way through a plan."""
    number = copied(plain_scalar(written))
    assert (number, str(number)) == (plain_scalar(written), written)


@given(st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_comes_back(number: float) -> None:
    """What Python writes is read as what it was."""
    found = plain_scalar(repr(number))
    assert found == number
    assert isinstance(found, type(number))


@given(st.text(max_size=20))
def test_any_text_is_something(text: str) -> None:
    """No text makes it fail, and what is text stays as it is."""
    found = plain_scalar(text)
    assert not isinstance(found, str) or found == text


@pytest.mark.parametrize("written", ["9" * 5000, "0x" + "f" * 5000, "0o" + "7" * 5000, "1" * 5000 + ".5"])
def test_numbers_beyond_all_use_stay_text(written: str) -> None:
    """Python refuses to make or to print them."""
    assert plain_scalar(written) == written


def core_schema(text: str) -> str:
    """The kind of an unquoted scalar by YAML 1.2's core schema (section 10.3.2), read sign by sign."""
    digits = set("0123456789")
    if text in ("", "~", "null", "Null", "NULL"):
        return "NoneType"
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return "bool"
    bare = text[1:] if text[0] in "+-" else text
    if bare and set(bare) <= digits:
        return "int"
    if (text[:2] == "0o" and text[2:] and set(text[2:]) <= set("01234567")) or (
        text[:2] == "0x" and text[2:] and set(text[2:]) <= set("0123456789abcdefABCDEF")
    ):
        return "int"
    if bare in (".inf", ".Inf", ".INF") or text in (".nan", ".NaN", ".NAN"):
        return "float"
    mantissa, mark, exponent = bare.replace("E", "e", 1).partition("e") if "e" not in bare else bare.partition("e")
    power = exponent[1:] if exponent[:1] in ("+", "-") else exponent
    whole, _, part = mantissa.partition(".")
    good = (
        set(whole) <= digits
        and set(part) <= digits
        and (whole != "" or part != "")
        and (not mark or (power != "" and set(power) <= digits))
    )
    return "float" if good else "str"


@given(
    st.text("0123456789" * 3 + "..eE+-xo~af_: ", max_size=7)
    | st.sampled_from(["nULL", "TrUE", "+.inf", "-.nan", "+.INF", ".iNF", "0x", "0o", "+0o7", "e5", "1e+", "+.e1"])
)
def test_the_kind_of_a_scalar_is_that_of_the_core_schema(text: str) -> None:
    """Against a reading of the specification that shares nothing with ours."""
    found = plain_scalar(text)
    kind = "bool" if isinstance(found, bool) else type(found).__mro__[-2].__name__  # of a number that keeps its text: its own
    assert kind == core_schema(text)
