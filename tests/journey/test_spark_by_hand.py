"""Spark in a notebook that a person runs by hand, outside of any run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

pytestmark = pytest.mark.long

CODE = """
import json
from nbflow import spark
from pyspark.sql import SparkSession
spark.sql("create schema if not exists b")
spark.read.csv("in.csv").write.saveAsTable("b.t")
print(json.dumps([spark is SparkSession.builder.getOrCreate(), spark.table("b.t").count()]))
"""


def test_by_hand_the_workspaces_tables_are_there(tmp_path: Path, until: Callable[..., Any]) -> None:
    """``from nbflow import spark`` starts a driver on the workspace's warehouse, with Delta; it ends with the process."""
    (tmp_path / "pipelines").mkdir()
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "in.csv").write_text("1\n2\n")
    (folder / "random.py").write_text("raise RuntimeError('a module beside the notebook is not the library')")
    environment = {name: value for name, value in os.environ.items() if name != "NBFLOW_TASK"}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.path.pop(0)\n" + CODE],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [True, 2]
    assert (tmp_path / "warehouse" / "b" / "t" / "_delta_log").is_dir()
    until(lambda: not drivers_on(tmp_path))


OWN = """
import json, nbflow
spark = nbflow.spark_builder().config("spark.sql.session.timeZone", "UTC").getOrCreate()
spark.sql("create schema if not exists b location 'b'")
spark.range(4).write.saveAsTable("default.t")
spark.sql("delete from default.t where id = 2")
print(json.dumps([spark.conf.get("spark.sql.session.timeZone"), spark.table("default.t").count()]))
"""


def test_a_session_of_ones_own_knows_delta(tmp_path: Path) -> None:
    """``spark_builder`` makes a plain session with Delta, whose tables lie in the workspace's warehouse."""
    (tmp_path / "nbflow.toml").write_text("engine = 'none'\n")
    done = subprocess.run([sys.executable, "-c", OWN], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["UTC", 3]
    assert DeltaTable(tmp_path / "warehouse" / "t").version() == 1


def drivers_on(workspace: Path) -> list[int]:
    """The processes that hold a driver for the workspace."""
    found = []
    for place in Path("/proc").iterdir():
        try:
            if place.name.isdigit() and str(workspace).encode() in (place / "cmdline").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue
    return found
