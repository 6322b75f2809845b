"""The one step from what the author wrote and what the caller asks for to a Plan, or to every mistake in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.define.clusters import undefined_clusters
from nbflow.define.names import is_name, is_python
from nbflow.define.nearest import Suggestions, did_you_mean
from nbflow.define.notebook import Notebook
from nbflow.define.pipeline import Pipeline, Place, Task
from nbflow.define.settings import Settings
from nbflow.define.sql_file import SqlFile
from nbflow.define.task_sources import Source
from nbflow.plan.arguments import Given
from nbflow.plan.checks import (
    differences_in_sql,
    differences_used,
    idle_parameters,
    injected_blindly,
    output_mistakes,
    reference_mistakes,
    replaced_values,
    without_engine,
)
from nbflow.plan.engines import PlannedEngine, plan_engines
from nbflow.plan.graph import in_order, nearest_chosen
from nbflow.plan.make_work import make_work, work_arguments
from nbflow.plan.plan import Plan, PlannedTask
from nbflow.plan.references import NO_PARAMETERS, Known, ReferenceProblem, resolve
from nbflow.plan.select import select
from nbflow.plan.work import NotebookWork, SqlWork


@dataclass(frozen=True, slots=True)
class Request:
    """What the caller asks for: values by name, selectors, and the folder where relative paths in the values start."""

    parameters: Mapping[str, Any]
    folder: Path
    only: Sequence[str] = ()


def build_plan(
    pipeline: Pipeline,
    sources: Mapping[str, Source],
    request: Request,
    settings: Settings,
    installed_kernels: Callable[[], Mapping[str, str]],
) -> Plan:
    """The Plan of ``pipeline``; pure, it starts and reads nothing.

    ``sources`` holds what was read for each task by its key. Raises ``DefinitionError`` with every mistake: unknown
    parameters, wrong types, values outside choices, unknown or impossible references, kernels that are not there.
    """
    folder = pipeline.file.parent if pipeline.file else request.folder
    keys = {task.task_key for task in pipeline.tasks}
    edges = {task.task_key: [parent for parent in task.depends_on if parent in keys] for task in pipeline.tasks}
    chosen, mistakes = select(edges, request.only)
    if mistakes:
        chosen = set(edges)  # so that a wrong selector hides no other mistake
    chosen -= {task.task_key for task in pipeline.tasks if task.missing}
    if not chosen and not mistakes:
        mistakes.append(Mistake("no task is left to run", key="--allow-missing", hint="all of them are of kinds that only Databricks has"))
    shared, wrong = _shared(pipeline, sources, request, folder)
    mistakes += wrong
    known = Known(pipeline.name, {name: given.value for name, given in shared.items()})
    planned, suggest = {}, Suggestions()
    engine_of, engines = plan_engines(pipeline, [task for task in pipeline.tasks if task.task_key in chosen], settings)
    for task in pipeline.tasks:
        if task.task_key not in chosen or task.task_key not in sources:
            continue  # without its source nothing more can be said of a task; that it is missing is told elsewhere
        found, wrong = _planned(task, sources[task.task_key], shared, folder, known, settings, installed_kernels)
        parents = nearest_chosen(edges, task.task_key, chosen)
        planned[task.task_key] = replace(found, depends_on=parents, engine=engine_of[task.task_key])
        mistakes += [*reference_mistakes(found, edges, chosen, suggest), *without_engine(task, planned[task.task_key], engines), *wrong]
    mistakes += output_mistakes(planned)
    if mistakes:
        raise DefinitionError(mistakes)
    return Plan(
        pipeline=pipeline.name,
        tasks=tuple(planned[key] for key in in_order(edges) if key in planned),
        description=pipeline.description,
        file=pipeline.file,
        parameters={name: given.value for name, given in shared.items()},
        engines=engines,
        timeout_seconds=pipeline.timeout_seconds,
        left_out=tuple(key for key in edges if key not in chosen),
        warnings=(*_warnings(pipeline, sources, request, chosen, planned), *_differences(planned.values(), engines)),
    )


def _warnings(
    pipeline: Pipeline, sources: Mapping[str, Source], request: Request, chosen: set[str], planned: Mapping[str, PlannedTask]
) -> Iterator[Mistake]:
    """What is odd and no mistake, each once."""
    found = [*pipeline.warnings, *undefined_clusters(pipeline), *replaced_values(pipeline, planned)]
    if len(sources) == len(pipeline.tasks):
        found += idle_parameters(pipeline, sources, request.parameters, chosen)
    for task in pipeline.tasks:
        source = sources.get(task.task_key)
        if task.task_key in planned and isinstance(source, Notebook):
            found += [*injected_blindly(task, source, planned[task.task_key]), *source.warnings]
    yield from dict.fromkeys(found)


def _differences(planned: Iterable[PlannedTask], engines: Iterable[PlannedEngine]) -> Iterator[Mistake]:
    """What notebooks use that the embedded engine does otherwise, where that is their engine; each notebook once."""
    sail = {engine.key for engine in engines if engine.name == "sail"}
    works = [task.work for task in planned if task.engine in sail]
    for notebook in {work.origin: work.notebook for work in works if isinstance(work, NotebookWork)}.values():
        yield from differences_used(notebook)
    for sql in {work.origin: work for work in works if isinstance(work, SqlWork)}.values():
        yield from differences_in_sql(sql)


def _planned(
    task: Task,
    source: Source,
    shared: Mapping[str, Given],
    folder: Path,
    known: Known,
    settings: Settings,
    installed_kernels: Callable[[], Mapping[str, str]],
) -> tuple[PlannedTask, list[Mistake]]:
    path = str(source.path) if isinstance(source, Notebook) else ""
    known = Known(known.job_name, known.parameters, task.task_key, path)
    arguments, mistakes = work_arguments(task, source, shared, folder, known)
    work, wrong = make_work(task, source, shared, settings, installed_kernels)
    per_cell = None if "cell_timeout_seconds" in settings.of_call else task.cell_timeout_seconds
    planned = PlannedTask(
        task_key=task.task_key,
        work=work,
        arguments=arguments,
        max_retries=task.max_retries,
        min_retry_interval_millis=task.min_retry_interval_millis,
        retry_on_timeout=task.retry_on_timeout,
        timeout_seconds=task.timeout_seconds,
        cell_timeout_seconds=settings.cell_timeout_seconds if per_cell is None else per_cell,
        description=task.description,
    )
    return planned, [*mistakes, *wrong]


def _may_take(task: Task, source: Source | None, name: str) -> bool:
    """Whether a task may take a value that its notebook does not declare; one whose source could not be read may."""
    if isinstance(source, Notebook):
        return not source.declares and (is_python(source.language) or is_name(name, source.language))
    return source is None or (name in source.parameters if isinstance(source, SqlFile) else task.work.key_values is not None)


def _shared(pipeline: Pipeline, sources: Mapping[str, Source], request: Request, folder: Path) -> tuple[dict[str, Given], list[Mistake]]:
    """The pipeline's parameters, with the caller's values over their defaults, and what is wrong with them.

    A value for a name that only notebooks declare reaches those notebooks, as Databricks' ``notebook_params`` do.
    """
    shared = {name: Given(value, "pipeline", folder, pipeline.place(f"parameters.{name}")) for name, value in pipeline.parameters.items()}
    declared = {parameter.name for source in sources.values() if isinstance(source, Notebook) for parameter in source.parameters}
    mistakes = []
    for name, value in request.parameters.items():
        if (
            name not in shared
            and name not in declared
            and not any(_may_take(task, sources.get(task.task_key), name) for task in pipeline.tasks)
        ):
            names = {*pipeline.parameters, *declared}
            hint = did_you_mean(name, names) or (f"there are {', '.join(sorted(names))}" if names else "it has none")
            mistakes.append(Mistake(f"{pipeline.name} has no parameter {name!r}", key=f"-p {name}", hint=hint))
            continue
        shared[name] = Given(value, "run", request.folder, Place(key=f"-p {name}"))
    for name, given in shared.items():
        try:
            value, _ = resolve(given.value, Known(pipeline.name, NO_PARAMETERS))
        except ReferenceProblem as problem:
            mistakes.append(Mistake(str(problem), given.place.file, given.place.line, given.place.key, problem.hint))
            continue
        shared[name] = Given(value, given.origin, given.folder, given.place)
    return shared, mistakes
