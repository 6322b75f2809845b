"""Who is told what happens in a run."""

from __future__ import annotations

from collections.abc import Sequence

from nbflow.core.events import Event
from nbflow.core.ports import Listener


class Told:
    """Tells every listener each event. The first records it, and its errors are the run's; another that fails is told no more."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._recorder, self._others = listeners[0], list(listeners[1:])

    def __call__(self, event: Event) -> None:
        """Tell all of them."""
        self._recorder(event)
        for listener in list(self._others):
            try:
                listener(event)
            except Exception:  # a listener is somebody else's code, and what it draws is not worth a run
                self._others.remove(listener)
