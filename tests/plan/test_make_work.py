"""Work of every kind in the plan: which values reach it, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.errors import DefinitionError
from nbflow.define.pipelines.pipeline import Pipeline, Task
from nbflow.define.pipelines.task_kinds import PythonWheelTask, ShellTask, SparkPythonTask, SqlTask, SqlTaskFile
from nbflow.define.program import Package, PythonFile
from nbflow.define.settings import Settings
from nbflow.define.sql_file import SqlFile, Statement
from nbflow.define.task_sources import Source
from nbflow.plan.build import Request, build_plan
from nbflow.plan.plan import Plan

HERE = Path("/w/pipelines")
FILE = PythonFile(Path("/w/src/etl.py"), "0", uses_spark=False, wants_spark_name=False)
PACKAGE = Package(HERE, uses_spark=False)
SQL = SqlFile(Path("/w/sql/q.sql"), "0", (Statement("SELECT :day", 1, ("day",)), Statement("SELECT :n", 2, ("n",))))

SCRIPT = Task("script", spark_python_task=SparkPythonTask("etl.py", ["--day", "{{job.parameters.day}}", 5]))
NAMED = Task("named", python_wheel_task=PythonWheelTask("p", "e", named_parameters={"day": "own", "x": 1}))
LISTED = Task("listed", python_wheel_task=PythonWheelTask("p", "e", ["a"]))
QUERY = Task("query", sql_task=SqlTask(SqlTaskFile("q.sql"), {"day": "own", "n": 2}))
SHELL = Task("shell", shell_task=ShellTask("ls {{job.parameters.day}} {{tasks.query.output.first_row.c}}"), depends_on=["query"])
SOURCES: Mapping[str, Source] = {"script": FILE, "named": PACKAGE, "listed": PACKAGE, "query": SQL, "shell": HERE}


def plan(*tasks: Task, shared: Mapping[str, Any] | None = None, given: Mapping[str, Any] | None = None, **settings: Any) -> Plan:
    """The Plan of a pipeline of these tasks."""
    sources = {task.task_key: SOURCES[task.task_key] for task in tasks}
    return build_plan(Pipeline("p", tasks, shared or {}), sources, Request(given or {}, HERE), Settings(**settings), dict)


def mistakes(*tasks: Task, **call: Any) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(DefinitionError) as caught:
        plan(*tasks, **call)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_job_parameters_reach_key_value_kinds_only() -> None:
    """Over the task's own value; never as arguments of a program; SQL takes those that it has parameters for."""
    made = plan(SCRIPT, NAMED, LISTED, QUERY, SHELL, shared={"day": "job", "more": 3})
    found = {task.task_key: {argument.name: (argument.value, argument.origin) for argument in task.arguments} for task in made.tasks}
    assert found == {
        "script": {"parameters": (["--day", "job", 5], "task")},
        "named": {"day": ("job", "pipeline"), "x": (1, "task"), "more": (3, "pipeline")},
        "listed": {"parameters": (["a"], "task")},
        "query": {"day": ("job", "pipeline"), "n": (2, "task")},
        "shell": {"command": ("ls {{job.parameters.day}} {{tasks.query.output.first_row.c}}", "task")},
    }
    assert {task.task_key: task.uses_spark for task in made.tasks if task.uses_spark} == {"query": True}


def test_a_parameter_that_nothing_takes_is_told() -> None:
    """Arguments of programs take none by themselves; SQL takes its own; a package takes all."""
    (told,) = plan(LISTED, QUERY, shared={"day": "job", "more": 3}).warnings[-1:]
    assert told.key == "parameters.more" and "nothing refers to it" in told.message
    assert not [warning for warning in plan(NAMED, shared={"more": 3}).warnings if warning.key == "parameters.more"]


def test_parameters_of_sql_must_be_given() -> None:
    """And what is given must be one; a misspelt name is told once."""
    task = Task("query", sql_task=SqlTask(SqlTaskFile("q.sql"), {"dya": 1}))
    assert mistakes(task) == [
        "query.parameters.dya: q.sql has no parameter :dya (did you mean 'day'?)",
        "query.sql: q.sql has the parameter :n and nothing gives it a value (add it to the task's parameters: 'n: value')",
    ]


def test_sql_needs_an_engine() -> None:
    """It has nothing of its own to run on."""
    assert mistakes(QUERY, engine="none") == ["query.sql: SQL runs on a Spark engine, and the engine is none (--engine spark, or sail)"]


def test_only_sql_has_an_output() -> None:
    """A reference to another kind's, or to a part that there is not, is found before anything starts."""
    wrong = [
        ShellTask("{{tasks.script.output.rows}}"), ShellTask("{{tasks.script.output.row}}"), ShellTask("{{tasks.script.output.rows.x}}"),
    ]  # fmt: skip
    told = [mistakes(SCRIPT, Task("shell", shell_task=work, depends_on=["script"]), shared={"day": 1})[0] for work in wrong]
    assert "task 'script' has no output; tasks of SQL have one" in told[0]
    assert "{{tasks.script.output.row}} is not known" in told[1] and ".output.first_row.<column>" in told[1]
    assert "is not known" in told[2]


def test_a_task_that_only_databricks_has_is_left_out() -> None:
    """What depends on it follows what it depends on; where nothing else is, there is nothing to run."""
    gone = Task("gone", missing="pipeline_task", depends_on=["shell"])
    first, last = Task("shell", shell_task=ShellTask("ls")), Task("listed", python_wheel_task=LISTED.python_wheel_task, depends_on=["gone"])
    sources = {"shell": HERE, "listed": PACKAGE}
    made = build_plan(Pipeline("p", [first, gone, last]), sources, Request({}, HERE), Settings(), dict)
    assert [(task.task_key, task.depends_on) for task in made.tasks] == [("shell", ()), ("listed", ("shell",))]
    assert made.left_out == ("gone",)
    with pytest.raises(DefinitionError, match="no task is left to run"):
        build_plan(Pipeline("p", [Task("gone", missing="pipeline_task")]), {}, Request({}, HERE), Settings(), dict)


def test_the_interpreter_of_a_program() -> None:
    """The call's, else the task's, else the settings'."""
    own = PythonFile(FILE.path, "0", uses_spark=False, wants_spark_name=False, python="/task/python")

    def python(source: PythonFile, **settings: Any) -> str | None:
        task = Task("t", spark_python_task=SparkPythonTask("etl.py"))
        return build_plan(Pipeline("p", [task]), {"t": source}, Request({}, HERE), Settings(**settings), dict).tasks[0].work.python  # type: ignore[union-attr]

    assert python(FILE) is None
    assert python(FILE, python="/s/python") == "/s/python"
    assert python(own, python="/s/python") == "/task/python"
    assert python(own, python="/c/python", of_call=frozenset({"python"})) == "/c/python"


def test_what_sail_does_otherwise_is_told_of_sql() -> None:
    """Each with its line in the file, where Sail is the engine; nothing where it is not."""
    file = SqlFile(Path("/w/q.sql"), "0", (Statement("SELECT 1", 1), Statement("SELECT 2,\n monotonically_increasing_id() FROM t", 7)))
    task = Task("query", sql_task=SqlTask(SqlTaskFile("q.sql")))

    def warnings(engine: str) -> list[str]:
        return [
            str(warning)
            for warning in build_plan(Pipeline("p", [task]), {"query": file}, Request({}, HERE), Settings(engine), dict).warnings
        ]

    assert warnings("spark") == []
    (told,) = warnings("sail")
    assert told.startswith("/w/q.sql:8: on sail: ") and told.endswith("(nbflow engine differences: ids-of-rows)")
