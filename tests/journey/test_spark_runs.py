"""Whole runs on one Spark driver: notebooks side by side, one that dies, one that stops Spark, and a driver that is killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PREPARE = "from nbflow import spark\nspark.sql('create schema side')"

WORK = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("{n}").getOrCreate()
spark.range({n}).createOrReplaceTempView("mine")
{between}
spark.sql("create table side.t{n} as select * from mine")
assert spark.table("side.t{n}").count() == {n}
"""

IN_A_JOB = """
import os, pathlib, signal, threading, time

def endless(row):
    open("in-the-job", "w").close()
    time.sleep(600)

threading.Thread(target=lambda: spark.sparkContext.parallelize([1], 1).foreach(endless), daemon=True).start()
while not pathlib.Path("in-the-job").exists():
    time.sleep(0.05)
os.kill(os.getpid(), signal.SIGKILL)
"""

FULL = """
import resource
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + 300_000_000, now + 300_000_000))
kept = []
while True:
    kept.append(bytearray(50_000_000))
"""

BETWEEN = {
    3: IN_A_JOB,
    5: "spark.stop()\nspark = SparkSession.builder.getOrCreate()\nspark.range(5).createOrReplaceTempView('mine')",
    6: FULL,
}

COUNT = """
from nbflow import spark
for name in sorted(table.name for table in spark.catalog.listTables("side")):
    print(name, spark.table("side." + name).count())
"""


def write_notebook(path: Path, *sources: str) -> None:
    """A notebook with these code cells."""
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(sources)
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")


def run_tasks(folder: Path, depends_on: dict[str, list[str]], *options: str) -> dict[str, dict[str, Any]]:
    """Run the notebooks ``<key>.ipynb`` of the folder as tasks; what the document says of each."""
    tasks = [{"task_key": key, "notebook": f"{key}.ipynb", "depends_on": parents} for key, parents in depends_on.items()]
    (folder / "p.yml").write_text(json.dumps({"tasks": tasks}), "utf-8")
    command = [sys.executable, "-m", "nbflow", "run", "p.yml", "--json", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode in (0, 1), done.stderr + done.stdout
    return {task["task_key"]: task for task in json.loads(done.stdout)["tasks"]}


def printed(task: dict[str, Any]) -> str:
    """What a task's notebook printed."""
    cells = json.loads(Path(task["notebook"]).read_text("utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join("".join(output.get("text", "")) for output in outputs)


def test_eight_notebooks_of_which_one_dies_one_stops_spark_and_one_fills_its_memory(tmp_path: Path) -> None:
    """Each has its own view of the same name. One is killed in the middle of a job, one ends its session, one gets no more
    memory: the others end right, and what they wrote is known by name afterwards."""
    write_notebook(tmp_path / "prepare.ipynb", PREPARE)
    for number in range(8):
        write_notebook(tmp_path / f"n{number}.ipynb", WORK.format(n=number, between=BETWEEN.get(number, "")))
    write_notebook(tmp_path / "count.ipynb", COUNT)
    numbers = {f"n{number}": ["prepare"] for number in range(8)}
    good = [key for key in numbers if key not in ("n3", "n6")]
    tasks = run_tasks(tmp_path, {"prepare": [], **numbers, "count": good}, "--parallel", "8")
    assert {key: task["result"] for key, task in tasks.items() if task["result"] != "SUCCESS"} == {"n3": "FAILED", "n6": "FAILED"}
    assert tasks["n3"]["error"]["kind"] == "KERNEL_DIED"
    assert (tasks["n6"]["error"]["kind"], tasks["n6"]["error"]["ename"]) == ("CELL_ERROR", "MemoryError")
    assert printed(tasks["count"]).splitlines() == [f"t{number} {number}" for number in range(8) if number not in (3, 6)]


KILL = """
import os, pathlib, signal, time
mark = str(pathlib.Path(".nbflow").resolve()).encode()

def driver():
    for place in pathlib.Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                words = (place / "cmdline").read_bytes().split(b"\\0")
            except OSError:
                continue
            if any(word.startswith(b"@" + mark) for word in words):
                return int(place.name)

while not pathlib.Path("busy").exists():
    time.sleep(0.05)
os.kill(driver(), signal.SIGKILL)
"""

BUSY = """
from nbflow import spark
spark.range(4).write.saveAsTable("kept")
"""

ENDLESS = """
def endless(rows):
    import time
    open("busy", "w").close()
    time.sleep(600)
    return rows
try:
    spark.sparkContext.parallelize([1], 1).mapPartitions(endless).count()
finally:
    print("the call came back")
"""


def test_a_driver_that_is_killed_fails_who_used_it_and_is_replaced(tmp_path: Path) -> None:
    """The notebook that waits for Spark fails with ENGINE_LOST, one that does not use it goes on, and a later one gets a new driver."""
    write_notebook(tmp_path / "busy_one.ipynb", BUSY, ENDLESS)
    write_notebook(tmp_path / "killer.ipynb", KILL)
    write_notebook(tmp_path / "later.ipynb", "from nbflow import spark\nprint(spark.table('kept').count())")
    tasks = run_tasks(tmp_path, {"busy_one": [], "killer": [], "later": ["killer"]}, "--parallel", "3")
    assert {key: task["result"] for key, task in tasks.items()} == {"busy_one": "FAILED", "killer": "SUCCESS", "later": "SUCCESS"}
    error = tasks["busy_one"]["error"]
    assert (error["kind"], error["cell"]) == ("ENGINE_LOST", 2)
    assert "SIGKILL" in json.dumps(error)
    assert printed(tasks["later"]).strip() == "4"
