"""Cells of a Python notebook that no kernel can run, told before a run comes to them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.define.notebooks.source import parse_cell

_ONLY_IPYTHON = re.compile(
    r"^\s*([/,;]|(alias|cat|cd|clear|conda|cp|history|less|load|ls|ll|man|mkdir|more|mv|pip|pwd|reset|rm|rmdir|run|time|timeit|uv|who|whos)\b)",
    re.MULTILINE,
)
"""Lines that IPython understands and Python does not: its quick calls, and magics and commands without their ``%``."""

_EXPECTED = ("skip-execution", "raises-exception")


def broken_cells(cells: Sequence[Mapping[str, Any]], file: str, tagged: int | None, lines: Sequence[int] = ()) -> Iterator[Mistake]:
    """One warning for each code cell that is no Python, in doubt none; not for the one at ``tagged``, which is told as
    wrong, nor for cells that are not run or may fail. ``lines`` are where cells begin in the file, if they do."""
    for index, cell in enumerate(cells):
        if cell["cell_type"] != "code" or index == tagged or set(_EXPECTED).intersection(map(str, cell["metadata"].get("tags", []))):
            continue
        try:
            parse_cell(textwrap.dedent(cell["source"]))
        except SyntaxError as error:
            if not _ONLY_IPYTHON.search(cell["source"]):
                message = f"cell {index + 1} is no Python: {error.msg}"
                if lines:
                    yield Mistake(message, file, lines[index] + (error.lineno or 1) - 1)
                else:
                    yield Mistake(f"{message} (line {error.lineno} of the cell)", file, None, f"cells[{index}]")
        except (ValueError, RecursionError, MemoryError):
            continue
