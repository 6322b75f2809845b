"""Notebooks kept as text, as nbformat's documents: Databricks' source format in Python and SQL, jupytext's percent format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.core.notebook_text import TextCell, is_databricks, is_percent, percent_cells, source_cells

_LANGUAGES = {".py": "python", ".sql": "sql"}
_HEADERS = {"python": "# Databricks notebook source", "sql": "-- Databricks notebook source"}


@dataclass(frozen=True, slots=True)
class Script:
    """What a text holds: the nbformat 4 document, the line of the file in which each cell begins, and whether it is a
    notebook of Databricks."""

    document: dict[str, Any]
    lines: tuple[int, ...]
    databricks: bool


def read_script(text: str, file: str, suffix: str = ".py") -> Script:
    """The notebook in the ``text`` of a file that ends with ``suffix``. Raises ``DefinitionError`` for one that is none."""
    language = _LANGUAGES[suffix]
    if is_databricks(text, language):
        return _script(source_cells(text, language), databricks=True)
    if language == "sql":
        hint = f"begin it with '{_HEADERS['sql']}'"
        raise DefinitionError([Mistake("is SQL and no notebook", file, 1, hint=hint)])
    if is_percent(text):
        return _script(percent_cells(text), databricks=False)
    hint = f"begin it with '{_HEADERS['python']}', or cut it into cells with '# %%'"
    raise DefinitionError([Mistake("is a Python file and no notebook", file, 1, hint=hint)])


def _script(cells: Sequence[TextCell], databricks: bool) -> Script:
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
    document = {"cells": [_cell(cell, at) for at, cell in enumerate(cells)], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return Script(document, tuple(cell.line for cell in cells), databricks)


def _cell(cell: TextCell, number: int) -> dict[str, Any]:
    metadata: dict[str, Any] = {"tags": list(cell.tags)} if cell.tags else {}
    if cell.title:
        metadata["title"] = cell.title
    made: dict[str, Any] = {"cell_type": cell.kind, "id": f"cell-{number}", "metadata": metadata, "source": cell.source}
    if cell.kind == "code":
        made.update(outputs=[], execution_count=None)
    return made
