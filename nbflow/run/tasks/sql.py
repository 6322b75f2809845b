"""A file of SQL: a small program runs its statements on the task's Spark engine, to which it attaches as a notebook does."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from nbflow.core import exchange
from nbflow.plan.plan import Argument
from nbflow.plan.work import SqlWork
from nbflow.run.child import Program
from nbflow.run.runner import Attempt
from nbflow.run.surroundings import Surroundings

_WORKER = Path(__file__).parent / "worker" / "nbflow_sql.py"


def sql_program(around: Surroundings, attempt: Attempt, arguments: Sequence[Argument]) -> Program:
    """The program that runs the statements, in the folder of their file; their values are the task's parameters."""
    work = attempt.task.work
    assert isinstance(work, SqlWork)  # noqa: S101  (an executor gets the work of its kind only)
    private = around.private_folder(attempt)
    statements = private / "statements.json"
    statements.write_text(json.dumps([astuple(statement) for statement in work.file.statements]), "utf-8")
    return Program((sys.executable, "-u", str(_WORKER), str(statements)), work.folder, {exchange.VARIABLE: str(private)}, forks=True)
