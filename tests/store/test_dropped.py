"""Dropped tables, brought back and deleted without an engine."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from nbflow.core.errors import UsageError
from nbflow.store.dropped import DroppedTables
from nbflow.store.tables import Tables
from nbflow.warehouse.folders import kept
from nbflow.warehouse.trash import throw_away


def drop(warehouse: Path, schema: str, name: str, rows: int = 1, run_id: int | None = None) -> None:
    """Make a table and drop it as a notebook does."""
    (warehouse / schema).mkdir(parents=True, exist_ok=True)
    write_deltalake(warehouse / schema / name, pa.table({"n": list(range(rows))}))
    throw_away(warehouse, warehouse / schema / name, f"{schema}.{name}", None if run_id is None else {"run_id": run_id, "task_key": "t"})


def test_the_newest_drop_comes_back(tmp_path: Path) -> None:
    """By the names that Spark takes, or under another name; the older one then is the newest."""
    drop(tmp_path, "b", "t", rows=1)
    drop(tmp_path, "b", "t", rows=2)
    assert Tables(tmp_path).all() == []
    assert DroppedTables(tmp_path).restore("Spark_Catalog.B.t") == ("b.t", tmp_path / "b" / "t")
    assert DroppedTables(tmp_path).restore("b.t", "Other.older") == ("other.older", tmp_path / "other" / "older")
    assert {table.name: table.rows for table in Tables(tmp_path).all()} == {"b.t": 2, "other.older": 1}
    assert DroppedTables(tmp_path).all() == []
    assert not (tmp_path / ".trash").exists()


def test_a_name_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    """With a hint; an empty folder is nobody's, one with files is."""
    drop(tmp_path, "default", "t", rows=2)
    write_deltalake(tmp_path / "default" / "t", pa.table({"n": [1, 2, 3]}))
    with pytest.raises(UsageError, match=r"there is a table 'default\.t' already.*--as default\.t_restored"):
        DroppedTables(tmp_path).restore("t")
    (tmp_path / "default" / "full").mkdir()
    (tmp_path / "default" / "full" / "file").touch()
    with pytest.raises(UsageError, match="there is a folder"):
        DroppedTables(tmp_path).restore("t", "full")
    (tmp_path / "default" / "bare").mkdir()
    assert DroppedTables(tmp_path).restore("t", "bare")[0] == "default.bare"
    assert len(DeltaTable(tmp_path / "default" / "t").to_pyarrow_table()) == 3


def test_a_new_name_says_its_schema(tmp_path: Path) -> None:
    """Where the table's own was another than the default one: nothing is restored to a place that nobody named."""
    drop(tmp_path, "b", "t")
    with pytest.raises(UsageError, match=r"'e' names no schema.*write b\.e, or default\.e"):
        DroppedTables(tmp_path).restore("b.t", "e")
    assert DroppedTables(tmp_path).restore("b.t", "default.e")[0] == "default.e"


def test_what_is_not_in_the_trash_is_told(tmp_path: Path) -> None:
    """With the nearest name, what there is, or that there is nothing; a name that cannot be one is refused."""
    with pytest.raises(UsageError, match="it is empty"):
        DroppedTables(tmp_path).restore("b.t")
    drop(tmp_path, "bronze", "events")
    with pytest.raises(UsageError, match=r"did you mean 'bronze\.events'"):
        DroppedTables(tmp_path).restore("bronze.evnts")
    for bad in ("bronze.a-b", "a.b.c", "../x", "bronze.*"):
        with pytest.raises(UsageError, match="is no name"):
            DroppedTables(tmp_path).restore("bronze.events", bad)


def test_a_table_comes_back_with_what_its_name_stood_for(tmp_path: Path) -> None:
    """A table of another format has its description again."""
    (tmp_path / "b" / "p").mkdir(parents=True)
    throw_away(tmp_path, tmp_path / "b" / "p", "b.p", None, {"provider": "parquet"})
    DroppedTables(tmp_path).restore("b.p", "c.q")
    assert kept(tmp_path / "c", "q") == {"provider": "parquet"}


def test_the_trash_is_listed_and_emptied(tmp_path: Path) -> None:
    """The newest first, with bytes and run; what is not old enough stays."""
    drop(tmp_path, "b", "first", run_id=4)
    drop(tmp_path, "b", "second")
    trash = DroppedTables(tmp_path)
    second, first = trash.all()
    assert [(item.name, item.run_id, item.task_key) for item in (first, second)] == [("b.first", 4, "t"), ("b.second", None, None)]
    assert first.size == sum(path.stat().st_size for path in first.path.rglob("*") if path.is_file())
    assert trash.empty(timedelta(days=1)) == []
    assert [item.name for item in trash.empty()] == ["b.second", "b.first"]
    assert (trash.all(), (tmp_path / ".trash").exists()) == ([], False)
