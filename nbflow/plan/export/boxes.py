"""What is drawn of a run: a box for each task, and one for each step of a for_each, which stands for it in all items and hangs at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from nbflow.core.plain_text import one_line
from nbflow.core.progress import RUNNING, WAITING, RunProgress, TaskProgress
from nbflow.plan.export.marks import in_turn

_UNNAMED = "each item"


@dataclass(frozen=True, slots=True)
class TaskBox:
    """A box: ``key`` in the picture, ``name``, ``state``, what is ``said`` of it in it, and all of it in a sentence.

    ``depends_on`` are the keys of those that its lines come from; ``hangs`` where the line comes from the for_each that it is a step of.
    ``tasks`` are the keys in the run of the tasks that it stands for, those that failed first; ``again`` where it is the task's second
    attempt, or a later one.
    """

    key: str
    name: str
    depends_on: tuple[str, ...]
    state: str
    said: str
    sentence: str
    tasks: tuple[str, ...]
    again: bool = False
    many: bool = False
    hangs: bool = False


def boxes_of(run: RunProgress) -> dict[str, TaskBox]:
    """The boxes of ``run`` by their keys: the tasks in their order, then the steps, which are there as soon as the run is."""
    found = {
        key: TaskBox(key, key, task.depends_on, task.state, task.said, task_words(task), (key,), task.attempt > 1)
        for key, task in run.tasks.items()
    }
    inside: dict[str, dict[str, list[TaskProgress]]] = {key: {name: [] for name in task.steps} for key, task in run.tasks.items()}
    for key, step in run.steps.items():
        loop, *rest = key.split("/")
        if loop in inside:
            name = rest[1] if len(rest) > 1 else next(iter(run.tasks[loop].steps), _UNNAMED)
            inside[loop].setdefault(name, []).append(step)
    for key, steps in inside.items():
        for name, tasks in steps.items():
            box = _step_box(run.tasks[key], name, tasks)
            found[box.key] = box
    return found


def _step_box(loop: TaskProgress, name: str, tasks: list[TaskProgress]) -> TaskBox:
    counts = dict(Counter(task.state for task in tasks))
    state = _state(loop, counts)
    total = max(loop.items or 0, len(tasks))
    parents = tuple(f"{loop.task_key}/{parent}" for parent in loop.steps.get(name, ()))
    told = ", ".join(f"{count} {word}" for word, count in in_turn(counts))
    failed = sorted(tasks, key=lambda task: not task.failed)
    return TaskBox(
        key=f"{loop.task_key}/{name}",
        name=name,
        depends_on=parents or (loop.task_key,),
        state=state,
        said=_said(state, counts, total),
        sentence=f"{name}, for each item of {loop.task_key}: {told or _said(state, counts, total)}" + (f", of {total}" if told else ""),
        tasks=tuple(task.task_key for task in failed),
        many=True,
        hangs=not parents,
    )


def _state(loop: TaskProgress, counts: Mapping[str, int]) -> str:
    """The state that wants most to be looked at; while the loop goes on it runs, unless an item has failed already."""
    if not counts:
        return WAITING if loop.state == RUNNING else loop.state
    worst = in_turn(dict(counts))[0][0]
    goes_on = loop.state == RUNNING and worst in (WAITING, RUNNING, "SUCCESS", "EXCLUDED", "DISABLED")
    return RUNNING if goes_on else worst


def _said(state: str, counts: Mapping[str, int], total: int) -> str:
    if not counts:
        return "waits" if state == WAITING else state
    if state in (RUNNING, WAITING):
        return f"{sum(count for word, count in counts.items() if word not in (RUNNING, WAITING))} of {total} done"
    return f"{counts[state]} of {total} {state}"


def task_words(task: TaskProgress) -> str:
    """A task in one sentence: its key, its state, why it did not run or what its error says."""
    why = task.reason or (task.error or {}).get("message") if task.state != "SUCCESS" else None
    return f"{task.task_key}: {task.said}" + (f" ({one_line(str(why), 300)})" if why else "")
