"""Cells of notebooks that are kept as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.notebook_text import TextCell, databricks_cell, percent_cells, source_cells

LINE = st.text(alphabet="ab x=1().,'\"", min_size=1, max_size=12).filter(lambda line: line.strip() == line)
CELLS = st.lists(st.tuples(st.sampled_from(["python", "sql", "md"]), st.lists(LINE, min_size=1, max_size=4)), min_size=1, max_size=6)


@given(CELLS, st.sampled_from(["python", "sql"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_databricks_writes_is_read_with_its_lines(
    cells: list[tuple[str, list[str]]], language: str, newline: str, titles: bool
) -> None:
    """Cells of every language come back, each line at the line of the file where it stands."""
    mark = {"python": "#", "sql": "--"}[language]
    lines = [f"{mark} Databricks notebook source"]
    expected = []
    for number, (kind, body) in enumerate(cells):
        if number:
            lines += ["", f"{mark} COMMAND ----------", ""]
        if titles:
            lines.append(f"{mark} DBTITLE 1,title {number}")
        own = kind == language
        if not own:
            lines.append(f"{mark} MAGIC %{kind}")
        expected.append((kind, body, len(lines) + 1))
        lines += body if own else [f"{mark} MAGIC {line}" for line in body]
    found = source_cells(newline.join(lines), language)
    assert len(found) == len(expected)
    for number, (cell, (kind, body, line)) in enumerate(zip(found, expected)):
        assert cell.kind == ("markdown" if kind == "md" else "code")
        assert cell.source == "\n".join(["%%sql", *body] if kind == "sql" else body)
        if kind != "md":
            assert cell.line + (1 if kind == "sql" else 0) == line
        assert cell.title == (f"title {number}" if titles else "")


@pytest.mark.parametrize(
    ("source", "language", "expected"),
    [
        ("%sql select 1", "python", "%%sql\nselect 1"),
        ("select 1", "sql", "%%sql\nselect 1"),
        ("%python\nx = 1", "sql", "x = 1"),
        ("%python x = 1", "sql", "x = 1"),
        ("%sh ls\npwd", "python", "%%bash --no-raise-error\nls\npwd"),
        ("%sh -e\nfalse", "python", "%%bash -e\nfalse"),
        ("%pip install a\nimport a", "python", "%pip install a\nimport a"),
        ("%run ./a", "sql", "%run ./a"),
        ("%fs ls /tmp", "python", "%fs ls /tmp"),
        ("%scala\nval x = 1", "python", "%%scala\nval x = 1"),
        ("%matplotlib inline\nx", "python", "%matplotlib inline\nx"),
        ("x % y", "python", "x % y"),
    ],
)
def test_each_language_of_a_cell_becomes_jupyters(source: str, language: str, expected: str) -> None:
    """A magic at the head of a cell is Databricks' way to say its language."""
    assert databricks_cell(source, language).source == expected


def test_percent_cells_know_their_lines() -> None:
    """Behind jupytext's header, with empty lines before the code, and text in quotes."""
    text = '# ---\n# jupyter: x\n# ---\n\n# %% [markdown]\n"""\n# Title\n"""\n# %%  tags=["a", "b"]\n\nx = 1\n'
    assert percent_cells(text) == [TextCell("markdown", "# Title", 6), TextCell("code", "x = 1", 11, ("a", "b"))]
