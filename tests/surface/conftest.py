"""A small workspace without Spark, and the installed command as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PIPELINE = """\
name: small
parameters:
  who: world
tasks:
  - task_key: greet
    notebook: ../notebooks/greet.ipynb
  - task_key: after
    notebook: ../notebooks/after.ipynb
    depends_on: [greet]
    parameters:
      words: "{{tasks.greet.values.words}}"
"""

GREET = [
    ("parameters", 'who: str = "world"  # whom to greet\ntimes: int = 1'),
    ("", 'print(f"hello {who}")'),
    ("", 'dbutils.jobs.taskValues.set("words", times * 2)'),
]
AFTER = [("parameters", "words: int = 0"), ("", "print(words)")]
BROKEN = [("", 'a = 1\nb = 0\nprint("before")\na / b\nprint("after")')]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Its standard output as JSON."""
        return json.loads(self.out)


def _write_notebook(path: Path, cells: list[tuple[str, str]]) -> Path:
    """A notebook with code cells, each given as its tag (or nothing) and its source."""
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{at}",
                "metadata": {"tags": [tag] if tag else []},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }  # fmt: skip
            for at, (tag, source) in enumerate(cells)
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with the pipeline ``small`` (two tasks) and the pipeline ``broken`` (two tasks, the first fails)."""
    root = tmp_path / "ws"
    _write_notebook(root / "notebooks/greet.ipynb", GREET)
    _write_notebook(root / "notebooks/after.ipynb", AFTER)
    _write_notebook(root / "notebooks/broken.ipynb", BROKEN)
    (root / "pipelines").mkdir()
    (root / "pipelines/small.yml").write_text(PIPELINE)
    (root / "pipelines/broken.yml").write_text(
        "name: broken\ntasks:\n  - task_key: bad\n    notebook: ../notebooks/broken.ipynb\n"
        "  - task_key: after\n    notebook: ../notebooks/after.ipynb\n    depends_on: [bad]\n"
    )
    (root / "nbflow.toml").write_text('engine = "none"\n')
    return root


def _environment(**more: str) -> dict[str, str]:
    """This process's environment without what would change the command's ways."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("NBFLOW_", "COLUMNS", "FORCE_COLOR"))}
    return {**plain, **more}


@pytest.fixture
def nbflow(workspace: Path) -> Callable[..., Done]:
    """Runs the installed command in the workspace (or ``cwd``) and tells how it ended."""

    def call(*arguments: str, cwd: Path = workspace, **more: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "nbflow", *arguments], cwd=cwd, env=_environment(**more), stdin=subprocess.DEVNULL,
            capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    return call


@pytest.fixture
def write_notebook() -> Callable[[Path, list[tuple[str, str]]], Path]:
    """Writes a notebook with code cells, each given as its tag (or nothing) and its source."""
    return _write_notebook


@pytest.fixture
def environment() -> Callable[..., dict[str, str]]:
    """Gives an environment without what would change the command's ways, with what is asked for."""
    return _environment
