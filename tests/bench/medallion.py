"""The whole medallion, cold, against papermill with a session for each notebook; in turns, as ratios.

``python tests/bench/medallion.py [--rounds N]``. papermill runs the same notebook three times, each time with plain PySpark and Delta
as ``nbflow.spark_builder`` sets them up, where the machine has a Java of its own. nbflow runs the pipeline on a driver of the run's own,
on a warm one right after its start, on one that has rested, in that one for the third time, and on Sail. Beside the seconds stand those of the
processor: of all processes, the warm driver's from when the run began. Modules are compiled once, as they are where nbflow is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
ROOT = Path(__file__).parents[2]
NBFLOW = [sys.executable, "-m", "nbflow"]
IDLE = 0.3
"""Seconds of the processor within five seconds: less has a driver that rests no more."""
OWN_SESSION = """
import nbflow
from pathlib import Path
spark = nbflow.spark_builder().getOrCreate()
for schema in ("bronze", "silver", "gold"):
    spark.sql(f"create schema if not exists {schema} location '{Path('../warehouse', schema).resolve()}'")
    for log in Path("../warehouse", schema).resolve().glob("*/_delta_log"):
        spark.sql(f"create table if not exists {schema}.{log.parent.name} using delta location '{log.parent}'")
"""


def call(folder: Path, *command: str) -> None:
    """A command in the folder; its failure is ours."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def by_papermill(folder: Path) -> None:
    """Three notebooks, one after another."""
    for layer in ("bronze", "silver", "gold"):
        source = folder / "notebooks" / "layer.ipynb"
        document = json.loads(source.read_text("utf-8"))
        session = {
            "cell_type": "code",
            "id": "session",
            "metadata": {},
            "source": OWN_SESSION,
            "outputs": [],
            "execution_count": None,
        }
        document["cells"].insert(0, session)
        own = source.with_name(f"{layer}.ipynb")
        own.write_text(json.dumps(document).replace("import dbutils, spark, task", "import dbutils, task"), "utf-8")
        call(own.parent, sys.executable, "-m", "papermill", own.name, f"{layer}.out.ipynb", "-p", "layer", layer, "--no-progress-bar")


def by_nbflow(engine: str) -> Callable[[Path], None]:
    """The pipeline, on this engine."""
    return lambda folder: call(folder, *NBFLOW, "run", "pipelines/medallion.yml", "-q", "--engine", engine)


WAYS: dict[str, Callable[[Path], None]] = {
    "papermill": by_papermill,
    "spark": by_nbflow("spark"),
    "spark, warm": by_nbflow("spark"),
    "spark, rested": by_nbflow("spark"),
    "spark, third": by_nbflow("spark"),
    "sail": by_nbflow("sail"),
}


def processor_seconds(folder: Path) -> float:
    """What the processes that this one has started and that have ended took of the processor, and a warm driver so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime + sum(map(of_process, drivers(folder)))


def drivers(folder: Path) -> list[Path]:
    """The Java processes that have a file of the folder's among their arguments."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes() if process.name.isdigit() else b""
            if b"java" in command and str(folder).encode() in command:
                found.append(process)
    return found


def of_process(process: Path) -> float:
    """What a process, and those of its children that have ended, took of the processor."""
    with contextlib.suppress(OSError):
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def let_rest(folder: Path) -> None:
    """Wait until the warm driver has nothing more to do."""
    before, now = -1.0, 0.0
    while now - before > IDLE:
        time.sleep(5)
        before, now = now, sum(map(of_process, drivers(folder)))


def seconds(way: str) -> tuple[float, float]:
    """One medallion in a fresh workspace, in seconds, and in those of the processor."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in ("notebooks", "pipelines"):
            shutil.copytree(ROOT / name, folder / name)
        warm = way.startswith("spark, ")
        try:
            if warm:
                call(folder, *NBFLOW, "engine", "start", "--engine", "spark")
            if way in ("spark, rested", "spark, third"):
                let_rest(folder)
            for _ in range(2 if way == "spark, third" else 0):
                WAYS[way](folder)
                shutil.rmtree(folder / "warehouse")
            began, used = time.perf_counter(), processor_seconds(folder)
            WAYS[way](folder)
            return time.perf_counter() - began, processor_seconds(folder) - used
        finally:
            if warm:
                call(folder, *NBFLOW, "engine", "stop", "--force")


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("ways", nargs="*", default=list(WAYS))
    given = parser.parse_args()
    os.environ.pop("NBFLOW_ENGINE", None)
    taken: dict[str, list[tuple[float, float]]] = {way: [] for way in given.ways}
    for _ in range(given.rounds):
        for way in given.ways:
            taken[way].append(seconds(way))
    medians = {way: [statistics.median(each) for each in zip(*all_)] for way, all_ in taken.items()}
    first = medians[given.ways[0]]
    for way, (wall, used) in medians.items():
        print(f"{way:13} {wall:6.1f} s {first[0] / wall:5.1f} x   processor {used:6.1f} s {first[1] / used:5.1f} x")


if __name__ == "__main__":
    main()
