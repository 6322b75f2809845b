"""One attempt at a task: the real ``Executor``, which gives each kind of work to who does it."""

from __future__ import annotations

from nbflow.run.runner import Attempt, Executor, Outcome, Prepared
from nbflow.run.stop import Stop
from nbflow.run.surroundings import Surroundings
from nbflow.run.tasks.dbt import dbt_program
from nbflow.run.tasks.flow import FlowExecutor
from nbflow.run.tasks.jar import jar_program
from nbflow.run.tasks.notebook import NotebookExecutor
from nbflow.run.tasks.process import ProcessExecutor
from nbflow.run.tasks.python import python_file_program, python_wheel_program
from nbflow.run.tasks.shell import shell_program
from nbflow.run.tasks.sql import sql_program


class TaskExecutor:
    """Executes tasks of every kind. Keeps the promise of ``runner.Executor``."""

    def __init__(self, surroundings: Surroundings) -> None:
        flow = FlowExecutor(surroundings)
        self._by_kind: dict[str, Executor] = {
            "condition": flow,
            "for_each": flow,
            "run_job": flow,
            "notebook": NotebookExecutor(surroundings),
            "spark_python": ProcessExecutor(surroundings, python_file_program),
            "python_wheel": ProcessExecutor(surroundings, python_wheel_program),
            "spark_jar": ProcessExecutor(surroundings, jar_program),
            "dbt": ProcessExecutor(surroundings, dbt_program),
            "sql": ProcessExecutor(surroundings, sql_program),
            "shell": ProcessExecutor(surroundings, shell_program, at_once=True),
        }

    def prepare(self, attempt: Attempt) -> Prepared:
        """What will be executed."""
        return self._by_kind[attempt.task.work.kind].prepare(attempt)

    async def execute(self, attempt: Attempt, stop: Stop) -> Outcome:
        """Do it, whatever happens, and say how it ended."""
        return await self._by_kind[attempt.task.work.kind].execute(attempt, stop)
