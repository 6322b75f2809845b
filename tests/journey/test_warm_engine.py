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
from deltalake import DeltaTable

from nbflow.run.engines.jars import jar_folder
from nbflow.warehouse.trash import dropped
from tests.journey.watching import LOOPBACK, listening, told_to_others

pytestmark = pytest.mark.long

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
    assert "other settings (driver_memory)" in told
    assert status(workspace)["guests"] == 0
    assert nbflow(workspace, "engine", "stop").returncode == 0
    assert drivers(workspace) == []
    assert status(workspace) == {"version": 1, "running": False}
    last, more, _ = run(workspace)
    assert last != first
    assert more == 12


CLIENT = """
import sys, time
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
print(type(spark).__module__, spark.table("default.t").count())
spark.table("default.t").select((F.col("id") * 2).alias("x")).write.saveAsTable(sys.argv[1])
print(spark.range(3).select(F.udf(lambda x: x + 1, "long")("id").alias("y")).agg({"y": "sum"}).first()[0])
print(spark.conf.get("spark.nbflow.tag", "nobody"))
while not (pool := spark.conf.get("spark.scheduler.pool", "")):
    time.sleep(0.1)
print(pool == spark.conf.get("spark.nbflow.tag", f"nbflow-{spark.session_id}"))
"""


DROPPER = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.range(4).selectExpr("id", "id % 2 AS k").write.partitionBy("k").saveAsTable("default.gone")
spark.sql("CREATE TABLE default.purged AS SELECT 1 AS x")
spark.sql("CREATE SCHEMA away")
spark.range(2).write.saveAsTable("away.one")
spark.range(3).write.format("parquet").saveAsTable("away.files")
spark.catalog.dropTable("gone")
spark.sql("DROP TABLE default.purged PURGE")
try:
    spark.sql("DROP SCHEMA away")
except Exception as error:
    print("SCHEMA_NOT_EMPTY" in str(error), spark.table("away.one").count())
spark.sql("DROP SCHEMA away CASCADE")
print(spark.catalog.tableExists("default.gone"), spark.catalog.databaseExists("away"))
"""


def client(folder: Path, remote: str, table: str, code: str = CLIENT) -> subprocess.CompletedProcess[str]:
    """A plain process that knows of nothing but Spark Connect's address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK", "NBFLOW"))}
    return subprocess.run(
        [sys.executable, "-c", code, table],
        cwd=folder,
        check=False,
        env={**environment, "SPARK_REMOTE": remote},
        capture_output=True,
        text=True,
        timeout=180,
    )


WAITS = """# Databricks notebook source
import os, time
from nbflow import spark
print(spark.range(3).count())
open("{name}-is-there", "w").close()
while not os.path.exists("go"):
    time.sleep(0.05)
"""


def tells_nobody_its_secrets(workspace: Path, remote: str) -> None:
    """Of a run whose one task is attached to the engine, and whose other one is a client of it as of a server elsewhere: no file that
    others may read holds a token or a secret, neither while it lasts nor later, nor does what it prints."""
    for name in ("far", "near"):
        (workspace / f"{name}.py").write_text(WAITS.format(name=name))
    tasks = [{"task_key": "far", "notebook": "far.py"}, {"task_key": "near", "notebook": "near.py", "job_cluster_key": "own"}]
    clusters = [{"job_cluster_key": "own", "new_cluster": {"engine": "spark"}}]
    (workspace / "secrets.yml").write_text(json.dumps({"tasks": tasks, "job_clusters": clusters}))
    command = [sys.executable, "-m", "nbflow", "run", "secrets.yml", "--json", "--parallel", "2"]
    with subprocess.Popen(
        command, cwd=workspace, env={**os.environ, "NBFLOW_ENGINE": remote}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        _wait(lambda: process.poll() is not None or len(list(workspace.glob("*-is-there"))) == 2)
        secrets = {
            remote.partition("token=")[2].partition(";")[0],
            json.loads((workspace / ".nbflow/engine/engine.json").read_text())["token"],
        }
        secrets |= {known["secret"] for known in map(_json, workspace.glob(".nbflow/**/connections/*.json")) if "secret" in known}
        assert len(secrets) == 3 and all(len(secret) > 30 for secret in secrets)
        (workspace / "shown").write_text(" ".join(secrets))
        places = (workspace, jar_folder(os.environ).parent)
        assert len(list(told_to_others(secrets, *places))) == 3
        (workspace / "shown").unlink()
        found = list(told_to_others(secrets, *places))
        (workspace / "go").touch()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert [*found, *told_to_others(secrets, *places)] == []
    assert not [secret for secret in secrets if secret in out + err]
    assert remote.partition("/;")[0] in json.loads(out)["engine"]


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def bash_notebook(source: str) -> str:
    """A notebook of one cell in bash."""
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    kernel = {"kernelspec": {"name": "bash", "display_name": "Bash", "language": "bash"}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": [cell]})


def test_the_same_driver_serves_spark_connect(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain client reads what a notebook on the driver wrote, whether before or after it came, and writes what notebooks read;
    without the token nobody gets in. What it drops lies in the trash, however it says it. A notebook in another language is handed an address where that is asked for: a session of
    its own, whose commits bear the run's mark. All of it listens on loopback, and no file that others may read holds a secret. When who holds the engine is killed no process is left, and the next run starts its own."""
    (workspace / "temp").mkdir()
    monkeypatch.setenv("TMPDIR", str(workspace / "temp"))
    assert nbflow(workspace, "engine", "start", "--autotermination-minutes", "5").returncode == 0
    run(workspace)
    assert "address" in status(workspace) and not status(workspace)["address"]
    remote = nbflow(workspace, "engine", "address").stdout.strip()
    done = client(workspace, remote, "default.of_client")
    assert done.stdout.splitlines() == ["pyspark.sql.connect.session 3", "6", "nobody", "True"], done.stderr[-3000:]
    told = status(workspace)
    assert remote.startswith(f"{told['address']}/;token=") and told["address"].startswith("sc://localhost:")
    assert listening(told["pid"], *drivers(workspace)) and listening(told["pid"], *drivers(workspace)) <= LOOPBACK
    refused = client(workspace, remote.replace("token=", "token=not"), "default.never")
    assert refused.returncode != 0 and "UNAUTHENTICATED" in refused.stderr.upper()

    done = client(workspace, remote, "", DROPPER)
    assert done.stdout.splitlines() == ["True 2", "False False"], done.stderr[-3000:]
    lies = {item.name: item for item in dropped(workspace / "warehouse")}
    assert set(lies) == {"default.gone", "default.purged", "away.one", "away.*"}
    assert nbflow(workspace, "tables", "restore", "default.gone").returncode == 0
    assert sorted(DeltaTable(workspace / "warehouse/default/gone").to_pyarrow_table()["id"].to_pylist()) == [0, 1, 2, 3]
    assert DeltaTable(lies["away.one"].files).to_pyarrow_table().num_rows == 2
    assert not list((workspace / "warehouse/.trash").glob("links-*"))

    (workspace / "client.py").write_text(CLIENT)
    (workspace / "b.ipynb").write_text(bash_notebook(f"{sys.executable} client.py default.of_bash"))
    done = nbflow(workspace, "run", "b.ipynb", "--spark-remote", "true", "--json")
    [task] = json.loads(done.stdout)["tasks"]
    assert task["result"] == "SUCCESS", done.stdout
    shown = Path(task["notebook"]).read_text()
    assert "pyspark.sql.connect.session 3" in shown and "nbflow-" in shown and "True" in shown
    [commit] = json.loads(nbflow(workspace, "tables", "history", "default.of_bash", "--json").stdout)["history"]
    assert (commit["run_id"], commit["task_key"]) == (2, "b")
    assert [table["table"] for table in task["tables"]] == ["default.of_bash"]
    (workspace / "n.py").write_text(
        NOTEBOOK.replace("default.t').count()", "default.of_bash').count() + spark.table('default.of_client').count()")
    )
    first, rows, _ = run(workspace)
    assert rows == 6
    tells_nobody_its_secrets(workspace, remote)

    os.kill(status(workspace)["pid"], signal.SIGKILL)
    _wait(lambda: drivers(workspace) == [])
    second, rows, _ = run(workspace)
    assert (second != first, rows) == (True, 6)


def test_a_warm_engine_that_nobody_uses_ends(workspace: Path) -> None:
    """After the idle minutes that it was given; Sail stands for all here, since it starts at once."""
    started = nbflow(workspace, "engine", "start", "--engine", "sail", "--autotermination-minutes", "0.03")
    assert started.returncode == 0, started.stderr
    # from what it told: who asks for the status uses it, and it may be gone by then
    holder = Path("/proc", started.stdout.partition("process ")[2].partition(";")[0])
    assert holder.name.isdigit()
    _wait(lambda: not holder.exists())
    assert status(workspace)["running"] is False


def _wait(holds: Any) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)
