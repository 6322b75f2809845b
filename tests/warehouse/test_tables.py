"""The Delta tables of a warehouse, found by their folders."""

from __future__ import annotations

import os
from pathlib import Path

from nbflow.warehouse.tables import find_tables


def make_table(folder: Path, log: str = "00000000000000000000.json") -> None:
    """A folder that looks like a Delta table with one entry in its log."""
    (folder / "_delta_log").mkdir(parents=True)
    (folder / "_delta_log" / log).touch()


def test_tables_are_found_at_any_depth_by_the_names_that_spark_has(tmp_path: Path) -> None:
    """``schema.table`` where Spark has that name, else the path; partitions, hidden folders and trash are no tables."""
    for place in (
        "bronze/events",
        "Silver/Top",
        "old.db/t",
        "bronze.db/events",
        "flat",
        "a/b/deep",
        "bronze/odd-name",
        "bronze/EVENTS",
        "bronze/_own",
    ):
        make_table(tmp_path / place)
    for place in ("bronze/events/day=1", "_trash/x/t", ".hidden/t", "a/b/c/too_deep"):
        make_table(tmp_path / place)
    (tmp_path / "bronze" / "broken" / "_delta_log").mkdir(parents=True)
    (tmp_path / "file").touch()
    assert {table.name: table.folder.relative_to(tmp_path).as_posix() for table in find_tables(tmp_path)} == {
        "bronze.events": "bronze/EVENTS", "bronze/events": "bronze/events", "silver.top": "Silver/Top", "old.t": "old.db/t",
        "bronze.db/events": "bronze.db/events", "flat": "flat", "a/b/deep": "a/b/deep", "bronze/odd-name": "bronze/odd-name",
        "bronze.broken": "bronze/broken", "bronze._own": "bronze/_own",
    }  # fmt: skip
    assert find_tables(tmp_path / "none") == []


def test_a_log_is_another_after_each_commit(tmp_path: Path) -> None:
    """A commit changes the time that is told of it; data files alone do not."""
    make_table(tmp_path / "a" / "t")
    os.utime(tmp_path / "a" / "t" / "_delta_log", ns=(1, 1))
    (tmp_path / "a" / "t" / "part-0.parquet").touch()
    assert [table.changed for table in find_tables(tmp_path)] == [1]
    (tmp_path / "a" / "t" / "_delta_log" / f"{1:020}.json").touch()
    assert find_tables(tmp_path)[0].changed > 1
