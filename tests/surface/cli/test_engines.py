"""Engines at the shell: which would start, and what a plan says of them."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any


def test_doctor_tells_what_would_start(nbflow: Any, workspace: Path) -> None:
    """Spark and Sail with what each needs; the workspace's own engine decides the exit code."""
    told = nbflow("doctor", NBFLOW_CACHE=str(workspace / "cache"), NBFLOW_ENGINE="spark")
    assert told.code == 0
    assert "spark: would start" in told.out
    assert "fetched from Maven Central at the first start" in told.out
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
