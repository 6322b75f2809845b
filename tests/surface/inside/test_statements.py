"""SQL statements as nbflow changes them before Spark reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.surface.inside.statements import absolute, rewritten, with_absolute_table


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("create schema bronze", "create schema bronze LOCATION '/w/bronze'"),
        ("CREATE DATABASE IF NOT EXISTS Silver", "CREATE DATABASE IF NOT EXISTS Silver LOCATION '/w/silver'"),
        ("create namespace `gold` comment 'LOCATION'", "create namespace `gold` LOCATION '/w/gold' comment 'LOCATION'"),
        ("/* a /* b */ */ create -- schema x\n schema y", "/* a /* b */ */ create -- schema x\n schema y LOCATION '/w/y'"),
        (
            "create schema spark_catalog.s with dbproperties (a='1')",
            "create schema spark_catalog.s LOCATION '/w/s' with dbproperties (a='1')",
        ),
        ("create schema a; create schema b;", "create schema a LOCATION '/w/a'; create schema b LOCATION '/w/b';"),
        ("begin create schema a; end", "begin create schema a LOCATION '/w/a'; end"),
    ],
)
def test_a_new_schema_gets_a_place(statement: str, expected: str) -> None:
    """A schema that is made without a location gets one in the warehouse, whatever stands around its name."""
    assert rewritten(statement, "/w", "/nb") == expected


@pytest.mark.parametrize(
    "statement",
    [
        "create schema x location '/somewhere'",
        "create schema x comment 'c' managed location '/somewhere'",
        "create schema other_catalog.x",
        "create schema identifier('x')",
        "select 'create schema x' as a, \"create schema y\" -- create schema z",
        "select `create`.`schema` from x /* create schema z */",
        "show create table t",
        "drop schema x",
        "select location, path from t where detail = 'rel/x'",
        "select json.`a`, t.delta.`b` from t",
        "select * from delta.`/abs`, parquet.`s3a://bucket/x` join csv.`file:/x`",
        "select 'from delta.`rel`'",
        "describe history '/abs'",
        "select 1",
        "",
    ],
)
def test_what_is_whole_stays_as_it_is(statement: str) -> None:
    """Statements with a location or absolute paths, and words in strings, names and comments, are left alone."""
    assert rewritten(statement, "/w", "/nb") == statement


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("select * from delta.`a/b` t", "select * from delta.`/nb/a/b` t"),
        ("select * from x, csv.`./a.csv`", "select * from x, csv.`/nb/a.csv`"),
        ("merge into delta.`t` using parquet.`s` on a = b", "merge into delta.`/nb/t` using parquet.`/nb/s` on a = b"),
        ("create table t using delta location 'x'", "create table t using delta location '/nb/x'"),
        (
            "create table t using csv options (header = true, path = 'x')",
            "create table t using csv options (header = true, path = '/nb/x')",
        ),
        ("create view v using csv options ('path' \"x\")", "create view v using csv options ('path' '/nb/x')"),
        ("create schema s location 'x'", "create schema s location '/nb/x'"),
        ("insert overwrite local directory 'o' using csv select 1", "insert overwrite local directory '/nb/o' using csv select 1"),
        ("load data inpath 'f' into table t", "load data inpath '/nb/f' into table t"),
        ("describe detail 'x'", "describe detail '/nb/x'"),
        ("vacuum delta.`x` retain 1 hours", "vacuum delta.`/nb/x` retain 1 hours"),
        ("convert to delta parquet.`../x`", "convert to delta parquet.`/x`"),
    ],
)
def test_relative_paths_become_whole(statement: str, expected: str) -> None:
    """Paths of a statement start at the notebook's folder, wherever SQL takes one."""
    assert rewritten(statement, "/w", "/nb") == expected


def test_signs_of_patterns_and_of_formats_in_folders_are_made_harmless() -> None:
    """A folder's braces mean nothing to Spark's patterns nor to ``spark.sql``'s formatting; those of the author do."""
    assert rewritten("select * from csv.`a{1,2}.csv`", "/w", "/n{b}") == r"select * from csv.`/n\{b\}/a{1,2}.csv`"
    assert rewritten("select * from delta.`a`", "/w", "/n{b}") == "select * from delta.`/n{b}/a`"
    assert rewritten("create schema x", "/w{1}", "/nb", formatted=True) == "create schema x LOCATION '/w{{1}}/x'"
    assert rewritten("select * from delta.`{p}`", "/w", "/n{b}", formatted=True) == "select * from delta.`/n{{b}}/{p}`"


def test_quotes_in_the_warehouse_are_escaped() -> None:
    """A quote in the warehouse's path ends no literal."""
    assert rewritten("create schema x", "/it's", "/nb") == r"create schema x LOCATION '/it\'s/x'"


def test_a_tables_name_may_be_a_path() -> None:
    """Names of tables by path are resolved, other names are left alone."""
    assert with_absolute_table("delta.`x`", "/nb") == "delta.`/nb/x`"
    assert [with_absolute_table(name, "/nb") for name in ("a.b", "delta", "x.`y`")] == ["a.b", "delta", "x.`y`"]


@given(st.text(max_size=40))
def test_rewriting_ends_and_is_done_once(statement: str) -> None:
    """Whatever the text, it comes back, and a second pass changes nothing more."""
    once = rewritten(statement, "/w", "/nb")
    assert rewritten(once, "/w", "/nb") == once


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("x", "/nb/x"), (".", "/nb"), ("./x/", "/nb/x"), ("../x", "/x"), ("a/../b", "/nb/b"), ("/x", "/x"), ("", ""), ("*.csv", "/nb/*.csv"),
        ("file:/x", "file:/x"), ("s3a://b/x", "s3a://b/x"), ("2024-01-01T10:00/x", "/nb/2024-01-01T10:00/x"),
    ],
)  # fmt: skip
def test_paths_are_made_absolute(path: str, expected: str) -> None:
    """Relative paths start at the folder; absolute ones and URIs with a scheme are left alone."""
    assert absolute(path, "/nb") == expected


def test_a_path_of_dbfs_lies_in_the_workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Spark reads and writes where dbutils.fs does; nothing leads out of there."""
    monkeypatch.setenv("NBFLOW_WORKSPACE", str(tmp_path))
    assert absolute("dbfs:/a/b.csv", "/nb") == f"{tmp_path}/dbfs/a/b.csv"
    assert absolute("dbfs:/../../b", "/nb") == f"{tmp_path}/dbfs/b"
