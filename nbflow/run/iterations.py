"""The items of a for_each: its steps are done for each of them, some at a time, and their values come back as lists."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.plan.items import gathered
from nbflow.plan.outcome import is_good
from nbflow.plan.work import ForEachWork
from nbflow.run.promises import Attempt, Ids, Outcome, Step
from nbflow.run.scope import Scope
from nbflow.run.stop import Stop

_LISTED = 10


class Iterations:
    """One attempt at a for_each. ``walk`` does the tasks of a scope to their ends."""

    def __init__(self, walk: Callable[[Scope, Stop], Awaitable[None]], ids: Ids, attempt: Attempt) -> None:
        if not isinstance(attempt.task.work, ForEachWork):
            raise TypeError(attempt.task.work)
        self._walk, self._ids, self._attempt, self._work = walk, ids, attempt, attempt.task.work

    async def run(self, items: Sequence[Any], stop: Stop) -> Outcome:
        """Do the steps for each of ``items``, in their order; a failed one fails the task, and the others go on."""
        scopes = self._scopes(items)
        gate = asyncio.Semaphore(self._work.concurrency)
        limit = self._attempt.task.timeout_seconds
        with stop.part() as own:
            timer = asyncio.get_running_loop().call_later(limit, own.ask, "timeout") if limit else None
            try:
                results = await asyncio.gather(*(self._one(scope, gate, own) for scope in scopes))
            finally:
                if timer is not None:
                    timer.cancel()
        values = dict(gathered([scope.values() for scope in scopes]))
        result, error = _together(self._attempt.task.task_key, results, own, limit)
        return Outcome(result, error, values, with_failures=Result.SUCCESS_WITH_FAILURES in results)

    async def _one(self, scope: Scope, gate: asyncio.Semaphore, stop: Stop) -> Result:
        async with gate:
            await self._walk(scope, stop)
        return scope.result(stop.asked.is_set(), timed_out=False)

    def _scopes(self, items: Sequence[Any]) -> list[Scope]:
        """A scope for each item, its tasks with ids in the run."""
        steps, loop = self._work.steps, self._attempt.task.task_key
        named = [
            {step.task_key: f"{loop}/{index}" if len(steps) == 1 else f"{loop}/{index}/{step.task_key}" for step in steps}
            for index in range(len(items))
        ]
        new = [Step(key, index, item) for index, (item, keys) in enumerate(zip(items, named)) for key in keys.values()]
        ids = self._ids.more(self._attempt.task_run_id, new) if new else {}
        about = self._attempt.values, self._attempt.outputs, self._attempt.ended
        return [Scope(steps, ids, keys, *about, item) for item, keys in zip(items, named)]


def _together(key: str, results: Sequence[Result], stop: Stop, limit: float) -> tuple[Result, TaskError | None]:
    """What the ends of all items of the for_each ``key`` come to. Items are named as their tasks in the run, which count from 0."""
    bad = [index for index, result in enumerate(results) if not is_good(result) and result is not Result.SKIPPED]
    if not bad:
        return Result.SUCCESS, None
    if stop.asked.is_set() and any(results[index] is Result.CANCELED for index in bad):
        if stop.by == "timeout" and stop.own:
            return Result.TIMEDOUT, TaskError(ErrorKind.TASK_TIMEOUT, f"the task's limit of {limit:g} s was over")
        return Result.CANCELED, None
    listed = ", ".join(f"{key}/{index}" for index in bad[:_LISTED]) + (f" and {len(bad) - _LISTED} more" if len(bad) > _LISTED else "")
    return Result.FAILED, TaskError(ErrorKind.ITERATION, f"{len(bad)} of {len(results)} items failed: {listed}")
