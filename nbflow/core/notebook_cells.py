"""The cells of an ``.ipynb``, whatever tool wrote them: what each must hold, and what it may leave out."""

from __future__ import annotations

import re
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


def cell_problem(cell: Any) -> str | None:
    """What is wrong with a cell; what nbformat asks of a cell and tools leave out is put in."""
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return "is no cell: cell_type must be code, markdown or raw"
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return "its source must be text"
    if not source.isascii() and _SURROGATE.search(source):
        return "its source holds half a character (a lone surrogate), which no kernel takes; write the character anew"
    cell["source"] = source
    if cell.get("metadata") is None:
        cell["metadata"] = {}
    if not isinstance(cell["metadata"], dict):
        return "its metadata must be an object"
    tags = cell["metadata"].get("tags", [])
    if not isinstance(tags, list):
        return "its tags must be a list"
    if cell["cell_type"] == "code":
        if not isinstance(cell.get("outputs"), list):
            cell["outputs"] = []
        cell.setdefault("execution_count", None)
    return None
