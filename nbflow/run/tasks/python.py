"""A Python program: a file, or an entry point of a package. It is a task as a notebook is one: the same context, the same Spark."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from nbflow.core import exchange
from nbflow.plan.plan import Argument
from nbflow.plan.references import as_text
from nbflow.plan.work import PythonFileWork, PythonWheelWork
from nbflow.run.bootstrap import copy_package
from nbflow.run.child import Program
from nbflow.run.runner import Attempt
from nbflow.run.surroundings import Surroundings
from nbflow.run.tasks.wheels import python_path

_LAUNCHER = Path(__file__).parent / "worker" / "nbflow_program.py"


def python_file_program(around: Surroundings, attempt: Attempt, arguments: Sequence[Argument]) -> Program:
    """The file with its arguments, in its own folder."""
    work = attempt.task.work
    assert isinstance(work, PythonFileWork)  # noqa: S101  (an executor gets the work of its kind only)
    spark = "spark" if work.file.wants_spark_name else "-"
    return _program(around, attempt, work.python, work.file.wheels, [spark, "file", str(work.file.path), *_positional(arguments)])


def python_wheel_program(around: Surroundings, attempt: Attempt, arguments: Sequence[Argument]) -> Program:
    """The entry point with its arguments, in the folder of the pipeline's file."""
    work = attempt.task.work
    assert isinstance(work, PythonWheelWork)  # noqa: S101  (an executor gets the work of its kind only)
    named = [f"--{argument.name}={as_text(argument.value)}" for argument in arguments]
    given = named if work.named else _positional(arguments)
    return _program(around, attempt, work.python, work.package.wheels, ["-", "entry", work.package_name, work.entry_point, *given])


def _positional(arguments: Sequence[Argument]) -> list[str]:
    return [as_text(item) for argument in arguments if argument.name == "parameters" for item in argument.value]


def _program(around: Surroundings, attempt: Attempt, python: str | None, wheels: Sequence[Path], words: list[str]) -> Program:
    """nbflow's launcher with ``words``; wheels are unpacked for this attempt and stand first on its path."""
    private = around.private_folder(attempt)
    copy = private / "path"
    if python is not None:
        copy_package(copy / "nbflow")
    environment = {exchange.VARIABLE: str(private), "PYTHONUNBUFFERED": "1", **python_path(wheels, private)}
    return Program((python or sys.executable, str(_LAUNCHER), str(copy), *words), attempt.task.work.folder, environment)
