"""A run that a cell waits for, shown in it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nbflow.core.errors import StoreError, UsageError
from nbflow.surface.jupyter.child import Child
from nbflow.surface.jupyter.where import Where

if TYPE_CHECKING:
    from nbflow.surface.jupyter.live import LiveView

_LOOK_SECONDS = 0.02


class Watch:
    """Shows the run that ``child`` makes, from the moment it has an id."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._view: LiveView | None = None

    def step(self) -> bool:
        """Show what is new; whether the child has ended. What cannot be read is not shown: the run goes on without."""
        from nbflow.surface.jupyter.live import LiveView

        ended = self._child.process.poll() is not None
        try:
            if self._view is not None:
                self._view.step()
            elif (begun := self._child.begun()) is not None:
                view = LiveView(Where(begun.workspace).store(), begun.run_id)
                view.show()
                self._view = view
        except (StoreError, UsageError):
            pass
        if not ended:
            time.sleep(_LOOK_SECONDS)
        return ended

    def finish(self) -> None:
        """Leave the picture and the table, with what the child told at its end."""
        if self._view is not None:
            self._view.finish(self._child.document())
