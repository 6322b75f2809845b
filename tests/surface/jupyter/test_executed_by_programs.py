"""A notebook that runs pipelines, executed by programs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def _by_nbclient(notebook: Path, executed: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    read = nbformat.read(notebook, 4)
    NotebookClient(read, timeout=120, resources={"metadata": {"path": str(notebook.parent)}}).execute()
    nbformat.write(read, executed)


def _by_papermill(notebook: Path, executed: Path) -> None:
    import papermill

    papermill.execute_notebook(notebook, executed, cwd=notebook.parent, progress_bar=False)


@pytest.mark.parametrize("execute", [_by_nbclient, _by_papermill])
def test_nothing_of_a_widget_stays(execute: Callable[[Path, Path], None], workspace: Path, write_notebook: Any) -> None:
    """Nobody looks while a program executes the notebook: no live view is drawn, of a run that is waited for or not; lines and the kept
    picture stand in the executed notebook, and no state of widgets."""
    begin = "from nbflow import run_pipeline\nrun = run_pipeline('small', only='greet', wait=False)\nrun"
    sources = [begin, "run.wait()\nrun_pipeline('small', only='greet')"]
    notebook = write_notebook(workspace / "notebooks/runs.ipynb", [("", source) for source in sources])
    execute(notebook, workspace / "executed.ipynb")
    executed = json.loads((workspace / "executed.ipynb").read_text("utf-8"))
    assert "widgets" not in executed["metadata"]
    [begun], [*lines, ended] = (cell["outputs"] for cell in executed["cells"])
    for output in (begun, ended):
        assert (output["output_type"], set(output["data"])) == ("execute_result", {"text/html", "text/plain"})
        assert "<img alt=" in "".join(output["data"]["text/html"])
    assert "".join(lines[0]["text"]).startswith("small: run 2, 1 task") and {line["output_type"] for line in lines} == {"stream"}


LEFT = ["%nbflow open small", "%nbflow params", "%nbflow plan small", "%nbflow close", "times"]
"""What a person who develops a notebook may leave in it."""


def test_a_magic_that_was_left_in_a_task(workspace: Path, write_notebook: Any) -> None:
    """``%nbflow`` is there in a run as it is in ``nbflow lab``: the run's own parameters hold, and the task's notebook is known."""
    from nbflow import run_pipeline

    declared = ("parameters", "from nbflow import widgets\ntimes = widgets.number('times', 2)")
    notebook = write_notebook(workspace / "notebooks/left.ipynb", [declared, *(("", source) for source in LEFT)])
    run = run_pipeline(notebook, parameters={"times": 7}, engine="none")
    run.raise_for_result()
    executed = json.loads(run.tasks["left"].notebook.read_text("utf-8"))
    said = ["".join(text for output in cell["outputs"] for text in output.get("text", "")) for cell in executed["cells"][-5:]]
    assert [said[0], said[3]] == [f"in a run the run's own parameters hold: nothing is {done}\n" for done in ("opened", "closed")]
    assert said[1].splitlines()[1].split()[:3] == ["times", "int", "2"]
    assert "greet" in said[2]
    assert executed["cells"][-1]["outputs"][0]["data"]["text/plain"] == ["7"]


def test_a_notebook_that_would_run_itself(workspace: Path, write_notebook: Any) -> None:
    """``%nbflow run``, left in a notebook, starts nothing in a run of it: the task fails and says what to do."""
    from nbflow import run_pipeline

    run = run_pipeline(write_notebook(workspace / "notebooks/loop.ipynb", [("", "%nbflow run loop.ipynb")]), engine="none")
    assert not run.ok and "run_pipeline" in str(run.tasks["loop"].error)
    with sqlite3.connect(workspace / ".nbflow/nbflow.db") as records:
        assert records.execute("select count(*) from runs").fetchone() == (1,)


@pytest.mark.parametrize("execute", [_by_nbclient, _by_papermill])
def test_a_magic_that_was_left_for_other_programs(execute: Callable[[Path, Path], None], workspace: Path, write_notebook: Any) -> None:
    """Loaded by the notebook itself it is there, too; the file, which these programs do not tell, is not looked for."""
    notebook = write_notebook(workspace / "notebooks/left.ipynb", [("", source) for source in ("%load_ext nbflow", "%nbflow params")])
    execute(notebook, workspace / "executed.ipynb")
    [output] = json.loads((workspace / "executed.ipynb").read_text("utf-8"))["cells"][-1]["outputs"]
    assert "not known" in "".join(output["text"])
