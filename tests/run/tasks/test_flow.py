"""A task that runs another pipeline, by a run that does what a script says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.results import ErrorKind, Result
from nbflow.define.pipelines.flow import RunJobTask
from nbflow.plan.plan import PlannedTask
from nbflow.plan.work import RunJobWork
from nbflow.run.promises import Attempt, Outcome
from nbflow.run.stop import Stop
from nbflow.run.surroundings import ChildEnd
from nbflow.run.tasks.flow import FlowExecutor


@dataclass
class Around:
    """Surroundings in which the other pipeline has a limit of its own, or waits to be ended."""

    own_limit: bool
    whole: Callable[[], None] = lambda: None

    def arguments(self, attempt: Attempt) -> tuple[list[Any], None]:
        """None."""
        return [], None

    async def run_child(self, attempt: Attempt, job: RunJobTask, values: Any, stop: Stop) -> ChildEnd:
        """As the runner does it, which asks by ``timeout`` where the limit of its pipeline is over."""
        if self.own_limit:
            stop.ask("timeout")
        self.whole()
        await stop.asked.wait()
        return ChildEnd(7, Result.TIMEDOUT, "a CANCELED", {})


@pytest.mark.parametrize(
    ("own_limit", "seconds", "result", "kind", "words"),
    [
        (True, 0, Result.FAILED, ErrorKind.CHILD_RUN, "run 7 ended TIMEDOUT"),
        (True, 60, Result.FAILED, ErrorKind.CHILD_RUN, "run 7 ended TIMEDOUT"),
        (False, 0.02, Result.TIMEDOUT, ErrorKind.TASK_TIMEOUT, "limit of 0.02 s"),
    ],
)
def test_whose_limit_was_over(own_limit: bool, seconds: float, result: Result, kind: ErrorKind, words: str) -> None:
    """The task's own limit is told as its own, that of the other pipeline as how its run ended."""
    task = PlannedTask("j", RunJobWork(RunJobTask("p"), None, Path("/")), timeout_seconds=seconds)
    attempt = Attempt(task, 1, 1, 1, {})

    async def done() -> Outcome:
        executor = FlowExecutor(Around(own_limit))  # type: ignore[arg-type]  # as much of it as is asked for
        executor.prepare(attempt)
        return await executor.execute(attempt, Stop())

    outcome = asyncio.run(done())
    assert outcome.error is not None
    assert (outcome.result, outcome.error.kind) == (result, kind)
    assert words in outcome.error.message


def test_the_time_of_the_whole_is_over() -> None:
    """The task is cancelled, as a notebook is: it is the run that is TIMEDOUT."""
    attempt = Attempt(PlannedTask("j", RunJobWork(RunJobTask("p"), None, Path("/")), timeout_seconds=60), 1, 1, 1, {})

    async def done() -> Outcome:
        stop = Stop()
        executor = FlowExecutor(Around(False, lambda: stop.ask("timeout")))  # type: ignore[arg-type]  # as above
        executor.prepare(attempt)
        return await executor.execute(attempt, stop)

    assert asyncio.run(done()).result is Result.CANCELED


@pytest.mark.parametrize(
    ("end", "told"), [(Result.SKIPPED, ["run 7 of p had nothing to do: all of its tasks are disabled"]), (Result.SUCCESS, [])]
)
def test_a_run_that_had_nothing_to_do_is_told(end: Result, told: list[str]) -> None:
    """The task went well, and whoever watches knows of what."""
    attempt = Attempt(PlannedTask("j", RunJobWork(RunJobTask("p"), None, Path("/"))), 1, 1, 1, {})
    notes: list[str] = []

    class Skipping(Around):
        async def run_child(self, attempt: Attempt, job: RunJobTask, values: Any, stop: Stop) -> ChildEnd:
            return ChildEnd(7, end, None, {})

        def note(self, attempt: Attempt, text: str) -> None:
            notes.append(text)

    async def done() -> Outcome:
        executor = FlowExecutor(Skipping(False))  # type: ignore[arg-type]  # as above
        executor.prepare(attempt)
        return await executor.execute(attempt, Stop())

    assert (asyncio.run(done()).result, notes) == (Result.SUCCESS, told)
