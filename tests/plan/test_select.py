"""Selectors: which tasks take part, against a search that walks every path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.plan.select import Selection, select

Graph = dict[str, list[str]]
CHAIN = {"a": [], "b": ["a"], "c": ["b"], "d": ["b"]}


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Graphs without circles."""
    keys = [f"t{number}" for number in range(draw(st.integers(1, 8)))]
    return {key: draw(st.lists(st.sampled_from(keys[:place]), unique=True)) if place else [] for place, key in enumerate(keys)}


def paths_down(edges: Graph, key: str) -> list[list[str]]:
    """Every path from ``key`` to what depends on it, itself alone included."""
    children = [child for child, parents in edges.items() if key in parents]
    return [[key], *([key, *rest] for child in children for rest in paths_down(edges, child))]


def slow(edges: Graph, selection: Selection, disabled: set[str]) -> set[str]:
    """What takes part, by looking for a path from or to a task that is named."""
    below = {key: {path[-1] for path in paths_down(edges, key)} for key in edges}

    def picks(key: str, text: str) -> bool:
        name = text.replace("+", "")
        return key == name or (text[:1] == "+" and name in below[key]) or (text[-1:] == "+" and key in below[name])

    only = [part for text in selection.only for part in text.split(",")]
    named = {*(text.replace("+", "") for text in only), *selection.start, *selection.until}
    chosen = set()
    for key in edges:
        wanted = [
            not only or any(picks(key, text) for text in only),
            not selection.start or any(picks(key, f"{text}+") for text in selection.start),
            not selection.until or any(picks(key, f"+{text}") for text in selection.until),
        ]
        if all(wanted) and (key in named or key not in disabled):
            chosen.add(key)
    return chosen


@given(graphs(), st.data())
def test_what_takes_part_is_what_a_path_leads_to(edges: Graph, data: st.DataObject) -> None:
    """For any graph, any selectors and any disabled tasks; where nothing is left, that is a mistake."""
    names = st.sampled_from(sorted(edges))
    selector = st.builds(lambda before, name, after: before + name + after, st.sampled_from(["", "+"]), names, st.sampled_from(["", "+"]))
    only = data.draw(st.lists(st.lists(selector, min_size=1, max_size=2).map(",".join), max_size=2))
    start, until = data.draw(st.lists(names, max_size=2)), data.draw(st.lists(names, max_size=2))
    disabled = data.draw(st.sets(names))
    selection = Selection(only, start, until)
    chosen, mistakes = select(edges, selection, disabled)
    if not selection:
        assert (chosen, mistakes) == (set(edges), [])
        return
    assert chosen == slow(edges, selection, disabled)
    assert bool(mistakes) == (not chosen)


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ([], "abcd"), (["b"], "b"), (["+c"], "abc"), (["b+"], "bcd"), (["+b+"], "abcd"), (["a", "d"], "ad"), (["a,d"], "ad"), (["+c, d"], "abcd"),
    ],
)  # fmt: skip
def test_selectors_mean_what_they_mean_on_databricks(selectors: list[str], expected: str) -> None:
    """A plus before takes what a task depends on, a plus after what depends on it; several add up."""
    assert select(CHAIN, Selection(selectors)) == (set(expected), [])


@pytest.mark.parametrize(("selectors", "expected"), [(["+c"], "ac"), (["a+"], "acd"), (["b"], "b"), (["b", "+c"], "abc"), ([], "abcd")])
def test_a_disabled_task_takes_part_only_where_it_is_named(selectors: list[str], expected: str) -> None:
    """A plus walks on behind it."""
    assert select(CHAIN, Selection(selectors), {"b"}) == (set(expected), [])


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        (Selection(["+brnze"]), "--only +brnze: the pipeline has no task 'brnze' (did you mean 'bronze'?)"),
        (Selection(["bronze,"]), "--only: names no task (there are bronze, gold)"),
        (Selection(start=["goldd"]), "--from goldd: the pipeline has no task 'goldd' (did you mean 'gold'?)"),
        (Selection(until=["+"]), "--until: names no task (there are bronze, gold)"),
        (Selection(["bronze"], ["gold"]), "--only bronze --from gold: no task is selected (no task is in all of these selections)"),
    ],
)
def test_a_selection_of_nothing_is_a_mistake(selection: Selection, told: str) -> None:
    """And no empty run."""
    assert list(map(str, select({"bronze": [], "gold": []}, selection)[1])) == [told]
