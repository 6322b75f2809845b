"""What 200 tables in the warehouse cost: the driver's start, a notebook's first look at them, each later statement, and a task.

``python -m tests.bench.names_of_many_tables``; prints milliseconds, the median of several, beside an empty warehouse's. The tasks are those of
one run on one driver, one after another; the first, which waits for the driver, is left out. Beside the difference stands how far half of
them are from the middle one at most.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from nbflow.warehouse.folders import contents
from tests.journey.conftest import Bench

NOTEBOOK = """
spark = session()
spark.range(1).count()
import nbflow.surface.inside.driver.names as names
looks, original = [], names.Names.look
def look(self):
    began = time.perf_counter()
    original(self)
    looks.append((time.perf_counter() - began) * 1000)
names.Names.look = look
for _ in range(21):
    spark.catalog.currentDatabase()
tell([looks[0], sorted(looks[1:])[10]])
"""

TASK = """# Databricks notebook source
from pyspark.sql import SparkSession
SparkSession.builder.getOrCreate().range(3).write.mode("overwrite").saveAsTable("default.bench")
"""
TASKS = 11


def make_tables(warehouse: Path, count: int) -> None:
    """Tables with one commit each, in four schemas."""
    for number in range(count):
        place = warehouse / f"s{number % 4}" / f"t{number}"
        if number == 0:
            place.parent.mkdir(parents=True)
            write_deltalake(str(place), pa.table({"n": [1]}))
        else:
            shutil.copytree(warehouse / "s0" / "t0", place)


def measured(root: Path, count: int) -> dict[str, float]:
    """The figures with so many tables."""
    make_tables(root / "warehouse", count)
    bench = Bench(root)
    try:
        bench.do(bench.engine.start())
        control: Any = bench.engine._control
        found = contents(bench.warehouse)
        for schema in found.values():
            for name in schema.tables:
                control._catalog.remove(schema.name, name)
        began = time.perf_counter()
        control._catalog.follow(bench.warehouse, {}, contents(bench.warehouse))
        made_known = (time.perf_counter() - began) * 1000
        looks = [bench.run(NOTEBOOK)[0] for _ in range(5)]
    finally:
        bench.close()
    first, later = (statistics.median(each) for each in zip(*looks, strict=True))
    return {"all made known by the driver's side": made_known, "a notebook's first look": first, "a later look": later}


def tasks_of(root: Path, count: int) -> list[float]:
    """How long tasks that write a small table take with so many others, in milliseconds."""
    root.mkdir()
    make_tables(root / "warehouse", count)
    (root / "n.py").write_text(TASK)
    keys = [f"t{number}" for number in range(TASKS)]
    tasks = [{"task_key": key, "notebook": "n.py", "depends_on": keys[max(0, at - 1) : at]} for at, key in enumerate(keys)]
    (root / "p.yml").write_text(json.dumps({"tasks": tasks}))
    done = subprocess.run([sys.executable, "-m", "nbflow", "run", "p.yml", "--json", "-q"], cwd=root, stdout=subprocess.PIPE, check=True)
    took = {task["task_key"]: task["duration_s"] * 1000 for task in json.loads(done.stdout)["tasks"]}
    return [took[key] for key in keys[1:]]


def spread(values: list[float]) -> float:
    """How far half of the values are from the middle one at most."""
    middle = statistics.median(values)
    return statistics.median(abs(value - middle) for value in values)


def main() -> None:
    """Print both columns."""
    with tempfile.TemporaryDirectory() as folder:
        none, many = (measured(Path(folder) / str(count), count) for count in (0, 200))
        tasks = [tasks_of(Path(folder) / f"tasks-{number}", count) for number, count in enumerate((0, 200, 0, 200))]
    for name, value in many.items():
        print(f"{name:38} {none[name]:9.2f} ms with no tables {value:9.2f} ms with 200")
    without, with_ = tasks[0] + tasks[2], tasks[1] + tasks[3]
    middle, more = statistics.median(without), statistics.median(with_)
    print(
        f"{'a task':38} {middle:9.2f} ms with no tables {more:9.2f} ms with 200: {more - middle:.0f} ms more"
        f" (tasks are {spread(without):.0f} and {spread(with_):.0f} ms from the middle)"
    )


if __name__ == "__main__":
    main()
