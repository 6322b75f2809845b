"""A command of the shell."""

from __future__ import annotations

from collections.abc import Sequence

from nbflow.core import exchange
from nbflow.plan.plan import Argument
from nbflow.plan.references import as_text
from nbflow.run.child import Program
from nbflow.run.runner import Attempt
from nbflow.run.surroundings import Surroundings


def shell_program(around: Surroundings, attempt: Attempt, arguments: Sequence[Argument]) -> Program:
    """``sh`` with the task's command, in the folder of the pipeline's file; the task's exchange folder is in its environment."""
    command = next(as_text(argument.value) for argument in arguments if argument.name == "command")
    return Program(("sh", "-c", command), attempt.task.work.folder, {exchange.VARIABLE: str(around.private_folder(attempt))})
