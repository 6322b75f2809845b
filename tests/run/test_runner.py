"""The runner with an executor that does what a script says: order, limits, retries, cancellation, in milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from nbflow.core.events import AttemptEnded, AttemptStarted, Event, RetryPlanned, RunEnded, TaskEnded
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.define.notebooks.notebook import Notebook
from nbflow.plan.plan import Plan, PlannedTask
from nbflow.plan.work import NotebookWork
from nbflow.run.runner import Attempt, Ids, Outcome, Prepared, Runner, Step
from nbflow.run.stop import Stop

NOTEBOOK = Notebook(Path("/n.ipynb"), {"cells": [], "metadata": {}}, "0")
FAILED = Outcome(Result.FAILED, TaskError(ErrorKind.CELL_ERROR, "no"))
SUCCESS = Outcome(Result.SUCCESS)


class StillClock:
    """A clock that shows what it is told."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=timezone.utc)

    def monotonic(self) -> float:
        return 0.0


@dataclass
class Scripted:
    """An executor that ends each attempt as the script says, and notes who was active together."""

    script: Mapping[str, list[Outcome]] = field(default_factory=dict)
    hold: Callable[[Attempt, Stop], Awaitable[Outcome | None]] | None = None
    active: set[str] = field(default_factory=set)
    most: int = 0
    seen: list[Attempt] = field(default_factory=list)

    def prepare(self, attempt: Attempt) -> Prepared:
        return Prepared(3, f"/runs/{attempt.task.task_key}.ipynb", {})

    async def execute(self, attempt: Attempt, stop: Stop) -> Outcome:
        self.seen.append(attempt)
        self.active.add(attempt.task.task_key)
        self.most = max(self.most, len(self.active))
        try:
            await asyncio.sleep(0)
            held = await self.hold(attempt, stop) if self.hold else None
            outcomes = self.script.get(attempt.task.task_key, [])
            return held or (outcomes[attempt.number - 1] if attempt.number <= len(outcomes) else SUCCESS)
        finally:
            self.active.discard(attempt.task.task_key)


def plan_of(edges: Mapping[str, list[str]], retries: int = 0, timeout: float = 0) -> Plan:
    """A Plan with these tasks, in this order."""
    tasks = tuple(
        PlannedTask(key, NotebookWork(NOTEBOOK), depends_on=tuple(parents), max_retries=retries) for key, parents in edges.items()
    )
    return Plan("p", tasks, timeout_seconds=timeout)


def run(
    plan: Plan, executor: Scripted, parallel: int = 4, stop_when: Callable[[Event, Stop], None] | None = None
) -> tuple[Result, list[Event]]:
    """Run ``plan`` to its end; its result and all events."""
    events: list[Event] = []

    async def work() -> Result:
        stop = Stop()

        def tell(event: Event) -> None:
            events.append(event)
            if stop_when:
                stop_when(event, stop)

        def more(parent_id: int, steps: Sequence[Step]) -> dict[str, int]:
            return {step.task_key: parent_id * 1000 + number for number, step in enumerate(steps)}

        ids = Ids(1, {task.task_key: number for number, task in enumerate(plan.tasks, 10)}, more)
        return await Runner(plan, ids, executor, tell, StillClock(), asyncio.Semaphore(parallel)).run(stop)

    return asyncio.run(asyncio.wait_for(work(), 20)), events


def ends(events: list[Event]) -> dict[str, str]:
    """Each task's result."""
    return {event.task_key: str(event.result) for event in events if isinstance(event, TaskEnded)}


CHAIN = {"bronze": [], "silver": ["bronze"], "gold": ["silver"], "other": []}


def test_a_failing_middle_task_blocks_what_follows_and_nothing_else() -> None:
    """gold is not started and says why; other runs; the run has failed."""
    executor = Scripted({"silver": [FAILED]})
    result, events = run(plan_of(CHAIN), executor)
    assert result is Result.FAILED
    assert ends(events) == {"bronze": "SUCCESS", "other": "SUCCESS", "silver": "FAILED", "gold": "UPSTREAM_FAILED"}
    assert "gold" not in [attempt.task.task_key for attempt in executor.seen]
    assert any(isinstance(event, TaskEnded) and event.task_key == "gold" and "silver" in (event.reason or "") for event in events)


def test_retries_go_on_until_success_and_count_from_one() -> None:
    """Two failures and a success are three attempts; the run succeeds."""
    result, events = run(plan_of({"a": []}, retries=2), Scripted({"a": [FAILED, FAILED, SUCCESS]}))
    assert result is Result.SUCCESS
    assert [event.attempt for event in events if isinstance(event, AttemptStarted)] == [1, 2, 3]
    assert len([event for event in events if isinstance(event, RetryPlanned)]) == 2


def test_values_reach_later_tasks() -> None:
    """A task sees the values of what ended before it."""
    executor = Scripted({"bronze": [Outcome(Result.SUCCESS, values={"rows": 5})]})
    run(plan_of(CHAIN), executor)
    silver = next(attempt for attempt in executor.seen if attempt.task.task_key == "silver")
    assert silver.values["bronze"] == {"rows": 5}


def test_when_asked_to_stop_what_runs_is_cancelled_and_what_waits_is_told_apart() -> None:
    """The running task is CANCELED, its followers UPSTREAM_CANCELED, and the run CANCELED."""

    async def until_asked(attempt: Attempt, stop: Stop) -> Outcome:
        await stop.asked.wait()
        return Outcome(Result.CANCELED)

    def stop_when(event: Event, stop: Stop) -> None:
        if isinstance(event, AttemptStarted):
            stop.ask("SIGTERM", 15)

    result, events = run(plan_of({"a": [], "b": ["a"]}), Scripted(hold=until_asked), stop_when=stop_when)
    assert result is Result.CANCELED
    assert ends(events) == {"a": "CANCELED", "b": "UPSTREAM_CANCELED"}


def test_the_run_s_own_time_limit_ends_it() -> None:
    """A run over its timeout is TIMEDOUT, not CANCELED."""

    async def until_asked(attempt: Attempt, stop: Stop) -> Outcome:
        await stop.asked.wait()
        return Outcome(Result.CANCELED)

    result, events = run(plan_of({"a": []}, timeout=0.05), Scripted(hold=until_asked))
    assert result is Result.TIMEDOUT
    assert isinstance(events[-1], RunEnded)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 4), st.data())
def test_every_graph_ends_with_every_task_told_once(size: int, parallel: int, data: st.DataObject) -> None:
    """Whatever the graph and the failures: each task has one result, never more run than allowed, parents always end first."""
    keys = [f"t{number}" for number in range(size)]
    edges = {key: data.draw(st.lists(st.sampled_from(keys[:place]), unique=True)) if place else [] for place, key in enumerate(keys)}
    failing = data.draw(st.sets(st.sampled_from(keys)))
    executor = Scripted({key: [FAILED] for key in failing})
    _, events = run(plan_of(edges), executor, parallel)
    told = [event.task_key for event in events if isinstance(event, TaskEnded)]
    assert sorted(told) == sorted(keys)
    assert executor.most <= parallel
    for key in keys:
        blocked = any(ends(events)[parent] != "SUCCESS" for parent in edges[key])
        assert ends(events)[key] == ("UPSTREAM_FAILED" if blocked else "FAILED" if key in failing else "SUCCESS")
        assert all(told.index(parent) < told.index(key) for parent in edges[key])


class Faulty(Scripted):
    """An executor with faults of its own."""

    def prepare(self, attempt: Attempt) -> Prepared:
        if attempt.task.task_key == "disk":
            raise FileExistsError(17, "File exists", "/runs")
        return super().prepare(attempt)

    async def execute(self, attempt: Attempt, stop: Stop) -> Outcome:
        if attempt.task.task_key == "odd":
            raise RecursionError("too deep")
        return await super().execute(attempt, stop)


def test_a_fault_of_one_attempt_is_told_and_the_others_go_on() -> None:
    """The task fails, by nbflow's fault or the disk's; the run ends in good order."""
    result, events = run(plan_of({"disk": [], "odd": [], "fine": [], "after": ["odd"]}), Faulty())
    ended = {event.task_key: event.result for event in events if isinstance(event, TaskEnded)}
    assert ended == {"disk": Result.FAILED, "odd": Result.FAILED, "fine": Result.SUCCESS, "after": Result.UPSTREAM_FAILED}
    kinds = {event.task_key: event.error.kind for event in events if isinstance(event, AttemptEnded) and event.error}
    assert kinds == {"disk": ErrorKind.STORAGE, "odd": ErrorKind.INTERNAL}
    assert result is Result.FAILED and isinstance(events[-1], RunEnded)


def test_a_task_sees_the_values_of_what_it_depends_on_and_no_others() -> None:
    """At whatever distance, and however the others came to end before."""
    edges = {"a": [], "other": [], "b": ["a"], "c": ["b"]}
    script = {key: [Outcome(Result.SUCCESS, values={"k": key})] for key in edges}
    executor = Scripted(script)
    run(plan_of(edges), executor, parallel=1)
    seen = {attempt.task.task_key: set(attempt.values) for attempt in executor.seen}
    assert seen == {"a": set(), "other": set(), "b": {"a"}, "c": {"a", "b"}}


def test_a_task_knows_what_became_of_those_before_it() -> None:
    """Result, attempts and notebook of each at whatever distance, of no other; values are those of the last attempt."""
    script = {"a": [FAILED, Outcome(Result.SUCCESS, values={"k": 1})], "x": [SUCCESS]}
    executor = Scripted(script)
    run(plan_of({"a": [], "x": [], "b": ["a"], "c": ["b"]}, retries=1), executor)
    last = next(attempt for attempt in executor.seen if attempt.task.task_key == "c")
    known = {key: (ended.run_id, ended.result, ended.error, ended.executions, ended.notebook_path) for key, ended in last.ended.items()}
    assert known == {"a": (10, "SUCCESS", "", 2, "/n.ipynb"), "b": (12, "SUCCESS", "", 1, "/n.ipynb")}
    assert last.values["a"] == {"k": 1}
