"""Paths in the arguments of PySpark's calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbflow.surface.inside.paths import resolved, resolved_pattern, resolved_several


def test_one_path_or_several() -> None:
    """Texts, paths and lists of them are resolved; what is no path passes through."""
    values: list[Any] = ["a", Path("b"), ["c", "/d"], ("e",), None, 5]
    assert [resolved(value, "/nb") for value in values] == ["/nb/a", "/nb/b", ["/nb/c", "/d"], ["/nb/e"], None, 5]


def test_paths_separated_by_commas() -> None:
    """RDD readers take several paths in one text; commas in a pattern's braces separate nothing."""
    assert resolved_several("a,/b, c{1,2}.txt", "/nb") == "/nb/a,/b,/nb/c{1,2}.txt"


def test_a_folder_is_no_pattern() -> None:
    """Signs of a pattern in the folder's name are escaped, those of the author kept."""
    assert resolved_pattern("x[12].csv", "/n[b]") == r"/n\[b\]/x[12].csv"
    assert resolved_pattern("/n[b]/x", "/n[b]") == "/n[b]/x"
