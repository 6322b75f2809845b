"""From what the author wrote of a task, and the source that was read for it, to the work of the plan with its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from nbflow.core.errors import Mistake
from nbflow.core.flow import Operator
from nbflow.core.values import ANY
from nbflow.define.nearest import did_you_mean, nearest
from nbflow.define.notebooks.names import is_python
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.pipelines.flow import ConditionTask
from nbflow.define.pipelines.pipeline import Place, Task
from nbflow.define.pipelines.task_kinds import DbtTask, PythonWheelTask, ShellTask, SparkJarTask
from nbflow.define.program import DbtProject, Jars, Package, PythonFile
from nbflow.define.settings import Settings
from nbflow.define.sql_file import SqlFile
from nbflow.define.task_sources import Source
from nbflow.plan.arguments import Given, task_arguments
from nbflow.plan.kernels import choose_kernel
from nbflow.plan.plan import Argument
from nbflow.plan.references import Known, ReferenceProblem, as_text, resolve
from nbflow.plan.work import (
    ConditionWork,
    DbtWork,
    JarWork,
    NotebookWork,
    PythonFileWork,
    PythonWheelWork,
    ShellWork,
    SqlWork,
    Work,
)

_OPERATORS = {operator.value for operator in Operator}

Kernels = Callable[[], Mapping[str, str]]


def make_work(
    task: Task, source: Source, shared: Mapping[str, Given] | None, settings: Settings, installed_kernels: Kernels
) -> tuple[Work, list[Mistake]]:
    """The work of ``task``, whose ``source`` was read, and what is wrong with it; ``shared`` are the pipeline's parameters, ``None``
    where these could not be read."""
    if isinstance(source, Notebook):
        return _notebook(task, source, settings, installed_kernels)
    work = task.work
    if isinstance(source, PythonFile):
        return PythonFileWork(source, _python(source, settings)), []
    if isinstance(source, Package) and isinstance(work, PythonWheelTask):
        named = work.named_parameters is not None
        return PythonWheelWork(work.package_name, work.entry_point, source, named, _python(source, settings)), []
    if isinstance(source, DbtProject) and isinstance(work, DbtTask):
        return DbtWork(tuple(work.commands), source.folder, source.profiles, _python(source, settings)), []
    if isinstance(source, Jars) and isinstance(work, SparkJarTask):
        return JarWork(work.main_class_name, source.jars, source.folder), []
    if isinstance(source, SqlFile):
        return SqlWork(source), _unbound(task, source, shared)
    if isinstance(work, ShellTask) and isinstance(source, Path):
        return ShellWork(work.command, source, settings.spark_remote), []
    if isinstance(work, ConditionTask) and isinstance(source, Path):
        operator = Operator(work.op) if work.op in _OPERATORS else Operator.EQUAL_TO  # another word is told elsewhere
        return ConditionWork(operator, f"{as_text(work.left)} {operator.sign} {as_text(work.right)}", source), []
    raise TypeError(work)  # a kind of ``define.pipelines.task_kinds`` that nobody has planned


def _unbound(task: Task, file: SqlFile, shared: Mapping[str, Given] | None) -> list[Mistake]:
    """Named parameters of SQL that nobody gives a value, and values that no parameter takes."""
    place = task.place("sql")
    given = {*task.own_parameters, *(shared or ())}
    mistakes = []
    meant = set()
    for name in task.own_parameters:
        if name not in file.parameters:
            where, near = task.place(f"parameters.{name}"), nearest(name, file.parameters)
            meant.add(near)
            hint = f"did you mean {near!r}?" if near else f"it has {', '.join(map(':{}'.format, file.parameters)) or 'none'}"
            mistakes.append(Mistake(f"{file.path.name} has no parameter :{name}", where.file, where.line, where.key, hint))
    if shared is None or task.unread & {"parameters", "sql_task"}:
        return mistakes
    return mistakes + [
        Mistake(
            f"{file.path.name} has the parameter :{name} and nothing gives it a value", place.file, place.line, place.key,
            did_you_mean(name, given) or f"add it to the task's parameters: '{name}: value'",
        )
        for name in file.parameters if name not in given and name not in meant
    ]  # fmt: skip


def _python(source: PythonFile | Package | DbtProject, settings: Settings) -> str | None:
    """The interpreter: the call's, the task's, the settings'."""
    return settings.python if "python" in settings.of_call else source.python or settings.python


def _notebook(task: Task, notebook: Notebook, settings: Settings, installed_kernels: Kernels) -> tuple[Work, list[Mistake]]:
    named = settings.kernel if "kernel" in settings.of_call else task.kernel or settings.kernel
    if settings.spark_remote and not is_python(notebook.language):
        notebook = replace(notebook, uses_spark=True)  # as far as anybody knows who cannot read its language
    try:
        return NotebookWork(notebook, choose_kernel(notebook, named, installed_kernels)), []
    except ValueError as error:
        place = Place(key="--kernel") if named and "kernel" in settings.of_call else task.place("kernel" if task.kernel else "notebook")
        hint = "name one with 'kernel:' on the task or with --kernel"
        mistake = Mistake(f"{notebook.path.name}: {error}", place.file, place.line, place.key, hint)
        return NotebookWork(notebook, ""), [mistake]


def work_arguments(
    task: Task, source: Source, shared: Mapping[str, Given], folder: Path, known: Known
) -> tuple[tuple[Argument, ...], list[Mistake]]:
    """The arguments of ``task`` and every mistake in them; ``shared`` are the pipeline's parameters and the run's, ``folder`` is
    where paths of the pipeline file start, ``known`` what references can be replaced with."""
    if isinstance(source, Notebook):
        return task_arguments(task, source, shared, folder, known)
    texts = {name: Given(value, "task", folder, task.place(name)) for name, value in task.work.texts.items()}
    own = {name: Given(value, "task", folder, task.place(f"parameters.{name}")) for name, value in task.own_parameters.items()}
    reaching: Mapping[str, Given] = {} if task.work.key_values is None else shared
    if isinstance(source, SqlFile):  # what no parameter of it takes would only stand in its record
        own = {name: given for name, given in own.items() if name in source.parameters}
        reaching = {name: given for name, given in reaching.items() if name in source.parameters}
    arguments, mistakes = [], []
    for name, given in {**texts, **own, **reaching}.items():
        try:
            value, late = resolve(given.value, known)
            arguments.append(Argument(name, value, ANY, given.origin, late, place=given.place))
        except ReferenceProblem as problem:
            mistakes.append(Mistake(str(problem), given.place.file, given.place.line, given.place.key, problem.hint))
    return tuple(arguments), mistakes
