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
from nbflow.plan.arguments import Given, task_arguments
from nbflow.plan.checks import differences_used, idle_parameters, injected_blindly, reference_mistakes, replaced_values
from nbflow.plan.engines import PlannedEngine, plan_engines
from nbflow.plan.graph import in_order, nearest_chosen
from nbflow.plan.kernels import choose_kernel
from nbflow.plan.plan import Plan, PlannedTask
from nbflow.plan.references import NO_PARAMETERS, Known, ReferenceProblem, resolve
from nbflow.plan.select import select


@dataclass(frozen=True, slots=True)
class Request:
    """What the caller asks for: values by name, selectors, and the folder where relative paths in the values start."""

    parameters: Mapping[str, Any]
    folder: Path
    only: Sequence[str] = ()


def build_plan(
    pipeline: Pipeline,
    notebooks: Mapping[str, Notebook],
    request: Request,
    settings: Settings,
    installed_kernels: Callable[[], Mapping[str, str]],
) -> Plan:
    """The Plan of ``pipeline``; pure, it starts and reads nothing.

    ``notebooks`` holds the notebook of each task by its key. Raises ``DefinitionError`` with every mistake: unknown
    parameters, wrong types, values outside choices, unknown or impossible references, kernels that are not there.
    """
    folder = pipeline.file.parent if pipeline.file else request.folder
    keys = {task.task_key for task in pipeline.tasks}
    edges = {task.task_key: [parent for parent in task.depends_on if parent in keys] for task in pipeline.tasks}
    chosen, mistakes = select(edges, request.only)
    if mistakes:
        chosen = set(edges)  # so that a wrong selector hides no other mistake
    shared, wrong = _shared(pipeline, notebooks, request, folder)
    mistakes += wrong
    known = Known(pipeline.name, {name: given.value for name, given in shared.items()})
    planned, suggest = {}, Suggestions()
    engine_of, engines = plan_engines(pipeline, [task for task in pipeline.tasks if task.task_key in chosen], settings)
    for task in pipeline.tasks:
        if task.task_key not in chosen or task.task_key not in notebooks:
            continue  # without its notebook nothing more can be said of a task; that it is missing is told elsewhere
        found, wrong = _planned(task, notebooks[task.task_key], shared, folder, known, settings, installed_kernels)
        parents = nearest_chosen(edges, task.task_key, chosen)
        planned[task.task_key] = replace(found, depends_on=parents, engine=engine_of[task.task_key])
        mistakes += [*reference_mistakes(found, edges, chosen, suggest), *wrong]
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
        warnings=(*_warnings(pipeline, notebooks, request, chosen, planned), *_differences(planned.values(), engines)),
    )


def _warnings(
    pipeline: Pipeline, notebooks: Mapping[str, Notebook], request: Request, chosen: set[str], planned: Mapping[str, PlannedTask]
) -> Iterator[Mistake]:
    """What is odd and no mistake, each once."""
    found = [*pipeline.warnings, *undefined_clusters(pipeline), *replaced_values(pipeline, planned)]
    if len(notebooks) == len(pipeline.tasks):
        found += idle_parameters(pipeline, notebooks, request.parameters, chosen)
    for task in pipeline.tasks:
        if task.task_key in planned:
            found += [*injected_blindly(task, planned[task.task_key]), *notebooks[task.task_key].warnings]
    yield from dict.fromkeys(found)


def _differences(planned: Iterable[PlannedTask], engines: Iterable[PlannedEngine]) -> Iterator[Mistake]:
    """What notebooks use that the embedded engine does otherwise, where that is their engine; each notebook once."""
    sail = {engine.key for engine in engines if engine.name == "sail"}
    for notebook in {task.notebook.origin: task.notebook for task in planned if task.engine in sail}.values():
        yield from differences_used(notebook)


def _planned(
    task: Task,
    notebook: Notebook,
    shared: Mapping[str, Given],
    folder: Path,
    known: Known,
    settings: Settings,
    installed_kernels: Callable[[], Mapping[str, str]],
) -> tuple[PlannedTask, list[Mistake]]:
    known = Known(known.job_name, known.parameters, task.task_key, str(notebook.path))
    arguments, mistakes = task_arguments(task, notebook, shared, folder, known)
    kernel = ""
    named = settings.kernel if "kernel" in settings.of_call else task.kernel or settings.kernel
    per_cell = None if "cell_timeout_seconds" in settings.of_call else task.cell_timeout_seconds
    try:
        kernel = choose_kernel(notebook, named, installed_kernels)
    except ValueError as error:
        place = Place(key="--kernel") if named and "kernel" in settings.of_call else task.place("kernel" if task.kernel else "notebook")
        hint = "name one with 'kernel:' on the task or with --kernel"
        mistakes.append(Mistake(f"{notebook.path.name}: {error}", place.file, place.line, place.key, hint))
    planned = PlannedTask(
        task_key=task.task_key,
        notebook=notebook,
        arguments=arguments,
        kernel=kernel,
        max_retries=task.max_retries,
        min_retry_interval_millis=task.min_retry_interval_millis,
        retry_on_timeout=task.retry_on_timeout,
        timeout_seconds=task.timeout_seconds,
        cell_timeout_seconds=settings.cell_timeout_seconds if per_cell is None else per_cell,
        description=task.description,
    )
    return planned, mistakes


def _may_take(notebook: Notebook | None, name: str) -> bool:
    """Whether a notebook may take a value that it does not declare; one that could not be read may."""
    return notebook is None or (not notebook.declares and (is_python(notebook.language) or is_name(name, notebook.language)))


def _shared(
    pipeline: Pipeline, notebooks: Mapping[str, Notebook], request: Request, folder: Path
) -> tuple[dict[str, Given], list[Mistake]]:
    """The pipeline's parameters, with the caller's values over their defaults, and what is wrong with them.

    A value for a name that only notebooks declare reaches those notebooks, as Databricks' ``notebook_params`` do.
    """
    shared = {name: Given(value, "pipeline", folder, pipeline.place(f"parameters.{name}")) for name, value in pipeline.parameters.items()}
    declared = {parameter.name for notebook in notebooks.values() for parameter in notebook.parameters}
    several = [notebooks.get(task.task_key) for task in pipeline.tasks]
    mistakes = []
    for name, value in request.parameters.items():
        if name not in shared and name not in declared and not any(_may_take(notebook, name) for notebook in several):
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
