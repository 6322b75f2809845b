"""What goes between a run and the code inside a task."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.exchange import Mark


@given(st.builds(Mark, st.integers(1), st.text(), st.integers(1)))
def test_a_mark_comes_back(mark: Mark) -> None:
    """Whatever the task's key, a commit's mark is read as it was written; its text is a JSON object under nbflow's name."""
    assert Mark.from_text(mark.to_text()) == mark
    assert json.loads(mark.to_text()) == {"nbflow": {"run_id": mark.run_id, "task_key": mark.task_key, "attempt": mark.attempt}}


@pytest.mark.parametrize(
    "text",
    [
        None, 7, "", "nightly", "[]", "null", '{"nbflow": 7}', '{"nbflow": {"run_id": 1, "task_key": "t"}}', "[" * 100_000,
        '{"nbflow": {"run_id": "1", "task_key": "t", "attempt": 1}}', '{"nbflow": {"run_id": true, "task_key": "t", "attempt": 1}}',
        '{"nbflow": {"run_id": 1, "task_key": null, "attempt": 1}}',
    ],
)  # fmt: skip
def test_other_words_are_no_mark(text: object) -> None:
    """A commit may bear anybody's words, or none: they tell of no run."""
    assert Mark.from_text(text) is None
