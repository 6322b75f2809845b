"""Checks of whole pipelines, those written in Python too: keys, kinds, dependencies, circles."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.define.pipeline_files.job import check_pipeline
from nbflow.define.pipelines.order import find_cycles
from nbflow.define.pipelines.pipeline import Pipeline, Task


def messages(*tasks: Any, **fields: Any) -> list[str]:
    """What is said of a pipeline of these tasks."""
    return [str(mistake) for mistake in check_pipeline(Pipeline(**{"name": "p", "tasks": list(tasks), **fields}))]


def test_a_good_pipeline_has_no_mistakes() -> None:
    """Tuples and lists, paths and text, numbers of both kinds."""
    tasks = (
        Task("a", Path("a.ipynb"), {"x": 1, "any name": None}, max_retries=-1, timeout_seconds=1.5, cell_timeout_seconds=2),
        Task("größe-2_b", "b", depends_on=("a",), retry_on_timeout=True, kernel="python3"),
    )
    assert check_pipeline(Pipeline("p", tasks, {"day": "x"}, timeout_seconds=60)) == []


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("task_key", 5, "no key for a task"), ("task_key", "", "no key for a task"), ("task_key", "a b", "no key for a task"), ("task_key", "a\n", "no key"),
        ("notebook", None, "takes a path"), ("notebook", "", "takes a path"), ("parameters", ["x"], "takes a map"), ("parameters", {1: 2}, "no name for a parameter"),
        ("depends_on", "abc", "write ['abc']"), ("depends_on", None, "a list of task keys"), ("depends_on", [5], "a list of task keys"),
        ("description", 5, "takes text"), ("max_retries", "2", "a whole number"), ("max_retries", -2, "a whole number from -1 on"), ("max_retries", 1.5, "a whole number"),
        ("max_retries", True, "a whole number"), ("min_retry_interval_millis", -1, "from 0 on"), ("retry_on_timeout", "no", "true or false"),
        ("timeout_seconds", "5", "a number of seconds"), ("timeout_seconds", -1, "from 0 on"), ("cell_timeout_seconds", float("nan"), "from 0 on"),
        ("timeout_seconds", float("inf"), "from 0 on"), ("timeout_seconds", 10**400, "from 0 on"), ("kernel", 5, "takes text"), ("kernel", "", "takes text"),
    ],
)  # fmt: skip
def test_a_task_with_a_wrong_value(field: str, value: Any, words: str) -> None:
    """One sentence for one mistake, whatever Python's types let through."""
    found = messages(Task(**{"task_key": "a", "notebook": "n", field: value}))
    assert len(found) == 1, found
    assert words in found[0]
    assert field in found[0]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", 5, "takes text"), ("name", "", "takes text"), ("description", None, "takes text"), ("parameters", ["x"], "takes a map"),
        ("parameters", {"a b": 1}, "no name for a parameter"), ("timeout_seconds", -1, "from 0 on"), ("tasks", None, "no tasks"), ("tasks", [], "no tasks"),
        ("tasks", ["a"], "takes a Task"), ("tasks", "a", "no tasks"),
    ],
)  # fmt: skip
def test_a_pipeline_with_a_wrong_value(field: str, value: Any, words: str) -> None:
    """As with tasks."""
    found = messages(Task("a", "n"), **{field: value})
    assert len(found) == 1, found
    assert words in found[0]


def test_all_mistakes_come_at_once() -> None:
    """Twice the same key, an unknown task, itself, and a circle, in one pipeline."""
    found = messages(
        Task("bronze", "n", depends_on=["bronze"]), Task("bronze", "n"), Task("silver", "n", depends_on=["bronz"]),
        Task("x", "n", depends_on=["y"]), Task("y", "n", depends_on=["x"]),
    )  # fmt: skip
    assert [text.partition(": ")[2] for text in found] == [
        "the task key 'bronze' stands twice (rename one of them)",
        "task 'bronze' depends on itself (remove it)",
        "there is no task 'bronz' (did you mean 'bronze'?)",
        "tasks depend on one another in a circle: x -> y -> x (each depends on the one behind its arrow: remove one of them)",
    ]


@pytest.mark.parametrize("order", list(permutations(["alpha", "beta", "gamma"])))
def test_a_circle_is_told_as_a_path(order: tuple[str, ...]) -> None:
    """Each depends on the one behind its arrow, back to the first; it begins with the task that stands first."""
    parents = {"alpha": "gamma", "beta": "alpha", "gamma": "beta"}
    (found,) = check_pipeline(Pipeline("p", [Task(key, "n", depends_on=[parents[key]]) for key in order]))
    path = found.message.rpartition(": ")[2].split(" -> ")
    assert path[0] == path[-1] == order[0]
    assert [parents[key] for key in path[:-1]] == path[1:]


def test_every_circle_that_stands_alone_is_told() -> None:
    """Not only the first."""
    assert list(find_cycles({"a": ["b"], "b": ["a"], "c": ["a", "d"], "d": ["e"], "e": ["c"], "f": ["f"], "g": []})) == [
        ["a", "b"],
        ["c", "d", "e"],
        ["f"],
    ]


def reachable(edges: dict[str, list[str]]) -> dict[str, set[str]]:
    """What each key depends on in the end: an oracle that adds until nothing changes."""
    reach = {key: {parent for parent in parents if parent in edges} for key, parents in edges.items()}
    while True:
        wider = {key: found.union(*(reach[parent] for parent in found)) for key, found in reach.items()}
        if wider == reach:
            return reach
        reach = wider


GRAPHS = st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), max_size=4), max_size=8)


@given(GRAPHS)
def test_circles_are_found_exactly_where_there_are_some(edges: dict[str, list[str]]) -> None:
    """Every knot of keys that reach one another has a circle told; every circle told is one, and none shares a key."""
    reach = reachable(edges)
    knots = {frozenset(other for other in edges if other in reach[key] and key in reach[other]) for key in edges if key in reach[key]}
    found = list(find_cycles(edges))
    for circle in found:
        assert all(circle[(place + 1) % len(circle)] in edges[key] for place, key in enumerate(circle))
    assert sorted(key for circle in found for key in circle) == sorted({key for circle in found for key in circle})
    assert all(any(knot.issuperset(circle) for circle in found) for knot in knots)
    assert all(any(knot.issuperset(circle) for knot in knots) for circle in found)
    assert (not found) == (not knots)


def test_a_long_chain_needs_no_deep_stack() -> None:
    """100,000 tasks in a row, and the same with its ends tied."""
    chain = {str(n): [str(n - 1)] for n in range(1, 100_000)}
    assert not list(find_cycles(chain))
    assert len(next(find_cycles({**chain, "0": ["99999"]}))) == 100_000
