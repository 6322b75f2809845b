"""A Java program with Spark, from a jar: in a JVM of its own, which knows the workspace's tables and settings as a run's driver does."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from nbflow.core import exchange
from nbflow.plan.plan import Argument
from nbflow.plan.references import as_text
from nbflow.plan.work import JarWork
from nbflow.run.child import Program
from nbflow.run.runner import Attempt
from nbflow.run.surroundings import Surroundings

_WORKER = Path(__file__).parent / "worker" / "nbflow_jar.py"


def jar_program(around: Surroundings, attempt: Attempt, arguments: Sequence[Argument]) -> Program:
    """The program that starts the JVM and calls the main class. Raises ``ValueError`` where the task's engine is no Spark."""
    work = attempt.task.work
    assert isinstance(work, JarWork)  # noqa: S101  (an executor gets the work of its kind only)
    engine = around.plan.engine_of(attempt.task)
    if engine.name not in ("spark", "none", "auto"):
        msg = f"a jar runs in a JVM with Spark, and the task's engine is {engine.label}; --engine spark, or a cluster with engine: spark"
        raise ValueError(msg)
    private = around.private_folder(attempt)
    call = private / "jar.json"
    call.write_text(
        json.dumps({
            "main_class": work.main_class_name, "jars": list(map(str, work.jars)), "folder": str(work.folder),
            "arguments": [as_text(item) for argument in arguments for item in argument.value],
            "spark_conf": dict(engine.spark_conf), "driver_memory": around.settings.driver_memory,
            "warehouse": str(around.workspace / around.settings.warehouse),
            "mark": exchange.Mark(attempt.run_id, attempt.task.task_key, attempt.number).to_text(),
        }), "utf-8",
    )  # fmt: skip
    os.chmod(call, 0o600)  # keys of a storage may stand among the settings
    environment = {exchange.VARIABLE: str(private), "PYTHONUNBUFFERED": "1"}
    return Program((sys.executable, str(_WORKER), str(call)), work.folder, environment)
