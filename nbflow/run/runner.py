"""The runner: starts each task when what it depends on is done, and says what happens in events.

It decides nothing itself (``plan`` holds the rules), executes nothing itself (an ``Executor`` does) and writes nothing.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from nbflow.core.events import AttemptEnded, AttemptStarted, CancelRequested, RetryPlanned, RunEnded, RunStarted, TaskEnded
from nbflow.core.ports import Clock, Listener
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.core.values import encode
from nbflow.core.writes import TableWrite
from nbflow.plan.graph import ancestors
from nbflow.plan.known import Ended
from nbflow.plan.outcome import run_result, upstream_verdict
from nbflow.plan.plan import Plan, PlannedTask
from nbflow.plan.retry import retry_wait
from nbflow.run.stop import Stop


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a task, as its executor gets it. ``number`` counts from 1; ``values`` are the task values of the
    tasks that it depends on, at whatever distance, ``outputs`` the results of those among them that are SQL, ``ended`` what
    else is known of all of them."""

    task: PlannedTask
    run_id: int
    task_run_id: int
    number: int
    values: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ended: Mapping[str, Ended] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; ``tables`` is what it wrote to the warehouse, as far as that is known. It leaves an executed
    ``notebook``, or the ``log`` of other work."""

    result: Result
    error: TaskError | None = None
    values: dict[str, Any] = field(default_factory=dict)
    exit_value: str | None = None
    ended_at_cell: int | None = None
    notebook: str | None = None
    tables: tuple[TableWrite, ...] = ()
    log: str | None = None
    output: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an executor knows when it is about to begin: how many cells, where the notebook or the log goes, with which values."""

    cells: int
    notebook: str | None
    parameters: dict[str, Any]
    log: str | None = None


class Executor(Protocol):
    """Does one attempt. It ends in good order when ``stop`` is asked. What it raises is told as the attempt's failure."""

    def prepare(self, attempt: Attempt) -> Prepared:
        """What will be executed; called once, just before ``execute``."""
        ...

    async def execute(self, attempt: Attempt, stop: Stop) -> Outcome:
        """Do it, whatever happens, and say how it ended."""
        ...


def fault(error: Exception) -> Outcome:
    """How an attempt ended that ``error`` ended: nbflow's own fault, or that of a disk."""
    if isinstance(error, OSError):
        return Outcome(Result.FAILED, TaskError(ErrorKind.STORAGE, f"a file that the task needs cannot be used: {error}"))
    message = f"a fault of nbflow's own ended the task: {type(error).__name__}: {error}"
    words = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return Outcome(Result.FAILED, TaskError(ErrorKind.INTERNAL, message, traceback=words))


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids that the store gave to this run and to its tasks."""

    run_id: int
    task_run_ids: Mapping[str, int]


class Runner:
    """Runs one Plan once."""

    def __init__(self, plan: Plan, ids: Ids, executor: Executor, tell: Listener, clock: Clock, parallel: int) -> None:
        self._plan, self._ids, self._executor, self._tell, self._clock = plan, ids, executor, tell, clock
        self._free = asyncio.Semaphore(parallel)
        self._results: dict[str, Result] = {}
        self._values: dict[str, Mapping[str, Any]] = {}
        self._outputs: dict[str, Mapping[str, Any]] = {}
        self._ended: dict[str, Ended] = {}
        self._last: dict[str, tuple[int, Outcome]] = {}
        self._edges = {task.task_key: task.depends_on for task in plan.tasks}

    async def run(self, stop: Stop) -> Result:
        """Run every task that may run, until all have a result; ends early, in good order, when ``stop`` is asked."""
        began = self._clock.monotonic()
        self._tell(RunStarted(*self._stamp(), self._plan.pipeline, tuple(task.task_key for task in self._plan.tasks), self._plan.engine))
        watcher = asyncio.ensure_future(self._watch(stop))
        try:
            await self._run_tasks(stop)
        finally:
            watcher.cancel()
        result = run_result(self._results, self._leaves(), stop.asked.is_set(), stop.by == "timeout")
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

    async def _run_tasks(self, stop: Stop) -> None:
        """Start tasks as their parents end. Each running task is one asyncio task; one loop takes their results."""
        waiting = {task.task_key: set(task.depends_on) for task in self._plan.tasks}
        running: dict[asyncio.Future[Result], str] = {}
        while waiting or running:
            started = False
            for key in [key for key, parents in waiting.items() if not parents - set(self._results)]:
                del waiting[key]
                task = self._plan.task(key)
                verdict = upstream_verdict({parent: self._results[parent] for parent in task.depends_on})
                if verdict is not None:
                    self._end(task, *verdict)
                    started = True
                else:
                    running[asyncio.ensure_future(self._run_task(task, stop))] = key
            if started:
                continue
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                self._end(self._plan.task(running.pop(future)), future.result())

    def _end(self, task: PlannedTask, result: Result, reason: str | None = None) -> None:
        self._results[task.task_key] = result
        self._ended[task.task_key] = self._facts(task, result)
        self._tell(TaskEnded(*self._stamp(), task.task_key, self._ids.task_run_ids[task.task_key], result, reason))

    def _facts(self, task: PlannedTask, result: Result) -> Ended:
        """What references of later tasks may know of a task that has ended."""
        number, last = self._last.get(task.task_key, (0, None))
        error = str(last.error.kind) if last is not None and last.error is not None else ""
        path = str(task.work.path or task.work.origin) if task.work.kind == "notebook" else ""
        return Ended(self._ids.task_run_ids[task.task_key], str(result), error, number, path)

    async def _run_task(self, task: PlannedTask, stop: Stop) -> Result:
        """All attempts of one task, one after the other; the last one's result."""
        number = 0
        while True:
            number += 1
            async with self._free:
                if stop.asked.is_set():
                    return Result.CANCELED
                outcome, seconds = await self._attempt(task, number, stop)
            wait = None if stop.asked.is_set() else retry_wait(task, number, outcome.result, outcome.error, seconds)
            if wait is None:
                return outcome.result
            self._tell(RetryPlanned(*self._stamp(), task.task_key, self._ids.task_run_ids[task.task_key], number, wait))
            try:
                await asyncio.wait_for(stop.asked.wait(), wait)
            except asyncio.TimeoutError:
                continue

    async def _attempt(self, task: PlannedTask, number: int, stop: Stop) -> tuple[Outcome, float]:
        task_run_id = self._ids.task_run_ids[task.task_key]
        before = ancestors(self._edges, [task.task_key]) if self._ended else set()
        values = {key: found for key, found in self._values.items() if key in before}
        outputs = {key: found for key, found in self._outputs.items() if key in before}
        ended = {key: found for key, found in self._ended.items() if key in before}
        attempt = Attempt(task, self._ids.run_id, task_run_id, number, values, outputs, ended)
        began = self._clock.monotonic()
        outcome = None
        try:
            ready = self._executor.prepare(attempt)
            parameters = encode(ready.parameters)
        except Exception as error:  # whatever it is, it is this attempt's: the other tasks go on
            ready, parameters, outcome = Prepared(0, None, {}), {}, fault(error)
        self._tell(
            AttemptStarted(*self._stamp(), task.task_key, task_run_id, number, ready.cells, ready.notebook, parameters, ready.log)
        )  # fmt: skip
        if outcome is None:
            try:
                outcome = await self._executor.execute(attempt, stop)
            except Exception as error:  # as above
                outcome = fault(error)
        seconds = self._clock.monotonic() - began
        self._values[task.task_key] = outcome.values  # those of a task that failed can be read as well
        self._outputs[task.task_key] = outcome.output or {}
        self._last[task.task_key] = (number, outcome)
        self._tell(
            AttemptEnded(
                *self._stamp(),
                task.task_key,
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
            )  # fmt: skip
        )
        return outcome, seconds

    def _leaves(self) -> list[str]:
        parents = {parent for task in self._plan.tasks for parent in task.depends_on}
        return [task.task_key for task in self._plan.tasks if task.task_key not in parents]

    def _first_failure(self, result: Result) -> str | None:
        """One sentence for the run's record, where it did not succeed."""
        if result is Result.SUCCESS:
            return None
        bad = [f"{key} {ended}" for key, ended in self._results.items() if ended not in (Result.SUCCESS, Result.EXCLUDED)]
        return ", ".join(bad[:5]) + (f" and {len(bad) - 5} more" if len(bad) > 5 else "") if bad else None
