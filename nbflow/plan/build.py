"""The one step from what the author wrote and what the caller asks for to a Plan, or to every mistake in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.core.values import ANY
from nbflow.define.nearest import did_you_mean
from nbflow.define.notebooks.names import is_name, is_python
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.pipelines.clusters import doubtful_settings, undefined_clusters
from nbflow.define.pipelines.pipeline import Pipeline, Place, Task
from nbflow.define.settings import Settings
from nbflow.define.sql_file import SqlFile
from nbflow.define.task_sources import Source
from nbflow.plan.arguments import Given
from nbflow.plan.checks import (
    ReferenceCheck,
    differences_in_sql,
    differences_used,
    idle_parameters,
    injected_blindly,
    replaced_values,
    without_engine,
)
from nbflow.plan.engines import PlannedEngine, plan_engines
from nbflow.plan.flow_checks import flow_warnings, mask_warnings, operand_mistakes
from nbflow.plan.graph import ancestors, in_order, nearest_chosen
from nbflow.plan.joined import join
from nbflow.plan.make_task import Children, Making, make_task
from nbflow.plan.plan import Argument, Plan, PlannedTask, Stored
from nbflow.plan.reference_text import verbatim
from nbflow.plan.references import LATER, NO_PARAMETERS, Known, ReferenceProblem, resolve
from nbflow.plan.select import EVERYTHING, Selection, select
from nbflow.plan.times import Interval
from nbflow.plan.work import NotebookWork, RunJobWork, SqlWork


@dataclass(frozen=True, slots=True)
class Request:
    """What the caller asks for: values by name, a selection of tasks, and the folder where relative paths in the values start.

    ``logical_date`` is the time whose data the run is for: a day, or ``START/END``.
    """

    parameters: Mapping[str, Any]
    folder: Path
    selection: Selection = EVERYTHING
    logical_date: str | None = None


def build_plan(
    pipeline: Pipeline,
    sources: Mapping[str, Source],
    request: Request,
    settings: Settings,
    installed_kernels: Callable[[], Mapping[str, str]],
    children: Children | None = None,
    stored: Callable[[Collection[str]], Mapping[str, Stored]] = lambda keys: {},
) -> Plan:
    """The Plan of ``pipeline``; it starts nothing.

    ``sources`` holds what was read for each task by its key, ``children`` the other pipelines that tasks may run; ``stored``
    gives what tasks that are left out have set in an earlier run. Raises ``DefinitionError`` with every mistake: unknown
    parameters, wrong types, values outside choices, unknown or impossible references, kernels that are not there.
    """
    folder = pipeline.file.parent if pipeline.file else request.folder
    keys = {task.task_key for task in pipeline.tasks}
    edges = {task.task_key: [parent for parent in task.parents if parent in keys] for task in pipeline.tasks}
    chosen, mistakes = _chosen(pipeline, edges, request.selection)
    known, wrong = _known(pipeline, request, settings.compat)
    mistakes += wrong
    shared, wrong = _shared(pipeline, sources, request, folder, known)
    mistakes += wrong
    told = {mistake.key for mistake in wrong}
    known = replace(known, parameters={name: LATER if given.place.key in told else given.value for name, given in shared.items()})
    left_out = tuple(key for key in edges if key not in chosen)
    before = ancestors(edges, chosen) if left_out else set()
    earlier = stored([key for key in left_out if key in before]) if before - chosen else {}
    here = [task for task in pipeline.tasks if task.task_key in chosen]
    engine_of, engines = plan_engines(pipeline, [each for task in here for each in (task, *task.steps)], settings)
    making = Making(sources, shared, folder, known, settings, installed_kernels, engine_of, children)
    planned, wrong = _planned(here, making, _reference_check(pipeline, edges, chosen | set(earlier)), engines)
    mistakes += wrong
    if mistakes:
        raise DefinitionError(mistakes)
    parents = {key: nearest_chosen(edges, key, chosen) for key in planned}
    tasks = join(pipeline.tasks, planned, parents, in_order(edges), chosen if request.selection else ())
    masks = () if request.selection else tuple(dict.fromkeys(mask_warnings(pipeline.name, _written(pipeline), tasks)))
    return Plan(
        pipeline=pipeline.name,
        tasks=tuple(tasks),
        description=pipeline.description,
        file=pipeline.file,
        bundle_job=pipeline.bundle_job,
        parameters={name: given.value for name, given in shared.items()},
        engines=engines,
        timeout_seconds=pipeline.timeout_seconds,
        timezone=pipeline.timezone,
        interval=known.interval,
        left_out=left_out,
        stored=earlier,
        warnings=(*_warnings(pipeline, sources, request, chosen, tasks), *masks, *_differences(tasks, engines)),
        masks=masks,
    )


def _chosen(pipeline: Pipeline, edges: Mapping[str, list[str]], selection: Selection) -> tuple[set[str], list[Mistake]]:
    """The keys of the tasks that take part, and what is wrong with the selection."""
    chosen, mistakes = select(edges, selection, {task.task_key for task in pipeline.tasks if task.disabled})
    if mistakes:
        chosen = set(edges)  # so that a wrong selector hides no other mistake
    chosen -= {task.task_key for task in pipeline.tasks if task.missing}
    if not chosen and not mistakes and any(task.missing for task in pipeline.tasks):
        mistakes.append(Mistake("no task is left to run", key="--allow-missing", hint="all of them are of kinds that only Databricks has"))
    return chosen, mistakes


def _reference_check(pipeline: Pipeline, edges: Mapping[str, list[str]], readable: set[str]) -> ReferenceCheck:
    loops = {step.task_key: task for task in pipeline.tasks for step in task.steps}
    with_output = {task.task_key for task in pipeline.all_tasks if task.sql_task is not None}
    every = {task.task_key for task in pipeline.all_tasks}
    partly = {task.task_key for task in pipeline.all_tasks if "depends_on" in task.unread or not every.issuperset(task.parents)}
    whole = not any("tasks" in pipeline.unread or "for_each_task" in task.unread for task in pipeline.tasks)
    whole = whole and not any("${" in key for key in every)
    return ReferenceCheck(edges, loops, readable, with_output, partly if whole else every, whole)


def _planned(
    tasks: Iterable[Task], making: Making, check: ReferenceCheck, engines: Sequence[PlannedEngine]
) -> tuple[dict[str, PlannedTask], list[Mistake]]:
    """The tasks by their keys, not yet joined, and what is wrong with them."""
    planned, mistakes = {}, []
    for task in tasks:
        if task.task_key not in making.sources:
            continue  # without its source nothing more can be said of a task; that it is missing is told elsewhere
        planned[task.task_key], wrong = make_task(task, making)
        written = {each.task_key: each for each in (task, *task.steps)}
        for each in (planned[task.task_key], *planned[task.task_key].steps):
            definition = written[each.task_key]
            mistakes += [found for found in check(_with_refused(definition, each)) if not _is_told(found, wrong)]
            mistakes += [*without_engine(definition, each, engines)]
            mistakes += operand_mistakes(each) if definition.work_is_known else ()
        mistakes += wrong
    return planned, mistakes


def _with_refused(task: Task, planned: PlannedTask) -> PlannedTask:
    """``planned``, and those values of ``task`` in which a reference is wrong: there may be others in them."""
    names = {argument.name for argument in planned.arguments}
    written = {name: (value, name) for name, value in task.work.texts.items()}
    written |= {name: (value, f"parameters.{name}") for name, value in task.own_parameters.items()}
    refused = [
        Argument(name, value, ANY, "task", True, place=task.place(key)) for name, (value, key) in written.items() if name not in names
    ]
    return replace(planned, arguments=(*planned.arguments, *refused)) if refused else planned


def _is_told(mistake: Mistake, told: Iterable[Mistake]) -> bool:
    """Whether one of ``told`` is about the same reference."""
    reference = mistake.message[: mistake.message.find("}}") + 2]
    return any((each.file, each.key) == (mistake.file, mistake.key) and reference in each.message for each in told)


def _warnings(
    pipeline: Pipeline, sources: Mapping[str, Source], request: Request, chosen: set[str], tasks: Sequence[PlannedTask]
) -> Iterator[Mistake]:
    """What is odd and no mistake, each once."""
    planned = {each.task_key: each for task in tasks for each in (task, *task.steps)}
    found = [*pipeline.warnings, *undefined_clusters(pipeline), *doubtful_settings(pipeline), *replaced_values(pipeline, planned)]
    if len(sources) == len(pipeline.all_tasks):
        jobs = [task for task in planned.values() if isinstance(task.work, RunJobWork)]
        passed_on = {argument.name for task in jobs for argument in task.arguments if argument.origin in ("run", "pipeline")}
        found += idle_parameters(pipeline, sources, request.parameters, chosen, passed_on)
    for task in pipeline.all_tasks:
        source = sources.get(task.task_key)
        if task.task_key in planned and isinstance(source, Notebook):
            found += [*injected_blindly(task, source, planned[task.task_key]), *source.warnings]
    if not request.selection:
        found += flow_warnings(_written(pipeline), tasks)
    yield from dict.fromkeys(found)


def _written(pipeline: Pipeline) -> dict[str, Task]:
    return {task.task_key: task for task in pipeline.all_tasks}


def _differences(tasks: Iterable[PlannedTask], engines: Iterable[PlannedEngine]) -> Iterator[Mistake]:
    """What notebooks use that the embedded engine does otherwise, where that is their engine; each notebook once."""
    sail = {engine.key for engine in engines if engine.name == "sail"}
    works = [each.work for task in tasks for each in (task, *task.steps) if each.engine in sail]
    for notebook in {work.origin: work.notebook for work in works if isinstance(work, NotebookWork)}.values():
        yield from differences_used(notebook)
    for sql in {work.origin: work for work in works if isinstance(work, SqlWork)}.values():
        yield from differences_in_sql(sql)


def _may_take(task: Task, source: Source | None, name: str) -> bool:
    """Whether a task may take a value that its notebook does not declare; one whose source could not be read may."""
    if isinstance(source, Notebook):
        return not source.declares and (is_python(source.language) or is_name(name, source.language))
    return source is None or (name in source.parameters if isinstance(source, SqlFile) else task.work.key_values is not None)


def _known(pipeline: Pipeline, request: Request, compat: bool) -> tuple[Known, list[Mistake]]:
    """What references of the pipeline's parameters can be replaced with, and what is wrong with the logical date."""
    known = Known(pipeline.name, NO_PARAMETERS, zone=pipeline.timezone, partly="parameters" in pipeline.unread, compat=compat)
    if request.logical_date is None:
        return known, []
    try:
        return replace(known, interval=Interval.of_text(request.logical_date, pipeline.timezone)), []
    except ValueError as error:
        return known, [Mistake(str(error), key="--logical-date")]


def _shared(
    pipeline: Pipeline, sources: Mapping[str, Source], request: Request, folder: Path, known: Known
) -> tuple[dict[str, Given], list[Mistake]]:
    """The pipeline's parameters, with the caller's values over their defaults, and what is wrong with them.

    A value for a name that only notebooks declare reaches those notebooks, as Databricks' ``notebook_params`` do.
    """
    shared = {name: Given(value, "pipeline", folder, pipeline.default_place(name)) for name, value in pipeline.parameters.items()}
    declared = {parameter.name for source in sources.values() if isinstance(source, Notebook) for parameter in source.parameters}
    mistakes = []
    for name, value in request.parameters.items():
        if (
            name not in shared
            and not known.partly
            and name not in declared
            and not any(_may_take(task, sources.get(task.task_key), name) for task in pipeline.all_tasks)
        ):
            names = {*pipeline.parameters, *declared}
            hint = did_you_mean(name, names) or (f"there are {', '.join(sorted(names))}" if names else "it has none")
            mistakes.append(Mistake(f"{pipeline.name} has no parameter {name!r}", key=f"-p {name}", hint=hint))
            continue
        shared[name] = Given(value, "run", request.folder, Place(key=f"-p {name}"))
    for name, given in shared.items():
        try:
            value, late = resolve(given.value, known)
        except ReferenceProblem as problem:
            mistakes.append(Mistake(str(problem), given.place.file, given.place.line, given.place.key, problem.hint))
            continue
        shared[name] = Given(value if late else verbatim(value), given.origin, given.folder, given.place)
    return shared, mistakes
