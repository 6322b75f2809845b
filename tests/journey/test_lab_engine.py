"""The engine that ``nbflow lab`` holds: there for its kernels, gone with it however it ends; one that was there before stays.

JupyterLab itself is played by a few lines; ``tests/browser`` has the real one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long

LAB = """
import json, os, runpy, subprocess, sys

def main():
    print("up", flush=True)
    for line in sys.stdin:
        done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True)
        print(json.dumps([done.stdout, done.stderr[-2000:]]), flush=True)
    return 0
"""
KERNEL = """
import runpy, subprocess, sys
runpy.run_path(__import__('os').environ['PYTHONSTARTUP'])
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
used = subprocess.run([sys.executable, '-m', 'nbflow', 'engine', 'status', '--json'], capture_output=True, text=True).stdout
import nbflow
print(spark.range(5).count(), nbflow.spark is SparkSession.builder.getOrCreate(), __import__('json').loads(used)['guests'])
"""
ONE_LINE = f"exec({KERNEL!r})\n"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command in a workspace, in which ``jupyterlab`` is the program above; ends what is left of it."""
    (tmp_path / "fake/jupyterlab").mkdir(parents=True)
    (tmp_path / "fake/jupyterlab/__init__.py").write_text("")
    (tmp_path / "fake/jupyterlab/labapp.py").write_text(LAB)
    (tmp_path / "ws/pipelines").mkdir(parents=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NBFLOW_")}
    started: list[subprocess.Popen[str]] = []

    def one(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "nbflow", *arguments], cwd=tmp_path / "ws", text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=(tmp_path / "told").open("a"), env={**environment, "PYTHONPATH": str(tmp_path / "fake")},
        )  # fmt: skip
        started.append(process)
        return process

    yield one
    for process in started:
        process.kill()
    one("engine", "stop", "--force").wait()


def status(start: Callable[..., subprocess.Popen[str]]) -> Any:
    """What ``engine status`` tells."""
    return json.loads(start("engine", "status", "--json").communicate()[0])


def asked(lab: subprocess.Popen[str], code: str) -> str:
    """What a program prints that the Lab starts, as it starts a kernel."""
    assert lab.stdin is not None
    assert lab.stdout is not None
    lab.stdin.write(code)
    lab.stdin.flush()
    out, errors = json.loads(lab.stdout.readline())
    assert out, errors
    return str(out).strip()


@pytest.mark.parametrize("how", ["well", "killed"])
def test_it_is_there_for_kernels_and_ends_with_the_lab(
    start: Callable[..., subprocess.Popen[str]], until: Callable[..., Any], tmp_path: Path, how: str
) -> None:
    """A plain builder joins it, also while it is starting, and ``from nbflow import spark`` is the same session; the end of the
    Lab, even by SIGKILL, is its end."""
    lab = start("lab", "--engine", "sail")
    assert lab.stdout is not None
    assert lab.stdout.readline() == "up\n"
    assert asked(lab, ONE_LINE) == "5 True 1"
    told = (tmp_path / "told").read_text().splitlines()
    assert told[0] == f"nbflow: JupyterLab in {tmp_path / 'ws'}; engine sail starts meanwhile, and ends with it"
    assert "engine sail is there, process" in told[1]
    until(lambda: status(start)["guests"] == 0, 60)
    found = status(start)
    assert (found["running"], found["engine"]) == (True, "sail")
    if how == "well":
        assert lab.stdin is not None
        lab.stdin.close()
        assert lab.wait() == 0
    else:
        lab.send_signal(signal.SIGKILL)
        assert lab.wait() == -signal.SIGKILL
    until(lambda: not Path(f"/proc/{found['pid']}").exists(), 60)
    assert status(start) == {"version": 1, "running": False}


def test_a_run_that_has_joined_it_may_end_first(
    start: Callable[..., subprocess.Popen[str]], until: Callable[..., Any], tmp_path: Path
) -> None:
    """The engine outlives the Lab until nobody uses it any more."""
    lab = start("lab", "--engine", "sail")
    assert asked_after_up(lab) == "5 True 1"
    code = (
        "import sys\nfrom nbflow import spark\nprint(spark.range(4).count(), flush=True)\nsys.stdin.read()\nprint(spark.range(3).count())"
    )
    environment = {**os.environ, "NBFLOW_ENGINE": "sail", "PYTHONPATH": str(tmp_path / "fake")}
    other = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path / "ws", env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert other.stdout is not None
    assert other.stdout.readline() == "4\n"
    until(lambda: status(start)["guests"] == 1, 60)
    assert lab.stdin is not None
    lab.stdin.close()
    assert lab.wait() == 0
    assert status(start)["guests"] == 1
    assert other.communicate()[0] == "3\n"
    until(lambda: status(start)["running"] is False, 60)


def test_one_that_was_there_before_is_joined_and_stays(start: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    """The Lab's end is none of its business."""
    begun = start("engine", "start", "--engine", "sail")
    assert begun.wait() == 0
    before = status(start)["pid"]
    lab = start("lab", "--engine", "sail")
    assert asked_after_up(lab) == "5 True 1"
    assert f"nbflow: joins the engine sail that is running, process {before}\n" in (tmp_path / "told").read_text()
    assert lab.stdin is not None
    lab.stdin.close()
    assert lab.wait() == 0
    found = status(start)
    assert (found["running"], found["pid"]) == (True, before)


@pytest.mark.parametrize("later", ["when it is there", "while it is starting"])
def test_of_two_labs_the_first_to_end_leaves_the_engine_to_the_other(
    start: Callable[..., subprocess.Popen[str]], until: Callable[..., Any], tmp_path: Path, later: str
) -> None:
    """The second is joined to the engine of the first, also with no kernel; that ends with the last of both, and no 'stop' without
    --force takes it away before."""
    first = start("lab", "--engine", "sail")
    assert first.stdout is not None
    assert first.stdout.readline() == "up\n"
    if later == "when it is there":
        until(lambda: status(start)["running"], 60)
    second = start("lab", "--engine", "sail")
    until(lambda: status(start).get("labs") == 2, 60)
    pid = status(start)["pid"]
    told = start("engine", "status").communicate()[0].splitlines()
    assert [line.split(maxsplit=2)[-1] for line in told if line.startswith("used by")] == ["2 JupyterLabs"]
    assert start("engine", "stop").wait() == 2
    first.kill()
    first.wait()
    until(lambda: status(start)["labs"] == 1, 60)
    assert asked_after_up(second) == "5 True 1"
    until(lambda: status(start)["guests"] == 0, 60)
    assert (status(start)["pid"], "nbflow: joins the engine " in (tmp_path / "told").read_text()) == (pid, True)
    assert second.stdin is not None
    second.stdin.close()
    assert second.wait() == 0
    until(lambda: not Path(f"/proc/{pid}").exists(), 60)
    assert status(start) == {"version": 1, "running": False}


def asked_after_up(lab: subprocess.Popen[str]) -> str:
    """Like ``asked``, of a Lab that is just starting."""
    assert lab.stdout is not None
    assert lab.stdout.readline() == "up\n"
    return asked(lab, ONE_LINE)


def test_an_engine_that_cannot_start_is_told_and_the_lab_is_there(
    start: Callable[..., subprocess.Popen[str]], until: Callable[..., Any], tmp_path: Path
) -> None:
    """With the reason, on the Lab's terminal."""
    (tmp_path / "ws/nbflow.toml").write_text('spark_conf = {"spark.master" = "yarn-nowhere"}\n')
    lab = start("lab")
    assert lab.stdout is not None
    assert lab.stdout.readline() == "up\n"
    until(lambda: "nbflow: no engine is held: " in (tmp_path / "told").read_text(), 60)
    assert lab.poll() is None
