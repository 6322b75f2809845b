"""Whole runs on Sail: the repository's pipeline, tasks that end badly, and a server that dies."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from nbflow.workspace import Workspace
from tests.journey.test_medallion import FORTY, SAMPLE, Project, expect, in_rounds

pytestmark = pytest.mark.long


def on_sail(folder: Path, **settings: Any) -> Workspace:
    """The workspace at ``folder``, with Sail for its engine."""
    return Workspace.find(folder, overrides={"engine": "sail", **settings})


def run(folder: Path, pipeline: dict[str, Any], memory: str = "1g", **notebooks: str) -> dict[str, Any]:
    """The tasks of a run of ``pipeline`` over notebooks of one cell each, by their keys. No server is left."""
    (folder / "pipelines").mkdir(exist_ok=True)
    for name, cell in notebooks.items():
        (folder / f"{name}.py").write_text(f"# Databricks notebook source\n{cell}\n")
    (folder / "pipelines" / "p.yml").write_text(json.dumps(pipeline))
    workspace = on_sail(folder, spark_conf={"spark.driver.memory": memory})
    record, _ = workspace.run(workspace.plan("p", {}, folder))
    assert servers(folder) == []
    return {task.task_key: task for task in record.tasks}


def servers(folder: Path) -> list[int]:
    """The servers that run for ``folder``: they stand in a folder of its."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if (
                process.name.isdigit()
                and str(folder) in os.readlink(process / "cwd")
                and b"nbflow_sail" in (process / "cmdline").read_bytes()
            ):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def task(key: str, **more: Any) -> dict[str, Any]:
    return {"task_key": key, "notebook": f"../{key}.py", **more}


def test_the_medallion_is_what_it_is_on_spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row of every table is as computed without any engine, for the sample beside another source, in a folder with a name as people give them."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    project = Project(tmp_path / "shop ä {1}")
    (project.folder / "pipelines" / "rounds.yml").write_text(in_rounds({"source": str(FORTY), "brands": 3}, {"source": str(SAMPLE)}))
    workspace = on_sail(project.folder)
    record, _ = workspace.run(workspace.plan("rounds", {}, project.folder))
    assert [(each.task_key, each.result, each.error) for each in record.tasks if each.error] == []
    project.holds(expect(FORTY, brands=3), version=0)
    project.holds(expect(FORTY, SAMPLE), version=1)


SORTS = """
import glob
from nbflow import spark
from pyspark.sql import Window, functions as F

spark.range(1).select(F.udf(lambda x: x)("id")).collect()  # the server stands in this folder now
rows = spark.range(1_500_000).select(
    (F.col("id") % 750_000).cast("string").alias("event"), (F.col("id") % 187_500).cast("string").alias("session"),
    F.col("id").cast("string").alias("time"), F.repeat(F.lit("x"), F.lit(60)).alias("more"),
)
first = rows.withColumn("number", F.row_number().over(Window.partitionBy("event").orderBy("time"))).where("number = 1").drop("number")
ordered = first.withColumn("order", F.row_number().over(Window.partitionBy("session").orderBy("time", "event")))
assert ordered.agg(F.count("*"), F.sum("order"), F.max(F.length("more"))).first() == (750_000, 187_500 * (1 + 2 + 3 + 4), 60)
assert len(glob.glob(".nbflow/engines/*/work/*/datafusion-*")) == 1
"""


def test_what_does_not_fit_into_the_memory_goes_to_files_that_go_with_the_attempt(tmp_path: Path) -> None:
    """Two windows, one over the other, on more rows than the memory holds; their files lie in a folder of the server's own."""
    pipeline = {"tasks": [task("sorts"), task("again", depends_on=["sorts"])]}
    tasks = run(tmp_path, pipeline, "128m", sorts=SORTS, again=SORTS)
    assert [(each.result.value, each.error) for each in tasks.values()] == [("SUCCESS", None)] * 2
    assert not [*tmp_path.rglob("datafusion-*")]


def test_two_tasks_at_once_and_one_of_them_ends_its_server(tmp_path: Path) -> None:
    """A function that ends its process takes its own server with it: this attempt fails at once, the other task goes on."""
    waits = "from nbflow import spark\nimport time\nspark.range(1).count()\ntime.sleep(4)\nspark.range(3).write.saveAsTable('kept')"
    dies = "from nbflow import spark\nfrom pyspark.sql.functions import udf\nimport os\nspark.range(1).select(udf(lambda x: os._exit(3), 'long')('id')).collect()"
    tasks = run(tmp_path, {"tasks": [task("waits"), task("dies")]}, waits=waits, dies=dies)
    assert tasks["waits"].result.value == "SUCCESS" and (tmp_path / "warehouse" / "default" / "kept").is_dir()
    assert (tasks["dies"].result.value, tasks["dies"].error.kind.value) == ("FAILED", "ENGINE_LOST")


def test_the_attempt_after_a_lost_server_has_a_new_one(tmp_path: Path) -> None:
    """The first attempt kills its server, the second works."""
    cell = """
import os, time
from nbflow import spark, task
spark.range(1).count()
if task.attempt == 1:
    from pyspark.sql.functions import udf
    spark.range(1).select(udf(lambda x: os.kill(os.getpid(), 9), "long")("id")).collect()
spark.range(2).write.saveAsTable("done")
"""
    tasks = run(tmp_path, {"tasks": [task("again", max_retries=1, min_retry_interval_millis=0)]}, again=cell)
    assert tasks["again"].result.value == "SUCCESS" and (tmp_path / "warehouse" / "default" / "done").is_dir()


ENDLESS = "spark.sql('select count(*) from range(1000000) a, range(100000000) b where (a.id * b.id) % 7 = 3').collect()"
ENDINGS: dict[str, tuple[str, dict[str, Any], str]] = {
    "over its limit": (ENDLESS, {"timeout_seconds": 8}, "TIMEDOUT"),
    "killed": (
        f"import os, signal, threading\nthreading.Timer(1, os.kill, (os.getpid(), signal.SIGKILL)).start()\n{ENDLESS}",
        {},
        "FAILED",
    ),
}


@pytest.mark.parametrize("how", ENDINGS)
def test_a_task_takes_its_queries_with_it(tmp_path: Path, how: str) -> None:
    """However it ends in the middle of a query, nothing of it runs on."""
    cell, more, result = ENDINGS[how]
    tasks = run(tmp_path, {"tasks": [task("one", **more)]}, one=f"from nbflow import spark\n{cell}")
    assert tasks["one"].result.value == result


def test_a_task_is_told_what_it_wrote_by_sql(tmp_path: Path) -> None:
    """Each statement's commit, with its rows, beside those of frames, also of a table that it renamed; what two tasks do to one table at a
    time is each one's own."""
    make = """
from nbflow import spark
spark.sql("CREATE TABLE t (id BIGINT, v STRING)")
spark.sql("CREATE TABLE u AS SELECT 1L AS id")
spark.sql("CREATE OR REPLACE TABLE r (id BIGINT)")
spark.sql("INSERT INTO r VALUES (1)")
spark.sql("CREATE OR REPLACE TABLE r (v STRING)")
spark.sql("CREATE TABLE old AS SELECT 1L AS id")
spark.sql("INSERT INTO old VALUES (2)")
spark.sql("ALTER TABLE old RENAME TO new")
"""
    many = "from nbflow import spark\n" + "\n".join(f"spark.sql(\"INSERT INTO t VALUES ({{0}}{n}, 'a')\")" for n in range(4))
    tasks = run(
        tmp_path,
        {"tasks": [task("make"), *(task(key, depends_on=["make"]) for key in ("one", "two")), task("last", depends_on=["one", "two"])]},
        make=make, one=many.format(1), two=many.format(2),
        last="from nbflow import spark\nspark.sql('DELETE FROM t WHERE id < 20')\nspark.range(2).write.mode('append').saveAsTable('u')",
    )  # fmt: skip
    told = {key: [(write.table, write.commits, write.inserted, write.deleted) for write in each.tables] for key, each in tasks.items()}
    assert told == {
        "make": [("default.new", 2, 2, 0), ("default.r", 3, 1, None), ("default.t", 1, 0, 0), ("default.u", 1, 1, 0)], "one": [("default.t", 4, 4, 0)], "two": [("default.t", 4, 4, 0)],
        "last": [("default.t", 1, 0, 4), ("default.u", 1, 2, 0)],
    }  # fmt: skip


HIDDEN = """from pyspark.sql import SparkSession
def go():
    return SparkSession.builder.getOrCreate().range(1).count()
"""


def test_spark_that_was_not_seen_is_no_other_engine(tmp_path: Path) -> None:
    """A notebook in which no use of Spark can be read has no session on the run's engine, and gets none on another."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "deep.py").write_text(HIDDEN)
    hidden = "import sys; sys.path.insert(0, 'lib'); import importlib; print(importlib.import_module('deep').go())"
    by_name = "exec('from nbflow import ' + 'spark')"
    tasks = run(tmp_path, {"tasks": [task("hidden"), task("by_name")]}, hidden=hidden, by_name=by_name)
    for each in tasks.values():
        assert each.error is not None
        assert (each.error.ename, "no session on sail" in str(each.error.evalue)) == ("EngineError", True)
