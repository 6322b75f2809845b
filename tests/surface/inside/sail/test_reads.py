"""Which tables of a statement have their timestamps cast on Sail: those that it reads by their names."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pyarrow
import pytest
from deltalake import write_deltalake

from nbflow.surface.inside.sail.names import Names
from nbflow.surface.inside.sail.reads import read_in_zone

CAST = "(SELECT `i`, CAST(`at` AS TIMESTAMP) AS `at` FROM {})"


@pytest.fixture
def names(tmp_path: Path) -> Names:
    """A warehouse with one table that has timestamps and one that has none."""
    rows = pyarrow.table({"i": [1], "at": [datetime(2024, 7, 1, tzinfo=timezone.utc)]})
    write_deltalake(tmp_path / "b" / "t", rows)
    write_deltalake(tmp_path / "b" / "plain", rows.select(["i"]))
    write_deltalake(tmp_path / "default" / "t", rows)
    return Names(str(tmp_path), lambda statement: None)


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("SELECT * FROM b.t", f"SELECT * FROM {CAST.format('b.t')} AS `t`"),
        (
            "SELECT x.i FROM spark_catalog.b.t AS x, b.t WHERE 1 IN (2, t)",
            f"SELECT x.i FROM {CAST.format('spark_catalog.b.t')} AS x, {CAST.format('b.t')} AS `t` WHERE 1 IN (2, t)",
        ),
        ("SELECT 1 FROM (SELECT 2, t) x, t ORDER BY 1, t", f"SELECT 1 FROM (SELECT 2, t) x, {CAST.format('t')} AS `t` ORDER BY 1, t"),
        ("SELECT 1 FROM t LATERAL VIEW explode(m) AS k, t", f"SELECT 1 FROM {CAST.format('t')} AS `t` LATERAL VIEW explode(m) AS k, t"),
        ("select 1 from t x join `b`.`t` using (i)", f"select 1 from {CAST.format('t')} x join {CAST.format('`b`.`t`')} AS `t` using (i)"),
        ("SELECT t AS t, x.i FROM t AS x", f"SELECT t AS t, x.i FROM {CAST.format('t')} AS x"),
        ("SELECT b.t.at FROM b.t WHERE `b`.t.i > 0", f"SELECT t.at FROM {CAST.format('b.t')} AS `t` WHERE t.i > 0"),
        (
            "DELETE FROM b.t WHERE b.t.i IN (SELECT spark_catalog.b.t.i FROM spark_catalog.b.t)",
            f"DELETE FROM b.t WHERE t.i IN (SELECT t.i FROM {CAST.format('spark_catalog.b.t')} AS `t`)",
        ),
        ("SELECT b.t.i FROM b.t JOIN default.t", f"SELECT b.t.i FROM b.t JOIN {CAST.format('default.t')} AS `t`"),
        ("INSERT INTO b.t SELECT * FROM b.t;", f"INSERT INTO b.t SELECT * FROM {CAST.format('b.t')} AS `t`;"),
        ("CREATE TABLE b.u AS (SELECT 1 FROM b.t)", f"CREATE TABLE b.u AS (SELECT 1 FROM {CAST.format('b.t')} AS `t`)"),
        ("DELETE FROM b.t WHERE i IN (SELECT i FROM b.t y)", f"DELETE FROM b.t WHERE i IN (SELECT i FROM {CAST.format('b.t')} y)"),
    ],
)
def test_tables_that_are_read(names: Names, statement: str, wanted: str) -> None:
    """By one, two and three parts, with an alias and without, in joins and in queries within, also where columns are named with them; what
    is written to stays."""
    assert read_in_zone(statement, names, ()) == wanted


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM b.plain", "SELECT * FROM b.nowhere", "SELECT * FROM b.t VERSION AS OF 0", "WITH t AS (SELECT 1) SELECT * FROM t",
        "WITH `T` (i, j) AS (SELECT 1, 2) SELECT * FROM t",
        "SELECT EXTRACT(HOUR FROM t), i IS DISTINCT FROM t, trim(BOTH 'x' FROM t) FROM b.plain", "SELECT 'x FROM b.t' -- FROM b.t", "SHOW TABLES FROM t",
        "DESCRIBE b.t", "SELECT * FROM t(1)", "",
    ],
)  # fmt: skip
def test_what_is_left_alone(names: Names, statement: str) -> None:
    """Tables without timestamps, of a version; other things of a table's name: queries of WITH, functions, texts."""
    assert read_in_zone(statement, names, ()) == statement


def test_tables_by_their_paths(names: Names) -> None:
    """A table that is named by its path is read as one that is named by its name."""
    place = f"delta.`{names.warehouse}/b/t`"
    assert read_in_zone(f"SELECT * FROM {place} x", names, ()) == f"SELECT * FROM {CAST.format(place)} x"


def test_views_are_left_alone(names: Names) -> None:
    """A temporary view hides a table of its name, but not one that is named with its schema."""
    assert read_in_zone("SELECT * FROM t", names, {"t"}) == "SELECT * FROM t"
    assert read_in_zone("SELECT * FROM default.t", names, {"t"}) == f"SELECT * FROM {CAST.format('default.t')} AS `t`"
