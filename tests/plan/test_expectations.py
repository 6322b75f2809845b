"""Promises of a task: what it wrote and set, held against what it said it would."""

from __future__ import annotations

from nbflow.core.writes import TableWrite
from nbflow.define.pipelines.flow import Expectation
from nbflow.plan.expectations import broken_promises, lowered


def wrote(table: str, rows: int | None) -> TableWrite:
    """One commit to a table that has so many rows then."""
    return TableWrite(table, 3, 3, 1, ("WRITE",), rows, None, None, rows)


def test_what_was_promised_and_kept_breaks_nothing() -> None:
    """As many rows as were promised are enough, of a table with no minimum none need be known."""
    expected = Expectation({"a.b": 2, "a.c": 0}, ("rows",))
    assert broken_promises(expected, {"rows", "more"}, [wrote("a.b", 2), wrote("a.c", None), wrote("x.y", 0)]) == []


def test_names_of_tables_have_no_case() -> None:
    """As in Spark; of two promises about one table the stronger holds."""
    expected = lowered(Expectation({"S.Orders": 2, "s.orders": 1, "s.more": 0}))
    assert expected == Expectation({"s.orders": 2, "s.more": 0}) and lowered(None) is None
    assert broken_promises(expected, {}, [wrote("s.orders", 2), wrote("s.more", 0)]) == []


def test_each_broken_promise_is_told() -> None:
    """A table not written, one too empty, one whose rows are not known, a value not set."""
    expected = Expectation({"a.b": 1, "a.c": 5, "a.d": 1}, ("rows",))
    assert broken_promises(expected, {}, [wrote("a.c", 1), wrote("a.d", None)]) == [
        "it did not write a.b",
        "a.c has 1 row, and 5 are expected at least",
        "how many rows a.d has is not known, and 1 are expected at least",
        "it did not set the task value 'rows'",
    ]
