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

    def __init__(self, child: Child, where: Where) -> None:
        self._child, self._where = child, where
        self._view: LiveView | None = None

    def step(self) -> bool:
        """Show what is new; whether the child has ended. What cannot be read is not shown: the run goes on without."""
        ended = self._child.process.poll() is not None
        run_id = self._child.run_id()
        try:
            if self._view is not None:
                self._view.step()
            elif run_id is not None:
                self._view = self._begun(run_id)
        except (StoreError, UsageError):
            pass
        if not ended:
            time.sleep(_LOOK_SECONDS)
        return ended

    def finish(self) -> None:
        """Leave the picture and the table."""
        if self._view is not None:
            self._view.finish()

    def _begun(self, run_id: int) -> LiveView:
        from nbflow.surface.jupyter.live import LiveView

        view = LiveView(self._where.store(), run_id)
        view.show()
        return view
