"""Which value a task gets: precedence, conversion, and what is refused before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.errors import DefinitionError
from nbflow.core.values import ValueType
from nbflow.define.notebook import Notebook
from nbflow.define.parameters import Parameter
from nbflow.define.pipeline import Pipeline, Place, Task
from nbflow.define.settings import Settings
from nbflow.plan.build import Request, build_plan
from nbflow.plan.plan import Plan

DECLARED = (
    Parameter("layer", default="bronze", choices=("bronze", "silver"), widget="dropdown"),
    Parameter("limit", ValueType("int"), 100, minimum=1, maximum=1000),
    Parameter("source", ValueType("path"), Path("data.csv"), widget="path"),
    Parameter("day", ValueType("date")),
)
NOTEBOOK = Notebook(Path("/w/notebooks/n.ipynb"), {"cells": [], "metadata": {}}, "0", parameters=DECLARED, parameters_cell=0, declares=True)
FREE = Notebook(Path("/w/notebooks/free.ipynb"), {"cells": [], "metadata": {}}, "0")


def plan(
    task: Mapping[str, Any] | None = None, shared: Mapping[str, Any] | None = None, given: Mapping[str, Any] | None = None,
    notebook: Notebook = NOTEBOOK, tasks: tuple[Task, ...] | None = None, kernels: Mapping[str, str] | None = None,
) -> Plan:  # fmt: skip
    """The Plan of a pipeline of one task, or of ``tasks``, in /w/pipelines; the shell stands in /shell."""
    places = {f"parameters.{name}": Place("p.yml", 7, f"tasks[0].parameters.{name}") for name in task or {}}
    tasks = tasks or (Task("t", "n", task or {}, places=places),)
    pipeline = Pipeline("p", tasks, shared or {}, file=Path("/w/pipelines/p.yml"))
    notebooks = {item.task_key: notebook for item in tasks}
    return build_plan(pipeline, notebooks, Request(given or {}, Path("/shell")), Settings(), lambda: kernels or {})


def values(made: Plan) -> dict[str, tuple[Any, str]]:
    """The values and origins of the first task's arguments."""
    return {argument.name: (argument.value, argument.origin) for argument in made.tasks[0].arguments}


def mistakes(**call: Any) -> list[str]:
    """What is wrong with the plan that ``call`` asks for."""
    with pytest.raises(DefinitionError) as caught:
        plan(**call)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_the_run_wins_over_the_pipeline_over_the_task_over_the_notebook() -> None:
    """Databricks' precedence, name by name."""
    found = values(plan({"limit": 1, "layer": "silver"}, {"limit": 2}, {"day": "2026-01-31"}))
    assert found["limit"] == (2, "pipeline")
    assert found["layer"] == ("silver", "task")
    assert found["source"] == (Path("data.csv"), "notebook")
    assert str(found["day"][0]) == "2026-01-31" and found["day"][1] == "run"
    assert values(plan({"limit": 1}, {"limit": 2}, {"limit": "3"}))["limit"] == (3, "run")


def test_a_pipeline_s_parameter_reaches_only_notebooks_that_declare_it() -> None:
    """And is no mistake in the others."""
    assert "other" not in values(plan(shared={"other": 1}))
    assert values(plan(shared={"other": 1}, notebook=FREE)) == {}
    assert values(plan(given={"x": "1"}, notebook=FREE)) == {"x": ("1", "run")}


def test_a_path_starts_where_it_was_written() -> None:
    """From the shell's folder for the run's values, from the file's for YAML, through references too."""
    assert values(plan({"source": "../data/x.csv"}))["source"][0] == Path("/w/data/x.csv")
    assert values(plan(given={"source": "x.csv"}))["source"][0] == Path("/shell/x.csv")
    through = {"source": "{{job.parameters.input}}"}
    assert values(plan(through, {"input": "a.csv"}))["source"][0] == Path("/w/pipelines/a.csv")
    assert values(plan(through, {"input": "a.csv"}, {"input": "b.csv"}))["source"][0] == Path("/shell/b.csv")


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"layre": "x"}, ["p.yml:7: tasks[0].parameters.layre", "no parameter 'layre'", "did you mean 'layer'?"]),
        ({"layer": "gold"}, ["p.yml:7", "none of the choices bronze, silver"]),
        ({"limit": "many"}, ["'limit'", "expected a whole number, got 'many'"]),
        ({"limit": 0}, ["0 is less than 1"]),
        ({"limit": 2000}, ["2000 is more than 1000"]),
        ({"day": "31.1."}, ["expected a date"]),
        ({"layer": "{{job.parameters.x}}"}, ["the pipeline has no parameter 'x'"]),
        ({"layer": "{{tasks.zz.values.k}}"}, ["no task 'zz'"]),
    ],
)
def test_what_is_wrong_is_told_with_its_place(task: Mapping[str, Any], words: list[str]) -> None:
    """File, line, key, and a suggestion."""
    (found,) = mistakes(task=task)
    for word in words:
        assert word in found


def test_every_mistake_comes_at_once() -> None:
    """Of all parameters, and of the call."""
    assert len(mistakes(task={"limit": "many", "layer": "gold", "zz": 1}, given={"dya": 1})) == 4


def test_a_reference_must_come_from_before() -> None:
    """A task that does not run before is a mistake; one that does is late."""
    one, two = Task("one", "n"), Task("two", "n", {"limit": "{{tasks.one.values.k}}"})
    assert "does not run before" in mistakes(tasks=(one, two))[0]
    late = plan(tasks=(one, Task("two", "n", {"limit": "{{tasks.one.values.k}}"}, ["one"]))).task("two").arguments[1]
    assert (late.late, late.value) == (True, "{{tasks.one.values.k}}")


def test_tasks_follow_what_they_depend_on() -> None:
    """Whatever their order in the file."""
    made = plan(tasks=(Task("c", "n", depends_on=["b"]), Task("b", "n", depends_on=["a"]), Task("a", "n")))
    assert [task.task_key for task in made.tasks] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("kernel", "language", "named", "expected"),
    [
        (None, None, None, "python3"), ("python3", "python", None, "python3"), (None, "python", None, "python3"), (None, "bash", None, "bash"),
        ("bash", "bash", None, "bash"), ("conda-env", "python", "python3", "python3"),
    ],
)  # fmt: skip
def test_the_kernel_is_the_named_one_else_the_notebook_s_else_its_language_s(kernel: str | None, language: str | None, named: str | None, expected: str) -> None:
    """A choice among what is installed."""
    notebook = Notebook(Path("/n.ipynb"), {"cells": [], "metadata": {}}, "0", kernel, language)
    assert plan(tasks=(Task("t", "n", kernel=named),), notebook=notebook, kernels={"bash": "bash"}).tasks[0].kernel == expected


def test_a_kernel_that_is_not_there_is_told_with_those_that_are() -> None:
    """Before anything starts."""
    notebook = Notebook(Path("/n.ipynb"), {"cells": [], "metadata": {}}, "0", "conda-env", "python")
    (found,) = mistakes(notebook=notebook, kernels={"bash": "bash"})
    assert "'conda-env' is not installed; there are bash, python3" in found
