"""Notebooks that a notebook names: where they lie, and their cells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbflow.core.errors import NbflowError
from nbflow.core.notebook_cells import cell_problem
from nbflow.core.notebook_text import TextCell, databricks_cell, exported_language, is_databricks, is_percent, percent_cells, source_cells
from nbflow.core.run_line import notebook_places
from nbflow.surface.inside.context import notebook_folder
from nbflow.surface.inside.task import task

within: list[Path] = []
"""The notebooks that run inside of one another now, the outermost first; the notebook itself is not among them."""


def found_notebook(path: str) -> Path | None:
    """The file that ``path`` means in the notebook that runs now; ``None`` where there is none."""
    folder = within[-1].parent if within else notebook_folder()
    found = next((place for place in notebook_places(path, folder, task.workspace) if place.is_file()), None)
    return None if found is None else found.resolve()


class BrokenNotebook(NbflowError, ValueError):
    """A notebook that ``%run`` or ``dbutils.notebook.run`` names is none that can be read."""


def notebook_cells(path: Path) -> list[TextCell] | None:
    """The cells of the notebook at ``path``; ``None`` for a file that is none. Raises ``BrokenNotebook``."""
    text = path.read_text("utf-8-sig")
    if path.suffix == ".sql" or is_databricks(text):
        language = "sql" if path.suffix == ".sql" else "python"
        return source_cells(text, language) if is_databricks(text, language) else None
    if path.suffix == ".py":
        return percent_cells(text) if is_percent(text) else None
    if path.suffix != ".ipynb":
        return None
    document = _document(text, path)
    metadata = document.get("metadata")
    language = exported_language(metadata if isinstance(metadata, dict) else {}) or ""
    return [_cell(cell, language) for cell in document["cells"]]


def _document(text: str, path: Path) -> dict[str, Any]:
    """The document in ``text``, its cells with all that they need. Raises ``BrokenNotebook`` for what is none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenNotebook(f"{path} is no notebook: it cannot be read as JSON ({error})") from None
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        raise BrokenNotebook(f"{path} is no notebook: it has no list of cells")
    for number, cell in enumerate(document["cells"], 1):
        problem = cell_problem(cell)
        if problem is not None:
            raise BrokenNotebook(f"cell {number} of {path}: {problem}")
    return document


def _cell(cell: dict[str, Any], language: str) -> TextCell:
    if language and cell["cell_type"] == "code":
        return databricks_cell(cell["source"], language)
    return TextCell(cell["cell_type"], cell["source"], 1)
