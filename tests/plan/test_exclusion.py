"""Tasks that never both run, and writers that may meet, against every run that there can be: all failures, all outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, combinations, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbflow.core.flow import ParentIf, RunIf
from nbflow.core.results import Result
from nbflow.core.values import ValueType
from nbflow.define.pipelines.flow import Dependency, Expectation, RunJobTask
from nbflow.plan.exclusion import Exclusion
from nbflow.plan.outcome import disabled_verdict
from nbflow.plan.plan import Argument, Plan, PlannedTask
from nbflow.plan.side_by_side import writers_that_may_meet
from nbflow.plan.work import ForEachWork, RunJobWork
from tests.plan.test_masks import GATE, all_outcomes, can_fail, ended, flows, task

RAN = (Result.SUCCESS, Result.FAILED)


def runs(tasks: Sequence[PlannedTask], failing_ones: Sequence[PlannedTask] | None = None) -> Iterator[set[str]]:
    """What runs, for every set of failures, among ``failing_ones`` where they are given, and all outcomes."""
    keys = [each.task_key for each in failing_ones or tasks if can_fail(each)]
    for outcomes in all_outcomes(tasks):
        for failing in chain.from_iterable(combinations(keys, count) for count in range(len(keys) + 1)):
            yield {key for key, result in ended(tasks, failing, outcomes).items() if result in RAN}


def both_run(tasks: Sequence[PlannedTask], failing_ones: Sequence[PlannedTask] | None = None) -> set[frozenset[str]]:
    """The pairs of tasks that run in the same run, in some run."""
    return {frozenset(pair) for ran in runs(tasks, failing_ones) for pair in combinations(ran, 2)}


def joined(tasks: Sequence[PlannedTask]) -> list[PlannedTask]:
    """``tasks``, those among them disabled that cannot run without the ones that are."""
    off: set[str] = set()
    found = []
    for each in tasks:
        verdict = disabled_verdict(off.intersection(each.depends_on), each.depends_on, each.run_if, each.edges)
        is_off = each.disabled is not None or (verdict is not None and verdict[0] is Result.DISABLED)
        off |= {each.task_key} if is_off else set()
        found.append(replace(each, disabled="off" if is_off else None))
    return found


def follows(tasks: Sequence[PlannedTask], one: str, other: str) -> bool:
    """Whether ``one`` comes after ``other``, by every path up from it."""
    parents = {each.task_key: each.depends_on for each in tasks}
    return any(parent == other or follows(tasks, parent, other) for parent in parents[one])


@settings(max_examples=60, deadline=None)
@given(flows(5))
def test_two_of_which_it_is_said_never_both_run(tasks: list[PlannedTask]) -> None:
    """In no run at all."""
    found, excludes = both_run(tasks), Exclusion(tasks)
    for one, other in combinations([each.task_key for each in tasks], 2):
        assert not (excludes(one, other) and frozenset((one, other)) in found), (one, other)


ASKED = {
    "success": ((), RunIf.ALL_SUCCESS), "done": ((), RunIf.ALL_DONE), "some failed": ((), RunIf.AT_LEAST_ONE_FAILED),
    "all failed": ((), RunIf.ALL_FAILED), "not failed": ((), RunIf.NONE_FAILED), "one success": ((), RunIf.AT_LEAST_ONE_SUCCESS),
    "its success": ((Dependency("a", run_if="SUCCESS"),), RunIf.ALL_SUCCESS), "its failure": ((Dependency("a", run_if="FAILED"),), RunIf.ALL_SUCCESS),
    "its end": ((Dependency("a", run_if="DONE"),), RunIf.ALL_SUCCESS), "true": ((Dependency("a", "true"),), RunIf.ALL_SUCCESS),
    "false": ((Dependency("a", "false"),), RunIf.ALL_DONE),
}  # fmt: skip


@pytest.mark.parametrize("one", ASKED)
@pytest.mark.parametrize("other", ASKED)
def test_two_that_ask_something_of_one_task(one: str, other: str) -> None:
    """Exactly those are said never to both run of which no run has both, and what follows them too."""
    tasks = [task("u"), task("a", "u", work=GATE)]
    for key, (edges, rule) in (("x", ASKED[one]), ("y", ASKED[other])):
        tasks += [task(key, "a", edges=edges, run_if=rule), task(f"{key}2", key), task(f"{key}3", f"{key}2", run_if=RunIf.ALL_DONE)]
    found, excludes = both_run(tasks), Exclusion(tasks)
    for first, second in combinations(("x", "x2", "x3", "y", "y2", "y3"), 2):
        if first[0] != second[0]:
            assert excludes(first, second) == (frozenset((first, second)) not in found), (first, second)


SETS = [("a", "b"), ("a", "b", "c"), ("b", "a"), ("b", "c")]
"""Tasks that others ask something of together."""


@pytest.mark.parametrize("off", ["", "c"])
def test_two_that_ask_something_of_several_tasks(off: str) -> None:
    """Of the same, of some of them and of more, in all ways that there are: exactly those are said never to both run of which no run
    has both, and what follows them too. So it is with single ones, and where one of them is left out."""
    above = [task("u"), task("a", "u"), task("b"), task("c", "a", run_if=RunIf.ALL_DONE, disabled=off or None)]
    tasks = list(above)
    for at, (rule, parents) in enumerate(product(RunIf, SETS)):
        tasks += [task(f"x{at}", *parents, run_if=rule), task(f"x{at}-2", f"x{at}"), task(f"x{at}-3", f"x{at}-2", run_if=RunIf.ALL_DONE)]
    for single in ParentIf:
        tasks.append(task(f"x{single}", "a", "b", edges=tuple(Dependency(key, run_if=str(single)) for key in ("a", "b"))))
    tasks = joined(tasks)
    found, excludes = both_run(tasks, above), Exclusion(tasks)
    keys = [each.task_key for each in tasks if each.task_key[0] == "x" and each.disabled is None]
    pairs = [(one, other) for one, other in combinations(keys, 2) if one.partition("-")[0] != other.partition("-")[0]]
    wrong = [pair for pair in pairs if excludes(*pair) == (frozenset(pair) in found)]
    assert wrong == []


PROMISE = Expectation({"s.t": 0})


@st.composite
def writing(draw: st.DrawFn) -> list[PlannedTask]:
    """A flow of which some tasks write one table: themselves, or by their steps, for items of which several may be under way."""
    tasks = []
    for each in draw(flows(4)):
        kind = draw(st.sampled_from(["", "writes", "writes", "loop"])) if each.work is not GATE else ""
        if kind == "loop":
            steps = [
                replace(step, task_key=f"{each.task_key}-{step.task_key}", depends_on=(), edges=(), run_if=RunIf.ALL_SUCCESS)
                for step in draw(flows(2))
            ]
            steps = [replace(step, expect=PROMISE if step.work is not GATE and draw(st.booleans()) else None) for step in steps]
            if len(steps) > 1 and draw(st.booleans()):
                steps[1] = replace(steps[1], depends_on=(steps[0].task_key,))
            inputs = Argument(
                "inputs", draw(st.sampled_from([[], [1], [1, 2], "[1, 2]"])), ValueType("str"), "task", late=draw(st.booleans())
            )
            work = ForEachWork(tuple(steps), draw(st.integers(1, 2)), "x", Path("/"))
            tasks.append(replace(each, work=work, arguments=(inputs,)))
        else:
            tasks.append(replace(each, expect=PROMISE if kind else None))
    return tasks


@settings(max_examples=60, deadline=None)
@given(writing())
def test_each_writer_is_told_that_may_meet_another(tasks: list[PlannedTask]) -> None:
    """On any level, or itself for another item; none is told with one that it waits for."""
    told = {(found.writer.task_key, other.task_key) for found in writers_that_may_meet(tasks) for other in found.others}
    found = both_run([each if not each.steps else replace(each, work=task("x").work) for each in tasks])
    writers = [
        (each, one)
        for each in tasks
        if each.disabled is None
        for one in (each, *each.steps)
        if one.expect is not None and one.disabled is None
    ]
    may_meet = set()
    for (above, other), (top, one) in chain(combinations(writers, 2), zip(writers, writers)):
        loop = top.work if top is above and isinstance(top.work, ForEachWork) else None
        if top is not above:
            meet = frozenset((top.task_key, above.task_key)) in found and not follows(tasks, top.task_key, above.task_key)
        elif loop is None:
            meet = False
        elif loop.concurrency > 1 and (top.arguments[0].late or len(top.arguments[0].value) > 1):
            meet = True
        else:
            meet = one is not other and not follows(loop.steps, one.task_key, other.task_key)
        if meet:
            may_meet.add((one.task_key, other.task_key))
    assert {one for one, _ in may_meet} <= {one for one, _ in told}
    of = {one.task_key: top.task_key for top, one in writers}
    for key, with_key in told - may_meet:
        assert of[key] != of[with_key] and not follows(tasks, of[key], of[with_key])


def test_what_another_pipeline_writes_counts() -> None:
    """With the tasks that run it, on whatever level."""
    inner = Plan("kid", (task("two", expect=PROMISE), task("loop", work=ForEachWork((task("three", expect=PROMISE),), 1, "x", Path("/")))))
    kid = RunJobWork(RunJobTask("kid"), inner, Path("/"))
    deep = RunJobWork(RunJobTask("mid"), Plan("mid", (task("kid", work=kid),)), Path("/"))
    for work in (kid, deep):
        found = list(writers_that_may_meet([task("a", expect=PROMISE), task("b", work=work), task("c", "b", "a", work=work)]))
        assert [(each.table, each.writer.task_key, [other.task_key for other in each.others]) for each in found] == [("s.t", "b", ["a"])]


@settings(max_examples=60, deadline=None)
@given(flows(6), st.sets(st.integers(0, 5)))
def test_after_all_that_is_told_is_done_nothing_is_told(tasks: list[PlannedTask], writing: set[int]) -> None:
    """All mistakes come at once: where each writer waits for the last ones of those that it meets, no two meet. Each of those is told."""
    tasks = [replace(each, expect=PROMISE if at in writing else None) for at, each in enumerate(tasks)]
    met = list(writers_that_may_meet(tasks))
    found = both_run(tasks)
    pairs = combinations([each.task_key for each in tasks if each.expect is not None and each.disabled is None], 2)
    meeting = {pair for pair in pairs if frozenset(pair) in found and not follows(tasks, pair[1], pair[0])}
    assert meeting <= {(other.task_key, each.writer.task_key) for each in met for other in each.others}
    waits = {each.writer.task_key: tuple(other.task_key for other in each.last) for each in met}
    mended = [replace(each, depends_on=(*each.depends_on, *waits.get(each.task_key, ()))) for each in tasks]
    assert all(follows(mended, each.writer.task_key, other.task_key) for each in met for other in each.others)
