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
source = widgets.path("source", "data/in.csv")
dbutils.widgets.dropdown("env", "dev", ["dev", "prod"])
dbutils.widgets.multiselect("zones", "1", ["1", "2", "3"])
dbutils.widgets.text("region", "north")
limit: int = 100  # how many
half = limit / 2
region = dbutils.widgets.get("region")
zones = [int(zone) for zone in dbutils.widgets.get("zones").split(",")]
name = "events"
mixed = f"{layer}/{name}"
label = "l"
label += f"-{table}"
steps = ["a"]
steps.append(layer)
if layer == "silver":
    size = count * 10
else:
    size = 0
def describe():
    return f"{layer}:{twice}"
described = describe()
options: dict = {"layer": layer}
options["env"] = dbutils.widgets.get("env")
"""
SHOW = """
import json
names = ["layer", "count", "twice", "table", "flag", "day", "picks", "free", "words", "limit", "half", "region",
         "source", "zones", "name", "mixed", "label", "steps", "size", "described", "options"]
print(json.dumps({name: [type(globals()[name]).__name__, str(globals()[name])] for name in names}))
print(json.dumps({name: str(widgets.get(name)) for name in ["layer", "count", "twice", "flag", "day", "picks", "source"]}))
print(json.dumps(dbutils.widgets.getAll(), sort_keys=True))
"""


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A notebook that declares parameters in every way, in one cell, some derived from others."""
    cells = [
        {
            "cell_type": "code",
            "id": "p",
            "metadata": {"tags": ["parameters"]},
            "source": PARAMETERS.strip(),
            "outputs": [],
            "execution_count": None,
        },
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


def by_nbflow(path: Path, given: dict[str, Any], *more: str) -> tuple[list[Any], Path]:
    """Run by nbflow as a process; what was shown, and the executed notebook."""
    options = [part for name, value in given.items() for part in ("-p", f"{name}={value if isinstance(value, str) else json.dumps(value)}")]
    command = [sys.executable, "-m", "nbflow", "run", str(path), "--json", "--workspace", str(path.parent), *options, *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    executed = Path(json.loads(done.stdout)["tasks"][0]["notebook"])
    return shown(nbformat.read(executed, 4)), executed


def by_papermill(path: Path, given: dict[str, Any], **more: Any) -> list[Any]:
    """Run by papermill with its own engine."""
    return shown(papermill.execute_notebook(str(path), None, given, progress_bar=False, **more))


def by_hand(executed: Path) -> list[Any]:
    """Run again, cell by cell, without any run around it."""
    document = nbformat.read(executed, 4)
    for cell in document.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(document, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(Path.cwd())}}).execute()
    return shown(document)


GIVEN = [
    {},
    {"layer": "silver", "count": 5, "name": "orders", "words": "it's \"quoted\" \\ {x} \n#"},
    {
        "layer": "silver", "count": 7, "twice": 3, "flag": True, "day": "2026-03-04", "picks": ["b", "c"], "free": "z", "limit": 9,
        "region": "süd", "source": "other/x.csv", "env": "prod", "zones": "2,3", "table": "t",
    },
]  # fmt: skip


@pytest.mark.parametrize("given", GIVEN, ids=["defaults", "derived", "all"])
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
    layer = given.get("layer", "bronze")
    assert variables["table"][1] == given.get("table", f"{layer}_events")
    assert variables["label"][1] == f"l-{layer}_events"
    assert variables["mixed"][1] == f"{layer}/events"  # the plain name is injected after the cell, as papermill does it
    assert variables["steps"][1] == f"['a', '{layer}']"
    assert variables["size"][1] == str(given["count"] * 10 if layer == "silver" else 0)
    assert variables["described"][1] == f"{layer}:{variables['twice'][1]}"
    assert variables["options"][1] == str({"layer": layer, "env": given.get("env", "dev")})
    assert variables["zones"][1] == f"[{given.get('zones', '1').replace(',', ', ')}]"
    assert variables["source"][1] == str(notebook.parent / given.get("source", "data/in.csv"))
    assert variables["day"] == ["date", str(given.get("day", "2026-01-01"))]
    assert "NBFLOW_TASK" not in os.environ


LATER = """
from nbflow import dbutils
before = dbutils.widgets.get("layer")
dbutils.widgets.dropdown("layer", "bronze", ["bronze", "silver"])
dbutils.widgets.text("n", "1")
"""
SHOW_LATER = "import json\nprint(json.dumps([before, dbutils.widgets.get('layer'), dbutils.widgets.get('n'), dbutils.widgets.get('free')]))"


def test_widgets_in_any_cell_get_what_was_injected_before_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a tagged cell values stand at the top; widgets that are made after them, or never made, have them all the same."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "n.ipynb"
    cells = [
        {"cell_type": "code", "id": f"c{at}", "metadata": {}, "source": source.strip(), "outputs": [], "execution_count": None}
        for at, source in enumerate((LATER, SHOW_LATER))
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    given = {"layer": "silver", "free": "x"}
    first, executed = by_nbflow(path, given)
    assert first == [["silver", "silver", "1", "x"]]
    assert by_papermill(path, given, kernel_name="python3", language="python") == first
    assert by_hand(executed) == first


def test_a_value_that_does_not_fit_fails_in_papermill_too(notebook: Path) -> None:
    """The injected cell fails with the widget's sentence; the cells after it do not run."""
    with pytest.raises(papermill.PapermillExecutionError, match="widget 'layer': 'gold' is none of the choices bronze, silver"):
        by_papermill(notebook, {"layer": "gold"})


def python_without_nbflow(folder: Path) -> Path:
    """An interpreter of another environment: it has ipykernel, borrowed from this one, but not nbflow."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    here = Path(nbformat.__file__).parent.parent
    for item in here.iterdir():  # not by a .pth file, whose own .pth files would bring an editable nbflow along
        if "nbflow" not in item.name and item.suffix != ".pth" and not (site / item.name).exists():
            (site / item.name).symlink_to(item)
    return folder / "bin/python"


def test_a_kernel_without_nbflow_has_widgets_and_dbutils(notebook: Path, tmp_path: Path) -> None:
    """A Python where nbflow is not installed, and where another package bears its name, gives the same values."""
    given: dict[str, Any] = {"layer": "silver", "day": "2026-03-04"}
    other = python_without_nbflow(tmp_path / "env")
    missing = subprocess.run([str(other), "-c", "import nbflow"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "No module named 'nbflow'" in missing.stderr
    assert by_nbflow(notebook, given, "--python", str(other))[0] == by_nbflow(notebook, given)[0]
    (next((tmp_path / "env").glob("lib/python*/site-packages")) / "nbflow.py").write_text("stranger = True\n")
    assert by_nbflow(notebook, given, "--python", str(other))[0][0]["layer"] == ["str", "silver"]


def test_programs_that_run_the_notebook_see_no_form(notebook: Path, tmp_path: Path) -> None:
    """papermill and nbclient take no input, so the tagged cell shows nothing."""
    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(str(notebook), str(out), {}, progress_bar=False)
    assert [cell.outputs for cell in nbformat.read(out, 4).cells[:-1]] == [[]]
