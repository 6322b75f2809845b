"""The items of a for_each: what inputs stand for, and what comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.plan.items import gathered, items_of, merged

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
VALUES = st.lists(st.dictionaries(st.sampled_from("abc"), st.integers()), max_size=6)


@given(st.lists(JSON))
def test_a_list_and_its_json_text_are_the_same_items(items: list[Any]) -> None:
    """Of any values, in their order."""
    assert items_of(items) == items_of(json.dumps(items)) == items_of(f" {json.dumps(items)}\n") == items


@pytest.mark.parametrize("inputs", ["", "a,b", "[1", "{}", '"text"', "3", 3, None, {"a": 1}, "[" * 100_000])
def test_what_is_no_list_is_refused_with_a_sentence(inputs: Any) -> None:
    """Text that is no JSON, and JSON that is no list."""
    with pytest.raises(ValueError, match="expected a list"):
        items_of(inputs)


@given(VALUES)
def test_each_name_comes_back_with_one_entry_for_each_item(iterations: list[dict[str, int]]) -> None:
    """What an item set stands at its place; of the steps of one item the last that set a name counts."""
    found = gathered(iterations)
    assert {(name, at, value) for name, values in found.items() for at, value in enumerate(values) if value is not None} == {
        (name, at, value) for at, values in enumerate(iterations) for name, value in values.items()
    }
    assert {len(values) for values in found.values()} <= {len(iterations)}
    last = {name: next(values[name] for values in reversed(iterations) if name in values) for name in found}
    assert merged(iterations) == last
