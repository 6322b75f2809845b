"""Tasks joined by their dependencies: what each asks of those before it, and which are disabled before anything starts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from nbflow.core.flow import RunIf
from nbflow.core.results import Result
from nbflow.define.pipelines.pipeline import Task
from nbflow.plan.outcome import disabled_verdict
from nbflow.plan.plan import PlannedTask

_RULES = {rule.value for rule in RunIf}


def join(
    tasks: Sequence[Task],
    planned: Mapping[str, PlannedTask],
    parents: Mapping[str, Sequence[str]],
    order: Sequence[str],
    named: Collection[str],
) -> list[PlannedTask]:
    """The ``planned`` tasks in their ``order``, each with what it asks of its ``parents``.

    A task that is disabled itself stays so unless it is ``named`` by the caller; one whose condition cannot be met because
    of such parents is disabled with them.
    """
    written = {task.task_key: task for task in tasks}
    joined: dict[str, PlannedTask] = {}
    for key in order:
        if key not in planned:
            continue
        task = written[key]
        edges = tuple(edge for edge in task.dependencies if not edge.plain and edge.task_key in parents[key])
        run_if = RunIf(task.run_if) if task.run_if in _RULES else RunIf.ALL_SUCCESS  # another word is told elsewhere
        off = {parent for parent in parents[key] if parent in joined and joined[parent].disabled is not None}
        verdict = disabled_verdict(off, parents[key], run_if, edges)
        reason = "the task is disabled" if task.disabled and key not in named else None
        if reason is None and verdict is not None and verdict[0] is Result.DISABLED:
            reason = verdict[1]
        joined[key] = replace(planned[key], depends_on=tuple(parents[key]), run_if=run_if, edges=edges, disabled=reason)
    return list(joined.values())
