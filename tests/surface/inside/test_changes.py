"""What SQL statements do to names."""

from __future__ import annotations

import pytest

from nbflow.surface.inside.changes import Change, changes_of, name_parts


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DROP TABLE bronze.t", Change("drop", "table", ("bronze", "t"))),
        ("drop table if exists t purge", Change("drop", "table", ("t",), purge=True)),
        ("/* DROP TABLE a */ -- DROP TABLE b\n DROP TABLE Spark_Catalog.`b``x`.t;", Change("drop", "table", ("b`x", "t"))),
        ("DROP TABLE main.bronze.t", Change("drop", "table", ("main", "bronze", "t"))),
        ("DROP VIEW IF EXISTS b.v", Change("drop", "view", ("b", "v"))),
        ("DROP SCHEMA IF EXISTS b CASCADE", Change("drop", "schema", ("b",), cascade=True)),
        ("DROP DATABASE spark_catalog.b RESTRICT", Change("drop", "schema", ("b",))),
        ("CREATE OR REPLACE TABLE b.t AS SELECT 1", Change("make", "table", ("b", "t"))),
        ("REPLACE TABLE t (a INT)", Change("make", "table", ("t",))),
        ("CREATE EXTERNAL TABLE IF NOT EXISTS b.t (purge INT)", Change("make", "table", ("b", "t"))),
        ("CREATE VIEW b.v AS SELECT 'DROP TABLE x'", Change("make", "view", ("b", "v"))),
        ("CREATE SCHEMA b", Change("make", "schema", ("b",))),
        ("ALTER TABLE b.t RENAME TO b.u", Change("change", "table", ("b", "t"), ("b", "u"))),
        ("ALTER TABLE t ADD COLUMN x INT", Change("change", "table", ("t",))),
        ("ALTER VIEW b.v AS SELECT 2", Change("change", "view", ("b", "v"))),
        ("DROP TABLE IDENTIFIER('b.t') PURGE", Change("drop", "table", ("b", "t"), purge=True)),
        ("DROP TABLE IDENTIFIER(:gone)", Change("drop", "table", ("x", "y"))),
        ("EXECUTE IMMEDIATE 'DROP TABLE b.t'", Change("drop", "table", ("b", "t"))),
        ("DROP TABLE IDENTIFIER('b' || :gone)", Change("drop", "table", ())),
    ],
)
def test_a_statement_tells_what_it_changes(statement: str, expected: Change) -> None:
    """Kind, name without the catalog, and what it says of the files."""
    assert changes_of(statement, {"gone": "x.y"}) == [expected]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'DROP TABLE t'",
        "EXPLAIN DROP TABLE t",
        "CREATE OR REPLACE TEMP VIEW v AS SELECT 1",
        "CREATE GLOBAL TEMPORARY VIEW v AS SELECT 1",
        "ALTER SCHEMA",
        "INSERT INTO t SELECT replace(a, 'x', 'y') FROM b",
        "DROP FUNCTION f",
        "SELECT drop FROM alter",
        "",
    ],
)
def test_what_changes_no_name_tells_none(statement: str) -> None:
    """Words in texts, temporary views and what is neither table, view nor schema."""
    assert [change for change in changes_of(statement) if change.name] == []


def test_a_script_tells_the_changes_of_all_its_statements() -> None:
    """Those in branches, too: whether they were reached is seen when it has ended."""
    script = "BEGIN DROP TABLE a; IF 1 = 1 THEN CREATE TABLE b.c (x INT); ELSE ALTER TABLE d DROP COLUMN e; END IF; END"
    assert [(change.action, change.name) for change in changes_of(script)] == [("drop", ("a",)), ("make", ("b", "c")), ("change", ("d",))]


def test_names_are_read_as_spark_reads_them() -> None:
    """Quoted parts, the catalog left out; what is no plain name has no parts."""
    assert name_parts("spark_catalog.`bronze`.events") == ("bronze", "events")
    assert name_parts("`a.b`") == ("a.b",)
    assert name_parts("delta.`/x/y`") == ("delta", "/x/y")
    assert name_parts("a.b c") == ()
    assert name_parts("") == ()
