"""Static checks of a pipeline that need no run: what would only be found in the night is told when it is written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.define.nearest import Suggestions
from nbflow.define.notebooks.names import is_python
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.pipelines.flow import RunJobTask
from nbflow.define.pipelines.pipeline import Pipeline, Place, Task
from nbflow.define.sql_file import SqlFile
from nbflow.define.task_sources import Source
from nbflow.plan.arguments import asks_for_widgets
from nbflow.plan.engines import PlannedEngine
from nbflow.plan.graph import Edges, ancestors
from nbflow.plan.plan import PlannedTask
from nbflow.plan.references import references_in
from nbflow.plan.work import SqlWork


class ReferenceCheck:
    """Checks references in the values of tasks to other tasks: these must be there, come before, and take part.

    ``edges`` are the tasks with what they depend on; ``loops`` the for_each that a task stands in, by its key; ``readable`` are
    the tasks that take part, or whose values of an earlier run are known, ``with_output`` those that have an output. Of the tasks in
    ``partly`` not all is known that they depend on; there are others that nobody could read unless they are ``whole``.
    """

    def __init__(
        self, edges: Edges, loops: Mapping[str, Task], readable: set[str], with_output: Collection[str], partly: set[str], whole: bool
    ) -> None:
        self._loops, self._readable, self._with_output, self._suggest = loops, readable, with_output, Suggestions()
        self._partly, self._whole = partly, whole
        beside = {loop.task_key: {step.task_key for step in loop.steps} for loop in loops.values()}
        inside = {
            step.task_key: [*(parent for parent in step.parents if parent in beside[loop.task_key]), *edges[loop.task_key]]
            for loop in loops.values()
            for step in loop.steps
        }
        self._edges: Edges = {**edges, **inside}

    def __call__(self, task: PlannedTask) -> list[Mistake]:
        """What is wrong in the references of ``task``, wherever they were written."""
        return [
            Mistake(message, argument.place.file, argument.place.line, argument.place.key, hint)
            for argument in task.arguments
            if argument.late
            for message, hint in self._problems(argument.value, task.task_key)
        ]

    def _problems(self, value: object, task_key: str) -> Iterator[tuple[str, str | None]]:
        for text, parts in ((reference.text, name) for reference in references_in(value) for name in reference.names):
            if parts[0] != "tasks" or len(parts) < 2:
                continue
            other = parts[1]
            loop, own = self._loops.get(other), self._loops.get(task_key)
            if other not in self._edges:
                hint = self._suggest(other, self._edges)
                if self._whole or hint is not None:  # else it may be one that could not be read
                    yield f"{text}: the pipeline has no task {other!r}", hint
            elif loop is not None and loop is not own:
                hint = f"write {{{{tasks.{loop.task_key}.values.<key>}}}}: the values of all its items as one list"
                yield f"{text}: task {other!r} stands inside of {loop.task_key!r}", hint
            elif other not in self._edges[task_key] and other not in (before := ancestors(self._edges, [task_key])):
                if self._partly & {*before, task_key, *([own.task_key] if own is not None else [])}:
                    continue
                yield f"{text}: task {other!r} does not run before {task_key!r}", f"add it to depends_on of {task_key!r}"
            elif loop is None and other not in self._readable:
                hint = "select it as well, as in --only '+task'; no earlier run has values of it"
                yield f"{text}: task {other!r} takes no part in this run", hint
            elif parts[2:3] == ("output",) and other not in self._with_output:
                yield f"{text}: task {other!r} has no output; tasks of SQL have one", "set a task value there, and refer to that"


def without_engine(task: Task, planned: PlannedTask, engines: Iterable[PlannedEngine]) -> Iterator[Mistake]:
    """SQL where there is no Spark to run it."""
    if isinstance(planned.work, SqlWork) and any(engine.key == planned.engine and engine.name == "none" for engine in engines):
        place = task.place("sql")
        yield Mistake("SQL runs on a Spark engine, and the engine is none", place.file, place.line, place.key, "--engine spark, or sail")


def idle_parameters(
    pipeline: Pipeline, sources: Mapping[str, Source], given: Iterable[str], chosen: set[str], passed_on: set[str]
) -> Iterator[Mistake]:
    """One warning for each parameter of ``pipeline``, and each that the run gives (``given``), that nothing uses.

    A pipeline's parameter is used by a task that declares or sets its name, or refers to it; a run's value only by the
    tasks in ``chosen``, but by every notebook that declares nothing. ``passed_on`` reach another pipeline.
    """
    if any(takes_all(task, sources[task.task_key]) for task in pipeline.all_tasks):
        return
    here = [each for task in pipeline.tasks if task.task_key in chosen for each in (task, *task.steps)]
    everywhere, used_here = _used(pipeline.all_tasks, sources), _used(here, sources)
    among, suggest = _referred(pipeline.parameters.values()) | passed_on, Suggestions()
    for name in pipeline.parameters:
        if name not in everywhere and name not in among and not any(_speaks_of(name, source) for source in sources.values()):
            near = suggest(name, everywhere)
            yield _idle(pipeline.place(f"parameters.{name}"), "no notebook declares it, and nothing refers to it", near)
    taking = [sources[task.task_key] for task in here]
    reaches_all = any(isinstance(source, Notebook) and not source.declares for source in taking)
    for name in given:
        if not reaches_all and name in everywhere and name not in used_here | passed_on:
            yield _idle(Place(key=f"-p {name}"), "no task that takes part uses it", None)


def _speaks_of(name: str, source: Source) -> bool:
    """Whether a notebook may ask for the widget of this name, or one that it includes."""
    if not isinstance(source, Notebook) or not asks_for_widgets(source):
        return False
    named = re.compile(rf"""["':{{]{re.escape(name)}\b|%run\b""")
    return any(named.search(cell["source"]) for cell in source.document["cells"] if cell["cell_type"] == "code")


def takes_all(task: Task, source: Source) -> bool:
    """Whether every parameter of the pipeline reaches the task."""
    if isinstance(source, (Notebook, SqlFile)) or isinstance(task.work, RunJobTask):
        return False
    return task.work.key_values is not None


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
        parts = [name for reference in references_in(value) for name in reference.names]
        names |= {part[2] for part in parts if part[:2] == ("job", "parameters") and len(part) > 2}
    return names


def _idle(place: Place, why: str, hint: str | None) -> Mistake:
    return Mistake(f"has no effect here: {why}", place.file, place.line, place.key, hint)


def replaced_values(pipeline: Pipeline, tasks: Mapping[str, PlannedTask]) -> Iterator[Mistake]:
    """One warning for each value of a task that the run or the pipeline replaces, as Databricks' order of values has it."""
    for task in pipeline.all_tasks:
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
            in_cell = "sql" if cell["source"].startswith("%%sql") else language
            source = cell["source"].partition("\n")[2] if in_cell != language else cell["source"]
            for difference, line in found_in(source, in_cell):
                line += in_cell != language
                hint = f"nbflow engine differences: {difference.key}"
                if notebook.lines:
                    yield Mistake(f"on sail: {difference.what}", notebook.origin, notebook.lines[index] + line - 1, None, hint)
                else:
                    message = f"on sail: {difference.what} (cell {index + 1}, line {line})"
                    yield Mistake(message, notebook.origin, None, f"cells[{index}]", hint)
