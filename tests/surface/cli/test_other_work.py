"""Tasks that are no notebooks, as the commands show them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def pipeline(workspace: Path) -> None:
    """A pipeline ``shells`` whose second task fails twice."""
    (workspace / "pipelines/shells.yml").write_text(
        "parameters: {who: world}\n"
        "tasks:\n"
        "  - task_key: hello\n"
        "    command: |-\n"
        '      echo "hello {{job.parameters.who}}"\n'
        '      printf \'{"key": "n", "value": 3}\\n\' >> $NBFLOW_TASK/values.jsonl\n'
        "  - task_key: after\n"
        "    depends_on: [hello]\n"
        "    max_retries: 1\n"
        "    shell_task: {command: 'echo got {{tasks.hello.values.n}}; exit {{tasks.hello.values.n}}'}\n"
    )


@pytest.mark.usefixtures("pipeline")
def test_a_run_of_commands(nbflow: Callable[..., Any], workspace: Path) -> None:
    """Values go from one to the next, each attempt has its log, the failure shows its end, and every command tells of it."""
    done = nbflow("run", "shells", "-p", "who=you", "--json")
    assert done.code == 1
    hello, after = done.document["tasks"]
    assert (hello["result"], hello["notebook"], hello["values"]) == ("SUCCESS", None, {"n": 3})
    assert (after["result"], after["error"]["kind"], after["error"]["traceback"]) == ("FAILED", "EXIT", "got 3")
    assert after["parameters"] == {"command": "echo got 3; exit 3"}
    folder = workspace / "runs/shells/1"
    assert [attempt["log"] for attempt in after["attempts"]] == [str(folder / "after.attempt-1.log"), str(folder / "after.log")]
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "hello.log": "hello you\n", "after.log": "got 3\n", "after.attempt-1.log": "got 3\n",
    }  # fmt: skip
    assert "  | got 3\n  the program ended with exit code 3\n  log: runs/shells/1/after.log" in done.err
    assert nbflow("logs", "last").out == "hello | hello you\nafter | got 3\nafter | got 3\n"
    shown = nbflow("runs", "show", "last", "after").out
    assert "after.attempt-1.log" in shown and "log: runs/shells/1/after.log" in shown
    planned = nbflow("plan", "shells", "--format", "json").document["tasks"]
    assert [(task["kind"], task["notebook"], task["uses_spark"]) for task in planned] == [("shell", None, False)] * 2
    assert "shell" in nbflow("plan", "shells").out and "exit" in nbflow("plan", "shells", "--format", "mermaid").out


def test_what_only_databricks_has_is_left_out_where_that_is_wanted(nbflow: Callable[..., Any], workspace: Path) -> None:
    """Refused by name, with the way out; left out by the option, else by the setting, with a warning; what comes after it runs."""
    (workspace / "pipelines/mixed.yml").write_text(
        "tasks:\n"
        "  - task_key: flow\n"
        "    pipeline_task: {pipeline_id: 7}\n"
        "  - {task_key: after, depends_on: [flow], command: echo went on}\n"
    )
    where = "pipelines/mixed.yml:3: tasks[0].pipeline_task"
    refused = nbflow("run", "mixed")
    assert (refused.code, f"{where}: cannot be run by nbflow: only Databricks has such tasks" in refused.err) == (2, True)
    assert "--allow-missing leaves such tasks out" in refused.err
    left_out = f"warning: {where}: is left out: only Databricks has such tasks\n"
    done = nbflow("run", "mixed", "--allow-missing", "--json")
    assert (done.code, left_out in done.err) == (0, True)
    assert [(task["task_key"], task["result"]) for task in done.document["tasks"]] == [("after", "SUCCESS")]
    (workspace / "nbflow.toml").write_text('engine = "none"\nallow_missing = true\n')
    planned = nbflow("plan", "mixed", "--format", "json")
    assert (planned.code, [task["task_key"] for task in planned.document["tasks"]]) == (0, ["after"])
    checked = nbflow("validate", "mixed")
    assert (checked.code, checked.err) == (0, left_out)
    assert nbflow("validate", "mixed", "--no-allow-missing").code == 2


@pytest.mark.usefixtures("pipeline")
def test_what_is_no_reference_is_text_where_that_is_wanted(nbflow: Callable[..., Any], workspace: Path) -> None:
    """By the option and by the setting: also beside what is known only when the task begins."""
    (workspace / "pipelines/odd.yml").write_text(
        "tasks:\n"
        "  - task_key: one\n"
        '    command: \'printf "{\\"key\\": \\"n\\", \\"value\\": 3}\\n" >> $NBFLOW_TASK/values.jsonl\'\n'
        "  - {task_key: two, depends_on: [one], command: 'echo {{nope}} {{tasks.one.values.n}}'}\n"
    )
    refused = nbflow("run", "odd")
    assert (refused.code, "pipelines/odd.yml:4: tasks[1].command" in refused.err and "{{nope}}" in refused.err) == (2, True)
    assert nbflow("validate", "odd", "--compat").code == 0
    done = nbflow("run", "odd", "--compat", "--json")
    assert (done.code, nbflow("logs", "last").out) == (0, "two | {{nope}} 3\n")
    assert nbflow("validate", "odd", NBFLOW_COMPAT="true").code == 0
