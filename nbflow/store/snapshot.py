"""A copy of a notebook that its owner goes on changing: only cells that changed are copied and written out again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from nbflow.store.notebook_json import cell_text, join_cells

_SHARE = 0.05
"""The part of all time that copying the outputs of running cells may take."""


class _Cell:
    """One cell as it was; its text is made once, when it is needed. Nobody changes ``copy``."""

    __slots__ = ("copy", "text")

    def __init__(self, copy: dict[str, Any]) -> None:
        self.copy = copy
        self.text: str | None = None


class Frozen:
    """A notebook at one moment, to be written by another thread."""

    def __init__(self, rest: dict[str, Any], cells: list[_Cell]) -> None:
        self._rest, self._cells = rest, cells

    def content(self) -> bytes:
        """The content of the notebook's file."""
        for cell in self._cells:
            if cell.text is None:
                cell.text = cell_text(cell.copy)
        return join_cells(self._rest, [cell.text or "" for cell in self._cells])


class Snapshot:
    """Follows a notebook. Comparing with the last copy is cheap, because what did not change is the same object."""

    def __init__(self) -> None:
        self._cells: list[_Cell] = []
        self._rest: dict[str, Any] = {}
        self._free_at = 0.0

    def take(self, notebook: Mapping[str, Any]) -> None:
        """Copy what changed. Outputs that are no plain list (they are made when somebody looks) may be left for a
        later call, where looking at them has cost too much lately; plain ones never are."""
        rest = {key: value for key, value in notebook.items() if key != "cells"}
        if rest != self._rest:
            self._rest = _copied(rest)
        cells = notebook.get("cells", ())
        del self._cells[len(cells) :]
        for index, cell in enumerate(cells):
            plain = type(cell.get("outputs", [])) is list
            if index == len(self._cells):
                self._cells.append(_Cell(_copied(cell)))
            elif plain and self._cells[index].copy != cell:
                self._cells[index] = _Cell(_copied(cell))
            elif not plain and time.monotonic() >= self._free_at:
                began = time.monotonic()
                self._cells[index] = _Cell(_copied(cell))
                ended = time.monotonic()
                self._free_at = ended + (ended - began) / _SHARE

    def freeze(self) -> Frozen:
        """What was copied last, for another thread."""
        return Frozen(self._rest, list(self._cells))


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) if isinstance(item, (Mapping, list, tuple)) else item for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copied(item) if isinstance(item, (Mapping, list, tuple)) else item for item in value]
    return value
