"""From a pipeline, its notebooks and a request to a Plan, or to every mistake in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
from nbflow.plan.build import Request, build_plan
from nbflow.plan.plan import Plan
from nbflow.plan.select import Selection
from nbflow.plan.work import NotebookWork

DAY = Notebook(
    Path("/w/notebooks/day.ipynb"), {}, "0", parameters=(Parameter("day", default="x"), Parameter("n", ValueType("int"), 1)), declares=True
)
FREE = Notebook(Path("/w/notebooks/free.ipynb"), {}, "0")
HERE = Path("/shell")


def plan(
    *tasks: Task, shared: Mapping[str, Any] | None = None, given: Mapping[str, Any] | None = None, only: tuple[str, ...] = (),
    settings: Settings | None = None, notebooks: Mapping[str, Notebook] | None = None, places: Mapping[str, Place] | None = None,
) -> Plan:  # fmt: skip
    """The Plan of a pipeline of ``tasks``, whose notebooks declare ``day`` and ``n`` unless they are named."""
    pipeline = Pipeline("p", tasks, shared or {}, places=places or {})
    found = {task.task_key: DAY for task in tasks} if notebooks is None else notebooks
    return build_plan(pipeline, found, Request(given or {}, HERE, Selection(only)), settings or Settings(), dict)


def mistakes(*tasks: Task, **call: Any) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(DefinitionError) as caught:
        plan(*tasks, **call)
    return [str(mistake) for mistake in caught.value.mistakes]


def at(line: int, name: str) -> Mapping[str, Place]:
    """The places of a task one of whose parameters stands in this line."""
    return {f"parameters.{name}": Place("p.yml", line, f"parameters.{name}")}


def test_a_task_takes_its_limits_with_it() -> None:
    """Every field of the task that the run needs, and the settings where the task says nothing."""
    task = Task("t", "n", max_retries=3, min_retry_interval_millis=7, retry_on_timeout=True, timeout_seconds=9, description="d")
    (found,) = plan(task, settings=Settings(cell_timeout_seconds=60, kernel="python3")).tasks
    assert (found.max_retries, found.min_retry_interval_millis, found.retry_on_timeout, found.timeout_seconds) == (3, 7, True, 9)
    assert (found.description, found.cell_timeout_seconds, found.work) == ("d", 60, NotebookWork(DAY, "python3"))
    assert plan(Task("t", "n", cell_timeout_seconds=5), settings=Settings(cell_timeout_seconds=60)).tasks[0].cell_timeout_seconds == 5


def test_what_is_not_selected_is_left_out_and_counts_as_done() -> None:
    """The plan names it, and nobody waits for it."""
    made = plan(Task("a", "n"), Task("b", "n", depends_on=["a"]), Task("c", "n", depends_on=["b", "a"]), only=("b+",))
    assert [(task.task_key, task.depends_on) for task in made.tasks] == [("b", ()), ("c", ("b",))]
    assert made.left_out == ("a",)


def test_a_selector_that_names_nothing_is_a_mistake() -> None:
    """Beside the others."""
    found = mistakes(Task("bronze", "n"), only=("bronz",), given={"dya": 1})
    assert found == [
        "--only bronz: the pipeline has no task 'bronz' (did you mean 'bronze'?)",
        "-p dya: p has no parameter 'dya' (did you mean 'day'?)",
    ]


def test_mistakes_stand_in_the_order_of_the_file() -> None:
    """Not in that of the notebook's declarations, nor of the kinds of mistakes; each once."""
    tasks = (
        Task("a", "n", {"n": "x", "day": "{{tasks.zz.values.k}}"}, places={**at(9, "n"), **at(5, "day")}),
        Task("b", "n", {"dya": 1}, places=at(7, "dya")),
        Task("c", "n", {"n": "x"}, places=at(9, "n")),
    )
    assert [text.split(":")[1] for text in mistakes(*tasks)] == ["5", "7", "9"]


def test_a_value_that_fits_no_notebook_is_told_once() -> None:
    """However many tasks it reaches."""
    found = mistakes(Task("a", "n"), Task("b", "n"), shared={"n": "many"}, places={"parameters.n": Place("p.yml", 2, "parameters.n")})
    assert found == ["p.yml:2: parameters.n: parameter 'n': expected a whole number, got 'many'"]


def test_a_notebook_that_is_missing_causes_no_further_mistakes() -> None:
    """Its names are not known, so that nothing can be said of values for it; what is known is told all the same."""
    tasks = (Task("gone", "x", {"any": 1}), Task("t", "n", {"n": "x"}, depends_on=["gone"]))
    found = mistakes(*tasks, shared={"idle": 1}, given={"other": 1}, notebooks={"t": DAY})
    assert len(found) == 1
    assert "expected a whole number" in found[0]


@pytest.mark.parametrize(
    ("task", "shared", "warned"),
    [
        ({}, {"dya": 1}, ["p.yml:3: parameters.dya: has no effect here: no notebook declares it, and nothing refers to it (did you mean 'day'?)"]),
        ({}, {"day": "y"}, []),
        ({"day": "{{job.parameters.other}}"}, {"other": "y"}, []),
        ({"day": "{{ job.parameters.`other` }}-x"}, {"other": "y"}, []),
    ],
)  # fmt: skip
def test_a_pipelines_parameter_that_nothing_uses_is_a_warning(
    task: Mapping[str, Any], shared: Mapping[str, Any], warned: list[str]
) -> None:
    """Neither declared nor referred to: most likely a slip."""
    places = {f"parameters.{name}": Place("p.yml", 3, f"parameters.{name}") for name in shared}
    assert list(map(str, plan(Task("t", "n", task), shared=shared, places=places).warnings)) == warned


def test_parameters_of_notebooks_that_declare_nothing_need_the_task_to_name_them() -> None:
    """The task's own name is overridden; a parameter that no task names reaches nothing."""
    made = plan(Task("t", "n", {"x": 1}), shared={"x": 2, "y": 3}, notebooks={"t": FREE})
    assert [(item.name, item.value, item.origin) for item in made.tasks[0].arguments] == [("x", 2, "pipeline")]
    assert [(warning.key, warning.message.split(",")[0]) for warning in made.warnings] == [
        ("t.parameters.x", "has no effect here: the pipeline's parameter 'x' replaces it"),
        ("parameters.y", "has no effect here: no notebook declares it"),
        ("t.notebook", "free.ipynb has no cell tagged 'parameters': what it is given (x) goes in at its top"),
    ]


def test_a_value_for_a_task_that_takes_no_part_is_a_warning() -> None:
    """``-p`` of a name that only tasks left out declare."""
    other = Notebook(Path("/o.ipynb"), {}, "0", declares=True)
    call: dict[str, Any] = {"given": {"n": "5"}, "notebooks": {"a": other, "b": DAY}}
    assert list(map(str, plan(Task("a", "n"), Task("b", "n"), only=("a",), **call).warnings)) == [
        "-p n: has no effect here: no task that takes part uses it"
    ]
    assert list(plan(Task("a", "n"), Task("b", "n"), **call).warnings) == []


def test_what_takes_no_part_is_not_held_against_the_run() -> None:
    """A broken reference in a task that is left out, or in a default that the run replaces."""
    broken = "{{job.parameters.x | upper}}"
    assert plan(Task("a", "n"), Task("b", "n", {"day": broken}), only=("a",)).left_out == ("b",)
    assert plan(Task("a", "n"), shared={"day": broken}, given={"day": "y"}).tasks[0].arguments[0].value == "y"
    assert len(mistakes(Task("a", "n", {"day": broken}))) == 1


def test_the_plan_of_ten_thousand_tasks_is_made() -> None:
    """In a row, each with a reference to the one before it and thousands of parameters around: nothing grows with the square."""
    count = 10_000
    tasks = [Task(f"t{n}", "n", {"n": f"{{{{tasks.t{n - 1}.values.k}}}}"} if n else {}, [f"t{n - 1}"] if n else []) for n in range(count)]
    made = plan(*reversed(tasks), shared={f"p{n}": n for n in range(3000)})
    assert [task.task_key for task in made.tasks] == [f"t{n}" for n in range(count)]
    unknown = [Task(f"t{n}", "n", {"n": f"{{{{tasks.q{n}.values.k}}}}"}) for n in range(3000)]
    assert len(mistakes(*unknown)) == 3000


ORIGINS = st.lists(st.sampled_from(["run", "pipeline", "task"]), unique=True)


@given(st.dictionaries(st.sampled_from(["day", "n"]), ORIGINS))
def test_precedence_is_that_of_the_table(origins: dict[str, list[str]]) -> None:
    """Name by name: the run over the pipeline over the task over the notebook."""
    rank = ["run", "pipeline", "task", "notebook"]
    values = {origin: {name: str(rank.index(origin)) for name, given in origins.items() if origin in given} for origin in rank[:3]}
    made = plan(Task("t", "n", values["task"]), shared=values["pipeline"], given=values["run"])
    for argument in made.tasks[0].arguments:
        expected = min([*origins.get(argument.name, []), "notebook"], key=rank.index)
        assert argument.origin == expected
        if expected != "notebook":
            assert str(argument.value) == str(rank.index(expected))


BASH = Notebook(Path("/w/notebooks/shell.ipynb"), {}, "0", language="bash", kernel="python3")


def test_what_the_call_says_wins_over_the_task() -> None:
    """A kernel or a limit of a cell that the call names is for all tasks; one of the workspace is for those that name none."""
    task = Task("t", "n", kernel="python3", cell_timeout_seconds=5)
    kept, asked = Settings(kernel="R", cell_timeout_seconds=60), frozenset({"kernel", "cell_timeout_seconds"})
    assert (plan(task, settings=kept).tasks[0].work.kernel, plan(task, settings=kept).tasks[0].cell_timeout_seconds) == ("python3", 5)
    told = mistakes(task, settings=replace(kept, of_call=asked))
    assert len(told) == 1 and told[0].startswith("--kernel: ") and "'R'" in told[0]
    (found,) = plan(task, settings=replace(kept, kernel="python", of_call=asked)).tasks
    assert (found.work.kernel, found.cell_timeout_seconds) == ("python3", 60)


def test_a_name_that_no_variable_can_bear_is_refused() -> None:
    """Where a notebook of another language gets it, since nothing else could read it there; widgets of Python may have it."""
    (told,) = mistakes(Task("t", "n", {"my-name": 1}), notebooks={"t": BASH})
    assert "'my-name'" in told and "bash" in told
    (told,) = mistakes(Task("t", "n"), given={"my-name": 1}, notebooks={"t": BASH})
    assert "no parameter 'my-name'" in told
    both = plan(Task("t", "n"), Task("u", "n"), given={"my-name": 1}, notebooks={"t": BASH, "u": FREE})
    assert [[argument.name for argument in task.arguments] for task in both.tasks] == [[], ["my-name"]]


@given(st.data())
def test_the_order_of_two_tasks_does_not_hang_on_those_between(data: st.DataObject) -> None:
    """Whatever is left out: of two that take part one comes before the other exactly where it does in the whole pipeline."""
    keys = [f"t{n}" for n in range(data.draw(st.integers(1, 7)))]
    tasks = [
        Task(key, "n", depends_on=data.draw(st.lists(st.sampled_from(keys[:n]), unique=True)) if n else []) for n, key in enumerate(keys)
    ]
    chosen = data.draw(st.lists(st.sampled_from(keys), min_size=1, unique=True))
    before = closure({task.task_key: list(task.depends_on) for task in tasks})
    made = plan(*tasks, only=tuple(chosen))
    assert closure({task.task_key: list(task.depends_on) for task in made.tasks}) == {
        key: before[key] & set(chosen) for key in chosen
    }  # fmt: skip


def closure(edges: Mapping[str, list[str]]) -> dict[str, set[str]]:
    """All that comes before each key, by going round until nothing changes."""
    found = {key: set(parents) for key, parents in edges.items()}
    for _ in edges:
        found = {key: parents.union(*(found[parent] for parent in parents)) for key, parents in found.items()}
    return found


def test_references_are_checked_wherever_the_value_was_written() -> None:
    """In a pipeline's parameter and in ``-p``, with the place of each."""
    places = {"parameters.day": Place("p.yml", 2, "parameters.day")}
    text = "{{tasks.nope.values.k}}"
    (told,) = mistakes(Task("t", "n"), shared={"day": text}, places=places)
    assert told.startswith("p.yml:2: parameters.day: ") and "no task 'nope'" in told
    (told,) = mistakes(Task("t", "n"), given={"day": text})
    assert told.startswith("-p day: ") and "no task 'nope'" in told
    told = "\n".join(mistakes(Task("a", "n"), Task("t", "n"), shared={"day": "{{tasks.a.values.k}}"}))
    assert "task 'a' does not run before 'a'" in told and "task 'a' does not run before 't'" in told


def test_a_value_that_another_replaces_is_told_and_checked() -> None:
    """It has no effect, by Databricks' order; and what does not fit is wrong all the same."""
    made = plan(Task("t", "n", {"n": 7}), given={"n": "5"})
    assert [str(warning) for warning in made.warnings] == ["t.parameters.n: has no effect here: -p n replaces it"]
    (told,) = mistakes(Task("t", "n", {"n": "many"}), shared={"n": 5})
    assert "t.parameters.n" in told and "many" in told


def test_no_limit_of_a_cell_is_a_limit_too() -> None:
    """A task that says 0 has none, whatever the settings say."""
    kept = Settings(cell_timeout_seconds=60)
    assert [plan(Task("t", "n", cell_timeout_seconds=said), settings=kept).tasks[0].cell_timeout_seconds for said in (None, 0, 5)] == [
        60,
        0,
        5,
    ]


def test_what_sail_does_otherwise_is_a_warning_where_sail_is_the_engine() -> None:
    """With the notebook, the cell and its line, once for a notebook that two tasks run; with another engine nothing."""
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "df.rdd"},
        {"cell_type": "code", "metadata": {}, "source": "df = spark.range(3)\nprint(df.rdd)"},
    ]
    notebook = Notebook(Path("/w/n.ipynb"), {"cells": cells}, "0", kernel="python3", language="python", uses_spark=True)
    tasks, given = (Task("a", "n"), Task("b", "n")), {"a": notebook, "b": notebook}
    (warning,) = plan(*tasks, settings=Settings(engine="sail"), notebooks=given).warnings
    assert (warning.file, warning.key) == ("/w/n.ipynb", "cells[1]")
    assert warning.message.endswith("(cell 2, line 2)")
    assert not plan(*tasks, notebooks=given).warnings


def test_every_name_in_a_choice_is_checked() -> None:
    """Each of its tasks must come before, and only one of SQL has an output."""
    (told,) = mistakes(Task("a", "n"), Task("t", "n", {"day": "{{tasks.a.values.k ?? tasks.b.values.k ?? 1}}"}, ["a"]))
    assert "no task 'b'" in told
    (told,) = mistakes(Task("a", "n"), Task("t", "n", {"day": "{{tasks.a.output.rows}}"}, ["a"]))
    assert "task 'a' has no output; tasks of SQL have one" in told


def test_the_logical_date_is_known_before_the_run() -> None:
    """In the pipeline's zone; a wrong one is told with all other mistakes."""
    pipeline = Pipeline("p", [Task("t", "n", {"day": "{{job.data_interval.end.iso_date}}"})], timezone="Europe/Berlin")
    made = build_plan(pipeline, {"t": DAY}, Request({}, HERE, logical_date="2026-01-31"), Settings(), dict)
    assert made.tasks[0].arguments[0].value == "2026-02-01" and made.interval is not None
    assert made.interval.start.isoformat() == "2026-01-31T00:00:00+01:00"
    with pytest.raises(DefinitionError) as caught:
        build_plan(pipeline, {"t": DAY}, Request({"dya": 1}, HERE, logical_date="yesterday"), Settings(), dict)
    assert [mistake.key for mistake in caught.value.mistakes] == ["--logical-date", "-p dya"]


def test_a_databricks_notebook_gets_widgets_and_no_variables() -> None:
    """What it does not declare is no variable there, and nothing to be warned of."""
    made = plan(Task("t", "n", {"x": 1}), notebooks={"t": replace(FREE, databricks=True)})
    assert [(argument.name, argument.assigned) for argument in made.tasks[0].arguments] == [("x", False)]
    assert made.warnings == ()


def test_what_is_no_reference_stays_as_text_where_the_settings_want_it() -> None:
    """In a task's parameters and the pipeline's; else it is a mistake. What looks like one of a known kind is a mistake in any case."""
    task, shared = Task("t", "n", {"day": "{{nope}} {{job.parameters.x}}"}), {"x": "{{other}}"}
    assert [said.partition(" is")[0] for said in mistakes(task, shared=shared)] == ["parameters.x: {{other}}", "t.parameters.day: {{nope}}"]
    made = plan(task, shared=shared, settings=Settings(compat=True))
    assert {argument.name: argument.value for argument in made.tasks[0].arguments}["day"] == "{{nope}} {{other}}"
    assert mistakes(Task("t", "n", {"day": "{{job.parameters.y}}"}), shared=shared, settings=Settings(compat=True))
