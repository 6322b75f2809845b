"""The whole medallion, cold, against papermill with a session for each notebook; in turns, as ratios.

``python tests/bench/medallion.py [--rounds N]``. papermill runs the same notebook three times, each time with plain PySpark and Delta
as ``nbflow.spark_builder`` sets them up, where the machine has a Java of its own. nbflow runs the pipeline on a driver of the run's own,
on a warm one, and on Sail.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
NBFLOW = [sys.executable, "-m", "nbflow"]
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
    "sail": by_nbflow("sail"),
}


def seconds(way: str) -> float:
    """One medallion in a fresh workspace."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in ("notebooks", "pipelines"):
            shutil.copytree(ROOT / name, folder / name)
        warm = way.endswith("warm")
        try:
            if warm:
                call(folder, *NBFLOW, "engine", "start", "--engine", "spark")
            began = time.perf_counter()
            WAYS[way](folder)
            return time.perf_counter() - began
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
    taken: dict[str, list[float]] = {way: [] for way in given.ways}
    for _ in range(given.rounds):
        for way in given.ways:
            taken[way].append(seconds(way))
    first = statistics.median(taken[given.ways[0]])
    for way, all_ in taken.items():
        print(f"{way:12} {statistics.median(all_):6.1f} s   {first / statistics.median(all_):5.1f} x")


if __name__ == "__main__":
    main()
