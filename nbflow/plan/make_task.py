"""From a task as its author wrote it to a task of the plan, with the tasks inside of it, or to what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from nbflow.core.errors import DefinitionError, Mistake, UsageError
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.pipelines.flow import ForEachTask, RunJobTask
from nbflow.define.pipelines.pipeline import Place, Task
from nbflow.define.settings import Settings
from nbflow.define.task_sources import Source
from nbflow.plan.arguments import Given, fit
from nbflow.plan.conditions import check_operand
from nbflow.plan.expectations import lowered
from nbflow.plan.graph import in_order
from nbflow.plan.items import items_of
from nbflow.plan.joined import join
from nbflow.plan.known import LATER, Known
from nbflow.plan.make_work import make_work, work_arguments
from nbflow.plan.plan import Argument, Plan, PlannedTask
from nbflow.plan.references import as_text, resolve
from nbflow.plan.work import ConditionWork, ForEachWork, RunJobWork, Work

MOST_MISTAKES = 5
"""Of one task of a for_each: a value that fits no item is told for some items only."""


class Children(Protocol):
    """The other pipelines of the workspace."""

    def parameters(self, job: RunJobTask) -> set[str]:
        """The names of the pipeline's parameters. Raises ``UsageError`` where there is no such pipeline, ``DefinitionError``."""
        ...

    def plan(self, job: RunJobTask, values: Mapping[str, Any]) -> Plan:
        """Its plan with these values. Raises ``DefinitionError`` with all mistakes."""
        ...


@dataclass(frozen=True, slots=True)
class Making:
    """What all tasks of a plan are made with: what was read for each, the pipeline's parameters and the run's, where relative
    paths start, what references can be replaced with, the keys of engines by task, and the other pipelines."""

    sources: Mapping[str, Source]
    shared: Mapping[str, Given]
    folder: Path
    known: Known
    settings: Settings
    kernels: Callable[[], Mapping[str, str]]
    engine_of: Mapping[str, str]
    children: Children | None = None


def make_task(task: Task, making: Making) -> tuple[PlannedTask, list[Mistake]]:
    """The task of the plan, not yet joined to others, and every mistake in it."""
    source, settings = making.sources[task.task_key], making.settings
    path = str(source.path) if isinstance(source, Notebook) else ""
    known = replace(making.known, task_name=task.task_key, notebook_path=path)
    shared = making.shared
    mistakes: list[Mistake] = []
    found = False
    if isinstance(task.work, RunJobTask) and task.work.label:  # that it names no pipeline is told elsewhere
        shared, mistakes = _reaching(task, task.work, making)
        found = not mistakes
    arguments, wrong = work_arguments(task, source, shared, making.folder, known)
    mistakes += wrong
    folder = source if isinstance(source, Path) else making.folder
    work: Work
    if isinstance(task.work, ForEachTask):
        work, wrong = _for_each(task, task.work, arguments, folder, making)
    elif isinstance(task.work, RunJobTask):
        work, wrong = _run_job(task, task.work, arguments, folder, making) if found else (RunJobWork(task.work, None, folder), [])
    else:
        work, wrong = make_work(task, source, None if making.known.partly else making.shared, settings, making.kernels)
    mistakes += wrong
    per_cell = None if "cell_timeout_seconds" in settings.of_call else task.cell_timeout_seconds
    planned = PlannedTask(
        task_key=task.task_key,
        work=work,
        arguments=arguments,
        engine=making.engine_of[task.task_key],
        max_retries=task.max_retries,
        min_retry_interval_millis=task.min_retry_interval_millis,
        retry_on_timeout=task.retry_on_timeout,
        timeout_seconds=task.timeout_seconds,
        cell_timeout_seconds=settings.cell_timeout_seconds if per_cell is None else per_cell,
        description=task.description,
        expect=lowered(task.expect),
    )
    return planned, mistakes


def _for_each(
    task: Task, each: ForEachTask, arguments: tuple[Argument, ...], folder: Path, making: Making
) -> tuple[ForEachWork, list[Mistake]]:
    """The steps in their order, and what is wrong in them, held against the items where these are known."""
    inside = replace(making, known=replace(making.known, item=LATER))
    planned, mistakes = {}, []
    for step in each.tasks:
        if step.task_key in making.sources:
            planned[step.task_key], wrong = make_task(step, inside)
            mistakes += wrong
    parents = {step.task_key: [parent for parent in step.parents if parent in planned] for step in each.tasks}
    try:
        order = in_order(parents)
    except ValueError:  # a circle, which is told elsewhere, and shall hide nothing else
        parents, order = {key: [] for key in parents}, list(parents)
    steps = join(each.tasks, planned, parents, order, ())
    inputs = next((argument for argument in arguments if not argument.late), None)
    if inputs is not None:
        try:
            mistakes += _held_against(items_of(inputs.value), steps, making.known)
        except ValueError as error:
            mistakes.append(_at(task.place("inputs"), f"inputs: {error}"))
    return ForEachWork(tuple(steps), each.concurrency, as_text(each.inputs), folder), mistakes


def _held_against(items: list[Any], steps: list[PlannedTask], known: Known) -> list[Mistake]:
    """What does not fit of the values that only the item decides."""
    mistakes: dict[Mistake, None] = {}
    for step in steps:
        before = len(mistakes)
        late = [argument for argument in step.arguments if argument.late]
        for at, item in enumerate(items if late else ()):
            for argument in late:
                try:
                    value, still = resolve(argument.value, replace(known, task_name=step.task_key, item=item))
                    if not still:
                        fit(value, argument)
                        if isinstance(step.work, ConditionWork):
                            check_operand(value, step.work.operator)
                except ValueError as error:
                    mistakes[_at(argument.place, f"inputs[{at}]: parameter {argument.name!r}: {error}")] = None
            if len(mistakes) - before >= MOST_MISTAKES:
                break
    return list(mistakes)


def _reaching(task: Task, job: RunJobTask, making: Making) -> tuple[dict[str, Given], list[Mistake]]:
    """Those of the pipeline's parameters that reach another pipeline: the ones that it has as well."""
    if making.children is None:
        return {}, [_at(task.place("job"), "a pipeline cannot be looked up here")]
    try:
        names = making.children.parameters(job)
    except UsageError as error:
        return {}, [_at(task.place("job"), error.message, error.hint)]
    except DefinitionError as error:
        return {}, list(error.mistakes)
    return {name: given for name, given in making.shared.items() if name in names}, []


def _run_job(
    task: Task, job: RunJobTask, arguments: tuple[Argument, ...], folder: Path, making: Making
) -> tuple[RunJobWork, list[Mistake]]:
    """The other pipeline's plan with the values that are known, and what is wrong with it."""
    assert making.children is not None  # told by ``_reaching``
    places = {f"-p {argument.name}": argument.place for argument in arguments}
    try:
        values = {argument.name: argument.value for argument in arguments if not argument.late}
        return RunJobWork(job, making.children.plan(job, values), folder), []
    except UsageError as error:
        return RunJobWork(job, None, folder), [_at(task.place("job"), error.message, error.hint)]
    except DefinitionError as error:
        told = [_at(places[key], found.message, found.hint) if (key := found.key or "") in places else found for found in error.mistakes]
        return RunJobWork(job, None, folder), told


def _at(place: Place, message: str, hint: str | None = None) -> Mistake:
    return Mistake(message, place.file, place.line, place.key, hint)
