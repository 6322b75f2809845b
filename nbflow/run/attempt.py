"""One attempt at a notebook task, from its arguments to its end: the real ``Executor``."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from nbflow.core import exchange
from nbflow.core.errors import EngineError, KernelError
from nbflow.core.ports import Engine, NotebookSink
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.core.values import encode
from nbflow.core.writes import TableWrite
from nbflow.define.settings import Settings
from nbflow.plan.arguments import fit
from nbflow.plan.plan import Argument, Plan, PlannedTask
from nbflow.plan.references import Known, resolve
from nbflow.run.bootstrap import prepare_kernel
from nbflow.run.cells import CellLoop, Limits
from nbflow.run.endings import Ending
from nbflow.run.inject import inject
from nbflow.run.kernels.kernel import Kernel, KernelSpec
from nbflow.run.left import Left, read_left
from nbflow.run.marks import Marks
from nbflow.run.processes import end_family
from nbflow.run.runner import Attempt, Outcome, Prepared
from nbflow.run.stop import Stop
from nbflow.run.writes import Watch


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all attempts of a run share. ``engines`` are its Spark engines by their keys in the plan; ``sink`` makes the place where an attempt's notebook goes; ``cell_started`` is
    told the attempt and the cell (from 1), ``note`` the attempt and a sentence for whoever watches. ``private`` is a folder for what only the run may see, with a short path;
    ``token`` begins the mark that the processes of each attempt bear."""

    plan: Plan
    workspace: Path
    settings: Settings
    started: datetime
    engines: Mapping[str, Engine]
    sink: Callable[[Attempt], NotebookSink]
    cell_started: Callable[[Attempt, int], None]
    note: Callable[[Attempt, str], None]
    private: Path
    token: str


class NotebookExecutor:
    """Executes notebook tasks, each in a kernel of its own. Keeps the promise of ``runner.Executor``."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._ready: dict[tuple[str, int], _Ready] = {}

    def prepare(self, attempt: Attempt) -> Prepared:
        """Resolve what only the run knows and lay out the notebook. What does not fit is kept for ``execute`` to tell."""
        arguments, error = self._arguments(attempt)
        task = attempt.task
        language = task.notebook.language or "python"
        document = inject(task.notebook, arguments, task.kernel, language)
        sink = self._around.sink(attempt)
        self._ready[task.task_key, attempt.number] = _Ready(tuple(arguments), error, document, sink)
        values = {argument.name: argument.value for argument in arguments}
        return Prepared(len(document["cells"]), str(sink.path), values)

    async def execute(self, attempt: Attempt, stop: Stop) -> Outcome:
        """Run the notebook to its end, whatever that is, and keep the executed notebook."""
        ready = self._ready.pop((attempt.task.task_key, attempt.number))
        marks = Marks(ready.document, attempt.task.notebook, ready.arguments, str(ready.sink.path))
        private = self._around.private / f"{attempt.task_run_id}-{attempt.number}"
        left = Left()
        tables: tuple[TableWrite, ...] = ()
        try:
            private.mkdir(mode=0o700)
            ready.sink.changed(ready.document)
            if ready.error is not None:
                ending = Ending(Result.FAILED, TaskError(ErrorKind.PARAMETER, ready.error))
            else:
                ending, tables = await self._run_watched(attempt, ready, marks, private, stop)
            left = read_left(private)
        except OSError as error:
            hint = f"is there room in {private.parent.parent}?"
            ending = Ending(Result.FAILED, _storage(f"what passes between nbflow and the notebook could not be kept: {error}; {hint}"))
        finally:
            shutil.rmtree(private, ignore_errors=True)
        for trouble in left.troubles:
            self._around.note(attempt, trouble)
        marks.ended(ending)
        try:
            ready.sink.finish(ready.document)
        except OSError as error:
            message = f"the executed notebook could not be kept: {error}; make room or the folder writable, and run again"
            ending = Ending(Result.FAILED, ending.error or _storage(message))
        exit_value = left.exit_value if ending.result is Result.SUCCESS and ending.ended_at_cell is not None else None
        return Outcome(ending.result, ending.error, left.values, exit_value, ending.ended_at_cell, str(ready.sink.path), tables)

    async def _run_watched(
        self, attempt: Attempt, ready: _Ready, marks: Marks, private: Path, stop: Stop
    ) -> tuple[Ending, tuple[TableWrite, ...]]:
        """How ``_run`` ends, and which tables were written meanwhile by commits that bear the attempt's mark."""
        around, loop = self._around, asyncio.get_running_loop()
        if not attempt.task.notebook.uses_spark or attempt.task.engine not in around.engines:
            return await self._run(attempt, ready, marks, private, stop), ()
        watch = await loop.run_in_executor(None, Watch, around.workspace / around.settings.warehouse)
        ending = await self._run(attempt, ready, marks, private, stop)
        mark = exchange.Mark(attempt.run_id, attempt.task.task_key, attempt.number)
        return ending, await loop.run_in_executor(None, watch.written_by, mark)

    def _arguments(self, attempt: Attempt) -> tuple[list[Argument], str | None]:
        """The task's arguments with late references resolved, and what is wrong with the first that does not fit."""
        task, around = attempt.task, self._around
        known = Known(
            around.plan.pipeline, around.plan.parameters, task.task_key, str(task.notebook.path),
            attempt.run_id, attempt.task_run_id, around.started, attempt.values,
        )  # fmt: skip
        arguments, problem = [], None
        for argument in task.arguments:
            if argument.late:
                try:
                    value, _ = resolve(argument.value, known)
                    argument = replace(argument, value=fit(value, argument), late=False)
                except ValueError as error:
                    problem = problem or f"parameter {argument.name!r}: {error}"
            arguments.append(argument)
        return arguments, problem

    async def _run(self, attempt: Attempt, ready: _Ready, marks: Marks, private: Path, stop: Stop) -> Ending:
        """Start what the notebook needs, execute its cells, and leave nothing behind."""
        task, around = attempt.task, self._around
        token = f"{around.token}-{attempt.task_run_id}-{attempt.number}"
        engine = around.engines.get(task.engine) if task.notebook.uses_spark else None
        tag = f"nbflow-{token}"
        watcher = _Watcher(self._around, attempt, ready, marks)
        kernel = None
        ending = Ending(Result.FAILED)
        limits = _limits(task, around.settings)
        try:
            kernel, early = await self._start(attempt, private, token, engine, tag, stop)
            if kernel is None:
                ending = early or ending
                return ending
            flusher = asyncio.ensure_future(watcher.keep_flushing())
            try:
                lost = functools.partial(engine.lost, tag) if engine is not None else None
                ending = await CellLoop(ready.document, kernel, limits, watcher, stop).run(lost)
            finally:
                flusher.cancel()
            return ending
        finally:
            if engine is not None and ending.result is not Result.SUCCESS:
                await engine.cancel(tag)
            if kernel is not None:
                alive = ending.error is None or ending.error.kind in (ErrorKind.CELL_ERROR, ErrorKind.EXIT)
                await kernel.end(1.0 if alive and not stop.now.is_set() else 0.0)
            else:
                end_family(token)
            if engine is not None:
                await engine.cancel(tag)  # once more when nobody is left who could begin a job: streams, and what came late

    async def _start(
        self, attempt: Attempt, private: Path, token: str, engine: Engine | None, tag: str, stop: Stop
    ) -> tuple[Kernel | None, Ending | None]:
        """The kernel, ready for its first cell; or how the attempt ended before there was one."""
        task, around = attempt.task, self._around
        spec = KernelSpec(
            task.kernel, task.notebook.path.parent, private, token, around.settings.python,
            {exchange.VARIABLE: str(private)}, around.settings.start_timeout_seconds,
        )  # fmt: skip
        starting = asyncio.ensure_future(self._start_both(attempt, spec, engine, tag))
        asked = asyncio.ensure_future(stop.asked.wait())
        try:
            limit = task.timeout_seconds or None
            await asyncio.wait({starting, asked}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return None, Ending(Result.CANCELED)
            if not starting.done():
                message = f"the task's limit of {task.timeout_seconds:g} s was over before the first cell"
                return None, Ending(Result.TIMEDOUT, TaskError(ErrorKind.TASK_TIMEOUT, message))
            return starting.result(), None
        except (KernelError, EngineError) as error:
            return None, Ending(Result.FAILED, TaskError(error.kind, str(error), traceback=error.log or None))
        finally:
            asked.cancel()
            if not starting.done():
                starting.cancel()
                await asyncio.gather(starting, return_exceptions=True)

    async def _start_both(self, attempt: Attempt, spec: KernelSpec, engine: Engine | None, tag: str) -> Kernel:
        """Start the kernel while the engine starts; the first cell waits for both."""
        started = asyncio.ensure_future(engine.start()) if engine is not None else None
        try:
            kernel = await Kernel.start(spec)
            try:
                if started is not None:
                    await started
                address = await engine.address(tag) if engine is not None else None
                _write_context(self._context(attempt, spec, address), spec.private)
                await prepare_kernel(kernel, attempt.task.notebook, spec.private)
            except BaseException:
                await kernel.end(0)
                raise
            return kernel
        finally:
            if started is not None and not started.done():
                started.cancel()

    def _context(self, attempt: Attempt, spec: KernelSpec, spark: exchange.SparkAddress | None) -> exchange.Context:
        ready = self._parameters(attempt)
        return exchange.Context(
            attempt.run_id, attempt.task_run_id, self._around.plan.pipeline, attempt.task.task_key, attempt.number,
            self._around.started.isoformat(), str(self._around.workspace), str(attempt.task.notebook.path), str(spec.folder),
            ready, {key: dict(values) for key, values in attempt.values.items()}, spark,
            self._around.plan.engine_of(attempt.task).label, self._around.settings.max_value_bytes,
        )  # fmt: skip

    def _parameters(self, attempt: Attempt) -> dict[str, dict[str, Any]]:
        arguments, _ = self._arguments(attempt)
        return {
            argument.name: {
                "type": str(argument.type), "value": encode(argument.value), "plain": argument.assigned and not argument.widget,
            }
            for argument in arguments
            if argument.origin != "notebook"
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Ready:
    """What ``prepare`` made for ``execute``."""

    arguments: tuple[Argument, ...]
    error: str | None
    document: dict[str, Any]
    sink: NotebookSink


class _Watcher:
    """Carries what the cell loop tells to the sink and the run. Outputs are made at most four times a second."""

    def __init__(self, around: Surroundings, attempt: Attempt, ready: _Ready, marks: Marks) -> None:
        self._around, self._attempt, self._ready, self._marks = around, attempt, ready, marks
        self._pending: tuple[int, Callable[[], list[dict[str, Any]]]] | None = None

    def cell_started(self, index: int) -> None:
        self._marks.cell_started(index)
        self._around.cell_started(self._attempt, index + 1)
        self._ready.sink.changed(self._ready.document)

    def cell_changed(self, index: int, outputs: Callable[[], list[dict[str, Any]]]) -> None:
        self._pending = index, outputs

    def cell_printed(self, index: int, stream: str, text: str) -> None:
        self._ready.sink.printed(index + 1, stream, text)

    def cell_ended(self, index: int, failed: bool) -> None:
        self._pending = None
        self._marks.cell_ended(index, failed)
        self._ready.sink.changed(self._ready.document)

    async def keep_flushing(self) -> None:
        """Bring pending outputs into the document, from time to time, until cancelled."""
        while True:
            await asyncio.sleep(0.25)
            if self._pending is not None:
                index, outputs = self._pending
                self._pending = None
                self._ready.document["cells"][index]["outputs"] = outputs()
                self._ready.sink.changed(self._ready.document)


def _limits(task: PlannedTask, settings: Settings) -> Limits:
    deadline = asyncio.get_running_loop().time() + task.timeout_seconds if task.timeout_seconds else None
    return Limits(task.cell_timeout_seconds, task.timeout_seconds, settings.grace_seconds, settings.output_limit_bytes, deadline)


def _write_context(context: exchange.Context, private: Path) -> None:
    path = private / exchange.CONTEXT_FILE
    path.write_text(json.dumps(context.to_json(), ensure_ascii=True), "utf-8")
    os.chmod(path, 0o600)


def _storage(message: str) -> TaskError:
    return TaskError(ErrorKind.STORAGE, message)
