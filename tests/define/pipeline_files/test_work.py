"""What a task does, in a pipeline file."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbflow.core.errors import DefinitionError
from nbflow.define.pipeline_files.job import parse_job_file, read_job_file
from nbflow.define.pipelines.order import check_pipeline
from nbflow.define.pipelines.pipeline import Pipeline, Task
from nbflow.define.pipelines.task_kinds import NotebookTask, ShellTask


def read(folder: Path, task: str) -> Task:
    """The one task of a file with this text behind its key."""
    path = folder / "p.yml"
    path.write_text(f"tasks:\n  - task_key: a\n{task}", "utf-8")
    (found,) = read_job_file(path, shown="p.yml").tasks
    return found


def mistakes(folder: Path, task: str) -> list[str]:
    """What is wrong with such a file."""
    with pytest.raises(DefinitionError) as caught:
        read(folder, task)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_the_short_forms_mean_the_long_ones(tmp_path: Path) -> None:
    """For a notebook and for a command."""
    short = read(tmp_path, "    notebook: n\n    parameters: {x: 1}\n")
    long = read(tmp_path, "    notebook_task: {notebook_path: n, base_parameters: {x: 1}}\n")
    assert short.work == long.work == NotebookTask("n", {"x": 1})
    assert read(tmp_path, "    command: ls\n").work == read(tmp_path, "    shell_task: {command: ls}\n").work == ShellTask("ls")


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ("    description: d\n", "p.yml:2: tasks[0]: the task has no work to do (add 'notebook: path', 'script: path', "),
        ("    command: ls\n    notebook: n\n", "p.yml:4: tasks[0].notebook: 'command' stands beside 'notebook' (a task does one thing"),
        ("    command: ls\n    shell_task: {command: ls}\n", "p.yml:4: tasks[0].shell_task: 'command' stands beside shell_task (keep"),
        ("    shell_task: {comand: ls}\n", "p.yml:3: tasks[0].shell_task.comand: unknown key 'comand' (did you mean 'command'?)"),
        ("    shell_task: {}\n", "p.yml:3: tasks[0].shell_task: 'command' is missing"),
        (
            "    command: ls\n    parameters: {x: 1}\n",
            "p.yml:4: tasks[0].parameters: has no meaning beside command (it belongs to notebook_",
        ),
        ("    notebook: n\n    python: p\n", "p.yml:4: tasks[0].python: has no meaning beside notebook (it belongs to spark_python_task"),
        ("    script: s.py\n    kernel: k\n", "p.yml:4: tasks[0].kernel: has no meaning beside script (it belongs to notebook_task)"),
        ("    script: s.py\n    parameters: {x: 1}\n", "p.yml:4: tasks[0].parameters: takes a list, got a map (a program's arguments"),
        ("    sql: s.sql\n    parameters: [x]\n", "p.yml:4: tasks[0].parameters: takes a map, got a list (these parameters have names"),
        ("    dbt_task: {commands: [ls]}\n", "p.yml:3: tasks[0].dbt_task.commands[0]: is no command of dbt (each begins with 'dbt'"),
        ("    command: 5\n", "p.yml:3: tasks[0].command: takes text, got 5 (put it in quotes: '5')"),
    ],
)
def test_a_task_does_one_thing(tmp_path: Path, task: str, told: str) -> None:
    """Anything else is told once, with its place."""
    (found,) = mistakes(tmp_path, task)
    assert found.startswith(told)


@pytest.mark.parametrize("kind", ["pipeline_task", "dashboard_task", "spark_submit_task", "genie_task"])
def test_kinds_that_only_databricks_has_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    """Or, where the call allows it, left out with a warning; nothing else is told of them."""
    (told,) = mistakes(tmp_path, f"    {kind}: {{x: 1}}\n")
    assert told.startswith(f"p.yml:3: tasks[0].{kind}: cannot be run by nbflow: only Databricks has such tasks (")
    assert "--allow-missing" in told
    pipeline, wrong = parse_job_file(tmp_path / "p.yml", shown="p.yml", allow_missing=True)
    assert pipeline is not None and not wrong
    assert (pipeline.tasks[0].missing, [warning.key for warning in pipeline.warnings]) == (kind, [f"tasks[0].{kind}"])


@pytest.mark.parametrize("kept", ["query", "alert", "dashboard"])
def test_sql_that_is_kept_on_databricks_is_left_out_where_that_is_allowed(tmp_path: Path, kept: str) -> None:
    """As a task of a kind that only Databricks has; that it names no file is no further mistake."""
    (told,) = mistakes(tmp_path, f"    sql_task: {{warehouse_id: w, {kept}: {{x: 1}}}}\n")
    assert told.startswith(f"p.yml:3: tasks[0].sql_task.{kept}: cannot be run by nbflow: only Databricks has such tasks (put the SQL into")
    pipeline, wrong = parse_job_file(tmp_path / "p.yml", shown="p.yml", allow_missing=True)
    assert pipeline is not None and not wrong
    assert (pipeline.tasks[0].missing, [warning.key for warning in pipeline.warnings]) == (kept, [f"tasks[0].sql_task.{kept}"])


def test_a_task_written_in_python_does_one_thing() -> None:
    """By the same rule, and of the right class."""
    tasks = [
        Task("odd", shell_task=ShellTask("ls"), kernel="k"), Task("none"), Task("both", "n", shell_task=ShellTask("ls")), Task("wrong", shell_task="ls"),  # type: ignore[arg-type]
        Task("good", notebook_task=NotebookTask("n")),
    ]  # fmt: skip
    told = [(mistake.key, mistake.message) for mistake in check_pipeline(Pipeline("p", tasks))]
    assert told == [
        ("odd.kernel", "kernel has no meaning beside shell_task"),
        ("none.notebook", "notebook takes a path, got ''"),
        ("both.shell_task", "shell_task stands beside notebook"),
        ("wrong.shell_task", "shell_task takes a ShellTask, got 'ls'"),
    ]
