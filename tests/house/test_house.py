"""The house itself: import rules, public names, what a quick command may import, the README's claims."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nbflow

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
HEAVY = (
    "jsonschema",
    "nbformat",
    "papermill",
    "pandas",
    "pyspark",
    "rich",
    "nbclient",
    "jupyter_client",
    "numpy",
    "IPython",
    "deltalake",
    "jinja2",
    "nbconvert",
    "anywidget",
)


def test_imports_go_down_the_listing() -> None:
    """The contracts in pyproject.toml, imports inside functions included."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_front_page_is_these_names() -> None:
    """Few names, loaded when they are used; none is the name of a folder."""
    names = [
        "Cluster",
        "ConditionTask",
        "Dependency",
        "Expectation",
        "ForEachTask",
        "Pipeline",
        "RunJobTask",
        "Task",
        "dbutils",
        "execute_notebook",
        "load_ipython_extension",
        "run_pipeline",
        "spark",
        "spark_builder",
        "task",
        "widgets",
    ]
    assert sorted(nbflow.__all__) == names
    folders = {path.name for path in (ROOT / "nbflow").iterdir() if path.is_dir()}
    assert not folders & set(names)
    for name in names:
        if name != "spark":  # getting it starts a driver
            assert getattr(nbflow, name) is not None


def imported(*arguments: str, cwd: Path) -> set[str]:
    """The modules that the command has imported when it ends."""
    code = (
        "import sys, json, atexit\nfrom nbflow.surface.cli.main import main\n"
        f"sys.argv = ['nbflow', *{list(arguments)!r}]\n"
        "atexit.register(lambda: print('@@' + json.dumps(sorted(sys.modules)), file=sys.__stderr__))\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stderr.splitlines() if line.startswith("@@"))
    return {name.partition(".")[0] for name in json.loads(line[2:])}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["validate", "pipelines"],
        ["plan", "medallion"],
        ["params", "notebooks/layer.ipynb"],
        ["runs"],
        ["engine", "differences"],
    ],
    ids=lambda words: words[0],
)
def test_quick_commands_import_nothing_heavy(arguments: list[str]) -> None:
    """What ends a command fast stays fast where jupyterlab is installed, too."""
    assert not imported(*arguments, cwd=ROOT) & set(HEAVY)


def test_the_way_to_the_first_cell_imports_nothing_heavy(tmp_path: Path) -> None:
    """A run needs jupyter_client and zmq; nbformat alone would cost a second."""
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": "1", "outputs": [], "execution_count": None}
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    allowed = {"jupyter_client", "IPython"}
    assert not imported("run", "n.ipynb", "--quiet", cwd=tmp_path) & (set(HEAVY) - allowed)


def test_the_readme_shows_commands_that_exist() -> None:
    """Every ``nbflow …`` command in the README is one, and its options are options of it."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    text = "\n".join(block for kind, block in blocks if kind in ("console", "sh"))
    calls = re.findall(r"^(?:\$ )?nbflow ([a-z]+)((?: [^\n|#&]+)?)", text, re.MULTILINE)
    assert calls
    for command, rest in calls:
        done = subprocess.run([sys.executable, "-m", "nbflow", command, "--help"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, command
        for option in re.findall(r"(?<= )--?[a-z][a-z-]*", rest):
            assert re.search(rf"{re.escape(option)}\b", done.stdout), (command, option)


@pytest.mark.parametrize("text", ["pip install .            && nbflow run pipelines/medallion.yml", 'pip install ".[test]"    && pytest'])
def test_the_readme_has_the_two_commands(text: str) -> None:
    """The two commands that do all the set-up."""
    assert text in README
