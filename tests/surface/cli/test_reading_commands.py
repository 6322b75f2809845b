"""``plan``, ``validate``, ``params``, ``runs``, ``logs``, ``schema`` and what holds for all commands, as processes."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

TELL_MODULES = """\
import sys
from nbflow.surface.cli.main import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def test_help_and_version(nbflow: Any) -> None:
    """--help names every command and --version the installed version; each command has a help of its own."""
    done = nbflow("--help")
    assert done.code == 0
    commands = ("run", "plan", "validate", "params", "runs", "logs", "engine", "init", "schema")
    for command in commands:
        assert f"\n  {command} " in done.out
        own = nbflow(command, "--help")
        assert (own.code, own.err) == (0, "")
    assert nbflow("--version").out == f"nbflow {version('nbflow')}\n"


def test_help_imports_no_command(workspace: Path, environment: Any) -> None:
    """The way to --help imports neither the commands nor any library but click."""
    done = subprocess.run([sys.executable, "-c", TELL_MODULES, "--help"], capture_output=True, text=True, env=environment(), check=True)
    loaded = set(done.stderr.split())
    assert not {name for name in loaded if name.startswith(("nbflow.surface.cli.commands.", "nbflow.workspace", "nbflow.define"))}
    assert not loaded & {
        "rich",
        "yaml",
        "jsonschema",
        "nbformat",
        "papermill",
        "pandas",
        "pyspark",
        "asyncio",
        "sqlite3",
    }


def test_reading_commands_import_nothing_heavy(workspace: Path, environment: Any) -> None:
    """plan, validate, params and runs get along without rich, jsonschema, nbformat, papermill, pandas and pyspark."""
    heavy = {"rich", "jsonschema", "nbformat", "nbclient", "papermill", "pandas", "pyspark", "IPython"}
    for arguments in (["plan", "small"], ["validate", "small"], ["params", "notebooks/greet.ipynb"], ["runs"]):
        done = subprocess.run(
            [sys.executable, "-c", TELL_MODULES, *arguments],
            capture_output=True,
            text=True,
            cwd=workspace,
            env=environment(),
            check=True,
        )
        assert not heavy & set(done.stderr.split()), arguments


def test_wrong_calls_are_code_2(nbflow: Any, workspace: Path) -> None:
    """An unknown command, option, folder, task or run is exit code 2 with a sentence and no traceback."""
    calls = [
        ("rum",), ("runs", "show"), ("runs", "show", "12"), ("runs", "show", "never"), ("logs", "1"),
        ("plan", "nowhere"),
        ("--workspace", "/no/such/folder", "runs"), ("params", "nowhere.ipynb"), ("runs", "-n", "0"),
        ("plan", "small", "--format", "x"), ("plan", ""), ("params", ""), ("validate", "x" * 300),
    ]  # fmt: skip
    for call in calls:
        done = nbflow(*call)
        assert (done.code, done.out) == (2, ""), call
        assert done.err.strip(), call
        assert "Traceback" not in done.err, call
    assert "did you mean 'run" in nbflow("rum").err
    assert nbflow("runs", NBFLOW_WORKSPACE="/no/such/folder").code == 2


def test_plan_in_three_forms(nbflow: Any, workspace: Path) -> None:
    """plan prints text, JSON and Mermaid with the resolved values, and starts nothing."""
    text = nbflow("plan", "small", "-p", "who=moon")
    assert text.code == 0
    assert 'who   = "moon"' in text.out
    document = nbflow("plan", "small", "-p", "times=5", "--format", "json").document
    values = {item["name"]: item["value"] for item in document["tasks"][0]["parameters"]}
    assert values == {"who": "world", "times": 5}
    assert "t1 --> t2" in nbflow("plan", "small", "--format", "mermaid").out
    assert not (workspace / "runs").exists()
    assert not (workspace / ".nbflow").exists()


def test_the_workspace_may_be_named(nbflow: Any, workspace: Path) -> None:
    """--workspace before or after the command, and NBFLOW_WORKSPACE, name the workspace from anywhere."""
    elsewhere = workspace.parent
    named = str(workspace)
    for arguments, more in (
        (("--workspace", named, "plan", "small"), {}),
        (("plan", "small", "--workspace", named), {}),
        (("plan", "small"), {"NBFLOW_WORKSPACE": named}),
    ):
        assert nbflow(*arguments, cwd=elsewhere, **more).code == 0
    assert nbflow("plan", "small", cwd=workspace / "notebooks").code == 0


def test_validate_tells_all_mistakes(nbflow: Any, workspace: Path) -> None:
    """validate is code 0 for what is right, and tells every mistake of every file with file, line and key at once."""
    assert nbflow("validate", "pipelines").code == 0
    (workspace / "pipelines/bad.yml").write_text(
        "name: bad\ntasks:\n  - task_key: a\n    notebook: ../notebooks/greet.ipynb\n    dependson: [b]\n"
        "  - task_key: b\n    notebook: ../notebooks/gone.ipynb\n    depends_on: [aa]\n"
    )
    (workspace / "pipelines/worse.yml").write_text("name: worse\nname: worse\ntasks: []\n")
    done = nbflow("validate", ".")
    assert (done.code, done.out) == (2, "")
    assert any(line.startswith("pipelines/bad.yml:5: ") and "depends_on" in line for line in done.err.splitlines())
    assert any(line.startswith("pipelines/bad.yml:8: ") for line in done.err.splitlines())
    assert any(line.startswith("pipelines/worse.yml:2: ") for line in done.err.splitlines())
    document = nbflow("validate", "pipelines/bad.yml", "pipelines/small.yml", "--json").document
    assert document["files"] == ["pipelines/bad.yml", "pipelines/small.yml"]
    assert {"file", "line", "key", "message", "hint"} == set(document["errors"][0])


def test_validate_without_a_path_is_about_the_workspace(nbflow: Any, workspace: Path) -> None:
    """From anywhere in it: all its pipelines, with their number; an empty folder beside one that is wrong hides nothing."""
    count = len(list((workspace / "pipelines").iterdir()))
    done = nbflow("validate")
    assert done.code == 0 and done.out.splitlines()[-1] == f"{count} files, no mistake"
    (workspace / "pipelines/bad.yml").write_text("tasks: [{task_key: a, notebook: gone}]\n")
    done = nbflow("validate", cwd=workspace / "notebooks")
    assert (
        (done.code, done.out) == (2, "")
        and "../pipelines/bad.yml:1: " in done.err
        and done.err.endswith(f"\n1 mistake in 1 file, {count + 1} files checked\n")
    )
    (workspace / "empty").mkdir()
    done = nbflow("validate", "empty", "pipelines/bad.yml")
    assert done.code == 2 and "empty holds no pipeline file" in done.err and "there is no notebook gone" in done.err


def test_a_name_may_be_a_pipeline_s_and_a_folder_s(nbflow: Any, workspace: Path) -> None:
    """Validate means both, as run means the pipeline; a folder that holds nothing else hides no pipeline."""
    (workspace / "small").mkdir()
    assert nbflow("validate", "small").out == "small: ok\n"
    (workspace / "small/wrong.yml").write_text("tasks: [{task_key: a, notebook: gone}]\n")
    done = nbflow("validate", "small")
    assert done.code == 2 and done.err.startswith("small/wrong.yml:1: ") and done.err.endswith("\n1 mistake in 1 file, 2 files checked\n")


def test_params_are_read_without_running(nbflow: Any, workspace: Path, write_notebook: Any) -> None:
    """params shows name, type, default and help; --json gives every field, and expressions by their text."""
    cells = [
        ("parameters", 'n: int = 3  # how many = all\nm = n + 1\nurl: str = "http://x/?a=b#c"'),
        ("", "raise SystemExit(3)"),
    ]
    write_notebook(workspace / "notebooks/p.ipynb", cells)
    done = nbflow("params", "notebooks/p.ipynb")
    assert done.code == 0
    assert [line.split()[:3] for line in done.out.splitlines()[1:]][:1] == [["n", "int", "3"]]
    assert "how many = all" in done.out
    document = nbflow("params", "notebooks/p.ipynb", "--json").document
    assert (document["version"], document["notebook"]) == (1, str(workspace / "notebooks/p.ipynb"))
    n, m, url = document["parameters"]
    assert (n["name"], n["type"], n["default"], n["help"]) == ("n", "int", 3, "how many = all")
    assert (m["default_is_expression"], m["default_source"]) == (True, "n + 1")
    assert url["default"] == "http://x/?a=b#c"


def test_runs_are_listed_and_told_whole(nbflow: Any) -> None:
    """runs lists the newest first; show tells parameters, tasks, values, source, error and traceback of one."""
    assert "no runs" in nbflow("runs").out
    nbflow("run", "small")
    nbflow("run", "broken")
    listed = nbflow("runs").out.splitlines()
    assert [line.split()[:3] for line in listed[1:]] == [["2", "broken", "FAILED"], ["1", "small", "SUCCESS"]]
    assert [run["run_id"] for run in nbflow("runs", "--json").document["runs"]] == [2, 1]
    assert [run["run_id"] for run in nbflow("runs", "--json", "--pipeline", "small").document["runs"]] == [1]
    whole = nbflow("runs", "show", "last-failed").out
    for part in ("broken: run 2 FAILED", "> 4  a / b", "ZeroDivisionError", "traceback:", "UPSTREAM_FAILED", "nbflow"):
        assert part in whole
    assert "words  2" in nbflow("runs", "show", "1").out
    one = nbflow("runs", "show", "1", "greet").out
    assert "who    world" in one
    assert "attempts" in one
    shown = nbflow("runs", "show", "1", "--json").document
    assert (shown["result"], shown["facts"]["how"]) == ("SUCCESS", "cli")
    assert nbflow("runs", "show", "1", "gret").code == 2


def test_a_notebook_and_a_pipeline_of_one_name(nbflow: Any, workspace: Path, write_notebook: Any) -> None:
    """A list of runs tells them apart, and gives those of either; a part of the pipeline takes no values of the notebook's runs, its
    report none of these runs."""
    write_notebook(workspace / "notebooks/greet.ipynb", [("", "dbutils.jobs.taskValues.set('words', 7)")])
    pipeline = (workspace / "pipelines/small.yml").read_text()
    (workspace / "pipelines/greet.yml").write_text(pipeline.replace("name: small", "name: greet"))
    assert nbflow("run", "greet").code == nbflow("run", "notebooks/greet.ipynb").code == 0
    assert [line.split()[:2] for line in nbflow("runs").out.splitlines()[1:]] == [["2", "greet.ipynb"], ["1", "greet"]]
    assert [run["run_id"] for run in nbflow("runs", "--json", "--pipeline", "greet.ipynb").document["runs"]] == [2]
    assert nbflow("runs", "show", "2").out.startswith("greet.ipynb: run 2")
    assert "left out: greet (values of run 1)" in nbflow("plan", "greet", "--only", "after").out
    assert nbflow("report", "greet", "-o", "r.html").code == 0
    assert "its last 1 run" in (workspace / "r.html").read_text("utf-8")


def test_logs_print_what_the_tasks_printed(nbflow: Any) -> None:
    """logs gives each line with its task, or one task's lines alone, tracebacks too; -f ends with the run."""
    nbflow("run", "small", "-p", "who=you")
    assert nbflow("logs", "last").out.splitlines() == ["greet | hello you", "after | 2"]
    assert nbflow("logs", "1", "greet").out == "hello you\n"
    assert nbflow("logs", "1", "-f").out == nbflow("logs", "1").out
    nbflow("run", "broken")
    assert "ZeroDivisionError" in nbflow("logs", "last", "bad").out


def test_a_closed_pipe_is_no_fault(nbflow: Any, workspace: Path, write_notebook: Any, environment: Any) -> None:
    """`nbflow logs | head -1` says nothing about its reader's leaving."""
    write_notebook(workspace / "notebooks/many.ipynb", [("", 'print("line\\n" * 200_000)')])
    assert nbflow("run", "notebooks/many.ipynb").code == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "nbflow", "logs", "last"], cwd=workspace, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == b"many | line\n"
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == b""
    assert process.wait(60) == 0


def test_the_schema_is_printed_as_shipped(nbflow: Any) -> None:
    """schema prints a JSON Schema that names the keys of a pipeline file."""
    assert "tasks" in json.dumps(nbflow("schema").document)


def test_a_fault_of_nbflows_own(nbflow: Any, workspace: Path) -> None:
    """Records that are no database are told in one line, without a traceback; the code is not that of a wrong call."""
    (workspace / ".nbflow").mkdir()
    (workspace / ".nbflow/nbflow.db").write_bytes(b"this is no database" * 100)
    done = nbflow("runs")
    assert done.code not in (0, 2)
    assert "Traceback" not in done.err


def test_a_folder_that_was_removed_under_the_shell(workspace: Path, environment: Any) -> None:
    """It is no fault of nbflow's: one line that says what to do, and code 2."""
    remove = f"mkdir gone && cd gone && rmdir ../gone && exec {shlex.quote(sys.executable)} -m nbflow runs"
    done = subprocess.run(["sh", "-c", remove], cwd=workspace, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "nbflow: the current folder is there no more (cd to one that is)\n")


def test_params_of_a_pipeline_are_its_own(nbflow: Any) -> None:
    """With the tasks that take each; of a bundle, in the target that is named."""
    assert nbflow("params", "pipelines/small.yml").out.splitlines() == ["name  default  tasks", 'who   "world"  greet']
    bundle = Path(__file__).parents[2] / "data" / "databricks"
    found = nbflow("params", "databricks.yml", "--job", "orders", "--target", "prod", "--json", cwd=bundle).document
    assert found["parameters"] == [
        {"name": "env", "default": "prod", "tasks": ["ingest", "clean", "daily"]},
        {"name": "day", "default": "{{job.trigger.time.iso_date}}", "tasks": ["ingest", "clean", "daily"]},
    ]
    assert nbflow("params", "databricks.yml", "--target", "prd", cwd=bundle).code == 2
