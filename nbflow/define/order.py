"""Checks of a pipeline as a whole, however it was written: keys, dependencies, circles, numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nbflow.core.errors import Mistake
from nbflow.define.nearest import did_you_mean
from nbflow.define.pipeline import Pipeline, Task

_TASK_KEY = re.compile(r"[\w\-]+\Z")
_LONGEST_KEY = 100


def check_pipeline(pipeline: Pipeline) -> list[Mistake]:
    """Everything that is wrong in ``pipeline`` and can be known without its notebooks."""
    mistakes: list[Mistake] = []
    if not pipeline.tasks and pipeline.file is None:
        mistakes.append(Mistake(f"pipeline {pipeline.name!r} has no tasks"))
    seen: dict[str, Task] = {}
    for task in pipeline.tasks:
        mistakes += _check_task(task)
        if task.task_key in seen:
            first = seen[task.task_key].place("task_key").line
            where = f", first in line {first}" if first else ""
            mistakes.append(_at(task, "task_key", f"the task key {task.task_key!r} stands twice{where}", "rename one of them"))
        seen.setdefault(task.task_key, task)
    for task in pipeline.tasks:
        for parent in dict.fromkeys(task.depends_on):
            if parent == task.task_key:
                mistakes.append(_at(task, f"depends_on.{parent}", f"task {parent!r} depends on itself", "remove it"))
            elif parent not in seen:
                hint = did_you_mean(parent, seen) or f"there are {', '.join(seen)}"
                mistakes.append(_at(task, f"depends_on.{parent}", f"there is no task {parent!r}", hint))
    circle = find_cycle({key: [parent for parent in task.depends_on if parent != key] for key, task in seen.items()})
    if circle:
        path = " -> ".join([*circle, circle[0]])
        mistakes.append(_at(seen[circle[0]], "depends_on", f"tasks depend on one another in a circle: {path}", "cut one of the arrows"))
    return mistakes


def _check_task(task: Task) -> list[Mistake]:
    mistakes = []
    if not _TASK_KEY.match(task.task_key) or len(task.task_key) > _LONGEST_KEY:
        hint = f"letters, digits, '_' and '-'; at most {_LONGEST_KEY}"
        mistakes.append(_at(task, "task_key", f"{task.task_key!r} is no key for a task", hint))
    if isinstance(task.depends_on, str):
        mistakes.append(_at(task, "depends_on", "depends_on takes a list of task keys", f"write [{task.depends_on!r}]"))
    if task.max_retries < -1:
        mistakes.append(_at(task, "max_retries", f"max_retries takes a number from -1 on, got {task.max_retries}", None))
    for name in ("min_retry_interval_millis", "timeout_seconds", "cell_timeout_seconds"):
        if getattr(task, name) < 0:
            mistakes.append(_at(task, name, f"{name} takes a number from 0 on, got {getattr(task, name)}", None))
    return mistakes


def _at(task: Task, key: str, message: str, hint: str | None) -> Mistake:
    place = task.place(key)
    return Mistake(message, place.file, place.line, place.key, hint)


def find_cycle(edges: Mapping[str, Sequence[str]]) -> list[str] | None:
    """One circle in a graph, each key followed by one that depends on it (the data's direction), or ``None``.

    ``edges`` maps each key to what it depends on; keys that are not there are ignored. Not recursive: a pipeline may
    have more tasks in a row than Python has stack.
    """
    done: set[str] = set()
    for start in edges:
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            key, leaving = stack.pop()
            if leaving:
                path.pop()
                on_path.discard(key)
                done.add(key)
                continue
            if key in on_path:
                return list(reversed(path[path.index(key) :]))
            if key in done or key not in edges:
                continue
            path.append(key)
            on_path.add(key)
            stack.append((key, True))
            stack.extend((parent, False) for parent in edges[key])
    return None
