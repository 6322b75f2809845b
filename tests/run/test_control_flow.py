"""The runner and control flow: items, branches, clean-ups and promises, with an executor that does what a script says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbflow.core.events import AttemptEnded, AttemptStarted, Event, RunEnded, TaskEnded
from nbflow.core.flow import Operator, RunIf
from nbflow.core.results import ErrorKind, Result
from nbflow.core.writes import TableWrite
from nbflow.define.pipelines.flow import Dependency, Expectation
from nbflow.define.pipelines.pipeline import Task
from nbflow.plan.plan import Plan, PlannedTask, Stored
from nbflow.plan.work import ConditionWork, ForEachWork, NotebookWork
from nbflow.run.runner import Attempt, Outcome, Prepared
from nbflow.run.stop import Stop
from tests.plan.test_build import plan as built
from tests.run.test_runner import FAILED, NOTEBOOK, SUCCESS, Scripted, ends, run

WORK = NotebookWork(NOTEBOOK)
GATE = ConditionWork(Operator.EQUAL_TO, "a == a", Path("/"))


@dataclass
class Looping(Scripted):
    """An executor that also knows the items of each for_each."""

    items: dict[str, list[Any]] = field(default_factory=dict)

    def prepare(self, attempt: Attempt) -> Prepared:
        found = self.items.get(attempt.task.task_key)
        return Prepared(0, None, {"inputs": found}, items=found) if found is not None else super().prepare(attempt)


def loop(*steps: PlannedTask, concurrency: int = 1, **about: Any) -> PlannedTask:
    """A for_each over these steps."""
    return PlannedTask("loop", ForEachWork(steps, concurrency, "x", Path("/")), **about)


def plan(*tasks: PlannedTask, **about: Any) -> Plan:
    """A plan of these tasks, which stand in their order."""
    return Plan("p", tasks, **about)


def error_of(events: list[Event], key: str) -> tuple[ErrorKind, str]:
    """Why a task failed."""
    error = [event.error for event in events if isinstance(event, AttemptEnded) and event.task_key == key][-1]
    assert error is not None
    return error.kind, error.message


def test_items_are_done_in_their_order_and_come_back_as_one_list() -> None:
    """A failed item fails the for_each, the others go on; what an item did not set is None in the list."""
    script = {f"loop/{at}": [Outcome(Result.SUCCESS, values={"k": at} if at != 1 else {})] for at in range(3)} | {"loop/3": [FAILED]}
    executor = Looping(script, items={"loop": ["a", "b", "c", "d"]})
    after = PlannedTask("after", WORK, depends_on=("loop",), run_if=RunIf.ALL_DONE)
    result, events = run(plan(loop(PlannedTask("one", WORK)), after), executor)
    assert [(attempt.task.task_key, attempt.task.name, attempt.item) for attempt in executor.seen[:4]] == [
        ("loop/0", "one", "a"), ("loop/1", "one", "b"), ("loop/2", "one", "c"), ("loop/3", "one", "d"),
    ]  # fmt: skip
    assert executor.seen[4].values == {"loop": {"k": [0, None, 2, None]}}
    assert ends(events) == {
        "loop/0": "SUCCESS", "loop/1": "SUCCESS", "loop/2": "SUCCESS", "loop/3": "FAILED", "loop": "FAILED", "after": "SUCCESS",
    }  # fmt: skip
    assert error_of(events, "loop") == (ErrorKind.ITERATION, "1 of 4 items failed: loop/3")
    assert result is Result.SUCCESS_WITH_FAILURES


def test_items_that_failed_are_named_as_their_tasks_are() -> None:
    """By the numbers that stand in the record, and no others; of many the first ones."""
    for failing, told in (
        (range(1), "1 of 12 items failed: loop/0"),
        (range(1, 12), f"11 of 12 items failed: {', '.join(f'loop/{at}' for at in range(1, 11))} and 1 more"),
    ):
        executor = Looping({f"loop/{at}": [FAILED] for at in failing}, items={"loop": list(range(12))})
        assert error_of(run(plan(loop(PlannedTask("one", WORK))), executor)[1], "loop") == (ErrorKind.ITERATION, told)


def test_no_items_are_a_success() -> None:
    """Nothing runs, and what follows does."""
    result, events = run(plan(loop(PlannedTask("one", WORK)), PlannedTask("b", WORK, depends_on=("loop",))), Looping(items={"loop": []}))
    assert (result, ends(events)) == (Result.SUCCESS, {"loop": "SUCCESS", "b": "SUCCESS"})


def test_each_item_is_tried_again_by_itself() -> None:
    """The attempts of one item are counted from 1, whatever the others do."""
    executor = Looping({"loop/1": [FAILED, SUCCESS]}, items={"loop": [1, 2]})
    result, events = run(plan(loop(PlannedTask("one", WORK, max_retries=1))), executor)
    started = [(event.task_key, event.attempt) for event in events if isinstance(event, AttemptStarted)]
    assert started == [("loop", 1), ("loop/0", 1), ("loop/1", 1), ("loop/1", 2)]
    assert result is Result.SUCCESS


def test_several_steps_of_an_item_depend_on_one_another() -> None:
    """A step reads the values of the steps before it in its item, and of what the for_each depends on; an item's values are those
    of its steps together."""
    steps = (PlannedTask("clean", WORK), PlannedTask("load", WORK, depends_on=("clean",)), PlannedTask("tell", WORK, depends_on=("load",)))
    script = {f"loop/{at}/clean": [Outcome(Result.SUCCESS, values={"rows": at, "kind": "x"})] for at in (0, 1)}
    script |= {"loop/0/load": [Outcome(Result.SUCCESS, values={"rows": 10})], "loop/1/load": [FAILED]}
    script |= {"first": [Outcome(Result.SUCCESS, values={"v": 1})]}
    executor = Looping(script, items={"loop": ["a", "b"]})
    _, events = run(plan(PlannedTask("first", WORK), loop(*steps, depends_on=("first",))), executor)
    load = next(attempt for attempt in executor.seen if attempt.task.task_key == "loop/1/load")
    assert load.values == {"first": {"v": 1}, "clean": {"rows": 1, "kind": "x"}}
    assert load.ended["clean"].result == "SUCCESS"
    assert ends(events)["loop/1/tell"] == "UPSTREAM_FAILED"
    whole = next(event for event in events if isinstance(event, AttemptEnded) and event.task_key == "loop")
    assert whole.values == {"rows": [10, 1], "kind": ["x", "x"]}


def test_a_failure_that_an_item_hides_is_the_run_s() -> None:
    """The item and its for_each went well; the run did so with failures, and says where."""
    steps = (PlannedTask("one", WORK), PlannedTask("tidy", WORK, depends_on=("one",), run_if=RunIf.ALL_DONE))
    result, events = run(plan(loop(*steps)), Looping({"loop/1/one": [FAILED]}, items={"loop": [1, 2]}))
    assert (result, ends(events)["loop"], ends(events)["loop/1/one"]) == (Result.SUCCESS_WITH_FAILURES, "SUCCESS", "FAILED")
    assert [event.error for event in events if isinstance(event, RunEnded)] == ["loop with failures inside of it"]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9), st.integers(1, 5), st.integers(1, 4), st.sets(st.integers(0, 8)))
def test_no_more_items_are_under_way_than_allowed(count: int, concurrency: int, parallel: int, failing: set[int]) -> None:
    """Neither than the for_each allows nor than the run does, and so many at some time; every item has its end, and the for_each the
    right one."""
    room = min(count, concurrency, parallel)

    async def until_all_are_there(attempt: Attempt, stop: Stop) -> None:
        for _ in range(1000):  # who does one after the other waits in vain
            if executor.most < room:
                await asyncio.sleep(0)

    executor = Looping({f"loop/{at}": [FAILED] for at in failing}, until_all_are_there, items={"loop": list(range(count))})
    _, events = run(plan(loop(PlannedTask("one", WORK), concurrency=concurrency)), executor, parallel)
    assert executor.most == room
    bad = [at for at in range(count) if at in failing]
    assert ends(events) == {f"loop/{at}": "FAILED" if at in bad else "SUCCESS" for at in range(count)} | {
        "loop": "FAILED" if bad else "SUCCESS"
    }


async def until_asked(attempt: Attempt, stop: Stop) -> Outcome | None:
    """Wait for the wish to end, where the task's key says so."""
    if "slow" not in attempt.task.name:
        return None
    await stop.asked.wait()
    return Outcome(Result.CANCELED)


def test_the_limit_of_a_for_each_ends_its_items_and_nothing_else() -> None:
    """It is TIMEDOUT, the items that were under way or waited are CANCELED, the rest of the run goes on."""
    slow = loop(PlannedTask("slow", WORK), timeout_seconds=0.05)
    result, events = run(plan(slow, PlannedTask("other", WORK)), Looping(hold=until_asked, items={"loop": [1, 2]}))
    assert ends(events) == {"other": "SUCCESS", "loop/0": "CANCELED", "loop/1": "CANCELED", "loop": "TIMEDOUT"}
    assert error_of(events, "loop")[0] is ErrorKind.TASK_TIMEOUT
    assert result is Result.FAILED


def test_a_cancelled_run_ends_its_items() -> None:
    """Each is told, and the for_each and the run are CANCELED, not TIMEDOUT, although a limit was set."""

    def stop_when(event: Event, stop: Stop) -> None:
        if isinstance(event, AttemptStarted) and event.task_key == "loop/0":
            stop.ask("SIGINT", 2)

    task = loop(PlannedTask("slow", WORK), timeout_seconds=60)
    result, events = run(plan(task), Looping(hold=until_asked, items={"loop": [1, 2]}), stop_when=stop_when)
    assert ends(events) == {"loop/0": "CANCELED", "loop/1": "CANCELED", "loop": "CANCELED"}
    assert result is Result.CANCELED


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("true", {"yes": "SUCCESS", "no": "EXCLUDED", "below": "EXCLUDED", "join": "SUCCESS"}),
     ("false", {"yes": "EXCLUDED", "no": "SUCCESS", "below": "SUCCESS", "join": "SUCCESS"})],
)  # fmt: skip
def test_one_branch_of_a_condition_runs(outcome: str, expected: dict[str, str]) -> None:
    """The other is excluded, down to where it meets a task that has another parent."""
    tasks = (
        PlannedTask("gate", GATE),
        PlannedTask("yes", WORK, depends_on=("gate",), edges=(Dependency("gate", "true"),)),
        PlannedTask("no", WORK, depends_on=("gate",), edges=(Dependency("gate", "false"),)),
        PlannedTask("below", WORK, depends_on=("no",)),
        PlannedTask("join", WORK, depends_on=("yes", "below")),
    )
    executor = Scripted({"gate": [Outcome(Result.SUCCESS, outcome=outcome)]})
    result, events = run(plan(*tasks), executor)
    assert ends(events) == {"gate": "SUCCESS", **expected}
    assert result is Result.SUCCESS
    told = [event.outcome for event in events if isinstance(event, AttemptEnded) and event.task_key == "gate"]
    assert told == [outcome]
    ran = [key for key, end in ends(events).items() if end == "SUCCESS"]
    assert [attempt.task.task_key for attempt in executor.seen] == ran
    assert [event.task_key for event in events if isinstance(event, AttemptStarted)] == ran


def test_a_clean_up_runs_after_a_failure_and_a_disabled_task_does_not() -> None:
    """The failure is told as masked where only the clean-up is a leaf; what follows a disabled task is disabled by the plan."""
    tasks = (
        PlannedTask("a", WORK),
        PlannedTask("off", WORK, disabled="the task is disabled"),
        PlannedTask("b", WORK, depends_on=("a",)),
        PlannedTask("mend", WORK, depends_on=("a",), edges=(Dependency("a", run_if="FAILED"),)),
        PlannedTask("tidy", WORK, depends_on=("b", "off"), run_if=RunIf.ALL_DONE),
    )
    result, events = run(plan(*tasks), Scripted({"a": [FAILED]}))
    assert ends(events) == {"a": "FAILED", "off": "DISABLED", "b": "UPSTREAM_FAILED", "mend": "SUCCESS", "tidy": "SUCCESS"}
    assert result is Result.SUCCESS_WITH_FAILURES
    assert "a FAILED, b UPSTREAM_FAILED" in str(next(event.error for event in events if isinstance(event, RunEnded)))


def test_a_run_of_disabled_tasks_is_skipped() -> None:
    """Nothing is started."""
    result, events = run(plan(PlannedTask("a", WORK, disabled="the task is disabled")), Scripted())
    assert (result, ends(events)) == (Result.SKIPPED, {"a": "DISABLED"})


def test_a_broken_promise_is_a_failure_that_is_tried_again() -> None:
    """Of its own kind, with what was not kept; kept the second time, the task has succeeded."""
    empty = Outcome(Result.SUCCESS, tables=(TableWrite("a.b", 0, 0, 1, ("WRITE",), 0, None, None, 0),))
    kept = Outcome(Result.SUCCESS, values={"rows": 1}, tables=(TableWrite("a.b", 1, 1, 1, ("WRITE",), 1, None, None, 1),))
    task = PlannedTask("t", WORK, max_retries=1, expect=Expectation({"a.b": 1}, ("rows",)))
    assert run(plan(task), Scripted({"t": [empty, kept]}))[0] is Result.SUCCESS
    result, events = run(plan(task), Scripted({"t": [empty, empty]}))
    kind, message = error_of(events, "t")
    assert (result, kind) == (Result.FAILED, ErrorKind.EXPECTATION)
    assert "a.b has 0 rows, and 1 are expected at least; it did not set the task value 'rows'" in message


def test_values_of_an_earlier_run_stand_for_tasks_that_are_left_out() -> None:
    """Every task can read them."""
    executor = Scripted()
    rows = {"columns": ["n"], "rows": [{"n": 3}]}
    run(plan(PlannedTask("b", WORK), left_out=("a",), stored={"a": Stored(7, {"rows": 5}, output=rows)}), executor)
    assert (executor.seen[0].values, executor.seen[0].outputs) == ({"a": {"rows": 5}}, {"a": rows})


@pytest.mark.parametrize(
    ("selected", "expected"),
    [((), Result.SUCCESS_WITH_FAILURES), (("a",), Result.FAILED), (("a,b",), Result.FAILED), (("b,tidy",), Result.SUCCESS), (("a,tidy",), Result.SUCCESS_WITH_FAILURES)],
)  # fmt: skip
def test_the_result_of_a_part_of_a_run_comes_from_its_own_leaves(selected: tuple[str, ...], expected: Result) -> None:
    """A clean-up that is left out hides no failure above it, and one that takes part does."""
    tasks = (Task("a", "n"), Task("b", "n"), Task("tidy", "n", depends_on=["a", "b"], run_if="ALL_DONE"))
    made = built(*tasks, notebooks=dict.fromkeys("ab", NOTEBOOK) | {"tidy": NOTEBOOK}, only=selected)
    assert run(made, Scripted({"a": [FAILED]}))[0] is expected


def test_thousands_of_tasks_are_done() -> None:
    """And what depends on all of them comes last."""
    keys = [f"t{number}" for number in range(3000)]
    tasks = [PlannedTask(key, WORK, depends_on=()) for key in keys]
    last = PlannedTask("last", WORK, depends_on=tuple(keys))
    result, events = run(plan(*tasks, last), Scripted(), parallel=100)
    assert result is Result.SUCCESS
    assert sum(isinstance(event, TaskEnded) for event in events) == 3001


def test_a_part_of_a_wish_to_end_is_asked_with_the_whole() -> None:
    """By itself it leaves the whole alone; it knows whose wish it was."""

    async def work() -> None:
        whole = Stop()
        with whole.part() as one, whole.part() as other:
            one.ask("timeout")
            assert (one.own, other.asked.is_set(), whole.asked.is_set()) == (True, False, False)
            whole.ask("SIGINT", 2)
            assert (one.own, one.now.is_set(), other.own, other.by, other.signal_number) == (True, True, False, "SIGINT", 2)
            whole.ask("SIGINT", 2)
            assert other.now.is_set()
        with whole.part() as late:
            assert (late.asked.is_set(), late.now.is_set(), late.own) == (True, True, False)

    asyncio.run(work())
