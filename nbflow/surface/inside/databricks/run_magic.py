"""``%run ./other $day="2026-01-31"``: another notebook's cells in this one's namespace, as on Databricks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbflow.core.errors import NbflowError
from nbflow.core.notebook_text import TextCell
from nbflow.core.run_line import run_line
from nbflow.surface.inside.databricks.notebook_files import found_notebook, notebook_cells, within
from nbflow.surface.inside.parameters import registry

_VALUE = re.compile(r"\s\$\w+\s*=")


class NotebookNotFound(NbflowError, FileNotFoundError):
    """``%run`` or ``dbutils.notebook.run`` names no notebook."""


def make_run_magic(shell: Any, original: Callable[[str], Any] | None) -> Callable[[str], Any]:
    """The magic for ``shell``; what is no notebook goes to ``original``, IPython's own ``%run``."""
    from IPython.core.magic import no_var_expand

    def run(line: str) -> Any:
        """IPython would put a variable ``day`` in the place of ``$day``, and the widget's value would be lost."""
        said = run_line(f"%run {line}")
        if said is None and _VALUE.search(line):
            msg = f"%run: {line} cannot be read: values of widgets are $name=\"text\" or $name='text', with no such quote inside"
            raise NbflowError(msg)
        path = None if said is None else found_notebook(said.path)
        cells = None if path is None else notebook_cells(path)
        if said is None or path is None or cells is None:
            if original is not None and (path is not None or said is None or said.path.endswith((".py", ".ipy"))):
                return original(shell.var_expand(line))
            msg = f"%run: there is no notebook {said.path if said else line}"
            raise NotebookNotFound(msg)
        if path in within:
            msg = f"%run {said.path}: it would run inside of itself"
            raise NbflowError(msg)
        registry.set_values(said.values)
        _run_cells(shell, path, cells)
        return None

    taken: Callable[[str], Any] = no_var_expand(run)
    return taken


def _run_cells(shell: Any, path: Path, cells: list[TextCell]) -> None:
    within.append(path)
    try:
        for number, cell in enumerate(cells, 1):
            if cell.kind == "code" and cell.source.strip():
                with _errors_go_up(shell):
                    result = shell.run_cell(cell.source, store_history=False, silent=True)
                error = result.error_before_exec or result.error_in_exec
                if error is not None:
                    if hasattr(error, "add_note"):
                        error.add_note(f"in cell {number} of {path}")
                    raise error
    finally:
        within.pop()


@contextmanager
def _errors_go_up(shell: Any) -> Iterator[None]:
    """No traceback is printed inside: the cell with ``%run`` prints it."""
    names = ("showtraceback", "showsyntaxerror")
    before = {name: getattr(shell, name) for name in names}
    for name in names:
        setattr(shell, name, lambda *args, **kwargs: None)
    try:
        yield
    finally:
        for name in names:
            setattr(shell, name, before[name])
