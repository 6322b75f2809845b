"""Notebooks that lie elsewhere, read by papermill's own handlers."""

from __future__ import annotations

import functools
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

pytestmark = pytest.mark.long


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that a web server shows, and its address."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def nbflow(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, run in this folder."""
    return subprocess.run([sys.executable, "-m", "nbflow", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=90)


def test_a_notebook_at_an_address_is_run(tmp_path: Path, elsewhere: tuple[Path, str]) -> None:
    """By itself and in a pipeline: parameters checked before, its kernel in the workspace, the executed notebook in ``runs``."""
    folder, address = elsewhere
    cells = [
        nbformat.v4.new_code_cell("n: int = 1", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("import os\nprint(n, os.getcwd())"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "far.ipynb")
    root = tmp_path / "here"
    root.mkdir()
    done = nbflow(root, "run", f"{address}/far.ipynb?v=1", "-p", "n=5", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    executed: Any = nbformat.read(document["tasks"][0]["notebook"], 4)
    assert (document["pipeline"], executed.cells[-1].outputs[0].text) == ("far", f"5 {root}\n")
    assert executed.metadata.papermill.input_path == f"{address}/far.ipynb?v=1"
    (root / "p.yml").write_text(
        f"tasks:\n  - {{task_key: a, notebook: '{address}/far.ipynb', parameters: {{n: x}}}}\n  - {{task_key: b, notebook: '{address}/gone.ipynb'}}\n"
    )
    wrong = nbflow(root, "validate", "p.yml")
    assert wrong.returncode == 2
    assert "p.yml:2: tasks[0].parameters.n" in wrong.stderr and f"{address}/gone.ipynb:1: is no JSON" in wrong.stderr  # the server's page
    (root / "p.yml").write_text(
        "tasks:\n  - {task_key: a, notebook: 'http://127.0.0.1:9/x.ipynb'}\n  - {task_key: b, notebook: 'nowhere://x/y.ipynb'}\n"
    )
    told = nbflow(root, "validate", "p.yml").stderr
    assert "p.yml:2: tasks[0].notebook: http://127.0.0.1:9/x.ipynb cannot be fetched" in told
    assert "p.yml:3: tasks[1].notebook: nowhere://x/y.ipynb cannot be fetched" in told
