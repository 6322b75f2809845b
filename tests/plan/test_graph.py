"""Order, ancestors and selection of tasks, against relations computed the slow way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.plan.graph import ancestors, descendants, in_order

Graph = dict[str, list[str]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Graphs without circles, their keys in an order that has nothing to do with the edges."""
    size = draw(st.integers(1, 12))
    order = draw(st.permutations([f"t{number}" for number in range(size)]))
    edges = {key: draw(st.lists(st.sampled_from(order[:place]), unique=True)) if place else [] for place, key in enumerate(order)}
    return {key: edges[key] for key in sorted(edges)}


def closure(edges: Graph) -> set[tuple[str, str]]:
    """Every (child, ancestor) pair, by joining the relation with itself until nothing is new."""
    pairs = {(child, parent) for child, parents in edges.items() for parent in parents}
    while True:
        more = pairs | {(a, d) for a, b in pairs for c, d in pairs if b == c}
        if more == pairs:
            return pairs
        pairs = more


@given(graphs())
def test_each_task_follows_what_it_depends_on(edges: Graph) -> None:
    """The order holds every key once, parents first."""
    order = in_order(edges)
    assert sorted(order) == sorted(edges)
    assert all(order.index(parent) < order.index(child) for child, parents in edges.items() for parent in parents)


@given(graphs(), st.data())
def test_ancestors_and_descendants_are_the_closure(edges: Graph, data: st.DataObject) -> None:
    """They are what the transitive closure says, in both directions."""
    pairs, key = closure(edges), data.draw(st.sampled_from(sorted(edges)))
    assert ancestors(edges, [key]) == {parent for child, parent in pairs if child == key}
    assert descendants(edges, [key]) == {child for child, parent in pairs if parent == key}


def test_a_circle_is_refused() -> None:
    """A circle has no order."""
    with pytest.raises(ValueError, match="a, b"):
        in_order({"a": ["b"], "b": ["a"], "c": []})
