"""A Plan as text for people."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from nbflow.core.flow import RunIf
from nbflow.plan.engines import PlannedEngine
from nbflow.plan.export.document import is_expression, plain
from nbflow.plan.plan import Argument, Plan, PlannedTask
from nbflow.plan.work import ForEachWork, NotebookWork, Work


def plan_text(plan: Plan, shown: Callable[[Path], str] = os.fspath, comes_to: str = "") -> str:
    """``plan`` as lines: its tasks in order, each with its notebook, what it follows, and every parameter with value
    and where that comes from. ``shown`` says how a path is written, ``comes_to`` what the engine ``auto`` would be."""
    head = [f"{plan.pipeline}  {shown(plan.file)}" if plan.file is not None else plan.pipeline]
    if plan.description:
        head.append(plan.description)
    head.append(f"Spark engine: {plan.engine}" + ("" if plan.uses_spark else " (not needed)") + (f" ({comes_to})" if comes_to else ""))
    head += [_cluster(engine, key, workers) for engine in plan.engines_used for key, workers in engine.clusters]
    if plan.interval is not None:
        head.append(f"for the data from {plan.interval.start.isoformat(' ')} to {plan.interval.end.isoformat(' ')}")
    if plan.timeout_seconds:
        head.append(f"ends after {_number(plan.timeout_seconds)} s")
    blocks = ["\n".join(head), *("\n".join(_task(at, task, shown)) for at, task in enumerate(plan.tasks, 1))]
    if plan.left_out:
        blocks.append(f"left out: {', '.join(_left_out(plan, key) for key in plan.left_out)}")
    if plan.warnings:
        blocks.append("\n".join(f"warning: {warning}" for warning in plan.warnings))
    return "\n\n".join(blocks)


def _left_out(plan: Plan, key: str) -> str:
    if key not in plan.stored:
        return key
    earlier = plan.stored[key]
    return f"{key} (values of run {earlier.run_id})" if earlier.values else f"{key} ({earlier.result} in run {earlier.run_id})"


def _cluster(engine: PlannedEngine, key: str, workers: int | None) -> str:
    about = [engine.label]
    if engine.spark_conf:
        about.append(f"Spark settings {', '.join(sorted(engine.spark_conf))}")
    if workers:
        about.append(f"{workers} worker{'s' if workers > 1 else ''} on Databricks, none here")
    return f"cluster {key}: {'; '.join(about)}"


def _task(at: int, task: PlannedTask, shown: Callable[[Path], str]) -> list[str]:
    after = f"  after {', '.join(_asked(task, parent) for parent in task.depends_on)}" if task.depends_on else ""
    if task.run_if is not RunIf.ALL_SUCCESS and task.depends_on:
        after += f", run_if {task.run_if}"
    lines = [f"{at}. {task.task_key}  {_source(task.work, shown)}{after}"]
    about = [f"kernel {task.work.kernel}" if isinstance(task.work, NotebookWork) else task.work.kind]
    if task.disabled is not None:
        about.insert(0, f"disabled: {task.disabled}" if task.disabled != "the task is disabled" else "disabled")
    if isinstance(task.work, ForEachWork):
        about.append(f"{task.work.concurrency} at a time")
    if task.uses_spark:
        about.append("uses Spark" + (f" on cluster {task.engine}" if task.engine else ""))
    if task.max_retries:
        about.append(
            "retried for ever" if task.max_retries < 0 else f"up to {task.max_retries} retr{'y' if task.max_retries == 1 else 'ies'}"
        )
    if task.timeout_seconds:
        about.append(f"at most {_number(task.timeout_seconds)} s")
    if task.cell_timeout_seconds:
        about.append(f"each cell at most {_number(task.cell_timeout_seconds)} s")
    lines.append(f"   {', '.join(about)}")
    rows = [(argument.name, value_text(argument), origin_text(argument)) for argument in task.arguments]
    widths = [min(max((len(row[at]) for row in rows), default=0), 40) for at in (0, 1)]
    lines += [f"     {name:<{widths[0]}} = {value:<{widths[1]}}  ({origin})" for name, value, origin in rows]
    lines += [f"   {line}" for number, step in enumerate(task.steps, 1) for line in _task(number, step, shown)]
    return lines


def _asked(task: PlannedTask, parent: str) -> str:
    """A parent with what is asked of it alone."""
    edge = next((edge for edge in task.edges if edge.task_key == parent), None)
    return parent if edge is None else f"{parent} ({edge.outcome or edge.run_if})"


def _source(work: Work, shown: Callable[[Path], str]) -> str:
    return shown(work.path) if work.path is not None else work.origin.strip().partition("\n")[0]


def value_text(argument: Argument) -> str:
    """An argument's value on one line: JSON, references and expressions as they were written."""
    if argument.late and isinstance(argument.value, str) or is_expression(argument):
        return " ".join(str(argument.value).split())
    return json.dumps(plain(argument.value), ensure_ascii=False)


def origin_text(argument: Argument) -> str:
    """Where an argument's value comes from, in words."""
    return origin_words(argument.origin, late=argument.late, expression=is_expression(argument))


def origin_words(origin: str, *, late: bool, expression: bool) -> str:
    """The same, from what a plan's document holds."""
    words = {"run": "given", "pipeline": "pipeline", "task": "task", "notebook": "default"}
    word = words.get(origin, origin)
    if late:
        return f"{word}, known when the task starts"
    return f"{word}, an expression" if expression else word


def _number(seconds: float) -> str:
    return f"{seconds:g}"
