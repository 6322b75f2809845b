"""Which kernels of a run may be forked from one process that has done their imports, and what it imports ahead: pure choices."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nbflow.core.flow import ParentIf, RunIf
from nbflow.define.notebooks.notebook import Notebook
from nbflow.plan.items import items_of
from nbflow.plan.kernels import NATIVE
from nbflow.plan.plan import Plan, PlannedTask
from nbflow.plan.work import NotebookWork, SqlWork

FORK, SPAWN = "fork", "spawn"
"""How Python kernels are started: forked where that gives the same kernel, or each by a start of its interpreter."""

_ON_FAILURE = (RunIf.AT_LEAST_ONE_FAILED, RunIf.ALL_FAILED)

_SPARK = ("pyspark.sql", "pyspark.sql.functions", "py4j.clientserver")

_MODULES = {
    "numpy": ("numpy",),
    "pandas": ("numpy", "pandas"),
    "pyarrow": ("pyarrow",),
    "matplotlib": ("matplotlib.figure", "matplotlib.backends.backend_agg"),
    "pyspark": _SPARK,
    "delta": (*_SPARK, "delta.tables"),
}
"""What is loaded for a package that a notebook imports. All of it is known to survive a fork."""

_OF_SQL = ("pyspark.sql", "pyspark.sql.functions", "pyspark.sql.classic.dataframe", "pyspark.java_gateway")
_CONNECT = ("pyspark.sql", "pyspark.sql.functions", "pyspark.sql.connect.session", "pyspark.sql.connect.functions")

_TO_PANDAS = re.compile(r"^([ \t]*).*\b(?:toPandas|toArrow|pandas_udf|applyInPandas|mapInPandas|mapInArrow)\b", re.MULTILINE)
_IMPORT = re.compile(r"^([ \t]*)(?:import|from)\s+(.+)$", re.MULTILINE)
_WORD = re.compile(r"\b[a-z]+\b")
_BEFORE_IMPORTS = re.compile(
    r"\b(?:pip|pip3|conda|mamba)\b|\b(?:OMP|OPENBLAS|MKL|BLIS|NUMEXPR|VECLIB|KMP|GOTO|ARROW|NPY|NUMPY|GRPC)_[A-Z]|\bMPLBACKEND\b|\bMPLCONFIGDIR\b"
    r"|\bsys\.path\s*(?:\.insert\b|\[|=(?!=))"
)
"""What installs packages, sets variables that a library reads when it is imported, or puts a folder before those of the libraries: what lies
there may bear the name of a module that the fork has loaded. One that is appended hides nothing."""


def may_fork(notebook: Notebook) -> bool:
    """Whether nothing, no module of a wheel and nothing in the notebook's code, must come before the imports of libraries."""
    return not notebook.wheels and not any(_BEFORE_IMPORTS.search(source) for source in _sources(notebook))


def preloads(notebook: Notebook, engine: str, *, inside: bool = False) -> tuple[str, ...]:
    """The modules that are worth to be loaded before ``notebook`` begins, whose Spark, where it uses it, is ``engine``'s; with those
    that lines ``inside`` of others import, which it may come to later, or never."""
    lines = [words for source in _sources(notebook) for indent, words in _IMPORT.findall(source) if inside or not indent]
    words = {word for line in lines for word in _WORD.findall(line)}
    found = [*(_SPARK if engine == "spark" else _CONNECT if engine != "none" else ())] if notebook.uses_spark else []
    found += [module for package, modules in _MODULES.items() if package in words for module in modules]
    if any(inside or not indent for source in _sources(notebook) for indent in _TO_PANDAS.findall(source)):
        found += [*_MODULES["pandas"], *_MODULES["pyarrow"]]
    return tuple(dict.fromkeys(found))


def all_preloads(plan: Plan) -> tuple[str, ...]:
    """What is worth to be loaded for the run: what its tasks need at once, in their order, then what they may come to."""
    found = [_preloads(task, plan.engine_of(task).name, inside) for inside in (False, True) for task in _forked(plan)]
    return tuple(dict.fromkeys(module for modules in found for module in modules))


def _preloads(task: PlannedTask, engine: str, inside: bool) -> tuple[str, ...]:
    if isinstance(task.work, NotebookWork):
        return preloads(task.work.notebook, engine, inside=inside)
    return _OF_SQL if engine == "spark" else _CONNECT


def forks_pay(plan: Plan) -> bool:
    """Whether the run has so many Python kernels and tasks of SQL that a process from which they are forked is quicker than their own starts."""
    return len(_forked(plan)) > 1 or any(_is_forked(step) for task in plan.tasks for step in _steps(task))


def needs_kernels(plan: Plan) -> bool:
    """Whether some of those are needed whatever conditions come to, where nothing fails: then their process may begin with the run."""
    return any(any(map(_is_forked, (task, *_certain(_steps(task))))) for task in _certain(plan.tasks))


def _certain(tasks: Sequence[PlannedTask]) -> list[PlannedTask]:
    """Those of ``tasks``, which stand in their order, that no condition leaves out and no failure must come before."""
    found: dict[str, PlannedTask] = {}
    for task in tasks:
        asks = task.run_if in _ON_FAILURE or any(edge.outcome is not None or edge.run_if == ParentIf.FAILED for edge in task.edges)
        if task.disabled is None and not asks and (not task.depends_on or any(parent in found for parent in task.depends_on)):
            found[task.task_key] = task
    return list(found.values())


def _forked(plan: Plan) -> list[PlannedTask]:
    return [each for task in plan.tasks for each in (task, *_steps(task)) if _is_forked(each)]


def _steps(task: PlannedTask) -> tuple[PlannedTask, ...]:
    """The steps of a for_each, unless it is known to have no items."""
    known = [argument.value for argument in task.arguments if argument.name == "inputs" and not argument.late] if task.steps else []
    return task.steps if task.disabled is None and (not known or items_of(known[0])) else ()


def _is_forked(task: PlannedTask) -> bool:
    work = task.work
    if isinstance(work, SqlWork):
        return task.disabled is None
    return isinstance(work, NotebookWork) and work.kernel == NATIVE and task.disabled is None and may_fork(work.notebook)


def _sources(notebook: Notebook) -> list[str]:
    return [cell["source"] for cell in notebook.document["cells"] if cell["cell_type"] == "code"]
