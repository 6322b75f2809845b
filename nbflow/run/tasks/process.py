"""Work that is a program: one attempt, from its arguments to its end, with a log of what it prints."""

from __future__ import annotations

import asyncio
import functools
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from nbflow.core.errors import EngineError
from nbflow.core.exchange import SparkAddress
from nbflow.core.ports import Engine, LogSink
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.core.writes import TableWrite
from nbflow.plan.plan import Argument
from nbflow.run.child import Child, Program
from nbflow.run.endings import Ending, cut, unkept
from nbflow.run.left import Left, read_left
from nbflow.run.memory import memory_kills
from nbflow.run.processes import describe_end
from nbflow.run.runner import Attempt, Outcome, Prepared
from nbflow.run.stop import Stop
from nbflow.run.surroundings import Surroundings

_SHOWN_LINES = 20
_LOST_SECONDS = 0.2
_Value = TypeVar("_Value")

MakeProgram = Callable[[Surroundings, Attempt, Sequence[Argument]], Program]
"""Makes the program of an attempt from its arguments, all of them resolved; its private folder is there. Raises ``OSError``, and
``ValueError`` for arguments that cannot be handed over."""


class ProcessExecutor:
    """Executes tasks whose work is a program that ``make`` makes, ``at_once`` where that reads and writes no files. Keeps the promise
    of ``runner.Executor``."""

    def __init__(self, surroundings: Surroundings, make: MakeProgram, *, at_once: bool = False) -> None:
        self._around, self._make, self._at_once = surroundings, make, at_once
        self._ready: dict[tuple[str, int], _Ready] = {}

    def prepare(self, attempt: Attempt) -> Prepared:
        """Resolve what only the run knows. What does not fit is kept for ``execute`` to tell."""
        arguments, error = self._around.arguments(attempt)
        log = self._around.log(attempt)
        self._ready[attempt.task.task_key, attempt.number] = _Ready(tuple(arguments), error, log)
        return Prepared(0, None, {argument.name: argument.value for argument in arguments}, str(log.path))

    async def execute(self, attempt: Attempt, stop: Stop) -> Outcome:
        """Run the program to its end, whatever that is, and keep its log."""
        ready = self._ready.pop((attempt.task.task_key, attempt.number))
        private = self._around.private_folder(attempt)
        left = Left()
        tables: tuple[TableWrite, ...] = ()
        ended: Ending | None = None
        try:
            private.mkdir(mode=0o700)
            if ready.error is not None:
                ending = Ending(Result.FAILED, TaskError(ErrorKind.PARAMETER, ready.error))
            else:
                ending, tables = await self._around.watched(attempt, self._run(attempt, ready, stop))
            ended = ending
            left = read_left(private, self._around.settings.max_value_bytes)
            ending = left.held_to(replace(ending, error=_explained(ending.error, left, attempt.task.work.kind)))
        except OSError as error:
            ending = unkept(ended, f"what passes between nbflow and the task could not be kept: {error}")
        finally:
            asyncio.get_running_loop().run_in_executor(None, _remove, private)  # nobody waits for a disk that others keep busy
        for trouble in left.troubles:
            self._around.note(attempt, trouble)
        try:
            ready.log.finish()
        except OSError as error:
            message = f"the log could not be kept: {error}; make room or the folder writable, and run again"
            if unkept(ending, message) is ending:
                self._around.note(attempt, message)
            ending = unkept(ending, message)
        exit_value = left.exit_value if ending.result is Result.SUCCESS else None
        return Outcome(ending.result, ending.error, left.values, exit_value, tables=tables, log=str(ready.log.path), output=left.output)

    async def _run(self, attempt: Attempt, ready: _Ready, stop: Stop) -> Ending:
        """Start what the program needs, run it, and leave nothing behind."""
        engine, tag = self._around.engine_of(attempt), f"nbflow-{self._around.token_of(attempt)}"
        waiting = _Waiting(stop, attempt.task.timeout_seconds)
        try:
            address, early = await waiting.for_result(_address(engine, tag))
            if early is not None:
                return early
            remote, early = await waiting.for_result(self._around.remote(attempt, engine, tag))
            if early is not None:
                return early
            self._around.write_context(attempt, address)
            return await self._watch(attempt, ready, waiting, engine, tag, remote or {})
        except EngineError as error:
            return Ending(Result.FAILED, TaskError(error.kind, str(error), traceback=error.log or None))
        finally:
            if engine is not None:
                await engine.cancel(tag)

    async def _watch(
        self, attempt: Attempt, ready: _Ready, waiting: _Waiting, engine: Engine | None, tag: str, more: Mapping[str, str]
    ) -> Ending:
        """Start the program, with ``more`` in its environment, and wait for its end, or for what ends it before."""
        kills = memory_kills()
        begun: list[Child] = []
        try:
            wrong, early = await waiting.for_result(self._begin(attempt, ready, more, begun))
            if (ending := early or wrong) is not None:
                return ending
            (child,) = begun
            lost = functools.partial(engine.lost, tag) if engine is not None else None
            status, early = await waiting.for_result(child.gone(), lost, functools.partial(self._interrupted, child, waiting.stop))
        finally:
            for child in begun:
                await child.end()
        words = "\n".join(ready.log.last_lines(_SHOWN_LINES)) or None
        if early is not None:
            return replace(early, error=early.error and replace(early.error, traceback=words))
        if status and engine is not None and (why := await _loss(engine, tag)):
            return Ending(Result.FAILED, TaskError(ErrorKind.ENGINE_LOST, f"the Spark engine was lost: {why}", traceback=words))
        return _judge(status or 0, kills, words)

    async def _begin(self, attempt: Attempt, ready: _Ready, more: Mapping[str, str], begun: list[Child]) -> Ending | None:
        """Start the program, and put it into ``begun``, where it is found although nobody waits for it any more; or why it cannot be."""
        making = functools.partial(self._make, self._around, attempt, ready.arguments)
        try:
            program = making() if self._at_once else await asyncio.get_running_loop().run_in_executor(None, making)
            program = replace(program, environment={**program.environment, **more})
            begun.append(await Child.begun(program, self._around.token_of(attempt), ready.log.add, self._around.forks))
        except ValueError as error:
            return Ending(Result.FAILED, TaskError(ErrorKind.PARAMETER, str(error)))
        except OSError as error:
            return Ending(Result.FAILED, TaskError(ErrorKind.PROCESS_START, f"the program could not be started: {error}"))
        return None

    async def _interrupted(self, child: Child, stop: Stop) -> bool:
        """Interrupt the program and give it the grace time, or until the end is asked for a second time; false where it had
        ended by itself."""
        if not child.interrupt():
            return False
        waits = {asyncio.ensure_future(child.gone()), asyncio.ensure_future(stop.now.wait())}
        await asyncio.wait(waits, timeout=self._around.settings.grace_seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        return True


@dataclass(frozen=True, slots=True)
class _Ready:
    """What ``prepare`` made for ``execute``."""

    arguments: tuple[Argument, ...]
    error: str | None
    log: LogSink


class _Waiting:
    """Waits within the task's limit, which begins when this is made, and until the end is asked for."""

    def __init__(self, stop: Stop, seconds: float) -> None:
        self.stop, self._seconds = stop, seconds
        self._deadline = asyncio.get_running_loop().time() + seconds if seconds else None

    async def for_result(
        self,
        work: Awaitable[_Value],
        lost: Callable[[], Awaitable[str]] | None = None,
        interrupt: Callable[[], Awaitable[bool]] | None = None,
    ) -> tuple[_Value | None, Ending | None]:
        """What ``work`` comes to, or how the attempt ends before: the end asked for, the limit over, the engine ``lost``. Then
        ``interrupt`` is called first, and where it finds nothing to interrupt, ``work`` has ended by itself. Raises what ``work`` raises."""
        doing, asked = asyncio.ensure_future(work), asyncio.ensure_future(self.stop.asked.wait())
        losing = asyncio.ensure_future(lost()) if lost is not None else None
        waits: set[asyncio.Future[object]] = {doing, asked, *([losing] if losing else [])}  # type: ignore[arg-type]  # each of its own kind
        try:
            left = None if self._deadline is None else max(0.0, self._deadline - asyncio.get_running_loop().time())
            await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if doing.done() and not asked.done():
                return doing.result(), None
            if interrupt is not None and not await interrupt():
                return await doing, None
            if asked.done():
                return None, Ending(Result.CANCELED)
            if losing is not None and losing.done():
                return None, Ending(Result.FAILED, TaskError(ErrorKind.ENGINE_LOST, f"the Spark engine was lost: {losing.result()}"))
            message = f"the task's limit of {self._seconds:g} s was over"
            return None, Ending(Result.TIMEDOUT, TaskError(ErrorKind.TASK_TIMEOUT, message))
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


async def _address(engine: Engine | None, tag: str) -> SparkAddress | None:
    if engine is None:
        return None
    await engine.start(tag)
    return await engine.address(tag)


async def _loss(engine: Engine, tag: str) -> str:
    """Why the engine is gone that a failed program had; empty where it is there. The program may have noticed it first."""
    losing = asyncio.ensure_future(engine.lost(tag))
    await asyncio.wait({losing}, timeout=_LOST_SECONDS)
    if losing.done():
        return losing.result()
    losing.cancel()
    await asyncio.gather(losing, return_exceptions=True)
    return ""


def _explained(error: TaskError | None, left: Left, kind: str) -> TaskError | None:
    """``error`` in the words of the exception that ended the program, where it left them."""
    if error is None or error.kind is not ErrorKind.EXIT or not left.error:
        return error
    words: dict[str, Any] = {name: cut(text) for name, text in left.error.items()}
    return TaskError(ErrorKind.SQL_ERROR if kind == "sql" else error.kind, **{"message": error.message, **words}, traceback=error.traceback)


def _judge(status: int, kills: int | None, words: str | None) -> Ending:
    """How a program ended that nobody ended, by its status as ``Popen.returncode`` tells it."""
    if status == 0:
        return Ending(Result.SUCCESS)
    if status > 0:
        return Ending(Result.FAILED, TaskError(ErrorKind.EXIT, f"the program ended with exit code {status}", traceback=words))
    now = memory_kills()
    how = describe_end(status)
    starved = how == "signal SIGKILL" and kills is not None and now is not None and now > kills
    hint = ": memory ran out" if starved else "; the system kills processes so when memory runs out" if how == "signal SIGKILL" else ""
    kind = ErrorKind.OUT_OF_MEMORY if starved else ErrorKind.PROCESS_DIED
    return Ending(Result.FAILED, TaskError(kind, f"the program died ({how}){hint}", traceback=words))
