"""A notebook gives the same values run by nbflow, run by plain papermill, and run again by hand from what nbflow executed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbclient import NotebookClient

PARAMETERS = """
from nbflow import dbutils, widgets
layer = widgets.dropdown("layer", "bronze", ["bronze", "silver"])
count = widgets.number("count", 1)
twice = widgets.number("twice", count * 2)
table = f"{layer}_events"
flag = widgets.checkbox("flag", False)
day = widgets.date("day", "2026-01-01")
picks = widgets.multiselect("picks", ["a"], ["a", "b", "c"])
free = widgets.combobox("free", "x", ["x", "y"])
words = widgets.text("words", "")
dbutils.widgets.text("region", "north")
limit: int = 100  # how many
half = limit / 2
region = dbutils.widgets.get("region")
"""
SHOW = """
import json
names = ["layer", "count", "twice", "table", "flag", "day", "picks", "free", "words", "limit", "half", "region"]
print(json.dumps({name: [type(globals()[name]).__name__, str(globals()[name])] for name in names}))
print(json.dumps({name: str(widgets.get(name)) for name in ["layer", "count", "twice", "flag", "day", "picks"]}))
print(json.dumps(dbutils.widgets.getAll(), sort_keys=True))
"""


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A notebook that declares parameters in every way, in one cell, some derived from others."""
    cells = [
        {"cell_type": "code", "id": "p", "metadata": {"tags": ["parameters"]}, "source": PARAMETERS.strip(), "outputs": [], "execution_count": None},
        {"cell_type": "code", "id": "s", "metadata": {}, "source": SHOW.strip(), "outputs": [], "execution_count": None},
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    return path


def shown(notebook: Any) -> list[Any]:
    """What the last cell printed."""
    text = "".join(output.get("text", "") for output in notebook["cells"][-1]["outputs"])
    return [json.loads(line) for line in text.splitlines()]


def by_nbflow(path: Path, given: dict[str, Any]) -> tuple[list[Any], Path]:
    """Run by nbflow as a process; what was shown, and the executed notebook."""
    options = [part for name, value in given.items() for part in ("-p", f"{name}={value if isinstance(value, str) else json.dumps(value)}")]
    command = [sys.executable, "-m", "nbflow", "run", str(path), "--json", "--workspace", str(path.parent), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    executed = Path(json.loads(done.stdout)["tasks"][0]["notebook"])
    return shown(nbformat.read(executed, 4)), executed


def by_papermill(path: Path, given: dict[str, Any]) -> list[Any]:
    """Run by papermill with its own engine."""
    return shown(papermill.execute_notebook(str(path), None, given, progress_bar=False))


def by_hand(executed: Path) -> list[Any]:
    """Run again, cell by cell, without any run around it."""
    document = nbformat.read(executed, 4)
    for cell in document.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(document, timeout=60, kernel_name="python3").execute(cwd=str(executed.parent))
    return shown(document)


GIVEN = [
    {},
    {"layer": "silver", "count": 5},
    {"count": 7, "twice": 3, "flag": True, "day": "2026-03-04", "picks": ["b", "c"], "free": "z", "limit": 9, "region": "süd"},
    {"words": "it's \"quoted\" \\ {x} \n#", "day": "2024-02-29"},
]


@pytest.mark.parametrize("given", GIVEN, ids=["defaults", "derived", "all", "words"])
def test_three_ways_one_result(notebook: Path, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The values of variables, of widgets.get and of dbutils.widgets.getAll are equal, types included."""
    monkeypatch.chdir(notebook.parent)
    monkeypatch.delenv("NBFLOW_TASK", raising=False)
    first, executed = by_nbflow(notebook, given)
    assert by_papermill(notebook, given) == first
    assert by_hand(executed) == first
    variables = first[0]
    assert variables["half"] == ["float", "50.0"]  # derived from a plain assignment: as papermill has it, before the injection
    assert variables["twice"] == ["int", str(given.get("twice", given.get("count", 1) * 2))]
    assert variables["table"][1] == f"{given.get('layer', 'bronze')}_events"
    assert variables["day"] == ["date", str(given.get("day", "2026-01-01"))]
    assert "NBFLOW_TASK" not in os.environ
