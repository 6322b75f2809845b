"""Doubles for tests of pipelines and of nbflow: each keeps one of the promises of ``nbflow.core.ports``, in memory."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

from nbflow.core.events import Event

_Kind = TypeVar("_Kind", bound=Event)


class FixedClock:
    """A ``Clock`` that stands still until it is told to go on."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=timezone.utc)) -> None:
        """``start`` is the time of day at the beginning; it must know its zone."""
        self._start, self._seconds = start.astimezone(timezone.utc), 0.0

    def now(self) -> datetime:
        """The time of day in UTC."""
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        """Seconds since the clock was made, as far as it was told to go on."""
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass. Raises ``ValueError`` for a negative number."""
        if seconds < 0:
            msg = "time does not go back"
            raise ValueError(msg)
        self._seconds += seconds


class MemorySink:
    """A ``NotebookSink`` that keeps everything in memory.

    ``path`` names a file that never exists. ``history`` holds each form of the notebook that was told, ``printed_text``
    each piece of printed text as (cell, stream, text); ``finished`` is true after ``finish``.
    """

    path: Path

    def __init__(self, path: Path = Path("memory.ipynb")) -> None:
        self.path = path
        self.history: list[dict[str, Any]] = []
        self.printed_text: list[tuple[int, str, str]] = []
        self.finished = False

    @property
    def notebook(self) -> dict[str, Any] | None:
        """The newest form of the notebook; ``None`` before the first."""
        return self.history[-1] if self.history else None

    def changed(self, notebook: dict[str, Any]) -> None:
        """Keep a copy of ``notebook``."""
        if not self.finished:
            self.history.append(_copy(notebook))

    def printed(self, cell: int, stream: str, text: str) -> None:
        """Keep ``text``."""
        self.printed_text.append((cell, stream, text))

    def finish(self, notebook: dict[str, Any]) -> None:
        """Keep a copy of ``notebook`` as the last form."""
        self.finished = True
        self.history.append(_copy(notebook))


class EventLog:
    """A ``Listener`` that keeps what it is told, in ``events``."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Keep ``event``."""
        self.events.append(event)

    def of(self, kind: type[_Kind]) -> list[_Kind]:
        """The events of one kind, in their order."""
        return [event for event in self.events if isinstance(event, kind)]


def _copy(value: Any) -> Any:
    # By hand: a list may make its items only when somebody looks, and the caller goes on changing all of it.
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item) for item in value]
    return value
