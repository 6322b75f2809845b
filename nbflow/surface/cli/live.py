"""A run's progress drawn on a terminal: what runs stands below, what is done scrolls away above. The door to rich."""

from __future__ import annotations

from datetime import datetime, timezone
from types import TracebackType
from typing import IO, TYPE_CHECKING, cast

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from nbflow.core.events import AttemptStarted, Event, TaskEnded
from nbflow.core.progress import RUNNING, WAITING, TaskProgress
from nbflow.surface.cli.board import Board, doing, elapsed
from nbflow.surface.cli.terminal import Out, clean

if TYPE_CHECKING:
    from rich.console import RenderableType

STYLE_OF = {"SUCCESS": "green", "FAILED": "red", "TIMEDOUT": "red", "CANCELED": "yellow"}


class Drawn:
    """A listener that draws the tasks which run now, with their cells and times, four times a second."""

    def __init__(self, out: Out, board: Board) -> None:
        self._board = board
        self._began = datetime.now(timezone.utc)
        # All that rich asks of a file, Out has.
        self._console = Console(file=cast("IO[str]", out), markup=False, emoji=False, highlight=False)
        self._spinner = Spinner("dots")
        self._live = Live(
            self, console=self._console, transient=True, refresh_per_second=4, redirect_stdout=False,
            redirect_stderr=False, vertical_overflow="crop",
        )  # fmt: skip

    def __enter__(self) -> Drawn:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Draw anew; what is told once is printed above the drawing."""
        lines = self._board.take(event)
        for line in () if isinstance(event, AttemptStarted) else lines:  # that a task runs is drawn
            style = STYLE_OF.get(str(event.result), "yellow") if isinstance(event, TaskEnded) else ""
            self._console.print(Text(line, style=style), soft_wrap=True)

    def __rich__(self) -> RenderableType:
        """The drawing as it is now."""
        now = datetime.now(timezone.utc)
        rows = list(self._board.progress.every.values())
        running = [row for row in rows if row.state == RUNNING]
        waiting = sum(row.state == WAITING for row in rows)
        room = max(1, self._console.size.height - 3)
        table = Table.grid(padding=(0, 1))
        for row in running[:room]:
            table.add_row(self._spinner, *self._cells(row, now))
        done = len(rows) - len(running) - waiting
        more = f", {len(running) - room} more running" if len(running) > room else ""
        told = Text(f"{done} of {len(rows)} done{more}", style="dim", no_wrap=True)
        table.add_row("", told, Text(elapsed(self._began, now), style="dim"), "")
        return table

    def _cells(self, row: TaskProgress, now: datetime) -> tuple[RenderableType, ...]:
        passed = elapsed(row.began, now) if row.began is not None else ""
        return (
            Text(clean(row.task_key), style="bold", overflow="ellipsis", no_wrap=True),
            Text(passed, style="cyan", no_wrap=True),
            Text(doing(row, now), overflow="ellipsis", no_wrap=True),
        )
