"""A notebook that runs pipelines, executed by programs."""

from __future__ import annotations

import json
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
