"""Cells that no kernel can run."""

from __future__ import annotations

from typing import Any

import pytest

from nbflow.define.notebooks.broken_cells import broken_cells


def cell(source: str, *tags: str) -> dict[str, Any]:
    """A code cell."""
    return {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}}


@pytest.mark.parametrize("source", ["def f(:", "1 +", "x = 1\nif x:", "print 'x'", "%%time\nfor"])
def test_a_cell_that_is_no_python_is_told(source: str) -> None:
    """With its number, and not when it is not run, may fail, or is told elsewhere."""
    cells = [cell("x = 1"), cell(source)]
    (told,) = broken_cells(cells, "n.ipynb", None)
    assert (told.file, told.key) == ("n.ipynb", "cells[1]") and told.message.startswith("cell 2 is no Python: ")
    assert list(broken_cells([cell(source, "skip-execution"), cell(source, "raises-exception"), cell(source)], "n", 2)) == []


@pytest.mark.parametrize(
    "source",
    ["", "%%bash\nls |", "!ls $x", "x = !ls", "?print", "print?", "await f()", "%time x = 1", "for x in y:\n    !ls {x}", "    x = 1\n    y = 2",
     "/print 1", ",f a b", "cd foo", "ls -l", "%cd foo", "!cmd \\\n  more", "f'{x!r:>{w}}'", "async with a: pass"],
)  # fmt: skip
def test_what_ipython_takes_is_not(source: str) -> None:
    """Magics, shell commands, help, quick calls, cells that are indented as a whole."""
    assert list(broken_cells([cell(source)], "n", None)) == []
