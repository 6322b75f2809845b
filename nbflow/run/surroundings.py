"""What all attempts of a run share, and what each of them needs whatever its work is."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from nbflow.core import exchange
from nbflow.core.errors import UsageError
from nbflow.core.launch import launch_command
from nbflow.core.ports import Engine, LogSink, NotebookSink
from nbflow.core.results import Result
from nbflow.core.values import encode
from nbflow.core.writes import TableWrite
from nbflow.define.pipelines.flow import RunJobTask
from nbflow.define.settings import Settings
from nbflow.plan.arguments import fit
from nbflow.plan.known import ONE_TIME, Known
from nbflow.plan.plan import Argument, Plan
from nbflow.plan.references import resolve
from nbflow.plan.work import JarWork
from nbflow.run.kernels.forks import Forks
from nbflow.run.left import read_commits
from nbflow.run.promises import Attempt
from nbflow.run.stop import Stop
from nbflow.run.writes import Watch

_End = TypeVar("_End")
_ATTACHING = ("python", "ipython", "sql")
"""Languages of tasks that nbflow brings to their engine itself."""


@dataclass(frozen=True, slots=True)
class ChildEnd:
    """How a run of another pipeline ended that a task began, with the values of its tasks and the tables that they wrote."""

    run_id: int
    result: Result
    error: str | None
    values: Mapping[str, Any]
    tables: tuple[TableWrite, ...] = ()


async def _no_child(attempt: Attempt, job: RunJobTask, values: Mapping[str, Any], stop: Stop) -> ChildEnd:
    raise UsageError(f"pipeline {job.label!r} cannot be run here", "run it in a workspace")


RunChild = Callable[[Attempt, RunJobTask, Mapping[str, Any], Stop], Awaitable[ChildEnd]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all attempts of a run share.

    ``engines`` are its Spark engines by their keys in the plan; ``sink`` makes the place where an attempt's notebook goes, ``log``
    that of other work; ``cell_started`` is told the attempt and the cell (from 1), ``note`` the attempt and a sentence for
    whoever watches. ``private`` is a folder for what only the run may see, with a short path; ``token`` begins the mark that the
    processes of each attempt bear. ``run_child`` runs another pipeline with these values for an attempt; ``forks`` has Python
    kernels quicker than their own starts; ``trigger_type`` says what started the run.
    """

    plan: Plan
    workspace: Path
    settings: Settings
    started: datetime
    engines: Mapping[str, Engine]
    sink: Callable[[Attempt], NotebookSink]
    log: Callable[[Attempt], LogSink]
    cell_started: Callable[[Attempt, int], None]
    note: Callable[[Attempt, str], None]
    private: Path
    token: str
    run_child: RunChild = _no_child
    forks: Forks | None = None
    trigger_type: str = ONE_TIME

    def private_folder(self, attempt: Attempt) -> Path:
        """The folder of one attempt, through which it exchanges with its task. Not made yet."""
        return self.private / f"{attempt.task_run_id}-{attempt.number}"

    def token_of(self, attempt: Attempt) -> str:
        """The mark that all processes of the attempt bear."""
        return f"{self.token}-{attempt.task_run_id}-{attempt.number}"

    def engine_of(self, attempt: Attempt) -> Engine | None:
        """The Spark engine that the attempt needs; ``None`` where it needs none, or the run has none."""
        return self.engines.get(attempt.task.engine) if attempt.task.uses_spark else None

    async def remote(self, attempt: Attempt, engine: Engine | None, tag: str) -> dict[str, str]:
        """The variable that leads what does not attach by itself to the run's Spark, where that is asked for; ``engine`` has
        started. Raises ``EngineError``."""
        if engine is None or not self.settings.spark_remote or attempt.task.work.language in _ATTACHING:
            return {}
        mark = exchange.Mark(attempt.run_id, attempt.task.task_key, attempt.number)
        return {"SPARK_REMOTE": await engine.remote(tag, mark.to_text())}

    def arguments(self, attempt: Attempt) -> tuple[list[Argument], str | None]:
        """The task's arguments with late references resolved, and what is wrong with the first that does not fit."""
        task, known = attempt.task, self.known(attempt)
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

    def known(self, attempt: Attempt) -> Known:
        """What references of the task can be replaced with, now that it begins."""
        task = attempt.task
        path = str(task.work.path or task.work.origin) if task.work.kind == "notebook" else ""
        return Known(
            self.plan.pipeline, self.plan.parameters, task.name, path,
            attempt.run_id, attempt.task_run_id, self.started, attempt.values, attempt.outputs, attempt.ended,
            attempt.number, trigger_type=self.trigger_type, zone=self.plan.timezone, interval=self.plan.interval, workspace=str(self.workspace),
            item=attempt.item, compat=self.settings.compat,
        )  # fmt: skip

    def write_context(self, attempt: Attempt, spark: exchange.SparkAddress | None) -> None:
        """Hand the task its context, through its private folder. Raises ``OSError``."""
        spark = spark and replace(spark, catalogs=list(self.settings.catalogs))
        context = exchange.Context(
            attempt.run_id, attempt.task_run_id, self.plan.pipeline, attempt.task.task_key, attempt.number,
            self.started.isoformat(), str(self.workspace), str(attempt.task.work.path or attempt.task.work.origin),
            str(attempt.task.work.folder), self._parameters(attempt), {key: dict(values) for key, values in attempt.values.items()},
            spark, self.plan.engine_of(attempt.task).label, self.settings.max_value_bytes, launch_command(),
        )  # fmt: skip
        path = self.private_folder(attempt) / exchange.CONTEXT_FILE
        path.write_text(json.dumps(context.to_json(), ensure_ascii=True), "utf-8")
        os.chmod(path, 0o600)

    def _parameters(self, attempt: Attempt) -> dict[str, dict[str, Any]]:
        arguments, _ = self.arguments(attempt)
        return {
            argument.name: {
                "type": str(argument.type), "value": encode(argument.value), "plain": argument.assigned and not argument.widget,
            }
            for argument in arguments
            if argument.origin != "notebook"
        }  # fmt: skip

    async def watched(self, attempt: Attempt, work: Awaitable[_End]) -> tuple[_End, tuple[TableWrite, ...]]:
        """What ``work`` comes to, and which tables were written meanwhile by commits that bear the attempt's mark or are noted."""
        if self.engine_of(attempt) is None and not isinstance(attempt.task.work, JarWork):  # it has a Spark of its own
            return await work, ()
        loop = asyncio.get_running_loop()
        watch = await loop.run_in_executor(None, Watch, self.workspace / self.settings.warehouse)
        end = await work
        mark = exchange.Mark(attempt.run_id, attempt.task.task_key, attempt.number)
        return end, await loop.run_in_executor(None, lambda: watch.written_by(mark, read_commits(self.private_folder(attempt))))
