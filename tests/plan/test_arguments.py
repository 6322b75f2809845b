"""Which value a task gets: precedence, conversion, and what is refused before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.errors import DefinitionError
from nbflow.core.values import ValueType
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.notebooks.parameters import Parameter
from nbflow.define.pipelines.pipeline import Pipeline, Place, Task
from nbflow.define.settings import Settings
from nbflow.plan.arguments import fit
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


def test_a_pipeline_s_parameter_is_a_widget_of_who_asks_for_widgets() -> None:
    """As on Databricks, where ``get`` works in a job without a declaration; no variable comes of it, and what nobody speaks of is told."""
    cell = {"cell_type": "code", "metadata": {}, "source": "dbutils.widgets.get('day')"}
    asking = Notebook(Path("/w/n.ipynb"), {"cells": [cell]}, "0")
    for notebook in (asking, replace(asking, document={"cells": [{**cell, "source": "select :day"}]}, databricks=True)):
        made = plan(shared={"day": "x", "dya": 1}, notebook=notebook)
        assert [(item.name, item.value, item.origin, item.assigned) for item in made.tasks[0].arguments] == [
            ("day", "x", "pipeline", False), ("dya", 1, "pipeline", False),
        ]  # fmt: skip
        assert [warning.key for warning in made.warnings] == ["parameters.dya"]
    other = [{**cell, "source": "import ipywidgets as widgets\nlimit = 3"}, {**cell, "source": "print(limit)"}]
    silent = plan(shared={"limit": 5}, notebook=replace(asking, document={"cells": other}))
    assert silent.tasks[0].arguments == () and [warning.key for warning in silent.warnings] == ["parameters.limit"]
    included = replace(asking, document={"cells": [{**cell, "source": "%run ./lib.ipynb"}]})
    assert [item.name for item in plan(shared={"day": "x"}, notebook=included).tasks[0].arguments] == ["day"]
    two = (Task("a", "n"), Task("b", "n", {"n": "{{job.parameters.rows}}"}, depends_on=["a"]))
    late = plan(shared={"rows": "{{tasks.a.values.rows}}", "run": "{{job.run_id}}"}, notebook=asking, tasks=two)
    assert [[item.name for item in task.arguments] for task in late.tasks] == [["run"], ["n", "run"]]
    told = plan({"day": "mine"}, {"day": "x"}, notebook=asking).tasks[0].arguments
    assert [(item.value, item.origin, item.assigned) for item in told] == [("x", "pipeline", True)]
    assert values(plan(shared={"day": "x"}, notebook=replace(asking, declares=True))) == {}


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


def test_a_kernel_that_is_not_there_is_told_with_those_that_are() -> None:
    """Before anything starts."""
    notebook = Notebook(Path("/n.ipynb"), {"cells": [], "metadata": {}}, "0", "conda-env", "python")
    (found,) = mistakes(notebook=notebook, kernels={"bash": "bash"})
    assert "'conda-env' is not installed; there are bash, python3" in found


def declaring(*parameters: Parameter) -> Notebook:
    """A notebook that declares these."""
    return Notebook(NOTEBOOK.path, NOTEBOOK.document, "0", parameters=parameters, parameters_cell=0, declares=True)


def test_every_path_in_a_value_becomes_absolute() -> None:
    """In lists and maps too; a path that is absolute, or in somebody's home, stays there."""
    notebook = declaring(
        Parameter("many", ValueType.parse("list[path]"), []),
        Parameter("named", ValueType.parse("dict[str, path]"), {}),
        Parameter("pair", ValueType.parse("tuple[path, int]"), None),
        Parameter("maybe", ValueType.parse("path?"), None),
        Parameter("home", ValueType("path"), Path("x")),
        Parameter("nobody", ValueType("path"), Path("x")),
    )
    task = {
        "many": ["a.csv", "/b.csv"],
        "named": {"x": "../c"},
        "pair": ["d", 1],
        "maybe": None,
        "home": "~/e",
        "nobody": "~no-such-user/f",
    }
    found = {name: value for name, (value, _) in values(plan(task, notebook=notebook)).items()}
    assert found == {
        "many": [Path("/w/pipelines/a.csv"), Path("/b.csv")],
        "named": {"x": Path("/w/c")},
        "pair": (Path("/w/pipelines/d"), 1),
        "maybe": None,
        "home": Path.home() / "e",
        "nobody": Path("/w/pipelines/~no-such-user/f"),
    }


def test_a_late_path_keeps_the_folder_where_it_starts() -> None:
    """The run completes it by the same rule."""
    late = plan({"source": "{{job.run_id}}/x.csv"}).tasks[0].arguments[2]
    assert (late.late, fit("7/x.csv", late)) == (True, Path("/w/pipelines/7/x.csv"))
    late = plan({"source": "{{job.parameters.folder}}/{{job.run_id}}"}, {"folder": "a"}, {"folder": "b"}).tasks[0].arguments[2]
    assert fit("b/7", late) == Path("/shell/b/7")


@pytest.mark.parametrize(
    ("choices", "kind", "given", "value"),
    [
        ((10, "all"), "any", "all", "all"), ((10, "all"), "any", "10", 10), ((10, "all"), "any", 10, 10), ((1, 0.5), "any", "0.50", 0.5),
        ((None, "a"), "str?", "None", None), ((10, None, "a"), "any", "None", None), ((True, "auto"), "any", "true", True), (("10", 10), "any", "10", "10"),
        ((1, 2), "int", "2", 2), ((1, "two", 3), "list", "1,two", [1, "two"]), ((1, 2), "list[int]", "2", [2]), ((1, 2), "list", [], []),
    ],
)  # fmt: skip
def test_a_choice_is_made_by_what_it_looks_like(choices: tuple[Any, ...], kind: str, given: Any, value: Any) -> None:
    """Choices of several types are picked by their text; each comes out as it was written in the notebook."""
    widget = "multiselect" if kind.startswith("list") else "dropdown"
    notebook = declaring(Parameter("x", ValueType.parse(kind), choices[0], choices=choices, widget=widget))
    found = values(plan(given={"x": given}, notebook=notebook))["x"][0]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("parameter", "given", "words"),
    [
        (Parameter("x", ValueType("any"), 10, choices=(10, "all")), "11", "'11' is none of the choices 10, all"),
        (Parameter("x", choices=("a,b", "c"), widget="multiselect"), "c,d", "'d' is none of the choices"),
        (Parameter("x", ValueType.parse("list[int]"), [], choices=(1, 2), widget="multiselect"), "1,5", "5 is none of the choices 1, 2"),
        (Parameter("x", ValueType("float"), 1.0, minimum=0), "nan", "nan is less than 0"),
        (Parameter("x", ValueType("float"), 1.0, maximum=0), "nan", "nan is more than 0"),
        (Parameter("x", ValueType("float"), 1.0, maximum=5), "inf", "inf is more than 5"),
        (Parameter("x", ValueType("date"), None, minimum=date(2026, 1, 1)), "2025-12-31", "2025-12-31 is less than 2026-01-01"),
        (Parameter("x", ValueType("path"), None), "a\0b", "expected a path"),
        (Parameter("x", ValueType("int"), 1), None, "got nothing"),
        (Parameter("x", ValueType.parse("list[int]"), []), "[" * 100_000, "expected a list"),
    ],
)
def test_what_a_declaration_does_not_allow_is_refused(parameter: Parameter, given: Any, words: str) -> None:
    """Choices and limits of every type; one mistake under the option's name."""
    (found,) = mistakes(given={"x": given}, notebook=declaring(parameter))
    assert found.startswith("-p x: parameter 'x': ")
    assert words in found


def test_a_parameter_that_refers_is_checked_where_it_ends() -> None:
    """Through the pipeline's parameter, with the place of the task's value."""
    (found,) = mistakes(task={"limit": "{{job.parameters.most}}"}, shared={"most": "many"})
    assert found.startswith("p.yml:7: tasks[0].parameters.limit: parameter 'limit': expected a whole number, got 'many'")


@given(st.sampled_from(["1", "5", "x", 5, 5.0, 5.5, True, None, "", [1], "{{job.run_id}}"]), st.sampled_from(["task", "shared", "given"]))
def test_a_value_is_the_same_wherever_it_is_given(value: Any, where: str) -> None:
    """One conversion for the file, the pipeline's parameter and the call."""
    made: Any
    try:
        made = values(plan(**{where: {"limit": value}}))["limit"][0]
    except DefinitionError as error:
        made = str(error.mistakes[0].message)
    expected = {"1": 1, "5": 5, "5.0": 5, "{{job.run_id}}": "{{job.run_id}}"}.get(str(value))
    assert made == expected if expected is not None else "expected a whole number" in made
