"""What a warehouse's folders say: schemas and tables."""

from __future__ import annotations

from pathlib import Path

from nbflow.warehouse.folders import contents, forget, is_own_folder, keep, kept, schemas_in, table_folder, tables_in


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


def test_contents_are_read_anew_only_where_folders_are_new(tmp_path: Path) -> None:
    """What is still there is the same; a table made anew has another mark; what gets its first commit later is found then."""
    make_table(tmp_path / "s" / "stays")
    make_table(tmp_path / "s" / "anew")
    (tmp_path / "s" / "later").mkdir()
    first = contents(tmp_path)
    assert set(first) == {"default", "s"} and set(first["s"].tables) == {"stays", "anew"}
    assert contents(tmp_path, first) == first
    (tmp_path / "s" / "anew").rename(tmp_path / "kept_away")
    make_table(tmp_path / "s" / "anew")
    make_table(tmp_path / "s" / "later")
    second = contents(tmp_path, first)
    assert set(second["s"].tables) == {"stays", "anew", "later"}
    assert second["s"].tables["stays"] is first["s"].tables["stays"]
    assert second["s"].tables["anew"] != first["s"].tables["anew"]


def test_what_is_kept_of_a_name_is_read_again_until_it_is_forgotten(tmp_path: Path) -> None:
    """The newest document, seen as new by who looks; nothing is left of a name that is forgotten, and damage is nothing."""
    (tmp_path / "s").mkdir()
    written = keep(tmp_path / "s", "v", {"view": "select 1"})
    assert contents(tmp_path)["s"].kept == {"v": written}
    keep(tmp_path / "s", "v", {"view": "select 2"})
    assert kept(tmp_path / "s", "v") == {"view": "select 2"}
    (tmp_path / "s" / ".names" / "v.json").write_text("{")
    assert kept(tmp_path / "s", "v") is None
    forget(tmp_path / "s", "v")
    assert (contents(tmp_path)["s"].kept, list((tmp_path / "s").iterdir())) == ({}, [])


def test_a_tables_own_folder_is_that_of_its_name(tmp_path: Path) -> None:
    """In its schema's folder, in any case of letters, by any way to it; no other."""
    (tmp_path / "s").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "s")
    assert is_own_folder(str(tmp_path / "s" / "Top"), tmp_path / "s", "top")
    assert is_own_folder(str(tmp_path / "link" / "top"), tmp_path / "s", "top")
    assert not is_own_folder(str(tmp_path / "s" / "other"), tmp_path / "s", "top")
    assert not is_own_folder(str(tmp_path / "x" / "top"), tmp_path / "s", "top")


def test_a_table_has_one_folder_in_whatever_case(tmp_path: Path) -> None:
    """The one that is a table, as ``tables_in`` finds it; of one that is not there the name's own."""
    make_table(tmp_path / "Events")
    (tmp_path / "events").mkdir()
    make_table(tmp_path / "plain")
    assert [table_folder(tmp_path, name).name for name in ("events", "plain", "none")] == ["Events", "plain", "none"]
    assert {table.name: table.folder for table in tables_in("s", tmp_path)} == {
        name: table_folder(tmp_path, name) for name in ("events", "plain")
    }
