"""What Spark answers to the programs of the suite, the attached driver answers too; Sail does, or the table says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.spark import table
from tests.contract.spark.compare import bare
from tests.contract.spark.register import topics

pytestmark = pytest.mark.long

PROGRAMS = list(topics())
KNOWN = table.known()


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_attached_driver_answers_as_a_plain_session(name: str, answers: dict[str, Any]) -> None:
    """Rows, types, nullability, and errors with their conditions; so do programs that are run with Spark's usual settings."""
    assert bare(answers["attached"][name]) == bare(answers["plain"][name])


@pytest.mark.parametrize("name", PROGRAMS)
def test_sail_answers_as_spark_or_as_the_table_says(name: str, answers: dict[str, Any]) -> None:
    """Every part of an answer: what differs is a point that is known, and a known one differs as it did."""
    found = table.found_points({name: answers["plain"][name]}, {name: answers["sail"][name]})
    lines = table.news(found[name], KNOWN.get(name, {}))
    assert not lines, "\n".join(lines)


@pytest.mark.parametrize("entry", table.stored(), ids=lambda entry: entry["key"])
def test_the_table_tells_the_answers_of_now(entry: dict[str, Any], answers: dict[str, Any]) -> None:
    """The answers that stand in the table are those that the engines give; those of its other points are known ones, which are held above."""
    name = entry["programs"][0]
    if name not in answers["plain"]:
        pytest.skip("its program was not asked for")
    found = table.found_points({name: answers["plain"][name]}, {name: answers["sail"][name]})
    assert table.refreshed(found, KNOWN, [entry]) == [entry]
