"""What is told of mistakes, and in which order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.errors import DefinitionError, Mistake


@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        (Mistake("is empty", "p.yml"), "p.yml: is empty"),
        (Mistake("is wrong", "p.yml", 3, "tasks[0].x", "mend it"), "p.yml:3: tasks[0].x: is wrong (mend it)"),
        (Mistake("is wrong", key="-p x"), "-p x: is wrong"),
        (Mistake("is wrong"), "is wrong"),
    ],
)
def test_a_mistake_reads_as_file_line_key_and_sentence(mistake: Mistake, text: str) -> None:
    """What is not known is left out."""
    assert str(mistake) == text


MISTAKES = st.lists(
    st.builds(Mistake, st.sampled_from("xyz"), st.none() | st.sampled_from(["a", "b"]), st.none() | st.integers(1, 5)), max_size=8
)


@given(MISTAKES)
def test_mistakes_come_file_by_file_and_line_by_line(mistakes: list[Mistake]) -> None:
    """Each once; files in the order in which they are first named, mistakes of one line in the order given."""
    expected: list[Mistake] = []
    for file in dict.fromkeys(mistake.file for mistake in mistakes):
        for line in (None, *range(1, 6)):
            expected += [one for one in dict.fromkeys(mistakes) if (one.file, one.line) == (file, line)]
    assert list(DefinitionError(mistakes).mistakes) == expected
