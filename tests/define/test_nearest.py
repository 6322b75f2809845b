"""What a person probably meant."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.define.nearest import Suggestions, did_you_mean, nearest, there_are

LAYERS = ("bronze", "silver", "gold")


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("brnze", LAYERS, "bronze"),
        ("Bronze", LAYERS, "bronze"),
        ("GOLD", LAYERS, "gold"),
        ("sliver", LAYERS, "silver"),
        ("silver ", LAYERS, "silver"),
        ("platinum", LAYERS, None),
        ("", LAYERS, None),
        ("bronze", (), None),
        ("tasks", ("Tasks", "TASK"), "Tasks"),
        ("größe", ("groesse", "Größe"), "Größe"),
    ],
)
def test_the_nearest_name_is_found(name: str, known: Sequence[str], meant: str | None) -> None:
    """A slip of one or two letters, whatever their case; nothing where nothing is near."""
    assert nearest(name, known) == meant
    assert did_you_mean(name, known) == (meant and f"did you mean {meant!r}?")


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=8, unique_by=str.casefold), st.data())
def test_a_known_name_is_nearest_to_itself(known: list[str], data: st.DataObject) -> None:
    """Also with its letters in another case, and whatever else is known."""
    name = data.draw(st.sampled_from(known))
    assert nearest(name, known) == name
    assert nearest(name.casefold(), known) == name


@given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=8))
def test_what_is_suggested_is_known(name: str, known: list[str]) -> None:
    """Never a name that is not there."""
    assert nearest(name, known) in {None, *known}


@pytest.mark.parametrize(
    ("known", "text"),
    [
        (["a"], "there are a"),
        (["b", "a"], "there are b, a"),
        ([str(n) for n in range(10)], "there are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
        ([str(n) for n in range(12)], "there are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"),
    ],
)
def test_what_there_is_is_listed_and_cut(known: list[str], text: str) -> None:
    """In the order of the author, ten at most."""
    assert there_are(known) == text


def test_suggestions_end_where_enough_has_been_compared() -> None:
    """Small sets of names may be asked about often, large ones a few times: the whole stays quick."""
    small, large = Suggestions(most=10), Suggestions(most=10)
    names = [f"task_{number}" for number in range(10)]
    assert [small("golt", LAYERS) for _ in range(5)] == ["did you mean 'gold'?"] * 4 + [None]
    assert [large("task-3", names) for _ in range(2)] == ["did you mean 'task_3'?", None]
