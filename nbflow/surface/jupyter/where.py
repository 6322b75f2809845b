"""Where the records of a run are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbflow.store.store import Store
    from nbflow.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Where:
    """Where a run's records are found: in the workspace at ``root``."""

    root: Path

    def store(self) -> Store:
        """The records."""
        return self.found().store

    def found(self) -> Workspace:
        """The workspace itself. Raises as ``Workspace.find`` does."""
        from nbflow.workspace import Workspace

        return Workspace.find(self.root, self.root)
