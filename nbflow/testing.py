"""Doubles for tests of pipelines and of nbflow: each keeps one of the promises of ``nbflow.core.ports``, in memory."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

from nbflow.core.errors import EngineError
from nbflow.core.events import Event
from nbflow.core.exchange import SparkAddress
from nbflow.core.results import ErrorKind

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


class MemoryLog:
    """A ``LogSink`` that keeps everything in memory, in ``content``; ``path`` names a file that never exists."""

    path: Path

    def __init__(self, path: Path = Path("memory.log")) -> None:
        self.path = path
        self.content = b""
        self.finished = False

    def add(self, data: bytes) -> None:
        """Keep ``data``."""
        self.content += data

    def last_lines(self, count: int) -> list[str]:
        """The last lines of it."""
        return self.content.decode("utf-8", "replace").splitlines()[-count:]

    def finish(self) -> None:
        """Take notice."""
        self.finished = True


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


class ScriptedEngine:
    """An ``Engine`` without any Spark: it starts, is lost and stops when it is told to.

    ``fail`` is the sentence with which it refuses to start (``None``: it starts). ``starts`` counts how often it was
    started, ``cancelled`` holds the tags that were cancelled, in their order, ``resting`` says whether it rests,
    since nobody is there. Where it lives it has no address that anything could attach to.
    """

    name = "scripted"

    def __init__(self, fail: str | None = None) -> None:
        self.fail = fail
        self.starts = 0
        self.cancelled: list[str] = []
        self._gone: asyncio.Event | None = None
        self._why = "there is no engine"
        self.ready: set[str] = set()
        self.resting = False

    async def start(self, tag: str = "") -> None:
        """Start, where it is not there. Raises ``EngineError`` where it is to fail."""
        if self.fail is not None:
            raise EngineError(ErrorKind.ENGINE_START, self.fail)
        if self._gone is None or self._gone.is_set():
            self._gone = asyncio.Event()
            self.starts += 1
        await asyncio.sleep(0)
        self.ready |= {tag} - {""}

    async def address(self, tag: str) -> SparkAddress:
        """An address that leads nowhere. Raises ``EngineError`` where the engine is not there."""
        if self._gone is None or self._gone.is_set():
            raise EngineError(ErrorKind.ENGINE_LOST, "the engine is gone")
        return SparkAddress(f"nowhere/{tag}.json", "nowhere", tag)

    async def remote(self, tag: str = "", mark: str = "") -> str:
        """An address that leads nowhere. Raises ``EngineError`` where the engine is not there."""
        await self.address(tag)
        return f"sc://nowhere.invalid/;user_id={tag or 'nbflow'}"

    async def clients(self) -> int:
        """Nobody comes."""
        return 0

    async def rest(self) -> None:
        """Rest until somebody is there again."""
        self.resting = True
        try:
            await asyncio.Event().wait()
        finally:
            self.resting = False

    async def lost(self, tag: str = "") -> str:
        """Return why, as soon as the engine is gone."""
        if self._gone is not None:
            await self._gone.wait()
        return self._why

    def lose(self, why: str = "the engine was lost") -> None:
        """Let the engine be gone, as if it had died."""
        self._why = why
        if self._gone is not None:
            self._gone.set()

    async def cancel(self, tag: str) -> None:
        """Take notice."""
        self.cancelled.append(tag)
        self.ready.discard(tag)

    async def stop(self) -> None:
        """End; nothing where it is not running."""
        self.lose("the engine was stopped")


def _copy(value: Any) -> Any:
    # By hand: a list may make its items only when somebody looks, and the caller goes on changing all of it.
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item) for item in value]
    return value
