"""Whole runs, as seen by their kernels: where these come from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import os, sys
parent = open(f"/proc/{os.getppid()}/cmdline").read()
dbutils.jobs.taskValues.set("kernel", ["nbflow_kernels.py" in parent, os.getppid(), os.environ["NBFLOW_TASK"], "pandas" in sys.modules, os.getcwd()])
"""


def notebook(path: Path, *sources: str) -> None:
    """A notebook with these cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(sources)
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


def kernels(folder: Path, *words: str) -> dict[str, list[object]]:
    """What the tasks of a run tell of their kernels, by their keys."""
    done = subprocess.run(
        [sys.executable, "-m", "nbflow", "run", *words, "--json"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return {task["task_key"]: task["values"]["kernel"] for task in json.loads(done.stdout)["tasks"]}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A pipeline of three notebooks, of which one installs something, and one imports pandas."""
    notebook(tmp_path / "first" / "a.ipynb", CODE)
    notebook(tmp_path / "second" / "b.ipynb", CODE, "import pandas")
    notebook(tmp_path / "third" / "c.ipynb", CODE, "if False: get_ipython().run_line_magic('pip', 'install nothing')")
    tasks = [{"task_key": key, "notebook": f"{folder}/{key}"} for key, folder in (("a", "first"), ("b", "second"), ("c", "third"))]
    (tmp_path / "p.yml").write_text(json.dumps({"name": "p", "tasks": tasks}))
    return tmp_path


def test_kernels_of_a_run_come_from_one_process(place: Path) -> None:
    """Each with its own folder and context, and with what its notebook will import; one that installs packages by itself."""
    told = kernels(place, "p.yml")
    assert {key: (forked, pandas) for key, (forked, _, _, pandas, _) in told.items() if key != "a"} == {
        "b": (True, True),
        "c": (False, False),
    }
    assert told["a"][0] is True and told["a"][1] == told["b"][1]
    assert len({context for _, _, context, _, _ in told.values()}) == 3
    assert [told[key][4] for key in "abc"] == [str(place / folder) for folder in ("first", "second", "third")]


def test_there_are_ordinary_starts_where_they_are_wanted_or_as_quick(place: Path) -> None:
    """By the setting, and for a notebook that is alone."""
    assert {forked for forked, *_ in kernels(place, "p.yml", "--kernel-start", "spawn").values()} == {False}
    assert [forked for forked, *_ in kernels(place, "second/b.ipynb").values()] == [False]
