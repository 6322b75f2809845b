"""What the run asks of the outside, as promises. Each is kept by a real thing, and by a double in ``nbflow.testing``;
``tests/contract/`` holds one suite for each promise and runs it over all who keep it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from nbflow.core.events import Event
from nbflow.core.exchange import SparkAddress


class Clock(Protocol):
    """Time, as far as decisions and records need it."""

    def now(self) -> datetime:
        """The time of day in UTC, with microseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never jumps; only differences mean something."""
        ...


class Listener(Protocol):
    """Somebody who is told what happens. Called in the run's own thread, in order: it must be quick."""

    def __call__(self, event: Event) -> None:
        """Take notice of ``event``."""
        ...


class NotebookSink(Protocol):
    """Where one attempt's executed notebook and its printed text go.

    The notebook is the nbformat 4 document as plain dicts; the caller goes on changing it after each call returns, so
    whoever keeps it must have copied or written it by then. A reader of ``path`` sees a whole, valid notebook or none,
    at every moment, whatever dies. After ``finish`` returned, the notebook survives a power loss.
    """

    path: Path

    def changed(self, notebook: dict[str, Any]) -> None:
        """The notebook changed. The sink decides when that is worth a save; it must return quickly."""
        ...

    def printed(self, cell: int, stream: str, text: str) -> None:
        """Cell ``cell`` (from 1) printed ``text`` to ``stream`` (``stdout``, ``stderr``, or ``error`` for a traceback)."""
        ...

    def finish(self, notebook: dict[str, Any]) -> None:
        """The attempt is over: keep this last form. Raises ``OSError`` when it cannot be kept."""
        ...


class LogSink(Protocol):
    """Where one attempt's log goes, of work that is no notebook.

    A reader of ``path`` sees what was added as soon as ``add`` returned. After ``finish`` returned, the log survives a power
    loss.
    """

    path: Path

    def add(self, data: bytes) -> None:
        """Add what the work printed, as it came; it may end within a line, or within a character."""
        ...

    def last_lines(self, count: int) -> list[str]:
        """The last lines that were added, ``count`` at most, without their ends."""
        ...

    def finish(self) -> None:
        """The attempt is over. Raises ``OSError`` when something of the log could not be kept."""
        ...


class Engine(Protocol):
    """A Spark engine: started once for a run, attached to by many notebooks.

    ``start`` may be called again after the engine was lost and then starts a new one; calls while one is starting wait
    for that one. Nothing of the engine is left after ``stop``, nor after its owner was killed.
    """

    name: str

    async def start(self, tag: str = "") -> None:
        """Make the engine take work, starting it when it is not there or was lost. Raises ``EngineError`` (ENGINE_START).

        What can be made ready ahead for the notebook of ``tag`` is; ``cancel`` gives it back, also where it was never used.
        """
        ...

    async def address(self, tag: str) -> SparkAddress:
        """What a notebook needs in order to attach, with ``tag`` on all its jobs. Only after ``start``.

        Raises ``EngineError`` (ENGINE_LOST) where the engine is not there.
        """
        ...

    async def remote(self, tag: str = "", mark: str = "") -> str:
        """The address ``sc://…`` of a Spark Connect server on the same tables, with all that is secret in it: for who does not
        attach through py4j. Only after ``start``.

        With a ``tag`` it holds a session, which ends with ``cancel``; its commits bear ``mark``. Raises ``EngineError``
        (ENGINE_START) where the engine has none to give.
        """
        ...

    async def clients(self) -> int:
        """How many sessions there are at such an address now."""
        ...

    async def rest(self) -> None:
        """Nobody is there for now: do what makes later work quicker, and nothing that anybody sees.

        It is done when this returns, and stops at once when this is cancelled: somebody is there again. Raises nothing else.
        """
        ...

    async def lost(self, tag: str = "") -> str:
        """Return, with the last lines of the engine's log, as soon as what the notebook of ``tag`` is attached to is gone.

        An engine may be one process for all tags or one for each; without ``tag`` it is any that is running now.
        """
        ...

    async def cancel(self, tag: str) -> None:
        """Cancel all Spark jobs that carry ``tag``, and let none begin any more: its attempt is over.

        Quick, may be called again, and no error when there are none or the engine is gone.
        """
        ...

    async def stop(self) -> None:
        """End the engine; no error when it is not running."""
        ...
