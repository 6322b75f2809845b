"""Masked failures, against runs that are gone through one by one by the tables of decisions: every failure, every outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.flow import Operator, ParentIf, RunIf
from nbflow.core.results import Result
from nbflow.core.values import ValueType
from nbflow.define.pipelines.flow import Dependency
from nbflow.plan.masks import after_failure, masked_failures
from nbflow.plan.outcome import disabled_verdict, is_bad, leaves_of, run_result, upstream_verdict
from nbflow.plan.plan import Argument, PlannedTask
from nbflow.plan.work import ConditionWork, ShellWork

WORK = ShellWork("true", Path("/"))
GATE = ConditionWork(Operator.EQUAL_TO, "a == a", Path("/"))
LATE = (Argument("left", "{{tasks.t.values.k}}", ValueType("str"), "task", late=True),)
"""An operand that the run may not have."""

Ends = dict[str, Result]


@st.composite
def flows(draw: st.DrawFn, most: int = 7) -> list[PlannedTask]:
    """Tasks that depend on one another with all that control flow has: rules, outcomes, single parents, conditions, disabled ones."""
    tasks: list[PlannedTask] = []
    for number in range(draw(st.integers(1, most))):
        parents = draw(st.lists(st.sampled_from(tasks), unique_by=lambda task: task.task_key, max_size=3)) if tasks else []
        asked = [draw(st.sampled_from([None, None, None, *ParentIf])) for _ in parents]
        outcomes = [draw(st.sampled_from([None, "true", "false"])) if parent.work is GATE else None for parent in parents]
        edges = tuple(
            Dependency(parent.task_key, outcome, None if outcome is not None or one is None else str(one))
            for parent, outcome, one in zip(parents, outcomes, asked)
            if outcome is not None or one is not None
        )
        keys = tuple(parent.task_key for parent in parents)
        rule = draw(st.sampled_from(RunIf)) if parents else RunIf.ALL_SUCCESS
        off = {parent.task_key for parent in parents if parent.disabled is not None}
        verdict = disabled_verdict(off, keys, rule, edges)
        disabled = draw(st.integers(0, 7)) == 0 or (verdict is not None and verdict[0] is Result.DISABLED)
        work = GATE if sum(task.work is GATE for task in tasks) < 3 and draw(st.integers(0, 2)) == 0 else WORK
        sure = draw(st.integers(0, 3)) == 0
        tasks.append(
            PlannedTask(
                f"t{number}",
                work,
                () if sure and work is GATE else LATE,
                keys,
                run_if=rule,
                edges=edges,
                disabled="off" if disabled else None,
            )
        )
    return tasks


def ended(tasks: Sequence[PlannedTask], failing: Sequence[str], outcomes: dict[str, str]) -> Ends:
    """How the tasks end where these fail, if they run."""
    results: Ends = {}
    for task in tasks:
        parents = {parent: results[parent] for parent in task.depends_on}
        told = {key: outcome for key, outcome in outcomes.items() if results.get(key) is Result.SUCCESS}
        verdict = upstream_verdict(parents, task.run_if, task.edges, told)
        done = Result.FAILED if task.task_key in failing else Result.SUCCESS
        results[task.task_key] = Result.DISABLED if task.disabled is not None else done if verdict is None else verdict[0]
    return results


def all_outcomes(tasks: Sequence[PlannedTask]) -> Iterator[dict[str, str]]:
    """Every outcome of every condition."""
    gates = [task.task_key for task in tasks if task.work is GATE]
    for outcomes in product(("true", "false"), repeat=len(gates)):
        yield dict(zip(gates, outcomes))


def is_masked(tasks: Sequence[PlannedTask], results: Ends) -> bool:
    """Whether the run is told as a success with failures."""
    leaves = leaves_of({task.task_key: task.depends_on for task in tasks}, results)
    return run_result(results, leaves, cancelled=False, timed_out=False) is Result.SUCCESS_WITH_FAILURES


def can_fail(task: PlannedTask) -> bool:
    """Whether the task fails in some run, if it runs."""
    return task.work is not GATE or task.arguments == LATE


@given(flows())
def test_a_masked_failure_is_one_that_a_run_would_hide(tasks: list[PlannedTask]) -> None:
    """A task is told where for some outcomes of the conditions it runs and its failure alone leaves the run a success with failures,
    and as always so where that is for all of them; what is named as the mask went well above or beside the failure."""
    masked: dict[str, list[Ends | None]] = {}
    for outcomes in all_outcomes(tasks):
        usual = ended(tasks, [], outcomes)
        for task in tasks:
            if usual[task.task_key] is Result.SUCCESS and can_fail(task):  # one that only runs after a failure cannot fail alone
                results = ended(tasks, [task.task_key], outcomes)
                masked.setdefault(task.task_key, []).append(results if is_masked(tasks, results) else None)
    told = {key: mask for mask in masked_failures(tasks) for key in mask.hidden}
    assert {key: mask.always for key, mask in told.items()} == {key: None not in runs for key, runs in masked.items() if any(runs)}
    parents = {task.task_key: task.depends_on for task in tasks}
    for key, mask in told.items():
        by = mask.task_key
        assert any(run and not is_bad(run[by]) and any(is_bad(run[parent]) for parent in parents[by]) for run in masked[key])


@given(flows())
def test_two_failures_are_masked_only_where_one_of_them_is(tasks: list[PlannedTask]) -> None:
    """Of two tasks that both run where nothing fails: so it is enough to look at each failure alone."""
    told = {key for mask in masked_failures(tasks) for key in mask.hidden}
    for outcomes in all_outcomes(tasks):
        usual = ended(tasks, [], outcomes)
        running = [task.task_key for task in tasks if usual[task.task_key] is Result.SUCCESS and can_fail(task)]
        for pair in combinations(running, 2):
            if is_masked(tasks, ended(tasks, pair, outcomes)):
                assert told.intersection(pair), (tasks, pair)


@given(flows())
def test_what_only_runs_after_a_failure_is_known(tasks: list[PlannedTask]) -> None:
    """Of what it is said, it runs in no run without one; and of what no outcome of the conditions is in the way, it is said."""
    told = after_failure(tasks)
    running = {key for each in all_outcomes(tasks) for key, result in ended(tasks, [], each).items() if result is Result.SUCCESS}
    assert not told & running
    if not any(edge.outcome for task in tasks for edge in task.edges):
        assert told == {task.task_key for task in tasks if task.disabled is None} - running


def task(key: str, *parents: str, **about: object) -> PlannedTask:
    """A task that may fail."""
    return replace(PlannedTask(key, WORK, LATE, parents), **about)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tasks", "hidden"),
    [
        ([task("a"), task("b", "a"), task("c", "a", "b", run_if=RunIf.AT_LEAST_ONE_SUCCESS)], {"b": "c"}),
        ([task("a"), task("b"), task("c", "a", "b", run_if=RunIf.AT_LEAST_ONE_SUCCESS)], {"a": "c", "b": "c"}),
        ([task("a"), task("m", "a", edges=(Dependency("a", run_if="FAILED"),)), task("z", "a", "m", run_if=RunIf.ALL_DONE)], {"a": "z"}),
        ([task("a"), task("off", "a", disabled="x"), task("b"), task("c", "off", "b", run_if=RunIf.NONE_FAILED)], {"a": "off"}),
        ([task("a"), task("off", "a", disabled="x")], {}),
        ([task("g", work=GATE), task("y", "g", edges=(Dependency("g", "true"),))], {"g": "y"}),
        ([task("g", work=GATE), task("y", "g", edges=(Dependency("g", "true"),)), task("z", "g")], {}),
        ([task("g", work=GATE, arguments=()), task("y", "g", edges=(Dependency("g", "true"),))], {}),
    ],
)  # fmt: skip
def test_failures_that_are_masked_and_by_what(tasks: list[PlannedTask], hidden: dict[str, str]) -> None:
    """One by one: what is blocked with a task is no success beside it, and what fails a condition takes its branches along."""
    assert {key: mask.task_key for mask in masked_failures(tasks) for key in mask.hidden} == hidden


@pytest.mark.parametrize("conditions", [2, 12, 40])
def test_of_many_conditions_those_outcomes_are_looked_at_that_two_of_them_decide(conditions: int) -> None:
    """A failure is found that is hidden only where one condition has one outcome and another one the other, however many there are."""
    gates = [task(f"g{at}", work=GATE, arguments=()) for at in range(conditions)]
    for one, other in ((0, 1), (1, 0), (conditions - 1, conditions // 2 - 1)):
        ends = [task("x", "a", f"g{one}", edges=(Dependency(f"g{one}", "true"),))]
        ends += [task("y", "a", f"g{other}", edges=(Dependency(f"g{other}", "false"),))]
        others = [task(f"e{at}", f"g{at}", edges=(Dependency(f"g{at}", "true"),)) for at in range(conditions)]
        assert [mask.hidden for mask in masked_failures([*gates, task("a"), *ends, *others])] == [("a",)]
