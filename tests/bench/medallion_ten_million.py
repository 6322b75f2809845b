"""The repository's medallion on ten million events: time, and the peak memory of the engine and of the kernels, on each engine.

``python tests/bench/medallion_ten_million.py [--rows N | --source FILE] [--driver-memory 2g] [ENGINE]...``. Prints a line for each engine, and
the ratio to the first, in time and in seconds of the processor; that the engines' tables are the same is checked, of the large ones by a sum over
all rows. Memory is what the processes have for themselves and their share of what they have together (PSS), looked at four times a second.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from deltalake import DeltaTable
from pandas.util import hash_pandas_object
from pyarrow.dataset import Dataset

ROOT = Path(__file__).parents[2]
ENGINES = ("-driver", "-sail")
"""How the marks of an engine's processes end, or go on; all others that bear the run's mark are kernels."""
SMALL, LARGE = ("gold.daily_category", "gold.top_brands"), ("silver.events", "silver.quarantine")


class Memory(threading.Thread):
    """Watches the processes of one run while it lives: ``peaks`` of the engine's and of the kernels' memory, in bytes."""

    def __init__(self, run: int) -> None:
        super().__init__(daemon=True)
        self._run, self._over = run, threading.Event()
        self.peaks = {"engine": 0, "kernels": 0}

    def run(self) -> None:
        """Look, again and again."""
        while not self._over.wait(0.25):
            now = {"engine": 0, "kernels": 0}
            for process in Path("/proc").iterdir():
                if process.name.isdigit() and (kind := self._kind(process)):
                    now[kind] += pss(process)
            self.peaks = {kind: max(self.peaks[kind], now[kind]) for kind in now}

    def stop(self) -> dict[str, int]:
        """Look no more; the peaks."""
        self._over.set()
        self.join()
        return self.peaks

    def _kind(self, process: Path) -> str | None:
        try:
            entries = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            return None
        if b"NBFLOW_BENCH=%d" % self._run not in entries:
            return None
        mark = next((entry.decode() for entry in entries if entry.startswith(b"NBFLOW_FAMILY=")), "")
        return None if not mark else "engine" if any(part in mark for part in ENGINES) else "kernels"


def pss(process: Path) -> int:
    """The proportional memory of a process, in bytes; 0 of one that is gone."""
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def processor_seconds() -> float:
    """What all that this process has started and that has ended took of the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(engine: str, folder: Path, source: Path, memory: str, number: int) -> tuple[float, float, dict[str, int]]:
    """Seconds, seconds of the processor, and peaks of a medallion on ``engine``, in a fresh workspace in ``folder``."""
    for name in ("notebooks", "pipelines"):
        shutil.copytree(ROOT / name, folder / name)
    command = [
        sys.executable, "-m", "nbflow", "run", "medallion", "-q", "--engine", engine, "-p", f"source={source}",
        "--driver-memory", memory, "--spark-conf", f"spark.driver.memory={memory}",
    ]  # fmt: skip
    watch = Memory(number)
    watch.start()
    began, used = time.perf_counter(), processor_seconds()
    done = subprocess.run(command, cwd=folder, env={**os.environ, "NBFLOW_BENCH": str(number)}, check=False)
    seconds, peaks = time.perf_counter() - began, watch.stop()
    if done.returncode:
        raise SystemExit(f"the medallion on {engine} ended with {done.returncode}")
    return seconds, processor_seconds() - used, peaks


def told(folder: Path) -> dict[str, object]:
    """What the run's tables hold: the small ones row by row, of the large ones how many rows, and the sum of the rows' hashes."""
    found: dict[str, object] = {}
    for name in SMALL:
        found[name] = sorted(map(repr, table_of(folder, name).to_table().to_pylist()))
    for name in LARGE:
        rows = total = 0
        for batch in table_of(folder, name).to_batches():
            frame = batch.to_pandas()
            rows, total = rows + len(frame), total + int(hash_pandas_object(frame[sorted(frame)], index=False).sum())
        found[name] = rows, total % 2**64
    return found


def table_of(folder: Path, name: str) -> Dataset:
    """A table of the run, read without an engine."""
    return DeltaTable(folder / "warehouse" / Path(*name.split("."))).to_pyarrow_dataset()


def main() -> None:
    """Generate the events once, then one engine after another."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--source", type=Path, help="events that the generator made before")
    parser.add_argument("--driver-memory", default="2g")
    parser.add_argument("engines", nargs="*", default=["spark", "sail"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        source = given.source.absolute() if given.source else Path(place) / "events.csv"
        if not given.source:
            generate = [sys.executable, str(ROOT / "notebooks" / "data" / "generate.py"), "--rows", str(given.rows), "--out", str(source)]
            subprocess.run(generate, check=True)
        print(f"events of {source.stat().st_size / 1e6:.0f} MB", flush=True)
        first, answers = (0.0, 0.0), {}
        for number, engine in enumerate(given.engines):
            folder = Path(place) / engine
            seconds, used, peaks = measured(engine, folder, source, given.driver_memory, number)
            first = first if number else (seconds, used)
            sizes = ", ".join(f"{kind} {size / 1e6:.0f} MB" for kind, size in peaks.items())
            print(
                f"{engine:6} {seconds:7.1f} s  {first[0] / seconds:4.1f} x  processor {used:7.1f} s  {first[1] / used:4.1f} x  at most {sizes}",
                flush=True,
            )
            answers[engine] = told(folder)
            shutil.rmtree(folder)
    wrong = [engine for engine, answer in answers.items() if answer != answers[given.engines[0]]]
    print(f"other tables than {given.engines[0]}: {', '.join(wrong)}" if wrong else "the tables are the same")


if __name__ == "__main__":
    main()
