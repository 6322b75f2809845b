"""A Plan as plain JSON: what ``nbflow plan --format json`` prints and a run's record keeps as its definition."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from nbflow.core.values import encode
from nbflow.plan.engines import PlannedEngine
from nbflow.plan.plan import Argument, Plan, PlannedTask
from nbflow.plan.work import ConditionWork, ForEachWork, NotebookWork, RunJobWork, Work

VERSION = 1


def plan_document(plan: Plan) -> dict[str, Any]:
    """``plan`` as a JSON object. Values are encoded (``core.values``); a late one is the text as written."""
    return {
        "version": VERSION,
        "pipeline": plan.pipeline,
        "description": plan.description,
        "file": None if plan.file is None else os.fspath(plan.file),
        "bundle_job": plan.bundle_job,
        "engine": plan.engine,
        "uses_spark": plan.uses_spark,
        "engines": [_engine(engine) for engine in plan.engines],
        "timeout_seconds": plan.timeout_seconds,
        "timezone": plan.timezone,
        "data_interval": None if plan.interval is None else [plan.interval.start.isoformat(), plan.interval.end.isoformat()],
        "parameters": plain(dict(plan.parameters)),
        "tasks": [_task(task) for task in plan.tasks],
        "left_out": list(plan.left_out),
        "stored": {key: earlier.run_id for key, earlier in plan.stored.items()},
        "warnings": [str(warning) for warning in plan.warnings],
    }


def _task(task: PlannedTask) -> dict[str, Any]:
    return {
        "task_key": task.task_key,
        "description": task.description,
        "kind": task.work.kind,
        "source": task.work.origin,
        **_notebook(task.work),
        "uses_spark": task.uses_spark,
        "engine": task.engine,
        "depends_on": list(task.depends_on),
        "run_if": str(task.run_if),
        "edges": [asdict(edge) for edge in task.edges],
        "disabled": task.disabled,
        "expect": None if task.expect is None else {"tables": dict(task.expect.tables), "values": list(task.expect.values)},
        **_flow(task.work),
        "max_retries": task.max_retries,
        "min_retry_interval_millis": task.min_retry_interval_millis,
        "retry_on_timeout": task.retry_on_timeout,
        "timeout_seconds": task.timeout_seconds,
        "cell_timeout_seconds": task.cell_timeout_seconds,
        "parameters": [_argument(argument) for argument in task.arguments],
    }


def _flow(work: Work) -> dict[str, Any]:
    """What is told of control flow only; nothing in it for work of another kind."""
    loop = work if isinstance(work, ForEachWork) else None
    child = work.plan if isinstance(work, RunJobWork) else None
    return {
        "operator": str(work.operator) if isinstance(work, ConditionWork) else None,
        "concurrency": loop and loop.concurrency,
        "steps": loop and [_task(step) for step in loop.steps],
        "job": child and {"pipeline": child.pipeline, "file": None if child.file is None else os.fspath(child.file)},
    }


def _notebook(work: Work) -> dict[str, Any]:
    """What is told of notebooks only; nothing in it for work of another kind."""
    notebook = work.notebook if isinstance(work, NotebookWork) else None
    return {
        "notebook": notebook and notebook.origin,
        "notebook_sha256": notebook and notebook.sha256,
        "kernel": work.kernel if isinstance(work, NotebookWork) else None,
    }


def _engine(engine: PlannedEngine) -> dict[str, Any]:
    """An engine without the values of Spark's settings, among which keys of a storage may stand."""
    return {
        "key": engine.key, "engine": engine.label, "spark_conf": sorted(engine.spark_conf),
        "clusters": [{"key": key, "num_workers": workers} for key, workers in engine.clusters],
    }  # fmt: skip


def _argument(argument: Argument) -> dict[str, Any]:
    return {
        "name": argument.name,
        "type": str(argument.type),
        "value": plain(argument.value),
        "origin": argument.origin,
        "late": argument.late,
        "expression": is_expression(argument),
    }


def is_expression(argument: Argument) -> bool:
    """Whether the value is the text of a default that only the kernel can compute."""
    declared = argument.declared
    return argument.origin == "notebook" and declared is not None and declared.default_is_expression


def plain(value: Any) -> Any:
    """``value`` encoded; what JSON has no form for as its ``repr``."""
    encoded = encode(value)
    if isinstance(encoded, list):
        return [plain(item) for item in encoded]
    if isinstance(encoded, dict):
        return {name: plain(item) for name, item in encoded.items()}
    return encoded if encoded is None or isinstance(encoded, (str, int, float, bool)) else repr(encoded)
