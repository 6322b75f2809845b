"""Static checks of control flow: comparisons that cannot be made, failures that nobody would see, writers side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nbflow.core.errors import Mistake
from nbflow.core.flow import RunIf
from nbflow.define.pipelines.pipeline import Place, Task
from nbflow.plan.conditions import check_operand
from nbflow.plan.masks import after_failure, masked_failures
from nbflow.plan.plan import Plan, PlannedTask
from nbflow.plan.side_by_side import side_by_side
from nbflow.plan.work import ConditionWork, RunJobWork

_LISTED = 5
_WRITING = ("run_job", "spark_jar")
"""Kinds that use none of the run's engines, and of which is known all the same what they write."""


def operand_mistakes(task: PlannedTask) -> Iterator[Mistake]:
    """Operands of a comparison of numbers that are none: known ones, and those of which no run makes one."""
    if not isinstance(task.work, ConditionWork):
        return
    for argument in task.arguments:
        try:
            check_operand(argument.value, task.work.operator, late=argument.late)
        except ValueError as error:
            yield _at(argument.place, str(error), "compare text with EQUAL_TO or NOT_EQUAL")


def flow_warnings(written: Mapping[str, Task], tasks: Sequence[PlannedTask], *, inside: bool = False) -> Iterator[Mistake]:
    """What is odd in the control flow of ``tasks``, which stand in their order, save the masks in it; ``written`` are their
    definitions, ``inside`` says that they are the steps of a for_each."""
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
        yield from flow_warnings(written, task.steps, inside=True)
    if not inside:
        yield from side_by_side(written, tasks)


def mask_warnings(pipeline: str, written: Mapping[str, Task], tasks: Sequence[PlannedTask], *, inside: bool = False) -> Iterator[Mistake]:
    """What hides failures in a run of ``pipeline``: among its ``tasks``, in their steps and in the pipelines that they run. The masks of
    those are told as they tell them themselves, so that each is one warning from wherever it is seen. A task that is left out has
    none, and one that runs only after a failure adds nothing to what the run says."""
    late = after_failure(tasks)
    for task in tasks:
        if task.disabled is None and task.task_key not in late:
            yield from mask_warnings(pipeline, written, task.steps, inside=True)
            plan = task.work.plan if isinstance(task.work, RunJobWork) else None
            yield from plan.masks if isinstance(plan, Plan) else ()
    yield from _masked(pipeline, written, tasks, inside)


def _masked(pipeline: str, written: Mapping[str, Task], tasks: Sequence[PlannedTask], inside: bool) -> Iterator[Mistake]:
    """Failures that the end of the run would not show, or, of steps, that of the for_each. That a condition may fail and take its
    branches with it is how every pipeline with branches is, and told by none."""
    disabled = {task.task_key for task in tasks if task.disabled is not None}
    plain = {
        parent
        for task in tasks
        for parent in task.depends_on
        if all(edge.task_key != parent or edge.outcome is None for edge in task.edges)
    }
    conditions = {task.task_key for task in tasks if isinstance(task.work, ConditionWork)}
    for mask in masked_failures(tasks):
        by, keys = mask.task_key, tuple(key for key in mask.hidden if key in plain or key not in conditions)
        if not keys:
            continue
        listed = ", ".join(keys[:_LISTED]) + (f" and {len(keys) - _LISTED} more" if len(keys) > _LISTED else "")
        place = written[by].place("run_if" if "run_if" in written[by].places else f"depends_on.{keys[-1]}")
        hint = "let a last task with run_if ALL_SUCCESS depend on them as well"
        one = "one of them" if len(keys) > 1 else keys[0]
        name = f"{by!r}, which is disabled," if by in disabled else repr(by)
        if inside:
            ends = "counts" if mask.always else "may count"
            end = f"an item in which only {one} fails {ends} as done well, a run of {pipeline!r} as SUCCESS_WITH_FAILURES"
            yield _at(place, f"{name} masks failures of {listed}: {end}", hint)
        else:
            ends = "ends" if mask.always else "may end"
            end = f"a run of {pipeline!r} in which only {one} fails {ends} with SUCCESS_WITH_FAILURES, exit code 3"
            yield _at(place, f"{name} masks failures of {listed}: {end}", f"{hint}, or take exit code 3 for a failure")


def _at(place: Place, message: str, hint: str | None = None) -> Mistake:
    return Mistake(message, place.file, place.line, place.key, hint)
