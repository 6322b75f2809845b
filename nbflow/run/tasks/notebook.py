"""A notebook, in a kernel of its own: one attempt, from its arguments to its end."""

from __future__ import annotations

import asyncio
import functools
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbflow.core import exchange
from nbflow.core.errors import EngineError, KernelError
from nbflow.core.ports import Engine, NotebookSink
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.core.writes import TableWrite
from nbflow.define.settings import Settings
from nbflow.plan.plan import Argument, PlannedTask
from nbflow.plan.preload import may_fork, preloads
from nbflow.plan.work import NotebookWork
from nbflow.run.bootstrap import prepare_kernel
from nbflow.run.cells import CellLoop, Limits
from nbflow.run.endings import Ending, unkept
from nbflow.run.inject import inject
from nbflow.run.kernels.kernel import Kernel, KernelSpec
from nbflow.run.left import Left, read_left
from nbflow.run.marks import Marks
from nbflow.run.processes import end_family
from nbflow.run.runner import Attempt, Outcome, Prepared
from nbflow.run.stop import Stop
from nbflow.run.surroundings import Surroundings
from nbflow.run.tasks.wheels import python_path


class NotebookExecutor:
    """Executes notebook tasks, each in a kernel of its own. Keeps the promise of ``runner.Executor``."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._ready: dict[tuple[str, int], _Ready] = {}

    def prepare(self, attempt: Attempt) -> Prepared:
        """Resolve what only the run knows and lay out the notebook. What does not fit is kept for ``execute`` to tell."""
        arguments, error = self._around.arguments(attempt)
        work = _work(attempt)
        try:
            document = inject(work.notebook, arguments, work.kernel, work.language)
        except ValueError as problem:
            error, document = error or str(problem), inject(work.notebook, (), work.kernel, work.language)
        sink = self._around.sink(attempt)
        self._ready[attempt.task.task_key, attempt.number] = _Ready(tuple(arguments), error, document, sink)
        values = {argument.name: argument.value for argument in arguments}
        return Prepared(len(document["cells"]), str(sink.path), values)

    async def execute(self, attempt: Attempt, stop: Stop) -> Outcome:
        """Run the notebook to its end, whatever that is, and keep the executed notebook."""
        ready = self._ready.pop((attempt.task.task_key, attempt.number))
        marks = Marks(ready.document, _work(attempt).notebook, ready.arguments, str(ready.sink.path))
        private = self._around.private_folder(attempt)
        left = Left()
        tables: tuple[TableWrite, ...] = ()
        ended: Ending | None = None
        try:
            private.mkdir(mode=0o700)
            ready.sink.changed(ready.document)
            if ready.error is not None:
                ending = Ending(Result.FAILED, TaskError(ErrorKind.PARAMETER, ready.error))
            else:
                ending, tables = await self._around.watched(attempt, self._run(attempt, ready, marks, private, stop))
            ended = ending
            left = read_left(private, self._around.settings.max_value_bytes)
            ending = left.held_to(ending)
        except OSError as error:
            hint = f"is there room in {private.parent.parent}?"
            ending = unkept(ended, f"what passes between nbflow and the notebook could not be kept: {error}; {hint}")
        finally:
            shutil.rmtree(private, ignore_errors=True)
        for trouble in left.troubles:
            self._around.note(attempt, trouble)
        marks.ended(ending)
        try:
            ready.sink.finish(ready.document)
        except OSError as error:
            message = f"the executed notebook could not be kept: {error}; make room or the folder writable, and run again"
            if unkept(ending, message) is ending:
                self._around.note(attempt, message)
            ending = unkept(ending, message)
        exit_value = left.exit_value if ending.result is Result.SUCCESS and ending.ended_at_cell is not None else None
        return Outcome(ending.result, ending.error, left.values, exit_value, ending.ended_at_cell, str(ready.sink.path), tables)

    async def _run(self, attempt: Attempt, ready: _Ready, marks: Marks, private: Path, stop: Stop) -> Ending:
        """Start what the notebook needs, execute its cells, and leave nothing behind."""
        task, around = attempt.task, self._around
        token, engine = around.token_of(attempt), around.engine_of(attempt)
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
        work = _work(attempt)
        wheels = work.notebook.wheels
        path = await asyncio.to_thread(python_path, wheels, private) if wheels else {}
        spec = KernelSpec(
            work.kernel, work.folder, private, token, around.settings.python, {exchange.VARIABLE: str(private), **path},
            around.settings.start_timeout_seconds, preloads(work.notebook, around.plan.engine_of(task).name),
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
        started = asyncio.ensure_future(engine.start(tag)) if engine is not None else None
        try:
            if started is not None and self._around.settings.spark_remote:
                await started
                more = await self._around.remote(attempt, engine, tag)
                spec = replace(spec, environment={**spec.environment, **more})
            kernel = await Kernel.start(spec, self._around.forks if may_fork(_work(attempt).notebook) else None)
            try:
                if started is not None:
                    await started
                address = await engine.address(tag) if engine is not None else None
                self._around.write_context(attempt, address)
                await prepare_kernel(kernel, _work(attempt).notebook, spec.private)
            except BaseException:
                await kernel.end(0)
                raise
            return kernel
        finally:
            if started is not None and not started.done():
                started.cancel()


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


def _work(attempt: Attempt) -> NotebookWork:
    """The attempt's work, which is a notebook: ``run.attempt`` saw to that."""
    assert isinstance(attempt.task.work, NotebookWork)  # noqa: S101  (an executor gets the work of its kind only)
    return attempt.task.work
