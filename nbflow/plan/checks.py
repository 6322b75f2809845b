"""Static checks of a pipeline that need no run: what would only be found in the night is told when it is written."""

from __future__ import annotations

from collections.abc import Iterator

from nbflow.core.errors import Mistake
from nbflow.define.nearest import did_you_mean
from nbflow.define.pipeline import Task
from nbflow.plan.graph import Edges, ancestors
from nbflow.plan.references import ReferenceProblem, references_in


def reference_mistakes(task: Task, edges: Edges, chosen: set[str]) -> list[Mistake]:
    """References of ``task`` to tasks that are not there, do not come before it, or take no part (not in ``chosen``)."""
    before = ancestors(edges, [task.task_key])
    return [
        Mistake(message, place.file, place.line, place.key, hint)
        for name, value in task.parameters.items()
        for message, hint in _problems(value, task.task_key, edges, before, chosen)
        for place in [task.place(f"parameters.{name}")]
    ]


def _problems(
    value: object, task_key: str, edges: Edges, before: set[str], chosen: set[str]
) -> Iterator[tuple[str, str | None]]:
    try:
        references = list(references_in(value))
    except ReferenceProblem:
        return  # told where the value is resolved
    for reference in references:
        if reference.parts[0] != "tasks" or len(reference.parts) < 2:
            continue
        other = reference.parts[1]
        if other not in edges:
            yield f"{reference.text}: the pipeline has no task {other!r}", did_you_mean(other, edges)
        elif other not in before:
            yield f"{reference.text}: task {other!r} does not run before {task_key!r}", f"add it to depends_on of {task_key!r}"
        elif other not in chosen:
            yield f"{reference.text}: task {other!r} takes no part in this run", "select it as well, as in --only '+task'"
