"""What tasks printed, as lines: from the journal while an attempt lives, from its executed notebook afterwards; from its log
where its work is no notebook."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbflow.core.records import AttemptRecord, RunRecord, TaskRecord
from nbflow.store.journal import JournalReader, Printed, journal_path
from nbflow.store.run_folders import attempt_content, place_of


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, without its end. ``cell`` counts from 1; ``stream`` is ``stdout``, ``stderr``, ``error`` (a traceback,
    which may hold colours), ``result`` (what a notebook shows for a value) or ``note`` (nbflow's own word; ``cell`` 0).
    A log has no cells (0), and all of it is ``stdout``.
    """

    task_key: str
    cell: int
    stream: str
    text: str
    attempt: int = 1


class Lines:
    """Makes lines of the pieces that one attempt printed."""

    def __init__(self, task_key: str, attempt: int) -> None:
        self._task_key, self._attempt = task_key, attempt
        self._source: tuple[int, str] | None = None
        self._rest: list[str] = []

    def add(self, piece: Printed) -> Iterator[LogLine]:
        """The lines that ``piece`` completes; text of another cell or stream ends the line before."""
        source = piece.cell, piece.stream
        if source != self._source:
            yield from self.end()
            self._source = source
        first, *others = piece.text.split("\n")
        self._rest.append(first)
        for part in others:
            yield self._line()
            self._rest = [part]

    def end(self) -> Iterator[LogLine]:
        """The last line, where it has no end of its own."""
        if any(self._rest):
            yield self._line()
        self._rest = []

    def _line(self) -> LogLine:
        cell, stream = self._source or (0, "note")
        # A carriage return writes over what stood before, as progress bars do.
        text = "".join(self._rest).rstrip("\r").rpartition("\r")[2]
        return LogLine(self._task_key, cell, stream, text, self._attempt)


def read_printed(run: RunRecord, live: Path, task_key: str | None) -> Iterator[LogLine]:
    """Everything that the run's tasks, or one of them, have printed: task by task, attempt by attempt."""
    for task in _chosen(run, task_key):
        for attempt in task.attempts:
            lines = Lines(task.task_key, attempt.number)
            for piece in _pieces(run.run_id, task, attempt, live):
                yield from lines.add(piece)
            yield from lines.end()


class Follower:
    """Reads what a live run prints, from its beginning, in the order in which it comes."""

    def __init__(self, live: Path, task_key: str | None) -> None:
        self._live, self._task_key = live, task_key
        self._done: set[tuple[int, int]] = set()
        self._open: dict[tuple[int, int], tuple[JournalReader | LogReader, Lines]] = {}

    def lines(self, run: RunRecord, *, over: bool) -> Iterator[LogLine]:
        """What is new; ``run`` is its newest record, ``over`` that nothing comes after it."""
        for task in _chosen(run, self._task_key):
            for attempt in task.attempts:
                key = task.task_run_id, attempt.number
                if key not in self._done:
                    ended = over or attempt.ended is not None or attempt.number < task.attempts[-1].number
                    yield from self._attempt(run.run_id, task, attempt, ended=ended)
                    if ended:
                        self._done.add(key)

    def _attempt(self, run_id: int, task: TaskRecord, attempt: AttemptRecord, *, ended: bool) -> Iterator[LogLine]:
        key = task.task_run_id, attempt.number
        if key not in self._open:
            try:
                reader: JournalReader | LogReader = _log_reader(attempt) or JournalReader(journal_path(self._live, run_id, *key))
            except OSError:
                if ended:
                    lines = Lines(task.task_key, attempt.number)
                    yield from _lines(lines, notebook_pieces(attempt))
                    yield from lines.end()
                return
            self._open[key] = reader, Lines(task.task_key, attempt.number)
        reader, lines = self._open[key]
        yield from _lines(lines, reader.pieces())
        if ended:
            yield from lines.end()
            reader.close()
            del self._open[key]


class LogReader:
    """Reads a log while it grows."""

    def __init__(self, path: str) -> None:
        """Open ``path``. Raises ``OSError``."""
        self._file = Path(path).open("rb")  # noqa: SIM115  (closed by ``close``)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def pieces(self) -> Iterator[Printed]:
        """What was added since the last call."""
        while data := self._file.read(1 << 20):
            text = self._decode(data)
            if text:
                yield Printed(0, "stdout", text)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def _log_reader(attempt: AttemptRecord) -> LogReader | None:
    return None if attempt.log is None else LogReader(place_of(attempt.log, attempt.number))


def _lines(lines: Lines, pieces: Iterable[Printed]) -> Iterator[LogLine]:
    for piece in pieces:
        yield from lines.add(piece)


def _pieces(run_id: int, task: TaskRecord, attempt: AttemptRecord, live: Path) -> Iterator[Printed]:
    try:
        reader = _log_reader(attempt) or JournalReader(journal_path(live, run_id, task.task_run_id, attempt.number))
    except OSError:
        # A journal is removed only after the notebook holds all of it.
        yield from notebook_pieces(attempt)
        return
    yield from reader.pieces()
    reader.close()


def _chosen(run: RunRecord, task_key: str | None) -> list[TaskRecord]:
    return [task for task in run.tasks if task_key is None or task_key in (task.task_key, task.parent)]


def notebook_pieces(attempt: AttemptRecord) -> Iterator[Printed]:
    """What the executed notebook of ``attempt`` shows as text, output by output; a word where a log is not there."""
    if attempt.log is not None:
        yield Printed(0, "note", f"the log {attempt.log} cannot be read")
    if attempt.notebook is None:
        return
    try:
        notebook = json.loads(attempt_content(attempt.notebook, attempt.number))
    except FileNotFoundError:
        yield Printed(0, "note", f"the executed notebook {attempt.notebook} is not there any more")
        return
    except (OSError, ValueError) as error:
        yield Printed(0, "note", f"the executed notebook {attempt.notebook} cannot be read: {error}")
        return
    for number, cell in enumerate(notebook.get("cells", ()), start=1):
        for output in cell.get("outputs", ()):
            show = _SHOWN.get(output.get("output_type"))
            if show is not None:
                yield from show(number, output)


def _stream(number: int, output: dict[str, Any]) -> Iterator[Printed]:
    yield Printed(number, output.get("name", "stdout"), _joined(output.get("text", "")))


def _error(number: int, output: dict[str, Any]) -> Iterator[Printed]:
    text = "\n".join(output.get("traceback") or [f"{output.get('ename')}: {output.get('evalue')}"])
    yield Printed(number, "error", f"{text}\n")


def _result(number: int, output: dict[str, Any]) -> Iterator[Printed]:
    if "text/plain" in output.get("data", {}):
        yield Printed(number, "result", f"{_joined(output['data']['text/plain'])}\n")


_SHOWN: dict[str, Callable[[int, dict[str, Any]], Iterator[Printed]]] = {
    "stream": _stream,
    "error": _error,
    "execute_result": _result,
    "display_data": _result,
}


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
