"""``run_pipeline`` from plain Python: a real child, real kernels."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
import sys
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nbflow import Pipeline, Task, run_pipeline
from nbflow.core.errors import DefinitionError, UsageError
from nbflow.core.results import Result
from nbflow.workspace import Workspace


def test_values_results_and_progress(workspace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A run by name gives results, values and notebooks, and its progress is printed as plain lines."""
    run = run_pipeline("small", workspace=workspace, times=4, who="moon")
    assert (run.result, run.values) == (Result.SUCCESS, {"greet": {"words": 8}})
    assert run.tasks["after"].parameters == {"words": 8}
    assert run.notebooks["greet"] == workspace / "runs/small/1/greet.ipynb"
    assert run.notebooks["greet"].is_file()
    assert run.refresh().document["tasks"][0]["result"] == "SUCCESS"
    out, err = capfd.readouterr()
    assert out.startswith("small: run 1, 2 tasks")
    assert (err, "\x1b" in out) == ("", False)


def test_values_keep_their_types(workspace: Path, write_notebook: Any) -> None:
    """What Python gives arrives as it was, by the declared type, and undeclared JSON values as themselves."""
    declared = (
        "from datetime import date, timedelta\nfrom decimal import Decimal\nfrom pathlib import Path\n"
        "n: int = 0\nx: float = 0.0\nyes: bool = False\nday: date = date(2000, 1, 1)\ntext: str = ''\n"
        "items: list = []\ntable: dict = {}\nprice: Decimal = Decimal(0)\n"
        "wait: timedelta = timedelta(0)\nwhere: Path = Path('.')"
    )
    tell = "dbutils.jobs.taskValues.set('all', repr([n, x, yes, day, text, items, table, price, wait, str(where)]))"
    notebook = write_notebook(workspace / "notebooks/types.ipynb", [("parameters", declared), ("", tell)])
    text = "a\"b'\\ {x}\n=é"
    run = run_pipeline(
        notebook, n=3, x=0.5, yes=True, day=date(2026, 1, 2), items=[1, "2", None], table={"a": [1.5]},
        price=Decimal("1.10"), parameters={"wait": timedelta(seconds=90), "where": workspace, "text": text},
    )  # fmt: skip
    expected = [
        3, 0.5, True, date(2026, 1, 2), text, [1, "2", None], {"a": [1.5]}, Decimal("1.10"),
        timedelta(seconds=90), str(workspace),
    ]  # fmt: skip
    told = run.raise_for_result().values["types"]["all"]
    import datetime

    assert eval(told, {"datetime": datetime, "Decimal": Decimal}) == expected


def test_mistakes_are_raised_and_nothing_runs(workspace: Path) -> None:
    """Mistakes of a call arrive as ``DefinitionError``; values without a JSON form are refused before."""
    with pytest.raises(DefinitionError) as caught:
        run_pipeline("small", workspace=workspace, whom="x", times="many")
    assert [mistake.key for mistake in caught.value.mistakes] == ["whom", "times"]
    assert caught.value.mistakes[0].hint == "did you mean 'who'?"
    with pytest.raises(UsageError, match="who"):
        run_pipeline("small", workspace=workspace, who=object())
    with pytest.raises(DefinitionError, match="nowhere"):
        run_pipeline("nowhere", workspace=workspace)
    with pytest.raises(DefinitionError, match="no pipeline is named"):
        run_pipeline("", workspace=workspace)
    for other in (3, None, ["small"]):
        with pytest.raises(UsageError, match="is no pipeline"):
            run_pipeline(other, workspace=workspace)  # type: ignore[arg-type]
    assert not (workspace / "runs").exists()


def test_its_own_arguments_are_no_parameters(workspace: Path) -> None:
    """A value for a parameter that bears the name of an argument of the function itself is refused, not misread."""
    for own in ({"wait": timedelta(seconds=90)}, {"only": 3}, {"workspace": 3}, {"parameters": "x"}):
        with pytest.raises(UsageError, match="parameters="):
            run_pipeline("small", **{"workspace": workspace, **own})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="'times' is given twice"):
        run_pipeline("small", workspace=workspace, parameters={"times": 1}, times=2)
    assert not (workspace / "runs").exists()


def test_a_pipeline_written_in_python(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ``Pipeline`` runs as it is; relative paths start at the current folder, in its tasks as in its values."""
    monkeypatch.chdir(workspace / "notebooks")
    first = Task("first", "greet.ipynb", {"times": 5})
    second = Task("second", Path("after"), {"words": "{{tasks.first.values.words}}"}, depends_on=["first"])
    run = run_pipeline(Pipeline("made", [first, second], {"who": "you"}), only="+second", who="me")
    assert run.raise_for_result().tasks["second"].parameters == {"words": 10}
    assert run.pipeline == "made"
    assert Workspace.find(workspace).store.run(run.run_id).facts["command"] == [
        "nbflow",
        "run",
        "--only",
        "+second",
        "-p",
        "who=me",
        "--",
        "made",
    ]
    assert (workspace / "runs/made/1/second.ipynb").is_file()
    circle = Pipeline("circle", [Task("a", "greet", depends_on=["b"]), Task("b", "greet", depends_on=["a"])])
    with pytest.raises(DefinitionError, match="a"):
        run_pipeline(circle)


BUNDLE = """\
bundle: {name: b}
variables:
  greeted: {default: nobody}
targets:
  dev: {default: true, variables: {greeted: dev}}
  prod: {variables: {greeted: prod}}
resources:
  jobs:
    greeting:
      name: greeting
      parameters: [{name: who, default: "${var.greeted}"}, {name: day, default: "{{job.logical_time.iso_date}}"}]
      tasks: &tasks
        - {task_key: first, notebook_task: {notebook_path: notebooks/tell.ipynb}}
        - {task_key: second, depends_on: [{task_key: first}], notebook_task: {notebook_path: notebooks/tell.ipynb}}
        - {task_key: third, depends_on: [{task_key: second}], notebook_task: {notebook_path: notebooks/tell.ipynb}}
    other: {name: other, tasks: *tasks}
"""


def test_all_that_a_run_can_be_told(workspace: Path, write_notebook: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """Job, target, variables, selections, the day that it is for, engine and settings mean what they mean at the shell, whose mistakes
    are those of the call."""
    (workspace / "databricks.yml").write_text(BUNDLE)
    declared = "who: str = ''\nday: str = ''"
    write_notebook(workspace / "notebooks/tell.ipynb", [("parameters", declared), ("", "dbutils.jobs.taskValues.set('told', [who, day])")])
    bundle = workspace / "databricks.yml"
    run = run_pipeline(
        bundle, job="greeting", target="prod", from_="second", until=["second"], logical_date=date(2026, 1, 31), engine="none"
    )
    assert run.raise_for_result().values == {"second": {"told": ["prod", "2026-01-31"]}}
    assert (run.pipeline, run.document["engine"]) == ("greeting", "none")
    run = run_pipeline(bundle, job="greeting", variables={"greeted": "you"}, only=["first"], settings={"parallel": 1})
    assert run.values["first"]["told"][0] == "you"
    for wrong, told in (
        ({"job": "greting"}, "did you mean 'greeting'"),
        ({"job": "greeting", "target": "pord"}, "did you mean 'prod'"),
        ({"job": "greeting", "engine": "sprak"}, "did you mean 'spark'"),
        ({"job": "greeting", "settings": {"engine": "sprak"}}, "did you mean 'spark'"),
        ({"job": "greeting", "from_": "secnod"}, "did you mean 'second'"),
        ({"job": "greeting", "variables": {"greted": 1}}, "did you mean 'greeted'"),
    ):
        with pytest.raises(DefinitionError, match=told):
            run_pipeline(bundle, **wrong)  # type: ignore[arg-type]


def test_a_failure_raises_only_on_request(workspace: Path) -> None:
    """A failed run is returned with its errors by task."""
    run = run_pipeline("broken", workspace=workspace)
    assert (run.ok, run.result) == (False, Result.FAILED)
    assert run.errors["bad"]["ename"] == "ZeroDivisionError"
    assert run.tasks["after"].result is Result.UPSTREAM_FAILED


def test_without_waiting(workspace: Path) -> None:
    """``wait=False`` returns a run that goes on; refreshing it tells its result at last."""
    run = run_pipeline("small", workspace=workspace, wait=False)
    assert run.run_id == 1
    deadline = time.monotonic() + 60
    while run.refresh().result is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert run.result is Result.SUCCESS


def test_what_is_read_of_a_run_that_goes_on_is_how_it_stands(workspace: Path) -> None:
    """Without any call that refreshes it: result, tasks, text and table; where the records are gone meanwhile it is what was read last."""
    (workspace / "nbflow.toml").write_text('engine = "none"\n')
    (workspace / "pipelines/gated.yml").write_text(
        "name: gated\ntasks:\n  - {task_key: a, command: 'until test -e go; do sleep 0.05; done'}\n"
        "  - {task_key: b, depends_on: [a], command: 'false'}\n"
    )
    run = run_pipeline("gated", workspace=workspace, wait=False)
    gone = run_pipeline("gated", workspace=workspace, wait=False)
    assert (run.result, run.error, run.tasks["b"].result) == (None, None, None)
    with sqlite3.connect(workspace / ".nbflow/nbflow.db") as records:
        records.execute("pragma foreign_keys = on")
        records.execute("delete from runs where run_id = ?", (gone.run_id,))
    time.sleep(0.2)
    assert (gone.result, gone.state, "RUNNING" in repr(gone)) == (None, "RUNNING", True)
    (workspace / "pipelines/go").touch()
    deadline = time.monotonic() + 60
    while run.result is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (run.result, run.tasks["a"].ok, list(run.errors)) == (Result.FAILED, True, ["b"])
    for kind in ("state", "text", "html", "frame", "error"):
        run = run_pipeline("gated", workspace=workspace, wait=False)
        process = run._process
        assert process is not None and process.wait(60) == 1
        time.sleep(0.2)
        told = {
            "state": lambda run=run: run.state, "text": lambda run=run: repr(run), "html": lambda run=run: str(run._repr_mimebundle_()),
            "frame": lambda run=run: run.to_frame().to_string(), "error": lambda run=run: str(run.error),
        }[kind]()  # fmt: skip
        assert "FAILED" in told and "RUNNING" not in told, kind


def test_a_run_that_nobody_waits_for_can_be_cancelled(workspace: Path, write_notebook: Any, nbflow: Any) -> None:
    """From Python and from the shell; the run ends in good order, by somebody else's wish; one that has ended is told."""
    write_notebook(workspace / "notebooks/slow.ipynb", [("", "import time\ntime.sleep(600)")])
    first = run_pipeline(workspace / "notebooks/slow.ipynb", workspace=workspace, wait=False)
    assert first.wait(0.1).state == "RUNNING"
    assert first.cancel().wait(60).state == "CANCELED"
    second = run_pipeline(workspace / "notebooks/slow.ipynb", workspace=workspace, wait=False)
    asked = nbflow("cancel", str(second.run_id))
    assert (asked.code, asked.out) == (0, f"run {second.run_id}: asked to end\n")
    assert second.wait(60).state == "CANCELED"
    late = nbflow("cancel", "last")
    assert late.code == 2 and "is not running: it is CANCELED" in late.err
    assert first.cancel().state == "CANCELED"


def test_inside_a_running_loop(workspace: Path) -> None:
    """It works where an event loop is running, as in every cell."""

    async def call() -> Any:
        return run_pipeline("small", workspace=workspace, only=["greet"])

    assert asyncio.run(call()).ok


def test_modules_beside_the_caller_are_left_alone(workspace: Path, environment: Any) -> None:
    """Files of the current folder that bear the names of modules that nbflow needs do not get in its way."""
    for name in ("click", "yaml", "sqlite3", "queue"):
        (workspace / "notebooks" / f"{name}.py").write_text("raise RuntimeError('the wrong module')")
    code = "import sys; sys.path.pop(0)\nfrom nbflow import run_pipeline\nprint(run_pipeline('small', only='greet').result)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=workspace / "notebooks",
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1:] == ["SUCCESS"], done.stderr


def test_in_a_prompt_of_ipython(workspace: Path, environment: Any) -> None:
    """Where nothing can be drawn, lines tell the progress, and the run shows itself as text."""
    code = "from nbflow import run_pipeline\nrun_pipeline('small', only='greet')"
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "--simple-prompt"], input=f"{code}\n\nexit\n", cwd=workspace,
        env=environment(IPYTHONDIR=str(workspace / "ipython")), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert "small: run 1, 1 task" in done.stdout and "greet: SUCCESS in " in done.stdout, done.stdout + done.stderr
    assert re.search(
        r"Out\[\d+\]: \nsmall: run 1 SUCCESS in [0-9.]+ s, Spark engine: none \(not needed\)\n  greet  SUCCESS", done.stdout
    ), done.stdout


def test_at_a_terminal(workspace: Path, environment: Any, write_notebook: Any) -> None:
    """Widgets tell their values, a run its progress, mistakes are one line, and Ctrl-C cancels the run, told in one, too."""
    import pexpect  # IPython brings it

    write_notebook(workspace / "notebooks/slow.ipynb", [("", "import time\ntime.sleep(600)")])
    words = ["-m", "IPython", "--no-banner", "--colors=NoColor", "--simple-prompt"]
    env = environment(IPYTHONDIR=str(workspace / "ipython"), TERM="dumb")
    prompt = pexpect.spawn(sys.executable, words, cwd=str(workspace), env=env, encoding="utf-8", timeout=120, echo=False)
    for line, told in (
        ("%load_ext nbflow", ""),
        ("from nbflow import widgets; layer = widgets.dropdown('layer', 'a', ['a', 'b'])", r"layer = 'a'\r\n"),
        ("%nbflow run small --only greet", r"greet: SUCCESS in [0-9.]+ s"),
        ("%nbflow run smal", r"smal is no file and no pipeline's name \(did you mean 'small'\?\)\r\n"),
        ("%nbflow run notebooks/slow.ipynb", r"slow: started, 1 cell"),
    ):
        prompt.expect(r"In \[\d+\]: ")
        prompt.sendline(line)
        prompt.expect(told)
    prompt.sendintr()
    prompt.expect(r"slow: run 2 CANCELED in .*\r\n\s*interrupted: the run was asked to end\r\n")
    prompt.expect(r"In \[\d+\]: ")
    prompt.sendeof()
    prompt.close(force=True)
