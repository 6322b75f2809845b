"""What a warehouse's folders say: schemas and tables."""

from __future__ import annotations

import os
from pathlib import Path

from nbflow.warehouse import find_tables, schemas_in, tables_in


def make_table(folder: Path, log: str = "00000000000000000000.json") -> None:
    """A folder that looks like a Delta table with one entry in its log."""
    (folder / "_delta_log").mkdir(parents=True)
    (folder / "_delta_log" / log).touch()


def test_schemas_are_folders_with_names_that_spark_allows(tmp_path: Path) -> None:
    """Hidden folders, odd names, files and tables are no schemas; Spark's own ``x.db`` is, unless there is an ``x``."""
    for name in ("bronze", "Silver", "_tmp", ".hidden", "a-b", "old.db", "bronze.db"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    make_table(tmp_path / "a_table")
    expected = {"bronze": "bronze", "silver": "Silver", "old": "old.db"}
    assert schemas_in(tmp_path) == {name: tmp_path / folder for name, folder in expected.items()}


def test_tables_have_at_least_one_commit(tmp_path: Path) -> None:
    """A folder is a table with a first commit or a checkpoint; an empty log, parquet files or an odd name make none."""
    make_table(tmp_path / "plain")
    make_table(tmp_path / "Upper")
    make_table(tmp_path / "cleaned", "00000000000000000010.checkpoint.parquet")
    make_table(tmp_path / "torn", ".00000000000000000000.json.tmp")
    make_table(tmp_path / "odd-name")
    (tmp_path / "parquet").mkdir()
    (tmp_path / "parquet" / "part-0.parquet").touch()
    found = {(table.schema, table.name, table.folder.name) for table in tables_in("s", tmp_path)}
    assert found == {("s", "plain", "plain"), ("s", "upper", "Upper"), ("s", "cleaned", "cleaned")}


def test_a_warehouse_that_is_not_there_is_empty(tmp_path: Path) -> None:
    """No folder, no schemas and no tables."""
    assert schemas_in(tmp_path / "none") == {}
    assert list(tables_in("s", tmp_path / "none")) == []


def test_tables_are_found_at_any_depth_by_the_names_that_spark_has(tmp_path: Path) -> None:
    """``schema.table`` where Spark has that name, else the path; partitions, hidden folders and trash are no tables."""
    for place in ("bronze/events", "Silver/Top", "old.db/t", "bronze.db/events", "flat", "a/b/deep", "bronze/odd-name", "bronze/EVENTS"):
        make_table(tmp_path / place)
    for place in ("bronze/events/day=1", "_trash/x/t", ".hidden/t", "a/b/c/too_deep"):
        make_table(tmp_path / place)
    (tmp_path / "bronze" / "broken" / "_delta_log").mkdir(parents=True)
    (tmp_path / "file").touch()
    assert {table.name: table.folder.relative_to(tmp_path).as_posix() for table in find_tables(tmp_path)} == {
        "bronze.events": "bronze/EVENTS", "bronze/events": "bronze/events", "silver.top": "Silver/Top", "old.t": "old.db/t",
        "bronze.db/events": "bronze.db/events", "flat": "flat", "a/b/deep": "a/b/deep", "bronze/odd-name": "bronze/odd-name",
        "bronze.broken": "bronze/broken",
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
