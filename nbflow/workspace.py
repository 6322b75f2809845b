"""The composition root: finds the workspace, reads its settings, and joins define, plan, run and store."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbflow.core.errors import DefinitionError, UsageError
from nbflow.core.events import CellStarted, Noted
from nbflow.core.ports import Engine, Listener
from nbflow.core.records import RunRecord
from nbflow.core.results import ExitCode, Result, exit_code
from nbflow.core.values import encode
from nbflow.define.pipeline import Pipeline
from nbflow.define.settings import Settings, find_root
from nbflow.define.sources import Sources
from nbflow.plan.build import Request, build_plan
from nbflow.plan.engines import AUTO, changed_by_itself, settled
from nbflow.plan.plan import Plan

if TYPE_CHECKING:
    from nbflow.run.guard import Guard
    from nbflow.run.runner import Attempt
    from nbflow.run.stop import Stop
    from nbflow.store.store import Store

_PIPELINES = "pipelines"
_NEWEST = 5
_SUFFIXES = (".yml", ".yaml")


class Clock:
    """The system's clocks."""

    def now(self) -> datetime:
        """The time of day in UTC."""
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        """Seconds of a clock that never jumps."""
        import time

        return time.monotonic()


class Workspace:
    """A folder with notebooks and pipelines, its settings and its records. Made by ``find``."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings

    @classmethod
    def find(cls, start: Path, explicit: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Workspace:
        """The workspace that ``start``, a file or folder, lies in; ``explicit`` or ``NBFLOW_WORKSPACE`` name another.

        ``overrides`` are settings of the call, over those of the environment and the files. Raises ``UsageError`` for a
        folder that is not there, ``DefinitionError`` for wrong settings.
        """
        named = explicit or (Path(os.environ["NBFLOW_WORKSPACE"]) if os.environ.get("NBFLOW_WORKSPACE") else None)
        if named is not None and not named.is_dir():
            raise UsageError(f"there is no folder {named}", "--workspace and NBFLOW_WORKSPACE name an existing folder")
        root = (named or find_root(start)).resolve()
        return cls(root, Settings.read(root, overrides or {}, os.environ, Path.cwd().resolve()))

    @cached_property
    def store(self) -> Store:
        """The workspace's records; made on first use."""
        from nbflow.store.store import Store

        return Store.open(self.root, self.root / self.settings.runs)

    @property
    def warehouse(self) -> Path:
        """The folder of the tables, made with its ``.gitignore`` where it is not there."""
        from nbflow.store.folders import make_kept_folder

        folder = self.root / self.settings.warehouse
        make_kept_folder(folder)
        return folder

    def plan(
        self,
        reference: str | Path | Pipeline,
        parameters: Mapping[str, Any],
        folder: Path,
        only: Sequence[str] = (),
        job: str | None = None,
    ) -> Plan:
        """The Plan of the pipeline that ``reference`` names: a path from ``folder``, a name in ``pipelines/``, a notebook.

        A notebook is a pipeline of one task; ``job`` is the key of one of several jobs of a bundle's file. Relative paths
        in ``parameters`` start at ``folder``; ``only`` are selectors. Reads files and starts nothing. Raises
        ``UsageError`` when there is no such pipeline, ``DefinitionError`` with all mistakes of file, notebooks and values.
        """
        from nbflow.run.kernels.installed import installed_kernels

        sources = self._sources(folder)
        pipeline, mistakes = sources.pipeline(reference, job)
        if pipeline is None:
            raise DefinitionError(mistakes)
        wrong = bool(mistakes)
        read, further = sources.read(pipeline)
        mistakes += further
        try:
            plan = build_plan(pipeline, read, Request(parameters, folder, only), self.settings, lru_cache(maxsize=1)(installed_kernels))
        except DefinitionError as error:
            mistakes += error.mistakes
        except ValueError:
            if not wrong:  # else it is a circle of tasks, which is among the mistakes
                raise
        if mistakes:
            raise DefinitionError(mistakes)
        return plan

    def jobs(self, reference: str | Path, folder: Path) -> list[str]:
        """The keys of the jobs in the bundle's file that ``reference`` names; of a file with one job, none."""
        return self._sources(folder).jobs(reference)

    def _sources(self, folder: Path) -> Sources:
        from nbflow.run.papermill.remote import read_remote

        return Sources(self.root, folder, read_remote, self.settings.allow_missing)

    def run(
        self, plan: Plan, listeners: Sequence[Listener] = (), how: str = "cli", command: Sequence[str] = ()
    ) -> tuple[RunRecord, ExitCode]:
        """Do what ``plan`` says, in this thread, until all of it has ended; owns the signals meanwhile.

        ``listeners`` are told each event after it is recorded; ``how`` and ``command`` say how the run was started.
        Returns the record and the exit code. Raises ``StoreError`` when nothing can be recorded; then nothing was started.
        """
        import asyncio

        return asyncio.run(self._run(plan, listeners, how, command))

    async def _run(self, plan: Plan, listeners: Sequence[Listener], how: str, command: Sequence[str]) -> tuple[RunRecord, ExitCode]:
        import asyncio

        from nbflow.plan.export.document import plan_document
        from nbflow.run.guard import Guard
        from nbflow.run.listeners import Told
        from nbflow.run.runner import Ids, Runner
        from nbflow.run.signals import signals_ask
        from nbflow.run.stop import Stop
        from nbflow.store.facts import gather_facts

        facts = gather_facts(self.root, how, command)
        parameters = encode(dict(plan.parameters))
        keys = [task.task_key for task in plan.tasks]
        plan, reason = await self._settled(plan, listeners)
        if any(engine.name != "none" for engine in plan.engines_used):
            _ = self.warehouse  # what cannot be is told before the run is begun
        stop = Stop()
        with Guard() as guard, contextlib.ExitStack() as held:
            given = self.store.begin(plan.pipeline, keys, facts, plan_document(plan), parameters, plan.engine)
            held.enter_context(self.store.hold(given.run_id))
            held.enter_context(signals_ask(stop))
            tell = Told([self.store.listener(given.run_id), *listeners])
            for other in self._others(plan.pipeline, given.run_id):
                tell(Noted(given.run_id, Clock().now(), f"run {other} of this pipeline is going on: two that write one table may fail"))
            if reason is not None:
                tell(Noted(given.run_id, Clock().now(), reason))
            ids = Ids(given.run_id, given.task_run_ids)
            engines = self._engines(plan, tell, ids, guard)
            executor = self._executor(plan, ids, given.started, engines, tell, guard)
            try:
                runner = Runner(plan, ids, executor, tell, Clock(), self.settings.parallel or os.cpu_count() or 1)
                result = await self._with_requests(runner.run(stop), stop, given.run_id)
            finally:
                await asyncio.gather(*(engine.stop() for engine in engines.values()))
        return self.store.run(given.run_id), _code(result, stop)

    def _others(self, pipeline: str, run_id: int) -> list[int]:
        """Other runs of the pipeline that are going on, as far as the newest tell."""
        newest = self.store.runs(pipeline, _NEWEST)
        return [run.run_id for run in newest if run.run_id != run_id and run.result is None and self.store.is_live(run.run_id)]

    async def _settled(self, plan: Plan, listeners: Sequence[Listener]) -> tuple[Plan, str | None]:
        """``plan`` with the engine that ``auto`` comes to here, and a sentence where that is not Spark itself.

        Raises ``UsageError`` where it would be another than the last successful run had.
        """
        if not any(engine.name == AUTO for engine in plan.engines_used):
            return plan, None
        from nbflow.run.engines.choose import choose

        def announce(text: str) -> None:
            for listener in listeners:
                listener(Noted(0, Clock().now(), text))

        choice = await choose(announce)
        last = self.store.last_success(plan.pipeline)
        if last is not None and changed_by_itself(last[1], choice.name):
            why = f", since spark cannot start here: {choice.reason}" if choice.reason else ""
            message = f"engine auto comes to {choice.name} here{why}; the last successful run of {plan.pipeline}, {last[0]}, had {last[1]}"
            raise UsageError(message, f"say which it shall be: --engine {choice.name}, or --engine {last[1]} as before")
        told = None
        if choice.reason is not None:
            told = (
                f"the engine is {choice.name}: spark cannot start here ({choice.reason}); 'nbflow engine differences' lists how they differ"
            )
        return replace(plan, engines=settled(plan.engines, choice.name)), told

    def _engines(self, plan: Plan, tell: Listener, ids: Any, guard: Guard) -> dict[str, Engine]:
        """The Spark engines that the tasks will need, by their keys, none of them started yet."""

        def announce(text: str) -> None:
            tell(Noted(ids.run_id, Clock().now(), text))

        made: dict[str, Engine] = {}
        for number, engine in enumerate(engine for engine in plan.engines_used if engine.name != "none"):
            mark = f"-{number}" if number else ""
            state = self.store.state / "engines" / f"{ids.run_id}{mark}"
            made[engine.key] = self.engine(engine.name, engine.spark_conf, state, announce, guard.token + mark)
        return made

    def engine(self, name: str, spark_conf: Mapping[str, Any], state: Path, announce: Callable[[str], None], token: str) -> Engine:
        """The engine of that name (``run.engines.choose``), not yet started: the workspace's warm one where it is there and
        is what is asked for."""
        from nbflow.run.engines.choose import Needs, join_or_make, make_engine
        from nbflow.run.engines.holder import LOCK_FILE
        from nbflow.store.live import is_held

        needs = Needs(self.settings.driver_memory, spark_conf, self.settings.python, self.warehouse, state, announce, token)
        held = is_held(self.warm_folder / LOCK_FILE)  # a file of one that was killed may be left
        return join_or_make(name, needs, self.warm_folder) if held else make_engine(name, needs)

    @property
    def warm_folder(self) -> Path:
        """Where the files of the workspace's warm engine are."""
        return self.store.state / "engine"

    def _executor(self, plan: Plan, ids: Any, started: datetime, engines: Mapping[str, Engine], tell: Listener, guard: Guard) -> Any:
        from nbflow.run.attempt import TaskExecutor
        from nbflow.run.surroundings import Surroundings

        def cell_started(attempt: Attempt, cell: int) -> None:
            tell(CellStarted(ids.run_id, Clock().now(), attempt.task.task_key, attempt.task_run_id, attempt.number, cell))

        def sink(attempt: Attempt) -> Any:
            return self.store.notebook_sink(
                ids.run_id, plan.pipeline, attempt.task.task_key, attempt.number, attempt.task_run_id, self.settings.output_limit_bytes
            )

        def log(attempt: Attempt) -> Any:
            return self.store.log_sink(ids.run_id, plan.pipeline, attempt.task.task_key, attempt.number, self.settings.output_limit_bytes)

        def note(attempt: Attempt, text: str) -> None:
            tell(Noted(ids.run_id, Clock().now(), text, attempt.task.task_key))

        return TaskExecutor(
            Surroundings(plan, self.root, self.settings, started, engines, sink, log, cell_started, note, guard.folder, guard.token)
        )

    async def _with_requests(self, work: Any, stop: Stop, run_id: int) -> Result:
        """Run ``work`` while looking for what others ask of this run: a request to cancel it is seen within 0.2 s."""
        import asyncio

        running = asyncio.ensure_future(work)
        while not running.done():
            await asyncio.wait({running}, timeout=0.2)
            for request in self.store.take_requests(run_id):
                if request.kind == "cancel":
                    stop.ask(request.by)
        result: Result = running.result()
        return result


def _code(result: Result, stop: Stop) -> ExitCode:
    return exit_code(result, stop.signal_number if result is Result.CANCELED else None)
