"""References to results of SQL."""

from __future__ import annotations

from typing import Any

import pytest

from nbflow.plan.references import Known, ReferenceProblem, resolve

ROWS = [{"n": 1, "c": None}, {"n": 2, "c": "x"}]
KNOWN = Known("p", outputs={"q": {"columns": ["n", "c"], "rows": ROWS}, "empty": {"columns": [], "rows": []}, "script": {}})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{tasks.q.output.rows}}", ROWS),
        ("{{tasks.q.output.first_row}}", ROWS[0]),
        ("{{tasks.q.output.first_row.n}}", 1),
        ("{{tasks.q.output.first_row.`c`}}", None),
        ("n is {{tasks.q.output.first_row.n}}", "n is 1"),
        ("{{tasks.empty.output.rows}}", []),
    ],
)
def test_results_and_their_parts(text: str, value: Any) -> None:
    """Alone a reference is the value itself, amid other text it is text; before the run it is late."""
    assert resolve(text, KNOWN) == (value, False)
    assert resolve(text, Known("p")) == (text, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{tasks.q.output.first_row.m}}", "has no column 'm'"),
        ("{{tasks.empty.output.first_row}}", "has no row"),
        ("{{tasks.script.output.rows}}", "has no result of SQL"),
        ("{{tasks.other.output.rows}}", "has no result of SQL"),
        ("{{tasks.q.output.alert_state}}", "is not known"),
    ],
)
def test_what_is_not_there_is_told(text: str, told: str) -> None:
    """In one sentence."""
    with pytest.raises(ReferenceProblem, match=told):
        resolve(text, KNOWN)
