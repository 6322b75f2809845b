"""What Spark answers to the programs of the suite, the attached driver answers too; Sail does, or the table says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.spark import table
from tests.contract.spark.compare import bare, told
from tests.contract.spark.register import topics

pytestmark = pytest.mark.long

PROGRAMS = list(topics())
LISTED = {name for entry in table.stored() for name in entry["programs"]}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_attached_driver_answers_as_a_plain_session(name: str, answers: dict[str, Any]) -> None:
    """Rows, types, nullability, and errors with their conditions."""
    assert bare(answers["attached"][name]) == bare(answers["plain"][name])


@pytest.mark.parametrize("name", PROGRAMS)
def test_sail_answers_as_spark_or_as_the_table_says(name: str, answers: dict[str, Any]) -> None:
    """A program that differs stands in the table of differences, and one that stands there differs."""
    point = table.points({name: answers["plain"][name]}, {name: answers["sail"][name]}).get(name)
    if point is None:
        assert name not in LISTED, "it is listed and no longer differs"
    else:
        assert name in LISTED, f"Spark: {told(point.spark)}\nSail: {told(point.other)}"


@pytest.mark.parametrize("entry", table.stored(), ids=lambda entry: entry["key"])
def test_the_table_tells_the_answers_of_now(entry: dict[str, Any], answers: dict[str, Any]) -> None:
    """The answers that stand in the table are those that the engines give."""
    name = entry["programs"][0]
    if name not in answers["plain"]:
        pytest.skip("its program was not asked for")
    found = table.points({name: answers["plain"][name]}, {name: answers["sail"][name]})
    assert table.refreshed(found, [entry]) == [entry]


def test_the_table_names_programs_that_are_there() -> None:
    """Every program in the table is one of the suite, and each key stands once."""
    assert set(PROGRAMS) >= LISTED
    keys = [entry["key"] for entry in table.stored()]
    assert len(set(keys)) == len(keys)
