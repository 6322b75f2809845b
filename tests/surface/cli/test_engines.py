"""Engines at the shell: which would start, and what a plan says of them."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from nbflow.run.engines.memory import usable_memory, usual_heap


def test_doctor_tells_what_would_start(nbflow: Any, workspace: Path) -> None:
    """Spark and Sail with what each needs; the workspace's own engine decides the exit code."""
    told = nbflow("doctor", NBFLOW_CACHE=str(workspace / "cache"), NBFLOW_ENGINE="spark")
    assert told.code == 0
    assert "spark: would start" in told.out
    assert "fetched from Maven Central at the first start" in told.out
    assert (
        f"a driver's heap is {usual_heap(usable_memory())}, of the" in told.out
        and " GiB that may be used a server writes to files" in told.out
    )
    said = nbflow("doctor", "sail", "spark", NBFLOW_DRIVER_MEMORY="700m", NBFLOW_SPARK_CONF='{"spark.driver.memory": "5g"}').out
    assert "a driver's heap is 5g\n" in said and "beyond 5g a server writes to files" in said
    document = nbflow("doctor", "--json", NBFLOW_ENGINE="spark").document
    assert [item["engine"] for item in document["engines"]] == ["spark", "sail"]
    assert [check["what"] for check in document["engines"][0]["checks"]] == ["Java", "pyspark", "Delta's jars", "class-data archive"]
    assert not (workspace / "cache").exists()


def test_doctor_asks_a_server_and_keeps_its_token(nbflow: Any, workspace: Path) -> None:
    """A server that answers is good, one that does not is told; neither answer holds the token."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"sc://127.0.0.1:{server.getsockname()[1]}"
        there = nbflow("doctor", f"{address}/;token=hush")
    gone = nbflow("doctor", f"{address}/;token=hush", "--json")
    assert (there.code, gone.code) == (0, 1)
    assert "takes connections" in there.out
    assert gone.document["engines"][0]["starts"] is False
    assert "hush" not in there.out + there.err + gone.out + gone.err


def test_doctor_sees_a_cache_that_cannot_be(nbflow: Any, workspace: Path) -> None:
    """Where Delta's jars cannot be kept, Spark would not start."""
    (workspace / "file").touch()
    told = nbflow("doctor", "spark", NBFLOW_CACHE=str(workspace / "file" / "cache"))
    assert (told.code, f"{workspace / 'file'} is no folder" in told.out) == (1, True)


def test_doctor_asks_whether_the_jars_can_be_had(nbflow: Any, workspace: Path) -> None:
    """Where the way to them is barred Spark would not start, and the reason is Ivy's own; nothing is left behind."""
    barred = "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=9 -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=9"
    told = nbflow("doctor", "spark", NBFLOW_CACHE=str(workspace / "cache"), JAVA_TOOL_OPTIONS=barred)
    assert told.code == 1
    assert "cannot be fetched from Maven Central" in told.out or "did not answer" in told.out
    assert not (workspace / "cache").exists()


def test_doctor_looks_at_the_interpreter_of_the_notebooks(nbflow: Any, workspace: Path) -> None:
    """Which has to have what attaches to a driver or a server; it is named with the command that brings it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(workspace / "bare")], check=True)
    python = str(workspace / "bare" / "bin" / "python")
    document = nbflow("doctor", "--python", python, "--json", "spark", "sail").document
    checks = {(item["engine"], check["what"]): check for item in document["engines"] for check in item["checks"]}
    wrong = {key: check["found"] for key, check in checks.items() if not check["good"] and key[1] != "Delta's jars"}
    assert set(wrong) == {("spark", "pyspark of notebooks"), ("sail", "Sail"), ("sail", "client")}
    assert all(f"{python} -m pip install" in found for found in wrong.values())


def test_a_plan_says_what_auto_would_be(nbflow: Any, workspace: Path, write_notebook: Any) -> None:
    """And what that depends on; nothing is fetched for it."""
    write_notebook(workspace / "notebooks" / "s.ipynb", [("", "from pyspark.sql import SparkSession")])
    (workspace / "nbflow.toml").unlink()
    told = nbflow("plan", "--engine", "auto", "notebooks/s.ipynb", NBFLOW_CACHE=str(workspace / "cache"))
    assert "Spark engine: auto (here spark, where Delta's jars can be fetched, otherwise sail)" in told.out
    document = nbflow("plan", "--engine", "auto", "notebooks/s.ipynb", "--format", "json").document
    assert document["auto"]["engine"] == "spark"
    assert nbflow("plan", "--engine", "sail", "notebooks/s.ipynb", "--format", "json").document["auto"] is None
    assert not (workspace / "cache").exists()


def test_an_engine_is_stopped_whatever_the_settings_say(nbflow: Any, workspace: Path) -> None:
    """A mistake in the workspace's file keeps nobody from ending what runs."""
    (workspace / "nbflow.toml").write_text("engine = 5\n")
    assert nbflow("engine", "start").code == 2
    assert (nbflow("engine", "stop").code, nbflow("engine", "status").code, nbflow("engine", "address").code) == (0, 1, 1)


def test_a_word_that_is_no_engine(nbflow: Any, workspace: Path) -> None:
    """Refused with what there is, wherever it is written."""
    for arguments in (("doctor", "sprak"), ("run", "--engine", "sprak", "n.ipynb"), ("plan", "--engine", "sprak", "n.ipynb")):
        wrong = nbflow(*arguments)
        assert (wrong.code, "did you mean 'spark'?" in wrong.err) == (2, True)


def test_without_an_engine_held(nbflow: Any, workspace: Path) -> None:
    """Status says so and ends with 1; stopping what is not there is no mistake; only an own engine can be held."""
    assert (nbflow("engine", "status").code, nbflow("engine", "stop").code) == (1, 0)
    assert nbflow("engine", "status", "--json").document == {"version": 1, "running": False}
    refused = nbflow("engine", "start", "--engine", "none")
    assert (refused.code, "only an engine of nbflow's own" in refused.err) == (2, True)
