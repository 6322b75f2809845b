"""Which kernels may be forked, and what is imported ahead for them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nbflow.core.flow import Operator, RunIf
from nbflow.core.values import ValueType
from nbflow.define.notebooks.file import read_notebook
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.pipelines.flow import Dependency
from nbflow.define.sql_file import SqlFile, Statement
from nbflow.plan.engines import PlannedEngine
from nbflow.plan.plan import Argument, Plan, PlannedTask
from nbflow.plan.preload import all_preloads, forks_pay, may_fork, needs_kernels, preloads
from nbflow.plan.work import ConditionWork, ForEachWork, NotebookWork, SqlWork

SPARK = {"pyspark.sql", "pyspark.sql.functions", "py4j.clientserver"}


def notebook(folder: Path, *sources: str) -> Notebook:
    """A notebook with these cells."""
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(sources)
    ]
    path = folder / "n.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return read_notebook(path)


def task(key: str, of: Notebook, kernel: str = "python3") -> PlannedTask:
    """A task that runs it."""
    return PlannedTask(key, NotebookWork(of, kernel))


@pytest.mark.parametrize(
    ("source", "engine", "expected"),
    [
        ("import json, pandas as pd", "none", {"numpy", "pandas"}),
        ("import os\n\nimport pandas", "none", {"numpy", "pandas"}),
        ("x = 1\n\n\ny = spark.table('t').toPandas()", "spark", {*SPARK, "numpy", "pandas", "pyarrow"}),
        ("from matplotlib import pyplot", "none", {"matplotlib.figure", "matplotlib.backends.backend_agg"}),
        ("def plot():\n    from matplotlib import pyplot\n    spark.table('t').toPandas()", "spark", SPARK),
        ("x = 'import pandas'\nimport mine", "spark", set()),
        ("spark.sql('select 1')", "spark", SPARK),
        (
            "spark.sql('select 1')",
            "sail",
            {"pyspark.sql", "pyspark.sql.functions", "pyspark.sql.connect.session", "pyspark.sql.connect.functions"},
        ),
        ("import pyspark", "none", SPARK),
        ("spark.table('t').toPandas()", "spark", {*SPARK, "numpy", "pandas", "pyarrow"}),
    ],
)
def test_what_a_notebook_will_import(tmp_path: Path, source: str, engine: str, expected: set[str]) -> None:
    """Known packages, where a line of its code imports them, and its engine's side of Spark; modules of its own never."""
    assert set(preloads(notebook(tmp_path, source), engine)) == expected


@pytest.mark.parametrize(
    ("source", "forks"),
    [
        ("import pandas", True),
        ("pipeline = 'x'", True),
        ("%pip install pandas==2.1", False),
        ("!python -m pip install x", False),
        ("import os\nos.environ['OMP_NUM_THREADS'] = '1'", False),
        ("%env MPLBACKEND agg", False),
        ("os.environ['MY_NUMBER'] = '1'", True),
        ("import sys\nsys.path.insert(0, '../vendored')", False),
        ("sys.path[:0] = ['lib']", False),
        ("sys.path = ['lib', *sys.path]", False),
        ("sys.path.append('../lib')\nprint(sys.path)\nassert sys.path == sys.path", True),
    ],
)
def test_what_must_come_before_imports_forbids_a_fork(tmp_path: Path, source: str, forks: bool) -> None:
    """Packages that the notebook installs, variables that libraries read when they are imported, and folders before theirs."""
    assert may_fork(notebook(tmp_path, source)) is forks


def test_it_pays_for_more_than_one_kernel(tmp_path: Path) -> None:
    """Of nbflow's own Python, and of tasks that take part; a for_each has many."""
    plain, installing = notebook(tmp_path, "1"), notebook(tmp_path, "%pip install x")
    one = task("a", plain)
    assert not forks_pay(Plan("p", (one,)))
    assert not forks_pay(Plan("p", (one, task("b", plain, "ir"), task("c", installing), replace(task("d", plain), disabled="x"))))
    assert forks_pay(Plan("p", (one, task("b", plain))))
    loop = PlannedTask("loop", ForEachWork((one,), 1, "[1, 2]", tmp_path))
    assert forks_pay(Plan("p", (loop,)))


def test_no_process_is_begun_for_kernels_that_a_condition_may_leave_out(tmp_path: Path) -> None:
    """Nor for those that only a failure asks for, nor for no items: what comes to be needed after all is begun then."""
    of = notebook(tmp_path, "1")
    gate = PlannedTask("gate", ConditionWork(Operator.EQUAL_TO, "", tmp_path))
    yes = replace(task("yes", of), depends_on=("gate",), edges=(Dependency("gate", "true"),))
    below = replace(task("below", of), depends_on=("yes",), run_if=RunIf.ALL_DONE)
    mend = replace(task("mend", of), depends_on=("gate",), edges=(Dependency("gate", run_if="FAILED"),))
    failed = replace(task("failed", of), depends_on=("gate",), run_if=RunIf.ALL_FAILED)
    left_out = (gate, yes, below, mend, failed)
    assert forks_pay(Plan("p", left_out)) and not needs_kernels(Plan("p", left_out))
    for sure in (
        task("root", of),
        replace(task("after", of), depends_on=("gate",)),
        replace(task("beside", of), depends_on=("yes", "gate"), run_if=RunIf.ALL_DONE),
        PlannedTask("loop", ForEachWork((task("one", of),), 1, "[1, 2]", tmp_path), depends_on=("gate",)),
    ):
        assert needs_kernels(Plan("p", (*left_out, sure)))
    inside = PlannedTask("loop", ForEachWork((gate, yes), 1, "[1, 2]", tmp_path))
    below_yes = PlannedTask("loop", ForEachWork((task("one", of),), 1, "[1]", tmp_path), depends_on=("yes",))
    nothing = replace(below_yes, depends_on=(), arguments=(Argument("inputs", [], ValueType("str"), "task"),))
    for unsure in (inside, below_yes, nothing, replace(task("off", of), disabled="x")):
        assert not needs_kernels(Plan("p", (*left_out, unsure)))
    assert not forks_pay(Plan("p", (nothing,)))


def test_a_run_s_modules_come_in_the_order_of_its_tasks(tmp_path: Path) -> None:
    """Each once; those that no task needs at its beginning come last, so that nobody waits for them."""
    first, second = notebook(tmp_path, "if x:\n    import pandas\nimport pyarrow"), notebook(tmp_path, "import numpy\nimport pyarrow")
    assert all_preloads(Plan("p", (task("a", first), task("b", second)))) == ("pyarrow", "numpy", "pandas")
    third = notebook(tmp_path, "spark.sql('select 1')\ndef f():\n    return spark.table('t').toPandas()")
    assert all_preloads(Plan("p", (task("c", third),))) == (*preloads(third, "spark"), "numpy", "pandas", "pyarrow")


def test_tasks_of_sql_come_from_there_too(tmp_path: Path) -> None:
    """With their engine's side of PySpark, which loads no NumPy."""
    file = SqlFile(tmp_path / "q.sql", "0", (Statement("SELECT 1", 1),))
    one, two = (PlannedTask(key, SqlWork(file)) for key in "ab")
    assert not forks_pay(Plan("p", (one,)))
    assert forks_pay(Plan("p", (one, two))) and forks_pay(Plan("p", (one, task("n", notebook(tmp_path, "1")))))
    assert {"pyspark.sql", "pyspark.java_gateway"} < set(all_preloads(Plan("p", (one, two)))) and "numpy" not in all_preloads(
        Plan("p", (one, two))
    )
    connect = all_preloads(Plan("p", (one,), engines=(PlannedEngine(name="sail"),)))
    assert "pyspark.sql.connect.session" in connect and "pyspark.java_gateway" not in connect
