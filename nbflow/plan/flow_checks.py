"""Static checks of control flow: comparisons that cannot be made, failures that nobody would see, writers side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nbflow.core.errors import Mistake
from nbflow.core.flow import Operator, ParentIf, RunIf
from nbflow.define.pipelines.pipeline import Place, Task
from nbflow.plan.conditions import number
from nbflow.plan.graph import ancestors
from nbflow.plan.plan import PlannedTask
from nbflow.plan.work import ConditionWork

_EQUALITY = (Operator.EQUAL_TO, Operator.NOT_EQUAL)
_LISTED = 5
_WRITING = ("run_job", "spark_jar")
"""Kinds that use none of the run's engines, and of which is known all the same what they write."""


def operand_mistakes(task: PlannedTask) -> Iterator[Mistake]:
    """Operands of a comparison of numbers that are known already, and are none."""
    if not isinstance(task.work, ConditionWork) or task.work.operator in _EQUALITY:
        return
    for argument in task.arguments:
        if not argument.late:
            try:
                number(argument.value, task.work.operator)
            except ValueError as error:
                yield _at(argument.place, str(error), "compare text with EQUAL_TO or NOT_EQUAL")


def flow_warnings(written: Mapping[str, Task], tasks: Sequence[PlannedTask]) -> Iterator[Mistake]:
    """What is odd in the control flow of ``tasks``, which stand in their order; ``written`` are their definitions."""
    for task in tasks:
        definition = written[task.task_key]
        if not definition.parents and task.run_if is not RunIf.ALL_SUCCESS:
            yield _at(definition.place("run_if"), "has no effect here: the task depends on nothing")
        if isinstance(task.work, ConditionWork) and (task.max_retries or task.timeout_seconds):
            key = "max_retries" if task.max_retries else "timeout_seconds"
            yield _at(definition.place(key), "has no effect here: a condition runs nothing")
        if task.expect is not None and task.expect.tables and not task.uses_spark and task.work.kind not in _WRITING:
            place = definition.place("expect")
            yield _at(place, "the task was not seen to use Spark, and only what Spark writes counts", "expect task values instead")
        yield from flow_warnings(written, task.steps)
    yield from _masked(written, tasks)
    yield from _side_by_side(written, tasks)


def masked_failures(tasks: Sequence[PlannedTask]) -> dict[str, list[str]]:
    """The keys of tasks whose failure, were it the only one, would not fail the run, by the task that masks it.

    ``tasks`` stand in their order. A failure goes down to a leaf by tasks that are not started because of it; one that is
    started all the same masks it. Disabled tasks count as not there.
    """
    enabled = {task.task_key: task for task in tasks if task.disabled is None}
    children: dict[str, list[PlannedTask]] = {key: [] for key in enabled}
    for task in enabled.values():
        for parent in task.depends_on:
            if parent in children:
                children[parent].append(task)
    seen: dict[str, bool] = {}
    masks: dict[str, str] = {}
    for key in reversed(list(enabled)):
        blocked = [child for child in children[key] if _is_blocked(child, key)]
        seen[key] = not children[key] or any(seen[child.task_key] for child in blocked)
        by = [masks[child.task_key] for child in blocked if child.task_key in masks]
        by += [child.task_key for child in children[key] if not _is_blocked(child, key) and not _is_branch(child, key)]
        if by and not seen[key]:
            masks[key] = by[0]
    found: dict[str, list[str]] = {}
    for key in enabled:
        if key in masks:
            found.setdefault(masks[key], []).append(key)
    return found


def _is_blocked(child: PlannedTask, parent: str) -> bool:
    """Whether ``child`` counts as failed when of those before it only ``parent`` has failed."""
    edge = next((edge for edge in child.edges if edge.task_key == parent), None)
    if edge is not None:
        return edge.outcome is None and edge.run_if == ParentIf.SUCCESS
    if child.run_if is RunIf.AT_LEAST_ONE_SUCCESS:
        return len(child.depends_on) == 1
    return child.run_if in (RunIf.ALL_SUCCESS, RunIf.NONE_FAILED)


def _is_branch(child: PlannedTask, parent: str) -> bool:
    """Whether ``child`` is a branch of the condition ``parent``: it is left out where that fails, and masks nothing by itself."""
    return any(edge.task_key == parent and edge.outcome is not None for edge in child.edges)


def _masked(written: Mapping[str, Task], tasks: Sequence[PlannedTask]) -> Iterator[Mistake]:
    for by, keys in masked_failures(tasks).items():
        listed = ", ".join(keys[:_LISTED]) + (f" and {len(keys) - _LISTED} more" if len(keys) > _LISTED else "")
        place = written[by].place("run_if" if "run_if" in written[by].places else f"depends_on.{keys[-1]}")
        message = f"{by!r} masks failures of {listed}: a run in which only they fail ends with SUCCESS_WITH_FAILURES, exit code 3"
        yield _at(place, message, "let a last task with run_if ALL_SUCCESS depend on them as well, or take exit code 3 for a failure")


def _side_by_side(written: Mapping[str, Task], tasks: Sequence[PlannedTask]) -> Iterator[Mistake]:
    """Two tasks that promise to write one table, and may run at the same time."""
    writers: dict[str, list[str]] = {}
    for task in tasks:
        for table in task.expect.tables if task.expect is not None and task.disabled is None else ():
            writers.setdefault(table, []).append(task.task_key)
    if all(len(keys) < 2 for keys in writers.values()):
        return
    edges = {task.task_key: task.depends_on for task in tasks}
    needs = _branches(tasks)
    for table, keys in writers.items():
        before = {key: ancestors(edges, [key]) for key in keys} if len(keys) > 1 else {}
        for at, key in enumerate(keys):
            other = next(
                (
                    other
                    for other in keys[:at]
                    if other not in before[key] and key not in before[other] and not _exclusive(needs, key, other)
                ),
                None,
            )
            if other is not None:
                message = f"{key!r} and {other!r} both write {table} and may run at the same time"
                yield _at(written[key].place(f"expect.{table}"), message, f"let {key!r} depend on {other!r}")


def _branches(tasks: Sequence[PlannedTask]) -> dict[str, frozenset[tuple[str, str]]]:
    """The outcomes of conditions without which a task does not run."""
    needs: dict[str, frozenset[tuple[str, str]]] = {}
    for task in tasks:
        own = frozenset((edge.task_key, edge.outcome) for edge in task.edges if edge.outcome is not None)
        above = [needs[parent] for parent in task.depends_on if parent in needs]
        needs[task.task_key] = own | (frozenset.intersection(*above) if above else frozenset())
    return needs


def _exclusive(needs: Mapping[str, frozenset[tuple[str, str]]], one: str, other: str) -> bool:
    """Whether a condition lets only one of the two run."""
    return any((key, "false" if outcome == "true" else "true") in needs[other] for key, outcome in needs[one])


def _at(place: Place, message: str, hint: str | None = None) -> Mistake:
    return Mistake(message, place.file, place.line, place.key, hint)
