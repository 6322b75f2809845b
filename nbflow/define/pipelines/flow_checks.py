"""Checks of control flow, however it was written: what tasks ask of one another, and what stands in a for_each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.core.values import shown
from nbflow.define.pipelines.flow import ConditionTask, Dependency, Expectation, ForEachTask, RunJobTask
from nbflow.define.pipelines.kinds import KINDS
from nbflow.define.pipelines.pipeline import Task

_RETRIES = {"max_retries": 0, "min_retry_interval_millis": 0, "retry_on_timeout": False}
_FIELDS = {"run_if": "run_if", "disabled": "boolean"}
_DEPENDENCY_FIELDS = {"outcome": "outcome", "run_if": "parent_if"}


def are_dependencies(value: Any) -> bool:
    """Whether ``value`` is a list of task keys and dependencies."""
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(item, (str, Dependency)) for item in value)


def check_flow(task: Task, inside: bool) -> Iterator[Mistake]:
    """What is wrong in the control flow of one task; ``inside`` says that it stands in a for_each."""
    for name, kind in _FIELDS.items():
        yield from _fits(task, name, getattr(task, name), kind)
    if task.expect is not None:
        yield from _check_expectation(task)
    if isinstance(task.condition_task, ConditionTask):
        yield from _fits(task, "op", task.condition_task.op, "operator", "condition_task" if task.places else None)
        for name in ("left", "right"):
            yield from _fits(task, name, getattr(task.condition_task, name), "operand", "condition_task" if task.places else None)
    if isinstance(task.run_job_task, RunJobTask) and not task.places and not task.run_job_task.label:
        yield _at(task, "run_job_task", "run_job_task names no pipeline", "job_name takes the name of a pipeline")
    if isinstance(task.for_each_task, ForEachTask):
        yield from _check_for_each(task, task.for_each_task, inside)


def _fits(task: Task, name: str, value: Any, kind: str, told_with: str | None = None) -> Iterator[Mistake]:
    """A mistake where ``value`` is of another kind; none where the file's reader told it already (``told_with``)."""
    if told_with is None and not KINDS[kind].fits(value):
        yield _at(task, name, f"{name} takes {KINDS[kind].said}, got {shown(value)}", None)


def _check_for_each(task: Task, each: ForEachTask, inside: bool) -> Iterator[Mistake]:
    if inside:
        yield _at(
            task,
            "for_each_task",
            "a for_each stands inside of a for_each",
            "put it into a pipeline of its own and run that with run_job_task",
        )
    if not isinstance(each.tasks, Sequence) or not all(isinstance(step, Task) for step in each.tasks):
        yield _at(task, "for_each_task", f"tasks takes a list of Task, got {shown(each.tasks)}", None)
    elif not each.tasks and not task.places:
        yield _at(task, "for_each_task", "there is no task to do for each item", "it takes a list of Task")
    if not (KINDS["text"].fits(each.inputs) or KINDS["list"].fits(each.inputs)):
        yield _at(task, "inputs", f"inputs takes a list, or text, got {shown(each.inputs)}", None)
    if not KINDS["concurrency"].fits(each.concurrency):
        yield _at(task, "concurrency", f"concurrency takes {KINDS['concurrency'].said}, got {shown(each.concurrency)}", None)
    for name, harmless in _RETRIES.items():
        if getattr(task, name) != harmless:
            yield _at(task, name, f"{name} stands on a for_each", "it belongs to the task inside: each item is tried again by itself")


def _check_expectation(task: Task) -> Iterator[Mistake]:
    expected: Any = task.expect
    if not isinstance(expected, Expectation):
        yield _at(task, "expect", f"expect takes an Expectation, got {shown(expected)}", None)
        return
    if not isinstance(expected.tables, Mapping) or not all(KINDS["count"].fits(least) for least in expected.tables.values()):
        yield _at(task, "expect", "tables takes a map of names to the rows they hold at least", None)
        return
    if isinstance(task.work, (ConditionTask, ForEachTask)):
        yield _at(task, "expect", "only a task that runs something can promise anything", "remove it")
    for table in expected.tables:
        if not isinstance(table, str) or table.count(".") != 1:
            yield _at(task, f"expect.{str(table).lower()}", f"{table!r} names no table", "write schema.table")


def check_dependencies(task: Task, siblings: Mapping[str, Task]) -> Iterator[Mistake]:
    """What is wrong in what ``task`` asks of single parents among ``siblings``."""
    for edge in task.dependencies:
        key, parent = f"depends_on.{edge.task_key}", siblings.get(edge.task_key)
        for name, kind in _DEPENDENCY_FIELDS.items():
            value = getattr(edge, name)
            if value is not None and not KINDS[kind].fits(value):
                yield _at(task, key, f"{name} takes {KINDS[kind].said}, got {shown(value)}", None)
        if edge.outcome is not None and parent not in (None, task) and parent.condition_task is None and parent.work_is_known:
            hint = "only a condition_task has one; remove it, or ask for run_if: SUCCESS"
            yield _at(task, key, f"task {edge.task_key!r} has no outcome", hint)


def _at(task: Task, key: str, message: str, hint: str | None) -> Mistake:
    place = task.place(key)
    return Mistake(message, place.file, place.line, place.key, hint)
