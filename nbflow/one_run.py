"""One run of one plan: joins its records, its engines, its tasks and who is told of it, and runs other pipelines for its tasks."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nbflow.core.errors import UsageError
from nbflow.core.events import CellStarted, ChildStarted, Noted
from nbflow.core.exchange import SparkAddress
from nbflow.core.ports import Engine, Listener
from nbflow.core.records import RunRecord
from nbflow.core.results import ExitCode, Result, exit_code
from nbflow.core.values import encode
from nbflow.core.writes import written_together
from nbflow.define.pipelines.flow import RunJobTask
from nbflow.define.settings import Settings
from nbflow.plan.engines import AUTO, PlannedEngine, changed_by_itself
from nbflow.plan.export.document import plan_document
from nbflow.plan.known import ONE_TIME, RUN_JOB_TASK
from nbflow.plan.plan import Plan
from nbflow.plan.preload import FORK, all_preloads, forks_pay, needs_kernels
from nbflow.run.engines.cores import cores
from nbflow.run.guard import Guard
from nbflow.run.kernels.forks import Forks
from nbflow.run.listeners import Told
from nbflow.run.parent import parent_context
from nbflow.run.promises import Attempt, Ids, Step
from nbflow.run.runner import Runner
from nbflow.run.signals import signals_ask
from nbflow.run.stop import Stop
from nbflow.run.surroundings import ChildEnd, Surroundings
from nbflow.store.facts import gather_facts

if TYPE_CHECKING:
    from nbflow.run.attempt import TaskExecutor
    from nbflow.store.runs import RunIds
    from nbflow.store.store import Store

_MOST_KEYS = 10


class Clock:
    """The system's clocks."""

    def now(self) -> datetime:
        """The time of day in UTC."""
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        """Seconds of a clock that never jumps."""
        return time.monotonic()


class Home(Protocol):
    """What a run needs of its workspace."""

    root: Path
    settings: Settings

    @property
    def store(self) -> Store:
        """The records."""
        ...

    @property
    def warehouse(self) -> Path:
        """The folder of the tables."""
        ...

    def engine(
        self, name: str, spark_conf: Mapping[str, Any], state: Path, announce: Callable[[str], None], token: str, guard: Guard
    ) -> Engine:
        """The engine of that name, not yet started."""
        ...

    def child_plan(self, parent: Plan, job: RunJobTask, values: Mapping[str, Any]) -> Plan:
        """The plan of a pipeline that a task of ``parent`` runs."""
        ...


@dataclass(frozen=True, slots=True)
class _Whole:
    """What a run shares with the runs that its tasks begin: who guards its processes and forks its kernels, how many of them there may be
    at a time, the engines that were made so far, what is recorded of how it was started; ``lent`` is the engine of the task that started it."""

    guard: Guard
    forks: Forks
    free: asyncio.Semaphore
    engines: list[tuple[PlannedEngine, Engine]]
    facts: Mapping[str, Any]
    lent: SparkAddress | None


async def run_whole(home: Home, plan: Plan, listeners: Sequence[Listener], how: str, command: Sequence[str]) -> tuple[RunRecord, ExitCode]:
    """Do what ``plan`` says until all of it has ended; owns the signals meanwhile. Returns the record and the exit code."""
    facts, parent = gather_facts(home.root, how, command, plan.files), parent_context(how)
    if parent is not None:
        facts["parent"] = {"run_id": parent.run_id, "task_key": parent.task_key, "attempt": parent.attempt}
    lent = None if parent is None else parent.spark
    stop = Stop()
    with Guard() as guard, contextlib.ExitStack() as held:
        forks, free = Forks(guard.token, guard.folder, home.settings.python), home.settings.parallel or cores()
        whole = _Whole(guard, forks, asyncio.Semaphore(free), [], facts, lent)
        try:
            if _is_forked(home, plan) and needs_kernels(plan):
                forks.begin(())  # it gets ready meanwhile
            if parent is not None and lent is not None:
                plan, reason = plan.lent(parent.engine or lent.engine), None
            else:
                plan, reason = await _settled(home, plan, listeners)
            held.enter_context(signals_ask(stop))  # until then a signal ends it all at once
            run = _OneRun(home, whole, plan, listeners, None if parent is None else parent.run_id)
            result = await run.done(stop, reason)
        finally:
            forks.end()
            await asyncio.gather(*(engine.stop() for _, engine in whole.engines))
    return home.store.run(run.given.run_id), exit_code(result, stop.signal_number if result is Result.CANCELED else None)


def _is_forked(home: Home, plan: Plan) -> bool:
    """Whether the run's kernels come from a process of their own."""
    return home.settings.kernel_start == FORK and forks_pay(plan)


async def _settled(home: Home, plan: Plan, listeners: Sequence[Listener]) -> tuple[Plan, str | None]:
    """``plan`` with the engine that ``auto`` comes to here, and a sentence where that is not Spark itself.

    Raises ``UsageError`` where it would be another than the last successful run had.
    """
    if not any(engine.name == AUTO for engine in plan.engines_used):
        return plan, None
    from nbflow.run.engines.choose import choose

    def announce(text: str) -> None:
        for listener in listeners:
            listener(Noted(0, Clock().now(), text))

    choice = await choose(announce, home.settings.python)
    last = home.store.last_success(plan.pipeline, of_file=plan.file is not None, bundle_job=plan.bundle_job)
    if last is not None and changed_by_itself(last[1], choice.name):
        why = f", since spark cannot start here: {choice.reason}" if choice.reason else ""
        message = f"engine auto comes to {choice.name} here{why}; the last successful run of {plan.pipeline}, {last[0]}, had {last[1]}"
        raise UsageError(message, f"say which it shall be: --engine {choice.name}, or --engine {last[1]} as before")
    told = None
    if choice.reason is not None:
        told = f"the engine is {choice.name}: spark cannot start here ({choice.reason}); 'nbflow engine differences' lists how they differ"
    return plan.settled(choice.name), told


class _OneRun:
    """One run: begun when this is made, done by ``done``. ``parent_run_id`` is the run whose task begins it, ``facts`` are
    what is recorded of it besides."""

    given: RunIds

    def __init__(
        self,
        home: Home,
        whole: _Whole,
        plan: Plan,
        listeners: Sequence[Listener],
        parent_run_id: int | None,
        facts: Mapping[str, Any] | None = None,
        trigger_type: str = ONE_TIME,
    ) -> None:
        self._trigger_type = trigger_type
        self._home, self._whole, self._plan, self._listeners = home, whole, plan, listeners
        if any(engine.name != "none" for engine in plan.engines_used):
            _ = home.warehouse  # what cannot be is told before the run is begun
        keys = [task.task_key for task in plan.tasks]
        parameters = encode(dict(plan.parameters))
        facts = {**whole.facts, **(facts or {})}
        self.given = home.store.begin(plan.pipeline, keys, facts, plan_document(plan), parameters, plan.engine, parent_run_id)
        self._tell: Listener = Told([home.store.listener(self.given.run_id), *listeners])

    async def done(self, stop: Stop, reason: str | None = None) -> Result:
        """Do it; ``reason`` says why its engine is another than Spark."""
        home, run_id = self._home, self.given.run_id
        with contextlib.ExitStack() as held:
            held.enter_context(home.store.hold(run_id))
            for other in set(home.store.going_on(self._plan.pipeline)) - {run_id}:
                self._note(f"run {other} of this pipeline is going on: two that write one table may fail")
            for text in (reason, _stored_text(self._plan)):
                if text is not None:
                    self._note(text)
            ids = Ids(run_id, self.given.task_run_ids, self._steps)
            runner = Runner(self._plan, ids, self._executor(self._engines()), self._tell, Clock(), self._whole.free)
            result = await self._with_requests(runner.run(stop), stop)
            self.values = runner.scope.values()
        return result

    def _note(self, text: str, task_key: str | None = None) -> None:
        self._tell(Noted(self.given.run_id, Clock().now(), text, task_key))

    def _steps(self, parent_id: int, steps: Sequence[Step]) -> Mapping[str, int]:
        return self._home.store.add_steps(parent_id, [(step.task_key, step.index, step.item) for step in steps])

    def _engines(self) -> dict[str, Engine]:
        """The Spark engines that the tasks will need, by their keys, none of them started yet; one that another run of the
        whole has with the same settings is shared."""
        if self._whole.lent is not None:
            from nbflow.run.engines.given import GivenEngine

            return {engine.key: GivenEngine(self._whole.lent) for engine in self._plan.engines_used}
        made: dict[str, Engine] = {}
        for engine in self._plan.engines_used:
            if engine.name == "none":
                continue
            alike = [one for planned, one in self._whole.engines if (planned.name, planned.spark_conf) == (engine.name, engine.spark_conf)]
            if not alike:
                mark = f"-{len(self._whole.engines)}" if self._whole.engines else ""
                state = self._home.store.state / "engines" / f"{self.given.run_id}{mark}"
                guard = self._whole.guard
                alike = [self._home.engine(engine.name, engine.spark_conf, state, self._note, guard.token + mark, guard)]
                self._whole.engines.append((engine, alike[0]))
            made[engine.key] = alike[0]
        return made

    def _forks(self) -> Forks | None:
        """The process that this run's kernels come from, begun now where some are sure to come; ``None`` where it pays not."""
        forks = self._whole.forks if _is_forked(self._home, self._plan) else None
        if forks is not None:
            (forks.begin if needs_kernels(self._plan) else forks.expect)(all_preloads(self._plan))
        return forks

    def _executor(self, engines: Mapping[str, Engine]) -> TaskExecutor:
        from nbflow.run.attempt import TaskExecutor

        home, plan, run_id = self._home, self._plan, self.given.run_id
        limit = home.settings.output_limit_bytes

        def cell_started(attempt: Attempt, cell: int) -> None:
            self._tell(CellStarted(run_id, Clock().now(), attempt.task.task_key, attempt.task_run_id, attempt.number, cell))

        def sink(attempt: Attempt) -> Any:
            return home.store.notebook_sink(run_id, plan.pipeline, attempt.task.task_key, attempt.number, attempt.task_run_id, limit)

        def log(attempt: Attempt) -> Any:
            return home.store.log_sink(run_id, plan.pipeline, attempt.task.task_key, attempt.number, limit)

        def note(attempt: Attempt, text: str) -> None:
            self._note(text, attempt.task.task_key)

        guard = self._whole.guard
        return TaskExecutor(
            Surroundings(
                plan, home.root, home.settings, self.given.started, engines, sink, log, cell_started, note, guard.folder, guard.token,
                self._run_child, self._forks(), self._trigger_type,
            )
        )  # fmt: skip

    async def _run_child(self, attempt: Attempt, job: RunJobTask, values: Mapping[str, Any], stop: Stop) -> ChildEnd:
        """A run of another pipeline, for a task of this one. Its plan is made in another thread: a large one takes seconds, in which
        this run is to hear what is asked of it."""
        made = await asyncio.get_running_loop().run_in_executor(None, self._home.child_plan, self._plan, job, values)
        plan, reason = await _settled(self._home, made, self._listeners)
        parent = {"run_id": attempt.run_id, "task_key": attempt.task.task_key, "attempt": attempt.number}
        child = _OneRun(self._home, self._whole, plan, (), attempt.run_id, {"how": "run_job", "parent": parent}, RUN_JOB_TASK)
        run_id, at = child.given.run_id, Clock().now()
        self._tell(ChildStarted(self.given.run_id, at, attempt.task.task_key, attempt.task_run_id, attempt.number, run_id, plan.pipeline))
        result = await child.done(stop, reason)
        record = self._home.store.run(run_id)
        return ChildEnd(run_id, result, record.error, child.values, written_together(task.tables for task in record.tasks))

    async def _with_requests(self, work: Coroutine[Any, Any, Result], stop: Stop) -> Result:
        """Run ``work`` while looking for what others ask of this run: a request to cancel it is seen within 0.2 s. So soon, too,
        the steps of a for_each survive a power loss."""
        running, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
        settling = loop.run_in_executor(None, self._home.store.settle)
        try:
            while not running.done():
                await asyncio.wait({running}, timeout=0.2)
                if settling.done():
                    settling.result()
                    settling = loop.run_in_executor(None, self._home.store.settle)
                for request in self._home.store.take_requests(self.given.run_id):
                    if request.kind == "cancel":
                        stop.ask(request.by)
        finally:
            running.cancel()  # where the records fail the tasks end before the run's lock is given back
            await asyncio.wait({running})
        await settling
        await loop.run_in_executor(None, self._home.store.settle)  # the one before may have begun before the last steps ended
        return running.result()


def _stored_text(plan: Plan) -> str | None:
    """A sentence about earlier runs whose values and results stand for tasks that are left out; ``None`` where there are none."""
    listed = [f"{key} (run {earlier.run_id}, {earlier.result})" for key, earlier in plan.stored.items()]
    if not listed:
        return None
    more = f" and {len(listed) - _MOST_KEYS} more" if len(listed) > _MOST_KEYS else ""
    return f"tasks that are left out count as in earlier runs: {', '.join(listed[:_MOST_KEYS])}{more}"
