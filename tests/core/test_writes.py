"""What attempts wrote, put together."""

from __future__ import annotations

from nbflow.core.writes import TableWrite, written_together


def test_attempts_one_after_the_other_add_up() -> None:
    """What a failed attempt appended stays; versions and operations are of both, the newest word on the table's rows holds."""
    first = TableWrite("a.t", 3, 4, 2, ("WRITE", "MERGE"), 10, 1, 0, 50)
    second = TableWrite("a.t", 6, 6, 1, ("MERGE",), 5, 0, 2, 53)
    other = TableWrite("a.s", 0, 0, 1, ("WRITE",), 1, 0, 0, 1)
    assert written_together([[first], [second, other]]) == (other, TableWrite("a.t", 3, 6, 3, ("WRITE", "MERGE"), 15, 1, 2, 53))


def test_what_one_attempt_does_not_tell_nobody_knows() -> None:
    """A sum with an unknown number is unknown."""
    first = TableWrite("a.t", 0, 0, 1, ("WRITE",), 10, 0, None, 10)
    second = TableWrite("a.t", 1, 1, 1, ("WRITE",), 5, 0, 0, None)
    assert written_together([[first], [second]]) == (TableWrite("a.t", 0, 1, 2, ("WRITE",), 15, 0, None, None),)


def test_a_table_made_anew_has_only_what_came_since() -> None:
    """The rows of a table that was dropped between two attempts are gone, and its versions begin again."""
    first = TableWrite("a.t", 0, 3, 4, ("WRITE",), 10, 0, 0, 10)
    second = TableWrite("a.t", 0, 1, 2, ("WRITE",), 5, 0, 0, 5)
    assert written_together([[first], [second]]) == (second,)


def test_a_write_comes_back_from_json() -> None:
    """As it was, also where a newer nbflow says more."""
    write = TableWrite("a.t", 0, 3, 4, ("WRITE", "MERGE"), 10, None, 0, None)
    assert TableWrite.from_json({**write.to_json(), "later": 1}) == write
