"""The injected cell: papermill's convention, with values of every type nbflow knows.

Python is written here, other languages by ``literals``, and any language for which somebody registered a translator of his own
with papermill by that.
"""

from __future__ import annotations

import copy
import math
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.core.injection import restore_line
from nbflow.core.values import encode
from nbflow.define.notebooks.names import is_name, is_python
from nbflow.define.notebooks.notebook import Notebook
from nbflow.plan.plan import Argument, PlannedTask
from nbflow.plan.work import NotebookWork
from nbflow.run.literals import LANGUAGES, cell_code
from nbflow.run.papermill.translators import translator_for

_TAG = "injected-parameters"
_WITH_IDS = 5
"""The minor version of nbformat 4 since which cells have ids."""

_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")


def inject(notebook: Notebook, arguments: Sequence[Argument], kernel: str, language: str) -> dict[str, Any]:
    """A fresh document of ``notebook``: outputs cleared, the cell with ``arguments`` where papermill puts it.

    That is in place of an injected cell from before, else after the parameters cell, else at the top. Arguments that
    are the notebook's own defaults are not injected. Like papermill's, the document is of the newest nbformat 4. Raises
    ``ValueError`` with a sentence for a value that the language cannot hold.
    """
    document: dict[str, Any] = copy.deepcopy(dict(notebook.document))
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    given = [argument for argument in arguments if argument.origin != "notebook"]
    cells = document["cells"]
    old = next((index for index, cell in enumerate(cells) if _TAG in _tags(cell)), None)
    if given:
        cell = _cell(_code(given, kernel, language, _reads_widgets(cells)))
        if old is not None:
            cells[old] = cell
        else:
            cells.insert(0 if notebook.parameters_cell is None else notebook.parameters_cell + 1, cell)
    document["nbformat_minor"] = max(document.get("nbformat_minor", 0), _WITH_IDS)
    _identify(cells)
    return document


def _tags(cell: Mapping[str, Any]) -> Sequence[str]:
    tags: Sequence[str] = cell.get("metadata", {}).get("tags", [])
    return tags


def _reads_widgets(cells: Sequence[Mapping[str, Any]]) -> bool:
    return any(cell["cell_type"] == "code" and "widgets" in cell["source"] for cell in cells)


def _cell(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {"tags": [_TAG]}, "outputs": [], "source": source}


def _identify(cells: Sequence[dict[str, Any]]) -> None:
    """Give every cell an id of its own; those that have a good one keep it."""
    taken: set[str] = set()
    for cell in cells:
        mark = cell.get("id")
        if not isinstance(mark, str) or not _ID.match(mark) or mark in taken:
            cell["id"] = mark = uuid.uuid4().hex[:8]
        taken.add(mark)


def _code(given: Sequence[Argument], kernel: str, language: str, reads_widgets: bool) -> str:
    """The injected cell's source. Names that no variable can bear are never written; widgets read them from elsewhere."""
    foreign = translator_for(kernel, language)
    assigned = {argument.name: argument.value for argument in given if argument.assigned and is_name(argument.name, language)}
    if foreign is not None:
        code = _translated(foreign, assigned)
    elif not is_python(language):
        return cell_code(
            {name: _plain(value) for name, value in assigned.items()}, kernel if kernel.lower() in LANGUAGES else language
        )  # fmt: skip
    else:
        code = "".join(f"{name} = {python_literal(value)}\n" for name, value in assigned.items())
    if not is_python(language):
        return code
    kept = [item for item in given if item.widget or not item.assigned or (reads_widgets and item.declared is None)]
    restoring = restore_line({item.name: (str(item.type), encode(item.value)) for item in kept}) + "\n" if kept else ""
    # first the widgets, so that what is derived from them is derived while all other names are as the cells left them
    return f"{code}{restoring}" if foreign is not None else f"# Parameters\n{restoring}{code}"


def _translated(translator: Any, values: Mapping[str, Any]) -> str:
    try:
        return str(translator.codify({name: _plain(value) for name, value in values.items()}, "Parameters"))
    except NotImplementedError as error:
        raise ValueError(str(error)) from None


def unwritable(task: PlannedTask) -> Iterator[Mistake]:
    """Values of a notebook's task that are known and that its language cannot hold."""
    work = task.work
    if not isinstance(work, NotebookWork) or is_python(work.language):
        return
    for argument in task.arguments:
        if argument.origin != "notebook" and not argument.late:
            try:
                _code([argument], work.kernel, work.language, reads_widgets=False)
            except ValueError as error:
                place = argument.place
                yield Mistake(str(error), place.file, place.line, place.key)


def _plain(value: Any) -> Any:
    """``value`` as other languages take it: numbers, text, lists and maps as they are, the rest as text."""
    if isinstance(value, (set, frozenset)):
        return [_plain(item) for item in sorted(value, key=repr)]
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(encode(key)): _plain(item) for key, item in value.items()}
    return value if isinstance(value, float) else encode(value)


def python_literal(value: Any) -> str:
    """An expression on one line that gives ``value`` in any Python, with nothing imported. What has no form becomes text,
    as papermill does it."""
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, float):
        return float.__repr__(value) if math.isfinite(value) else f"float({float.__repr__(value)!r})"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, (date, time, timedelta)):
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
    return str.__repr__(str(value))


def _temporal(value: date | time | timedelta) -> str:
    if isinstance(value, timedelta):
        return f"__import__('datetime').timedelta({value.days}, {value.seconds}, {value.microseconds})"
    name = "datetime" if isinstance(value, datetime) else "date" if isinstance(value, date) else "time"
    return f"__import__('datetime').{name}.fromisoformat({value.isoformat()!r})"
