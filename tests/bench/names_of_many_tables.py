"""What 200 tables in the warehouse cost: the driver's start, a notebook's first look at them, and each later statement.

``python -m tests.bench.names_of_many_tables``; prints milliseconds, the median of several, beside an empty warehouse's.
"""

from __future__ import annotations

import shutil
import statistics
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


def main() -> None:
    """Print both columns."""
    with tempfile.TemporaryDirectory() as folder:
        none, many = (measured(Path(folder) / str(count), count) for count in (0, 200))
    for name, value in many.items():
        print(f"{name:38} {none[name]:9.2f} ms with no tables {value:9.2f} ms with 200")


if __name__ == "__main__":
    main()
