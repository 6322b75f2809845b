"""The runner: starts each task when what it depends on is done, and says what happens in events.

It decides nothing itself (``plan`` holds the rules), executes nothing itself (an ``Executor`` does) and writes nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from nbflow.core.events import AttemptEnded, AttemptStarted, CancelRequested, RetryPlanned, RunEnded, RunStarted, TaskEnded
from nbflow.core.ports import Clock, Listener
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.core.values import encode
from nbflow.plan.expectations import broken_promises
from nbflow.plan.known import Ended
from nbflow.plan.outcome import is_bad
from nbflow.plan.plan import Plan, PlannedTask
from nbflow.plan.retry import retry_wait
from nbflow.run.iterations import Iterations
from nbflow.run.promises import Attempt, Executor, Ids, Outcome, Prepared, Step, fault
from nbflow.run.scope import Scope
from nbflow.run.stop import Stop

__all__ = ["Attempt", "Executor", "Ids", "Outcome", "Prepared", "Runner", "Step", "fault"]

_NO_PROCESS = ("condition", "for_each", "run_job")


class Runner:
    """Runs one Plan once. ``free`` limits how many attempts with a process of their own are under way at a time."""

    def __init__(self, plan: Plan, ids: Ids, executor: Executor, tell: Listener, clock: Clock, free: asyncio.Semaphore) -> None:
        self._plan, self._ids, self._executor, self._tell, self._clock = plan, ids, executor, tell, clock
        self._free = free
        stored = {key: earlier.values for key, earlier in plan.stored.items()}
        ended = {key: Ended(earlier.task_run_id, earlier.result, executions=earlier.executions) for key, earlier in plan.stored.items()}
        outputs = {key: earlier.output for key, earlier in plan.stored.items()}
        self.scope = Scope(plan.tasks, ids.task_run_ids, values=stored, outputs=outputs, ended=ended)

    async def run(self, stop: Stop) -> Result:
        """Run every task that may run, until all have a result; ends early, in good order, when ``stop`` is asked."""
        began = self._clock.monotonic()
        self._tell(RunStarted(*self._stamp(), self._plan.pipeline, tuple(task.task_key for task in self._plan.tasks), self._plan.engine))
        watcher = asyncio.ensure_future(self._watch(stop))
        try:
            await self.walk(self.scope, stop)
        finally:
            watcher.cancel()
        result = self.scope.result(stop.asked.is_set(), stop.by == "timeout" and stop.own)
        self._tell(RunEnded(*self._stamp(), result, self._clock.monotonic() - began, self._first_failure(result)))
        return result

    def _stamp(self) -> tuple[int, Any]:
        return self._ids.run_id, self._clock.now()

    async def _watch(self, stop: Stop) -> None:
        """Ask for the end when the run's time is over, and tell that the end was asked for, whoever did."""
        limit = self._plan.timeout_seconds or None
        try:
            await asyncio.wait_for(stop.asked.wait(), limit)
        except asyncio.TimeoutError:
            stop.ask("timeout")
        self._tell(CancelRequested(*self._stamp(), stop.by))

    async def walk(self, scope: Scope, stop: Stop) -> None:
        """Start the tasks of ``scope`` as their parents end. Each running task is one asyncio task; one loop takes their results."""
        ended: asyncio.Queue[asyncio.Future[Result]] = asyncio.Queue()
        running: dict[asyncio.Future[Result], str] = {}
        ready = scope.first()
        while ready or running:
            while ready:
                task = scope.tasks[ready.popleft()]
                verdict = scope.verdict(task)
                if verdict is not None:
                    self._end(scope, task, *verdict)
                    ready.extend(scope.freed_by(task.task_key))
                else:
                    future = asyncio.ensure_future(self._run_task(scope, task, stop))
                    running[future] = task.task_key
                    future.add_done_callback(ended.put_nowait)
            if running:
                over = await ended.get()
                task = scope.tasks[running.pop(over)]
                self._end(scope, task, over.result())
                ready.extend(scope.freed_by(task.task_key))

    def _end(self, scope: Scope, task: PlannedTask, result: Result, reason: str | None = None) -> None:
        scope.end(task, result)
        self._tell(TaskEnded(*self._stamp(), scope.key(task), scope.id(task), result, reason))

    async def _run_task(self, scope: Scope, task: PlannedTask, stop: Stop) -> Result:
        """All attempts of one task, one after the other; the last one's result."""
        number = 0
        while True:
            number += 1
            if task.work.kind in _NO_PROCESS:
                outcome, seconds = await self._attempt(scope, task, number, stop)
            else:
                async with self._free:
                    outcome, seconds = await self._attempt(scope, task, number, stop)
            wait = None if stop.asked.is_set() else retry_wait(task, number, outcome.result, outcome.error, seconds)
            if wait is None:
                return outcome.result
            self._tell(RetryPlanned(*self._stamp(), scope.key(task), scope.id(task), number, wait))
            try:
                await asyncio.wait_for(stop.asked.wait(), wait)
            except asyncio.TimeoutError:
                continue

    async def _attempt(self, scope: Scope, task: PlannedTask, number: int, stop: Stop) -> tuple[Outcome, float]:
        if stop.asked.is_set():
            return Outcome(Result.CANCELED), 0.0
        key, task_run_id = scope.key(task), scope.id(task)
        attempt = Attempt(task.named(key), self._ids.run_id, task_run_id, number, *scope.readable(task), scope.item)
        began = self._clock.monotonic()
        outcome = None
        try:
            ready = self._executor.prepare(attempt)
            parameters = encode(ready.parameters)
        except Exception as error:  # whatever it is, it is this attempt's: the other tasks go on
            ready, parameters, outcome = Prepared(0, None, {}), {}, fault(error)
        items = None if ready.items is None else len(ready.items)
        self._tell(
            AttemptStarted(*self._stamp(), key, task_run_id, number, ready.cells, ready.notebook, parameters, ready.log, items)
        )  # fmt: skip
        if outcome is None:
            try:
                if ready.items is not None:
                    outcome = await Iterations(self.walk, self._ids, attempt).run(ready.items, stop)
                else:
                    outcome = await self._executor.execute(attempt, stop)
            except Exception as error:  # as above
                outcome = fault(error)
        outcome = _held_to_promises(task, outcome)
        seconds = self._clock.monotonic() - began
        scope.attempted(task, number, outcome)
        self._tell(
            AttemptEnded(
                *self._stamp(),
                key,
                task_run_id,
                number,
                outcome.result,
                outcome.error,
                seconds,
                outcome.values,
                outcome.exit_value,
                outcome.ended_at_cell,
                outcome.notebook,
                outcome.tables,
                outcome.log,
                outcome.output,
                outcome.outcome,
            )  # fmt: skip
        )
        return outcome, seconds

    def _first_failure(self, result: Result) -> str | None:
        """One sentence for the run's record, where it did not succeed."""
        if result is Result.SUCCESS:
            return None
        bad = [f"{key} {ended}" for key, ended in self.scope.results.items() if is_bad(ended)]
        bad += [f"{key} with failures inside of it" for key in self.scope.with_failures]
        return ", ".join(bad[:5]) + (f" and {len(bad) - 5} more" if len(bad) > 5 else "") if bad else None


def _held_to_promises(task: PlannedTask, outcome: Outcome) -> Outcome:
    """``outcome``, made a failure where the task promised something that it did not do."""
    if task.expect is None or outcome.result is not Result.SUCCESS:
        return outcome
    broken = broken_promises(task.expect, outcome.values, outcome.tables)
    if not broken:
        return outcome
    error = TaskError(ErrorKind.EXPECTATION, f"the task succeeded, and did not do what it promised: {'; '.join(broken)}")
    return replace(outcome, result=Result.FAILED, error=error)
