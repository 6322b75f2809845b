"""Measures what it costs an attempt that its tables are told, in a warehouse of many; ``python tests/bench/tables_of_an_attempt.py``.

Figures of a shared machine mean little by themselves: beside them stands the time in which the same logs are merely listed.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbflow.core.exchange import Mark
from nbflow.run.writes import Watch

TABLES, COMMITS, ROUNDS = 200, 100, 9
MARK = Mark(7, "task", 1)


def commit(table: Path, version: int, mark: Mark | None = None) -> None:
    """A commit as Spark leaves it: the actions, and the version's checksum beside them."""
    stats = json.dumps({"numRecords": 5, "minValues": {"id": 1}, "maxValues": {"id": 5}, "nullCount": {"id": 0}})
    add = {"path": f"part-{version}.parquet", "size": 700, "dataChange": True, "stats": stats}
    told = {"userMetadata": mark.to_text()} if mark else {}
    info = {"operation": "WRITE", "isBlindAppend": True, "operationMetrics": {"numOutputRows": "5"}, **told}
    log = table / "_delta_log"
    (log / f"{version:020}.json").write_text(f"{json.dumps({'commitInfo': info})}\n{json.dumps({'add': add})}\n")
    files = [{**add, "path": f"part-{number}.parquet"} for number in range(min(version + 1, 50))]
    (log / f"{version:020}.crc").write_text(json.dumps({"numFiles": len(files), "allFiles": files}))


def measured(prepare: Callable[[], Any], work: Callable[[Any], Any]) -> float:
    """The median time of ``work`` in milliseconds, each time on what ``prepare`` made."""
    times = []
    for _ in range(ROUNDS):
        given = prepare()
        began = time.perf_counter()
        work(given)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def main() -> None:
    """Print the medians."""
    with tempfile.TemporaryDirectory() as place:
        warehouse = Path(place)
        tables = [warehouse / f"schema_{number % 8}" / f"table_{number}" for number in range(TABLES)]
        for table in tables:
            (table / "_delta_log").mkdir(parents=True)
            for version in range(COMMITS):
                commit(table, version)
        newest = iter(range(COMMITS, 10**6))

        def written(count: int) -> Callable[[], Watch]:
            def prepare() -> Watch:
                watch, version = Watch(warehouse), next(newest)
                for table in tables[:count]:
                    commit(table, version, MARK)
                return watch

            return prepare

        def told(watch: Watch) -> int:
            return len(watch.written_by(MARK))

        listed = measured(lambda: None, lambda _: [os.listdir(table / "_delta_log") for table in tables])
        print(f"{TABLES} tables with {COMMITS} commits each; every log listed once: {listed:.1f} ms")
        print(f"before an attempt: {measured(lambda: None, lambda _: Watch(warehouse)):.1f} ms")
        for count in (0, 1, 5, TABLES):
            print(f"after an attempt that wrote {count} tables: {measured(written(count), told):.1f} ms")


if __name__ == "__main__":
    main()
