"""Static checks of a pipeline that need no run: what would only be found in the night is told when it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.define.names import is_python
from nbflow.define.nearest import Suggestions
from nbflow.define.notebook import Notebook
from nbflow.define.pipeline import Pipeline, Place, Task
from nbflow.define.sql_file import SqlFile
from nbflow.define.task_sources import Source
from nbflow.plan.engines import PlannedEngine
from nbflow.plan.graph import Edges, ancestors
from nbflow.plan.plan import PlannedTask
from nbflow.plan.references import Reference, ReferenceProblem, references_in
from nbflow.plan.work import SqlWork


def reference_mistakes(task: PlannedTask, edges: Edges, chosen: set[str], suggest: Suggestions) -> list[Mistake]:
    """References in the values of ``task``, wherever they were written, to tasks that are not there, do not come before
    it, or take no part (not in ``chosen``)."""
    return [
        Mistake(message, argument.place.file, argument.place.line, argument.place.key, hint)
        for argument in task.arguments
        if argument.late
        for message, hint in _problems(argument.value, task.task_key, edges, chosen, suggest)
    ]


def _problems(value: object, task_key: str, edges: Edges, chosen: set[str], suggest: Suggestions) -> Iterator[tuple[str, str | None]]:
    try:
        references = list(references_in(value))
    except ReferenceProblem:
        return  # told where the value is resolved
    for reference in references:
        if reference.parts[0] != "tasks" or len(reference.parts) < 2:
            continue
        other = reference.parts[1]
        if other not in edges:
            yield f"{reference.text}: the pipeline has no task {other!r}", suggest(other, edges)
        elif other not in edges[task_key] and other not in ancestors(edges, [task_key]):
            yield f"{reference.text}: task {other!r} does not run before {task_key!r}", f"add it to depends_on of {task_key!r}"
        elif other not in chosen:
            yield f"{reference.text}: task {other!r} takes no part in this run", "select it as well, as in --only '+task'"


def output_mistakes(planned: Mapping[str, PlannedTask]) -> Iterator[Mistake]:
    """References to results of tasks that have none, since they are no SQL."""
    for task in planned.values():
        for argument in task.arguments:
            for reference in _found(argument.value) if argument.late else ():
                other = planned.get(reference.parts[1]) if reference.parts[0] == "tasks" and len(reference.parts) > 2 else None
                if other is not None and reference.parts[2] == "output" and not isinstance(other.work, SqlWork):
                    message = f"{reference.text}: task {other.task_key!r} is no SQL and has no output"
                    place = argument.place
                    yield Mistake(message, place.file, place.line, place.key, "a value that it sets is {{tasks.<task key>.values.<key>}}")


def _found(value: object) -> list[Reference]:
    try:
        return list(references_in(value))
    except ReferenceProblem:
        return []  # told where the value is resolved


def without_engine(task: Task, planned: PlannedTask, engines: Iterable[PlannedEngine]) -> Iterator[Mistake]:
    """SQL where there is no Spark to run it."""
    if isinstance(planned.work, SqlWork) and any(engine.key == planned.engine and engine.name == "none" for engine in engines):
        place = task.place("sql")
        yield Mistake("SQL runs on a Spark engine, and the engine is none", place.file, place.line, place.key, "--engine spark, or sail")


def idle_parameters(pipeline: Pipeline, sources: Mapping[str, Source], given: Iterable[str], chosen: set[str]) -> Iterator[Mistake]:
    """One warning for each parameter of ``pipeline``, and each that the run gives (``given``), that nothing uses.

    A pipeline's parameter is used by a task that declares or sets its name, or refers to it; a run's value only by the
    tasks in ``chosen``, but by every notebook that declares nothing.
    """
    if any(takes_all(task, sources[task.task_key]) for task in pipeline.tasks):
        return
    everywhere, here = _used(pipeline.tasks, sources), _used([task for task in pipeline.tasks if task.task_key in chosen], sources)
    among, suggest = _referred(pipeline.parameters.values()), Suggestions()
    for name in pipeline.parameters:
        if name not in everywhere and name not in among:
            near = suggest(name, everywhere)
            yield _idle(pipeline.place(f"parameters.{name}"), "no notebook declares it, and nothing refers to it", near)
    taking = [sources[task.task_key] for task in pipeline.tasks if task.task_key in chosen]
    reaches_all = any(isinstance(source, Notebook) and not source.declares for source in taking)
    for name in given:
        if not reaches_all and name in everywhere and name not in here:
            yield _idle(Place(key=f"-p {name}"), "no task that takes part uses it", None)


def takes_all(task: Task, source: Source) -> bool:
    """Whether every parameter of the pipeline reaches the task."""
    return task.work.key_values is not None and not isinstance(source, (Notebook, SqlFile))


def _used(tasks: Iterable[Task], sources: Mapping[str, Source]) -> set[str]:
    """The names of parameters that ``tasks`` take from their pipeline."""
    names: set[str] = set()
    for task in tasks:
        source = sources[task.task_key]
        if isinstance(source, Notebook):
            names |= {parameter.name for parameter in source.parameters}
        if isinstance(source, SqlFile):
            names |= set(source.parameters)
        names |= {*task.own_parameters, *_referred(task.own_parameters.values()), *_referred(task.work.texts.values())}
    return names


def _referred(values: Iterable[Any]) -> set[str]:
    """The names of the pipeline's parameters that ``values`` refer to."""
    names = set()
    for value in values:
        try:
            parts = [reference.parts for reference in references_in(value)]
        except ReferenceProblem:
            continue  # of a task that takes no part, or of a value that another replaces; else it was told
        names |= {part[2] for part in parts if part[:2] == ("job", "parameters") and len(part) > 2}
    return names


def _idle(place: Place, why: str, hint: str | None) -> Mistake:
    return Mistake(f"has no effect here: {why}", place.file, place.line, place.key, hint)


def replaced_values(pipeline: Pipeline, tasks: Mapping[str, PlannedTask]) -> Iterator[Mistake]:
    """One warning for each value of a task that the run or the pipeline replaces, as Databricks' order of values has it."""
    for task in pipeline.tasks:
        planned = tasks.get(task.task_key)
        for argument in planned.arguments if planned is not None else ():
            if argument.name in task.own_parameters and argument.origin in ("run", "pipeline"):
                place = task.place(f"parameters.{argument.name}")
                by = f"-p {argument.name}" if argument.origin == "run" else f"the pipeline's parameter {argument.name!r}"
                yield Mistake(f"has no effect here: {by} replaces it", place.file, place.line, place.key)


def injected_blindly(task: Task, notebook: Notebook, planned: PlannedTask) -> Iterator[Mistake]:
    """A warning for values that go into a Python notebook without a cell tagged ``parameters``."""
    names = [argument.name for argument in planned.arguments if argument.assigned and argument.declared is None]
    if names and notebook.parameters_cell is None and is_python(notebook.language):
        place = task.place("notebook")
        message = f"{notebook.path.name} has no cell tagged 'parameters': what it is given ({', '.join(names)}) goes in at its top, and a cell that assigns it wins"
        yield Mistake(message, place.file, place.line, place.key, "tag the cell that assigns them")


def differences_in_sql(work: SqlWork) -> Iterator[Mistake]:
    """One warning for each thing in a file of SQL that the embedded engine does otherwise than Spark."""
    from nbflow.plan.differences import found_in

    for statement in work.file.statements:
        for difference, line in found_in(statement.text, "sql"):
            hint = f"nbflow engine differences: {difference.key}"
            yield Mistake(f"on sail: {difference.what}", work.origin, statement.line + line - 1, None, hint)


def differences_used(notebook: Notebook) -> Iterator[Mistake]:
    """One warning for each thing in a notebook's cells that the embedded engine does otherwise than Spark."""
    if not notebook.uses_spark:
        return
    language = "python" if is_python(notebook.language) else str(notebook.language or "").lower()
    if language not in ("python", "sql"):
        return
    from nbflow.plan.differences import found_in  # its table is read only where somebody asks

    for index, cell in enumerate(notebook.document["cells"]):
        if cell["cell_type"] == "code":
            for difference, line in found_in(cell["source"], language):
                message = f"on sail: {difference.what} (cell {index + 1}, line {line})"
                yield Mistake(message, notebook.origin, None, f"cells[{index}]", f"nbflow engine differences: {difference.key}")
