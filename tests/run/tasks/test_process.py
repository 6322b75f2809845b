"""Programs as tasks: their ends, signals, limits, and what they leave behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from nbflow.core.results import ErrorKind, Result
from nbflow.core.values import ANY
from nbflow.define.settings import Settings
from nbflow.plan.plan import Argument, Plan, PlannedTask
from nbflow.plan.work import ShellWork
from nbflow.run.attempt import TaskExecutor
from nbflow.run.child import Program
from nbflow.run.guard import Guard
from nbflow.run.kernels.forks import Forks
from nbflow.run.runner import Attempt, Outcome, Prepared
from nbflow.run.stop import Stop
from nbflow.run.surroundings import Surroundings
from nbflow.run.tasks.process import ProcessExecutor
from nbflow.testing import EventLog, MemoryLog, MemorySink, ScriptedEngine

Shell = Callable[..., "tuple[Outcome, MemoryLog]"]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Runs a command as a task; ``when`` is given the stop and the log, again and again, until the task ends."""

    def run(command: str, when: Callable[[Stop, MemoryLog], None] = lambda stop, log: None, **task: float) -> tuple[Outcome, MemoryLog]:
        log, notes = MemoryLog(), EventLog()
        planned = PlannedTask("t", ShellWork(command, tmp_path), (Argument("command", command, ANY, "task"),), **task)
        plan = Plan("p", (planned,))
        attempt = Attempt(planned, 1, 2, 1, {})

        async def work(guard: Guard) -> Outcome:
            around = Surroundings(
                plan, tmp_path, Settings(grace_seconds=1), datetime(2026, 1, 1, tzinfo=timezone.utc), {}, lambda attempt: MemorySink(),
                lambda attempt: log, lambda attempt, cell: None, lambda attempt, text: None, guard.folder, guard.token,
            )  # fmt: skip
            executor, stop = TaskExecutor(around), Stop()
            assert executor.prepare(attempt) == Prepared(0, None, {"command": command}, "memory.log")
            doing = asyncio.ensure_future(executor.execute(attempt, stop))
            while not doing.done():
                await asyncio.wait({doing}, timeout=0.05)
                when(stop, log)
            return doing.result()

        with Guard() as guard:
            outcome = asyncio.run(asyncio.wait_for(work(guard), 60))
        assert log.finished and not notes.events
        return outcome, log

    return run


def is_there(pid: int) -> bool:
    """Whether there is such a process, and not only what is left of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_a_command_that_ends_well(shell: Shell, tmp_path: Path) -> None:
    """Its log holds both streams in order, it starts in its folder, and its values come back."""
    outcome, log = shell('echo one; echo two >&2; pwd; printf \'{"key": "n", "value": 5}\\n\' >> $NBFLOW_TASK/values.jsonl')
    assert (outcome.result, outcome.error, outcome.values, outcome.log) == (Result.SUCCESS, None, {"n": 5}, "memory.log")
    assert log.content.decode() == f"one\ntwo\n{tmp_path}\n"


def test_a_value_that_cannot_be_taken_fails_the_task(shell: Shell) -> None:
    """Although the program ended well; what was good of it is kept."""
    outcome, _ = shell('printf \'{"key": "n", "value": 5}\\nrows=5\\n\' >> $NBFLOW_TASK/values.jsonl')
    assert (outcome.result, outcome.values) == (Result.FAILED, {"n": 5}) and outcome.error is not None
    assert outcome.error.kind is ErrorKind.TASK_VALUE and "line 2 of values.jsonl is no task value" in outcome.error.message


def test_an_exit_code_is_told(shell: Shell) -> None:
    """With the end of the log."""
    outcome, _ = shell("seq 1 30; exit 3")
    assert outcome.result is Result.FAILED and outcome.error is not None
    assert (outcome.error.kind, outcome.error.message) == (ErrorKind.EXIT, "the program ended with exit code 3")
    assert outcome.error.traceback == "\n".join(map(str, range(11, 31)))


def test_a_killed_program_is_told_by_its_signal(shell: Shell) -> None:
    """It did not end by itself."""
    outcome, _ = shell("kill -SEGV $$")
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.message) == (ErrorKind.PROCESS_DIED, "the program died (signal SIGSEGV)")


def test_a_program_whose_engine_is_lost(tmp_path: Path) -> None:
    """It is ended, and told as that, also where it noticed the loss first and failed."""
    for command in ("echo up; exec sleep 600", "echo up; exit 1"):
        engine, log = ScriptedEngine(), MemoryLog()
        planned = PlannedTask("t", ShellWork(command, tmp_path, uses_spark=True), (Argument("command", command, ANY, "task"),))
        attempt = Attempt(planned, 1, 2, 1, {})

        async def work(guard: Guard, planned: PlannedTask, attempt: Attempt, engine: ScriptedEngine, log: MemoryLog) -> Outcome:
            around = Surroundings(
                Plan("p", (planned,)), tmp_path, Settings(grace_seconds=1), datetime(2026, 1, 1, tzinfo=timezone.utc), {"": engine},
                lambda attempt: MemorySink(), lambda attempt: log, lambda attempt, cell: None, lambda attempt, text: None, guard.folder,
                guard.token,
            )  # fmt: skip
            executor = TaskExecutor(around)
            executor.prepare(attempt)
            doing = asyncio.ensure_future(executor.execute(attempt, Stop()))
            while not (log.last_lines(1) or doing.done()):
                await asyncio.sleep(0.01)
            engine.lose("it died")
            return await doing

        with Guard() as guard:
            outcome = asyncio.run(asyncio.wait_for(work(guard, planned, attempt, engine, log), 60))
        assert outcome.error is not None
        assert (outcome.error.kind, outcome.error.message) == (ErrorKind.ENGINE_LOST, "the Spark engine was lost: it died")
        assert engine.cancelled == [f"nbflow-{guard.token}-2-1"]


def test_a_program_over_its_limit_is_interrupted_and_then_killed(shell: Shell) -> None:
    """It may clean up; what does not end then is killed, with all that it started in sessions of their own."""
    outcome, log = shell("trap 'echo cleaned up' INT; setsid sleep 600 & echo $!; while true; do sleep 0.05; done", timeout_seconds=0.5)
    assert (outcome.result, outcome.error and outcome.error.kind) == (Result.TIMEDOUT, ErrorKind.TASK_TIMEOUT)
    pid, *rest = log.content.decode().split("\n")
    assert rest == ["cleaned up", ""]
    assert not is_there(int(pid))


def test_what_a_program_leaves_behind_ends_with_it(shell: Shell) -> None:
    """Nothing outlives its task."""
    outcome, log = shell("setsid sleep 600 & echo $!")
    assert outcome.result is Result.SUCCESS
    assert not is_there(int(log.content))


@pytest.mark.parametrize(("code", "result"), [(0, Result.SUCCESS), (3, Result.FAILED)])
def test_a_program_that_ended_by_itself_was_not_cancelled(shell: Shell, code: int, result: Result) -> None:
    """Its end counts, where nobody had seen it yet when the end was asked for."""

    def ask(stop: Stop, log: MemoryLog) -> None:
        if log.content and not stop.asked.is_set():
            time.sleep(0.5)  # nobody looks meanwhile
            stop.ask("ann")

    outcome, _ = shell(f"echo begun; exit {code}", ask)
    assert outcome.result is result


def test_a_cancelled_program_ends(shell: Shell) -> None:
    """Asked once it may end in good order; its log is kept."""

    def ask(stop: Stop, log: MemoryLog) -> None:
        if log.content and not stop.asked.is_set():
            stop.ask("ann")

    outcome, log = shell("echo begun; exec sleep 600", ask)
    assert (outcome.result, outcome.error, log.content) == (Result.CANCELED, None, b"begun\n")


def test_an_end_that_comes_before_the_program_does(tmp_path: Path) -> None:
    """The server that is to fork it is busy: nobody waits for it, and nothing is begun afterwards."""
    program, done = tmp_path / "program.py", tmp_path / "done"
    program.write_text(f"open({str(done)!r}, 'w').close()")
    planned = PlannedTask("t", ShellWork("", tmp_path), ())
    attempt = Attempt(planned, 1, 2, 1, {})

    async def work(guard: Guard) -> Outcome:
        forks = Forks(guard.token, guard.folder, None)
        forks.begin([])
        ((_, server),) = forks._servers
        around = Surroundings(
            Plan("p", (planned,)), tmp_path, Settings(grace_seconds=60), datetime(2026, 1, 1, tzinfo=timezone.utc), {},
            lambda attempt: MemorySink(), lambda attempt: MemoryLog(), lambda attempt, cell: None, lambda attempt, text: None, guard.folder,
            guard.token, forks=forks,
        )  # fmt: skip
        begins = Program((sys.executable, "-u", str(program)), tmp_path, forks=True)
        executor, stop = ProcessExecutor(around, lambda *_: begins), Stop()
        executor.prepare(attempt)
        try:
            os.kill(server.pid, signal.SIGSTOP)
            doing = asyncio.ensure_future(executor.execute(attempt, stop))
            assert not (await asyncio.wait({doing}, timeout=0.3))[0]
            stop.ask("ann")
            ended, _ = await asyncio.wait({doing}, timeout=5)  # the server would be waited for twice as long
            assert ended
            return doing.result()
        finally:
            os.kill(server.pid, signal.SIGCONT)
            forks.begin([])
            await asyncio.sleep(1)
            forks.end()

    with Guard() as guard:
        outcome = asyncio.run(asyncio.wait_for(work(guard), 60))
    assert (outcome.result, outcome.error, done.exists()) == (Result.CANCELED, None, False)


def test_a_folder_that_is_gone(shell: Shell, tmp_path: Path) -> None:
    """A program that cannot be started is an error of its own."""
    tmp_path.rmdir()
    outcome, _ = shell("true")
    assert outcome.error is not None and outcome.error.kind is ErrorKind.PROCESS_START
