"""Notebooks that a notebook runs inside of itself by ``%run``: what they declare and use is the notebook's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.core.run_line import run_line
from nbflow.define.notebooks.parameters import Parameter

Find = Callable[[str, Path], Path | None]
"""The file that a path names, from a folder."""


@dataclass(slots=True)
class Included:
    """What the notebooks that are run inside bring: parameters by name, whether they use Spark and the name ``spark``, and what
    is wrong with them."""

    parameters: dict[str, Parameter] = field(default_factory=dict)
    uses_spark: bool = False
    wants_spark_name: bool = False
    mistakes: list[Mistake] = field(default_factory=list)


def follow_runs(
    cells: Sequence[Mapping[str, Any]], path: Path, file: str, lines: Sequence[int], find: Find, read: Callable[[Path], Any], strict: bool
) -> Included:
    """What the notebooks bring that ``cells`` of the one at ``path`` run, and those that they run in turn.

    ``find`` looks a path up, ``read`` reads a notebook without following it; ``strict`` says that a path which leads nowhere is a mistake: in a notebook
    of Databricks nothing else is meant by ``%run``.
    """
    found = Included()
    _follow(cells, path, file, lines, found, {path.resolve()}, find, read, strict)
    return found


def _follow(
    cells: Sequence[Mapping[str, Any]],
    path: Path,
    file: str,
    lines: Sequence[int],
    found: Included,
    seen: set[Path],
    find: Find,
    read: Callable[[Path], Any],
    strict: bool,
) -> None:
    for index, cell in enumerate(cells):
        line = run_line(cell["source"]) if cell["cell_type"] == "code" and "%run" in cell["source"] else None
        if line is None:
            continue
        other = find(line.path, path.parent)
        if other is None:
            if strict:
                at, key = (lines[index], None) if lines else (None, f"cells[{index}]")
                found.mistakes.append(Mistake(f"there is no notebook {line.path} to %run", file, at, key, f"it starts at {path.parent}"))
            continue
        if other in seen:
            continue
        seen.add(other)
        try:
            notebook = read(other)
        except DefinitionError as error:
            if strict or other.suffix == ".ipynb":
                found.mistakes += error.mistakes
            continue  # a plain Python file, which IPython's own %run takes
        for parameter in notebook.parameters:
            if not parameter.assigned:
                found.parameters.setdefault(parameter.name, parameter)
        found.uses_spark = found.uses_spark or notebook.uses_spark
        found.wants_spark_name = found.wants_spark_name or notebook.wants_spark_name
        _follow(notebook.document["cells"], other, str(other), notebook.lines, found, seen, find, read, notebook.databricks)
