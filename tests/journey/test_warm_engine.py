"""A warm engine with real Spark: joined by runs whose settings fit, left alone by others, gone when it is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = """# Databricks notebook source
from pyspark.sql import SparkSession
import nbflow
spark = SparkSession.builder.getOrCreate()
spark.range(3).write.mode("append").saveAsTable("default.t")
nbflow.dbutils.notebook.exit(f"{spark.sparkContext.applicationId} {spark.table('default.t').count()}")
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    """A workspace with a notebook that appends three rows to a table, without an engine when the test is over."""
    (tmp_path / "nbflow.toml").write_text("")
    (tmp_path / "n.py").write_text(NOTEBOOK)
    yield tmp_path
    nbflow(tmp_path, "engine", "stop", "--force")


def nbflow(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, in the workspace."""
    command = [sys.executable, "-m", "nbflow", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)


def run(folder: Path, *arguments: str) -> tuple[str, int, str]:
    """The driver's id and the rows of the table that the notebook saw, and what the run told."""
    done = nbflow(folder, "run", "n.py", "--json", *arguments)
    [task] = json.loads(done.stdout)["tasks"]
    assert task["result"] == "SUCCESS", done.stdout
    driver, rows = task["exit_value"].split()
    return driver, int(rows), done.stderr


def status(folder: Path) -> dict[str, Any]:
    """What ``engine status`` tells."""
    found: dict[str, Any] = json.loads(nbflow(folder, "engine", "status", "--json").stdout)
    return found


def drivers(folder: Path) -> list[int]:
    """The processes that have a file of the workspace's among their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str(folder).encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def test_runs_share_a_warm_engine(workspace: Path) -> None:
    """Two runs have one driver and its tables; one with other settings has its own, and sees the tables too; a stopped
    engine leaves no process, and the next run starts its own."""
    started = nbflow(workspace, "engine", "start")
    assert started.returncode == 0, started.stderr
    assert status(workspace)["running"] is True
    again = nbflow(workspace, "engine", "start")
    assert (again.returncode, "running already" in again.stderr) == (2, True)
    first, rows, _ = run(workspace)
    second, more, _ = run(workspace)
    assert (first, rows, more) == (second, 3, 6)
    other, more, told = run(workspace, "--driver-memory", "900m")
    assert other != first
    assert more == 9
    assert "other settings" in told
    assert status(workspace)["guests"] == 0
    assert nbflow(workspace, "engine", "stop").returncode == 0
    assert drivers(workspace) == []
    assert status(workspace) == {"version": 1, "running": False}
    last, more, _ = run(workspace)
    assert last != first
    assert more == 12


def test_a_warm_engine_whose_holder_is_killed(workspace: Path) -> None:
    """No process is left, and the next run starts its own."""
    assert nbflow(workspace, "engine", "start").returncode == 0
    first, _, _ = run(workspace)
    os.kill(status(workspace)["pid"], signal.SIGKILL)
    _wait(lambda: drivers(workspace) == [])
    second, rows, _ = run(workspace)
    assert second != first
    assert rows == 6


def test_a_warm_engine_that_nobody_uses_ends(workspace: Path) -> None:
    """After the idle minutes that it was given."""
    assert nbflow(workspace, "engine", "start", "--autotermination-minutes", "0.03").returncode == 0
    _wait(lambda: drivers(workspace) == [])
    assert status(workspace)["running"] is False


def _wait(holds: Any) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)
