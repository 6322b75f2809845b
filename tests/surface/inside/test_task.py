"""What a notebook knows about its task."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from nbflow.surface.inside.task import TaskFacts


def test_in_a_run_the_facts_are_the_run_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids, attempt, start, workspace and typed parameters come from the context."""
    context = {
        "run_id": 7, "task_run_id": 8, "pipeline": "p", "task_key": "t", "attempt": 2, "started": "2026-01-01T12:00:00+00:00",
        "workspace": "/w", "notebook": "/n/n.ipynb", "folder": "/n", "from_a_newer_version": 1,
        "parameters": {"day": {"type": "date", "value": "2026-01-31"}},
    }  # fmt: skip
    (tmp_path / "context.json").write_text(json.dumps(context))
    monkeypatch.setenv("NBFLOW_TASK", str(tmp_path))
    task = TaskFacts()
    assert (task.run_id, task.task_run_id, task.pipeline, task.task_key, task.attempt) == (7, 8, "p", "t", 2)
    assert (task.started, task.workspace) == (datetime(2026, 1, 1, 12, tzinfo=timezone.utc), Path("/w"))
    assert task.parameters == {"day": date(2026, 1, 31)}
    assert repr(task) == "<nbflow task p/t, run 7, attempt 2>"


@pytest.mark.parametrize("mark", ["nbflow.toml", "pipelines/", "pyproject.toml"])
def test_by_hand_the_facts_are_sensible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str) -> None:
    """Without a run there are no ids, and the workspace is the nearest folder upward that looks like one."""
    folder = tmp_path / "ws/notebooks"
    folder.mkdir(parents=True)
    if mark.endswith("/"):
        (tmp_path / "ws" / mark).mkdir()
    else:
        (tmp_path / "ws" / mark).write_text("[tool.nbflow]\n" if mark == "pyproject.toml" else "")
    monkeypatch.delenv("NBFLOW_TASK", raising=False)
    monkeypatch.chdir(folder)
    task = TaskFacts()
    assert (task.run_id, task.task_run_id, task.pipeline, task.task_key, task.attempt) == (None, None, None, None, 1)
    assert (task.parameters, repr(task), task.workspace) == ({}, "<nbflow task: by hand>", tmp_path / "ws")
    assert task.started.tzinfo is timezone.utc


def test_a_stale_variable_means_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is gone, as in a shell that a task left behind, is no run and no error."""
    monkeypatch.setenv("NBFLOW_TASK", str(tmp_path / "gone"))
    assert (TaskFacts().run_id, TaskFacts().parameters) == (None, {})


def test_a_notebook_imports_its_facts(tmp_path: Path) -> None:
    """``from nbflow import task`` in a real run gives the ids that the run's document tells."""
    source = "from nbflow import task\nimport json\nprint(json.dumps([task.run_id, task.task_key, task.attempt, str(task.workspace), task.parameters]))"
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    command = [sys.executable, "-m", "nbflow", "run", "n.ipynb", "--json", "--workspace", ".", "-p", "x=1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
    document: dict[str, Any] = json.loads(done.stdout)
    executed = json.loads(Path(document["tasks"][0]["notebook"]).read_text())
    printed = "".join(executed["cells"][-1]["outputs"][0]["text"])
    assert json.loads(printed) == [document["run_id"], document["tasks"][0]["task_key"], 1, str(tmp_path), {"x": "1"}]
