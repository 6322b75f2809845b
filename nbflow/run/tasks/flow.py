"""Work that no process does: a condition, the items of a for_each, and another pipeline, which is a run of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbflow.core.errors import DefinitionError, UsageError
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.plan.conditions import compare, outcome_text
from nbflow.plan.items import items_of
from nbflow.plan.work import ConditionWork, RunJobWork
from nbflow.run.promises import Attempt, Outcome, Prepared
from nbflow.run.stop import Stop
from nbflow.run.surroundings import ChildEnd, Surroundings


class FlowExecutor:
    """Executes conditions and other pipelines, and finds the items of a for_each. Keeps the promise of ``Executor``."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._ready: dict[tuple[int, int], _Ready] = {}

    def prepare(self, attempt: Attempt) -> Prepared:
        """Resolve what only the run knows. What does not fit is kept for ``execute`` to tell."""
        arguments, error = self._around.arguments(attempt)
        values = {argument.name: argument.value for argument in arguments}
        work, items = attempt.task.work, None
        shown = values
        if isinstance(work, ConditionWork):
            shown = {"left": values["left"], "op": str(work.operator), "right": values["right"]}
        elif work.kind == "for_each" and error is None:
            try:
                items = items_of(values["inputs"])
                shown = {"inputs": items}
            except ValueError as problem:
                error = f"inputs: {problem}"
        if items is None:
            self._ready[attempt.task_run_id, attempt.number] = _Ready(values, error)
        return Prepared(0, None, shown, items=items)

    async def execute(self, attempt: Attempt, stop: Stop) -> Outcome:
        """Compare, or run the other pipeline to its end."""
        ready = self._ready.pop((attempt.task_run_id, attempt.number))
        work = attempt.task.work
        if ready.error is not None:
            return _parameter(ready.error)
        if isinstance(work, RunJobWork):
            return await self._run_job(attempt, work, ready.values, stop)
        if not isinstance(work, ConditionWork):
            raise TypeError(work)
        try:
            met = compare(work.operator, ready.values["left"], ready.values["right"])
        except ValueError as error:
            return _parameter(str(error))
        return Outcome(Result.SUCCESS, outcome=outcome_text(met))

    async def _run_job(self, attempt: Attempt, work: RunJobWork, values: Mapping[str, Any], stop: Stop) -> Outcome:
        limit, over = attempt.task.timeout_seconds, asyncio.Event()  # the other pipeline may have a limit of its own, which asks as well
        with stop.part() as own:

            def end_it() -> None:
                over.set()
                own.ask("timeout")

            timer = asyncio.get_running_loop().call_later(limit, end_it) if limit else None
            try:
                end = await self._around.run_child(attempt, work.job, values, own)
            except (DefinitionError, UsageError) as error:
                return _parameter(f"pipeline {work.origin!r} cannot be run with these values: {error}")
            finally:
                if timer is not None:
                    timer.cancel()
        if own.asked.is_set() and not own.own and end.result in (Result.CANCELED, Result.TIMEDOUT):
            return Outcome(Result.CANCELED, values=dict(end.values), tables=end.tables)
        if end.result is Result.SKIPPED:
            self._around.note(attempt, f"run {end.run_id} of {work.origin} had nothing to do: all of its tasks are disabled")
        return _outcome(end, limit if over.is_set() and own.own and own.by == "timeout" else None)


@dataclass(frozen=True, slots=True)
class _Ready:
    """What ``prepare`` made for ``execute``."""

    values: Mapping[str, Any]
    error: str | None


def _parameter(message: str) -> Outcome:
    return Outcome(Result.FAILED, TaskError(ErrorKind.PARAMETER, message))


def _outcome(end: ChildEnd, limit: float | None) -> Outcome:
    """What the end of the other pipeline's run means for the task that began it; ``limit`` is the task's own where that ended it."""
    values, tables = dict(end.values), end.tables
    if end.result in (Result.SUCCESS, Result.SUCCESS_WITH_FAILURES, Result.SKIPPED):
        return Outcome(Result.SUCCESS, values=values, tables=tables, with_failures=end.result is Result.SUCCESS_WITH_FAILURES)
    if limit is not None:
        return Outcome(
            Result.TIMEDOUT, TaskError(ErrorKind.TASK_TIMEOUT, f"the task's limit of {limit:g} s was over"), values, tables=tables
        )
    if end.result is Result.CANCELED:
        return Outcome(Result.CANCELED, values=values, tables=tables)
    why = f": {end.error}" if end.error else ""
    return Outcome(Result.FAILED, TaskError(ErrorKind.CHILD_RUN, f"run {end.run_id} ended {end.result}{why}"), values, tables=tables)
