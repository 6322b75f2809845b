"""The injected cell: papermill's convention, with values of every type nbflow knows.

Python is written here; other languages, and any language for which somebody registered a translator of his own with
papermill, by papermill's translators.
"""

from __future__ import annotations

import copy
import math
import sys
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from nbflow.core.injection import restore_line
from nbflow.core.values import encode
from nbflow.define.notebook import Notebook
from nbflow.plan.plan import Argument

_TAG = "injected-parameters"


def inject(notebook: Notebook, arguments: Sequence[Argument], kernel: str, language: str) -> dict[str, Any]:
    """A fresh document of ``notebook``: outputs cleared, the cell with ``arguments`` where papermill puts it.

    That is in place of an injected cell from before, else after the parameters cell, else at the top. Arguments that
    are the notebook's own defaults are not injected.
    """
    document: dict[str, Any] = copy.deepcopy(dict(notebook.document))
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    given = [argument for argument in arguments if argument.origin != "notebook"]
    cells = document["cells"]
    old = next((index for index, cell in enumerate(cells) if _TAG in _tags(cell)), None)
    if given:
        cell = _cell(_code(given, kernel, language), document)
        if old is not None:
            cells[old] = cell
        else:
            cells.insert(0 if notebook.parameters_cell is None else notebook.parameters_cell + 1, cell)
    return document


def _tags(cell: Mapping[str, Any]) -> Sequence[str]:
    tags: Sequence[str] = cell.get("metadata", {}).get("tags", [])
    return tags


def _cell(source: str, document: Mapping[str, Any]) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code", "execution_count": None, "metadata": {"tags": [_TAG]}, "outputs": [], "source": source,
    }  # fmt: skip
    if (document.get("nbformat"), document.get("nbformat_minor", 0)) >= (4, 5):
        cell["id"] = uuid.uuid4().hex[:8]
    return cell


def _code(given: Sequence[Argument], kernel: str, language: str) -> str:
    assigned = {argument.name: argument.value for argument in given if argument.assigned}
    widgets = {argument.name: (str(argument.type), encode(argument.value)) for argument in given if argument.widget}
    foreign = _papermill_translator(kernel, language)
    if foreign is not None:
        return str(foreign.codify({name: _plain(value) for name, value in assigned.items()}, "Parameters"))
    lines = ["# Parameters", *(f"{name} = {python_literal(value)}" for name, value in assigned.items())]
    if widgets:
        lines.append(restore_line(widgets))
    return "\n".join([*lines, ""])


def _papermill_translator(kernel: str, language: str) -> Any:
    """papermill's translator for a language that is not Python, or one that a user registered for Python."""
    python = language.lower() in ("python", "ipython", "")
    if python and "papermill.translators" not in sys.modules:
        return None
    from papermill.translators import PythonTranslator, papermill_translators

    translator = papermill_translators.find_translator(kernel, language)
    return None if python and translator is PythonTranslator else translator


def _plain(value: Any) -> Any:
    """``value`` as other languages' translators take it: numbers, text, lists and maps as they are, the rest as text."""
    return value if isinstance(value, float) else encode(value)


def python_literal(value: Any) -> str:
    """An expression on one line that gives ``value`` in any Python, with nothing imported."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, (datetime, date, time, timedelta)):
        return _temporal(value)
    if isinstance(value, Decimal):
        return f"__import__('decimal').Decimal({str(value)!r})"
    if isinstance(value, Path):
        return f"__import__('pathlib').Path({str(value)!r})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{python_literal(key)}: {python_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(python_literal, value)) + "]"
    if isinstance(value, tuple):
        return "(" + "".join(f"{python_literal(item)}, " for item in value) + ")"
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(map(python_literal, sorted(value, key=repr))) + "}" if value else "set()"
    return repr(value)


def _temporal(value: datetime | date | time | timedelta) -> str:
    if isinstance(value, timedelta):
        return f"__import__('datetime').timedelta({value.days}, {value.seconds}, {value.microseconds})"
    return f"__import__('datetime').{type(value).__name__}.fromisoformat({value.isoformat()!r})"
