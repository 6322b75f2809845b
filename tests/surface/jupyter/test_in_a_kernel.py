"""``run_pipeline`` and ``%nbflow`` in a cell of a real kernel."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


class Cells:
    """A kernel in which cells are executed one after the other."""

    def __init__(self, folder: Path) -> None:
        from jupyter_client.manager import KernelManager

        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def begin(self, code: str) -> str:
        """Send a cell; the message's id."""
        return str(self.client.execute(code))

    def finish(self, message: str) -> tuple[str, dict[str, Any], str | None]:
        """The text, the data of the last result, and the exception's name of that cell."""
        text, data, ename = "", {}, None
        while True:
            got = self.client.get_iopub_msg(timeout=90)
            if got["parent_header"].get("msg_id") != message:
                continue
            content = got["content"]
            if got["msg_type"] == "stream":
                text += content["text"]
            elif got["msg_type"] in ("execute_result", "display_data"):
                data = content["data"]
            elif got["msg_type"] == "error":
                ename, text = content["ename"], text + "\n".join(content["traceback"])
            elif got["msg_type"] == "status" and content["execution_state"] == "idle":
                return text, data, ename

    def run(self, code: str) -> tuple[str, dict[str, Any], str | None]:
        """Execute a cell to its end."""
        return self.finish(self.begin(code))

    def close(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def cells(workspace: Path) -> Iterator[Cells]:
    """A kernel in the folder ``notebooks`` of the workspace."""
    kernel = Cells(workspace / "notebooks")
    yield kernel
    kernel.close()


def test_a_run_in_a_cell_shows_itself(cells: Cells) -> None:
    """A cell that ends with a call shows progress as it comes and the run as a table with links from its own folder."""
    text, data, ename = cells.run("from nbflow import run_pipeline\nrun_pipeline('small', times=2)")
    assert ename is None, text
    assert text.startswith("small: run 1, 2 tasks")
    assert 'href="../runs/small/1/greet.ipynb"' in data["text/html"]
    assert data["text/plain"].startswith("small: run 1 SUCCESS")


def test_the_magic(cells: Cells) -> None:
    """``%nbflow run`` runs and shows; mistakes and wrong calls fail the cell, with a line and no traceback."""
    cells.run("%load_ext nbflow")
    _, data, ename = cells.run("%nbflow run small -p times=3 -p 'who=two words'")
    assert (ename, "SUCCESS" in data["text/plain"]) == (None, True)
    text, data, ename = cells.run("%nbflow run small -p whom=x")
    assert ("did you mean 'who'?" in text, "Traceback" in text, data, ename) == (True, False, {}, "DefinitionError")
    for wrong in ("", "walk small", "run", "run small -p", "run small -p x", "run 'small", "run small --nope"):
        text, data, ename = cells.run(f"%nbflow {wrong}")
        assert ("use: %nbflow run PIPELINE" in text, "Traceback" in text, data, ename) == (True, False, {}, "UsageError"), wrong


def test_an_interrupted_cell_cancels_the_run(cells: Cells, workspace: Path, write_notebook: Any) -> None:
    """Interrupting the cell cancels the run in good order; the record says CANCELED."""
    write_notebook(workspace / "notebooks/slow.ipynb", [("", "import time\nprint('here', flush=True)\ntime.sleep(600)")])
    message = cells.begin("from nbflow import run_pipeline\nrun_pipeline('slow.ipynb')")
    deadline = time.monotonic() + 60
    while _cells_begun(workspace) == 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    cells.manager.interrupt_kernel()
    text, _, ename = cells.finish(message)
    assert ename == "KeyboardInterrupt"
    assert "slow: run 1 CANCELED" in text
    notebook = json.loads((workspace / "runs/slow/1/slow.ipynb").read_text())
    assert notebook["nbformat"] == 4


def _cells_begun(workspace: Path) -> int:
    """How many cells have begun, by the record."""
    try:
        with sqlite3.connect(f"file:{workspace}/.nbflow/nbflow.db?mode=ro", uri=True) as database:
            return int(database.execute("select count(*) from events where kind = 'CellStarted'").fetchone()[0])
    except sqlite3.Error:
        return 0
