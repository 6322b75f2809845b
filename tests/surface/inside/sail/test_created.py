"""Where the query of a statement begins that makes a table."""

from __future__ import annotations

import pytest

from nbflow.surface.inside.sail.changes import query_at
from nbflow.surface.inside.statements import tokens_of


@pytest.mark.parametrize(
    ("statement", "query"),
    [
        ("CREATE TABLE t AS SELECT 1", "AS SELECT 1"), ("CREATE TABLE t USING delta SELECT 1", "SELECT 1"), ("CREATE TABLE t (SELECT 1)", "(SELECT 1)"),
        ("CREATE OR REPLACE TABLE a.t PARTITIONED BY (k) WITH x AS (SELECT 1) TABLE x", "WITH x AS (SELECT 1) TABLE x"),
        ("CREATE TABLE t USING delta OPTIONS (select 'x') (WITH x AS (SELECT 1) FROM x)", "(WITH x AS (SELECT 1) FROM x)"),
        ("CREATE TABLE IF NOT EXISTS IDENTIFIER('t') AS (SELECT 1)", "AS (SELECT 1)"), ("CREATE TABLE t VALUES (1)", "VALUES (1)"),
        ("CREATE TABLE t (from DATE, values INT, x INT GENERATED ALWAYS AS (y))", ""), ("CREATE TABLE t USING delta LOCATION 'x'", ""),
        ("CREATE TABLE t SHALLOW CLONE s VERSION AS OF 1", ""), ("CREATE TABLE t LIKE s", ""), ("CREATE VIEW v AS SELECT 1", "AS SELECT 1"),
    ],
)  # fmt: skip
def test_queries(statement: str, query: str) -> None:
    """With AS and without, in brackets and after every clause; columns and options whose names are words of queries are none."""
    tokens = list(tokens_of(statement))
    at = query_at(tokens)
    assert (statement[tokens[at].start :] if at < len(tokens) else "") == query
