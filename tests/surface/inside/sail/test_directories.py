"""INSERT OVERWRITE DIRECTORY as the write that it is."""

from __future__ import annotations

import pytest

from nbflow.surface.inside.sail.directories import written_directory
from nbflow.surface.inside.statements import tokens_of


@pytest.mark.parametrize(
    ("statement", "path", "source", "options", "query"),
    [
        ("INSERT OVERWRITE DIRECTORY '/x' USING parquet SELECT 1", "/x", "parquet", {}, "SELECT 1"),
        ("insert overwrite local directory '/x' using CSV options (header = true, 'sep' \";\", a.b 1) with q as (select 1) from q;", "/x", "csv",
         {"header": "true", "sep": ";", "a.b": "1"}, "with q as (select 1) from q"),
        ("INSERT OVERWRITE DIRECTORY USING json OPTIONS ('PATH' = '/y') (SELECT 1)", "/y", "json", {}, "(SELECT 1)"),
    ],
)  # fmt: skip
def test_writes(statement: str, path: str, source: str, options: dict[str, str], query: str) -> None:
    """Where it goes, as what, with which options, and the query."""
    write = written_directory(statement, list(tokens_of(statement)))
    assert (write.path, write.source, dict(write.options), write.input.sql.query) == (path, source, options, query)
    assert write.mode == write.SAVE_MODE_OVERWRITE


@pytest.mark.parametrize(
    "statement",
    ["INSERT OVERWRITE t SELECT 1", "INSERT INTO directory SELECT 1", "INSERT OVERWRITE DIRECTORY USING csv SELECT 1", "SELECT 1"],
)
def test_what_is_none(statement: str) -> None:
    """Inserts into tables, and one that has no path: Sail has an error for it."""
    assert written_directory(statement, list(tokens_of(statement))) is None


def test_formats_of_hive() -> None:
    """They are refused."""
    statement = "INSERT OVERWRITE DIRECTORY '/x' STORED AS PARQUET SELECT 1"
    with pytest.raises(Exception, match="--engine spark"):
        written_directory(statement, list(tokens_of(statement)))
