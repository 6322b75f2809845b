"""What was written to tables, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbflow.core.writes import TableWrite
from nbflow.surface.cli.written import rows_changed, written_line, written_row

APPEND = TableWrite("bronze.events", 3, 3, 1, ("WRITE",), 42, 0, 0, None)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (APPEND, "+42 rows"),
        (replace(APPEND, inserted=1), "+1 row"),
        (replace(APPEND, rows=1042), "+42 rows, now 1042"),
        (replace(APPEND, rows=42), "+42 rows"),
        (replace(APPEND, deleted=None, rows=42), "42 rows written"),
        (replace(APPEND, operations=("MERGE",), inserted=2, updated=3, deleted=4, rows=9), "+2 rows, 3 updated, 4 deleted, now 9"),
        (replace(APPEND, deleted=42, rows=42), "+42 rows, 42 deleted, now 42"),
        (replace(APPEND, operations=("DELETE",), inserted=0, deleted=4, rows=0), "4 deleted, now 0"),
        (replace(APPEND, operations=("TRUNCATE",), inserted=0, deleted=None), "TRUNCATE"),
        (replace(APPEND, operations=("OPTIMIZE", "VACUUM END"), inserted=0, rows=5), "OPTIMIZE, VACUUM END, no rows changed"),
        (replace(APPEND, operations=("odd\x1b[2J\nword",), inserted=None, updated=None, deleted=None), "odd word"),
    ],
)
def test_rows_are_told_as_far_as_they_are_known(write: TableWrite, words: str) -> None:
    """What came, changed and went; an overwrite does not say that rows were added; where no count says more, Delta's word."""
    assert rows_changed(write) == words


def test_versions_are_those_of_the_task() -> None:
    """One, a range, or a range in which others wrote too."""
    ranges = [APPEND, replace(APPEND, last_version=5, commits=3), replace(APPEND, last_version=5, commits=2)]
    assert [written_row(write)[1] for write in ranges] == ["version 3", "versions 3 to 5", "versions 3 to 5, 2 of them"]


def test_a_line_stays_short() -> None:
    """Three tables are told, the others counted; nothing is said of nothing."""
    writes = [replace(APPEND, table=f"a.t{number}") for number in range(5)]
    assert written_line(writes[:2]) == "; wrote a.t0 v3 (+42 rows), a.t1 v3 (+42 rows)"
    assert written_line(writes[:4]).endswith("a.t2 v3 (+42 rows) and 1 more table")
    assert written_line(writes).endswith(" and 2 more tables")
    assert written_line([]) == ""
