"""A notebook as its author wrote it: read, never run, and never written to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.define.notebooks.parameters import Parameter


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook file's content and what can be known of it without running it.

    ``path`` is absolute. ``document`` is the nbformat 4 document as plain dicts, sources as single strings (treat it as
    read-only: copy before you change it). ``sha256`` is the hex digest of the file's bytes. ``kernel`` and ``language``
    are what its metadata name (``None`` where they name nothing). ``parameters_cell`` is the index from 0 of the cell
    tagged ``parameters``, ``None`` without one. ``declares`` is true where the notebook's parameters are all known
    (it is Python and has such a cell), so that a value for an unknown one is a mistake. ``uses_spark`` is true where
    its code, or a module beside it that it imports, speaks of Spark; ``wants_spark_name`` where it uses ``spark`` without
    defining it, as on Databricks. ``warnings`` tell of what is no mistake for certain. ``url`` is the
    address of one that was fetched; its ``path`` is then where it would lie in the workspace, and its kernel starts there.
    ``databricks`` is true for Databricks' source format and exports: there what a task gives becomes widgets, not variables. ``lines`` holds the line of
    the file in which each cell begins, where cells have lines. ``wheels`` are put on the path of its kernel.
    """

    path: Path
    document: Mapping[str, Any]
    sha256: str
    kernel: str | None = None
    language: str | None = None
    parameters: tuple[Parameter, ...] = ()
    parameters_cell: int | None = None
    declares: bool = False
    uses_spark: bool = False
    wants_spark_name: bool = False
    warnings: tuple[Mistake, ...] = field(default=())
    url: str | None = None
    databricks: bool = False
    lines: tuple[int, ...] = ()
    wheels: tuple[Path, ...] = ()

    @property
    def origin(self) -> str:
        """Where the notebook is from: its address, else its path."""
        return self.url or str(self.path)
