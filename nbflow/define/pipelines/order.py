"""Checks of a pipeline as a whole, however it was written: keys, kinds of values, dependencies, circles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.core.values import shown
from nbflow.define.nearest import Suggestions, there_are
from nbflow.define.pipelines.clusters import check_clusters
from nbflow.define.pipelines.flow import ConditionTask, ForEachTask
from nbflow.define.pipelines.flow_checks import are_dependencies, check_dependencies, check_flow
from nbflow.define.pipelines.kinds import KINDS, LONGEST_TASK_KEY, is_parameter_name, is_task_key
from nbflow.define.pipelines.pipeline import Pipeline, Task
from nbflow.define.pipelines.task_kinds import KINDS_OF_FIELD, OBJECTS, NotebookTask, SqlTask, SqlTaskFile
from nbflow.define.pipelines.zones import zone_of

_PIPELINE_FIELDS = {"name": "text", "description": "prose", "timeout_seconds": "seconds", "parameters": "map"}
_TASK_FIELDS = {
    "description": "prose", "parameters": "map", "max_retries": "retries", "min_retry_interval_millis": "count",
    "retry_on_timeout": "boolean", "timeout_seconds": "seconds", "cell_timeout_seconds": "seconds",
}  # fmt: skip


def check_pipeline(pipeline: Pipeline) -> list[Mistake]:
    """Everything that is wrong in ``pipeline`` and can be known without its notebooks."""
    mistakes = list(_check_fields(pipeline))
    tasks = pipeline.tasks if _is_sequence(pipeline.tasks) else ()
    if not tasks and not pipeline.places:
        mistakes.append(Mistake(f"pipeline {pipeline.name!r} has no tasks", key="tasks", hint="it takes a list of Task"))
    seen: dict[str, Task] = {}
    every: list[Task] = []
    for index, task in enumerate(tasks):
        if not isinstance(task, Task):
            mistakes.append(Mistake(f"takes a Task, got {shown(task)}", key=f"tasks[{index}]"))
            continue
        steps = [step for step in task.steps if isinstance(step, Task)] if _is_sequence(getattr(task.for_each_task, "tasks", ())) else []
        every += [task, *steps]
        for each in (task, *steps):
            mistakes += [*_check_task(each), *check_flow(each, inside=each is not task)]
            if isinstance(each.task_key, str):
                mistakes += _check_key(each, seen)
                seen.setdefault(each.task_key, each)
        inside = {step.task_key: step for step in steps if isinstance(step.task_key, str)}
        mistakes += _check_edges(inside, "for_each_task" not in task.unread, pipeline.bundle is not None, task.task_key)
    mistakes += check_clusters(replace(pipeline, tasks=tuple(every)))
    top = {task.task_key: seen[task.task_key] for task in tasks if isinstance(task, Task) and task.task_key in seen}
    mistakes += _check_edges(top, "tasks" not in pipeline.unread, pipeline.bundle is not None)
    return mistakes


def _check_key(task: Task, seen: Mapping[str, Task]) -> Iterator[Mistake]:
    if task.task_key in seen:
        first = seen[task.task_key].place("task_key").line
        where = f", first in line {first}" if first else ""
        yield _at(task, "task_key", f"the task key {task.task_key!r} stands twice{where}", "rename one of them")


def _check_fields(pipeline: Pipeline) -> Iterator[Mistake]:
    for name, kind in _PIPELINE_FIELDS.items():
        value = getattr(pipeline, name)
        if not KINDS[kind].fits(value):
            place = pipeline.place(name)
            yield Mistake(f"{name} takes {KINDS[kind].said}, got {shown(value)}", place.file, place.line, place.key)
    if pipeline.file is not None and not isinstance(pipeline.file, Path):
        yield Mistake(f"file takes a Path, got {shown(pipeline.file)}", key="file")
    try:
        zone_of(pipeline.timezone)
    except (ValueError, TypeError) as error:
        place = pipeline.place("timezone")
        yield Mistake(str(error), place.file, place.line, place.key)
    for name in pipeline.parameters if isinstance(pipeline.parameters, Mapping) else ():
        if pipeline.bundle is not None and isinstance(name, str) and "${" in name:
            continue  # a variable, of which is told what is wrong
        if not isinstance(name, str) or not is_parameter_name(name):
            place = pipeline.place(f"parameters.{name}")
            hint = "letters, digits, '_', '-' and '.'"
            yield Mistake(f"{name!r} is no name for a parameter", place.file, place.line, place.key, hint)


def _check_task(task: Task) -> Iterator[Mistake]:
    if not isinstance(task.task_key, str) or not is_task_key(task.task_key):
        hint = f"letters, digits, '_' and '-'; at most {LONGEST_TASK_KEY}"
        yield _at(task, "task_key", f"{task.task_key!r} is no key for a task", hint)
    for name, kind in _TASK_FIELDS.items():
        value = getattr(task, name)
        if not KINDS[kind].fits(value) and not (name == "cell_timeout_seconds" and value is None):
            yield _at(task, name, f"{name} takes {KINDS[kind].said}, got {shown(value)}", None)
    if not task.places:
        yield from _check_work(task)
    if task.kernel is not None and not KINDS["text"].fits(task.kernel):
        yield _at(task, "kernel", f"kernel takes text, got {shown(task.kernel)}", None)
    for name in task.parameters if isinstance(task.parameters, Mapping) else ():
        if not isinstance(name, str) or not name:
            yield _at(task, f"parameters.{name}", f"{name!r} is no name for a parameter", "a name is text")
    if not are_dependencies(task.depends_on):
        advice = f"write [{task.depends_on!r}]" if isinstance(task.depends_on, str) else "a task's key is text"
        yield _at(task, "depends_on", f"depends_on takes a list of task keys, got {shown(task.depends_on)}", advice)


def _check_work(task: Task) -> Iterator[Mistake]:
    """What is wrong with the work of a task that was written in Python."""
    given = [name for name in OBJECTS if getattr(task, name) is not None]
    for name in given:
        if not isinstance(getattr(task, name), OBJECTS[name]):
            yield _at(task, name, f"{name} takes a {OBJECTS[name].__name__}, got {shown(getattr(task, name))}", None)
            return
    if len(given) > 1 or (given and (task.notebook or task.parameters)):
        yield _at(
            task,
            given[0],
            f"{given[0]} stands beside {given[1] if len(given) > 1 else 'notebook'}",
            "a task does one thing: keep one of them",
        )
    for name, takers in KINDS_OF_FIELD.items():
        if name != "parameters" and getattr(task, name) is not None and (given[0] if given else "notebook_task") not in takers:
            yield _at(
                task, name, f"{name} has no meaning beside {given[0] if given else 'notebook'}", f"it belongs to {' or '.join(takers)}"
            )
    work = task.work
    if isinstance(work, NotebookTask) and not (isinstance(work.notebook_path, (str, Path)) and str(work.notebook_path)):
        yield _at(task, "notebook", f"notebook takes a path, got {shown(work.notebook_path)}", None)
    if isinstance(work, SqlTask) and not (isinstance(work.file, SqlTaskFile) and str(work.file.path)):
        yield _at(task, "sql_task", f"file takes a SqlTaskFile, got {shown(work.file)}", None)
    if isinstance(work, (ConditionTask, ForEachTask)):
        return  # ``check_flow`` knows what these take
    for name, value in work.texts.items():
        if not KINDS["text"].fits(value) and not _is_sequence(value):
            yield _at(task, name, f"{name} takes text, got {shown(value)}", None)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _check_edges(tasks: Mapping[str, Task], whole: bool, in_bundle: bool, within: str | None = None) -> Iterator[Mistake]:
    """What is wrong in how ``tasks``, as far as they could be read (``whole``: all), depend on one another; ``within`` is the key of
    the for_each that they stand in. In a bundle what is wrong with a variable was told."""
    edges = {key: list(task.parents) if are_dependencies(task.depends_on) else [] for key, task in tasks.items()}
    suggest, whole = Suggestions(), whole and not (in_bundle and any("${" in key for key in tasks))
    for key, parents in edges.items():
        for parent in parents:
            if parent == key:
                yield _at(tasks[key], f"depends_on.{parent}", f"task {parent!r} depends on itself", "remove it")
            elif parent not in tasks and not (in_bundle and "${" in parent):
                where = "" if within is None else f" inside of {within!r}"
                hint = suggest(parent, tasks) or (there_are(tasks) if whole else None)
                if hint is None:
                    continue  # it may be one that could not be read
                yield _at(tasks[key], f"depends_on.{parent}", f"there is no task {parent!r}{where}", hint)
        if are_dependencies(tasks[key].depends_on):
            yield from check_dependencies(tasks[key], tasks)
    for circle in find_cycles({key: [parent for parent in parents if parent != key] for key, parents in edges.items()}):
        path = " -> ".join([*circle, circle[0]])
        hint = "each depends on the one behind its arrow: remove one of them"
        yield _at(tasks[circle[0]], f"depends_on.{circle[1]}", f"tasks depend on one another in a circle: {path}", hint)


def _at(task: Task, key: str, message: str, hint: str | None) -> Mistake:
    place = task.place(key)
    return Mistake(message, place.file, place.line, place.key, hint)


def find_cycles(edges: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Circles in a graph that share no key, at least one of each knot; each key is followed by one that it depends on.

    ``edges`` maps each key to what it depends on; keys that are not there are ignored. A circle begins with that of its
    keys that comes first in ``edges``. Not recursive: a pipeline may have more tasks in a row than Python has stack.
    """
    rank = {key: index for index, key in enumerate(edges)}
    done: set[str] = set()
    told: set[str] = set()
    for start in edges:
        path: list[str] = []
        depth: dict[str, int] = {}
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            key, leaving = stack.pop()
            if leaving:
                del depth[path.pop()]
                done.add(key)
            elif key in depth:
                circle = [] if key in told or path[-1] in told else path[depth[key] :]
                if circle and not told.intersection(circle):
                    told.update(circle)
                    first = circle.index(min(circle, key=rank.__getitem__))
                    yield circle[first:] + circle[:first]
            elif key not in done and key in edges:
                depth[key] = len(path)
                path.append(key)
                stack.append((key, True))
                stack.extend((parent, False) for parent in reversed(edges[key]))
