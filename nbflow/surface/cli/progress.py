"""A run's progress as plain lines, for pipes, logs and simple terminals."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from types import TracebackType

from nbflow.core.events import AttemptEnded, Event, TaskEnded
from nbflow.core.progress import RUNNING
from nbflow.surface.cli.board import Board, doing, elapsed
from nbflow.surface.cli.terminal import Out, clean

SILENCE_SECONDS = 10.0
"""After this long without a word on a running task a line says where it is; the pause doubles up to a minute."""


class Silent:
    """No progress at all (``--quiet``)."""

    def __call__(self, event: Event) -> None:
        """Take no notice."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""


class Lines:
    """A listener that prints one line for the start and the end of each task, and now and then one for a long cell."""

    def __init__(self, out: Out, board: Board) -> None:
        self._out, self._board = out, board
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._told: dict[str, tuple[datetime, float]] = {}  # by task: when it was told last, and the pause after that
        self._clock = threading.Thread(target=self._beat, name="nbflow-progress", daemon=True)

    def __enter__(self) -> Lines:
        self._clock.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._clock.join()

    def __call__(self, event: Event) -> None:
        """Print what ``event`` is told by."""
        with self._lock:
            for line in self._board.take(event):
                self._out.line(line)
            if isinstance(event, (AttemptEnded, TaskEnded)):
                self._told.pop(event.task_key, None)

    def _beat(self) -> None:
        while not self._over.wait(1.0):
            with self._lock:
                self._tell_long_ones(datetime.now(timezone.utc))

    def _tell_long_ones(self, now: datetime) -> None:
        for key, row in self._board.progress.every.items():
            if row.state != RUNNING or row.began is None:
                continue
            last, pause = self._told.get(key, (row.began, SILENCE_SECONDS))
            if (now - last).total_seconds() >= pause:
                self._told[key] = (now, min(pause * 2, 60.0))
                self._out.line(f"{clean(key)}: {doing(row, now)}, running for {elapsed(row.began, now)}")
