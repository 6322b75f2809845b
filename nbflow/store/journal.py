"""The printed text of a live attempt: one JSON object a line, only added to, for readers in other processes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbflow.store.files import remove, write_all


@dataclass(frozen=True, slots=True)
class Printed:
    """A piece of text as it was printed: by cell ``cell`` (from 1) to ``stream``; it may end within a line."""

    cell: int
    stream: str
    text: str


def journal_path(live: Path, run_id: int, task_run_id: int, attempt: int) -> Path:
    """The journal of one attempt in the folder ``live``. Each attempt has a file of its own, so that a reader who still
    has the former open never takes one for the other."""
    return live / f"{run_id}.{task_run_id}.{attempt}.jsonl"


class Journal:
    """Writes a journal. The file is made with the first piece."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._torn = False

    def add(self, piece: Printed) -> None:
        """Add ``piece``; readers see it at once. Raises ``OSError``."""
        if self._descriptor is None:
            remove(self._path)
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        line = json.dumps([piece.cell, piece.stream, piece.text]) + "\n"
        begin = "\n" if self._torn else ""
        self._torn = True
        write_all(self._descriptor, (begin + line).encode("ascii"))
        self._torn = False

    def close(self) -> None:
        """Stop writing; the file stays."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def remove(self) -> None:
        """Stop writing and take the file away: what it held stands in the notebook."""
        self.close()
        remove(self._path)


class JournalReader:
    """Reads a journal while it grows, and to its end after it was removed."""

    def __init__(self, path: Path) -> None:
        """Open ``path``. Raises ``FileNotFoundError``: nothing was printed yet, or it is over."""
        self._file = path.open("rb")
        self._rest = b""

    def pieces(self) -> Iterator[Printed]:
        """What was added since the last call. A last line that is not whole yet is left for the next call."""
        while data := self._file.read(1 << 20):
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                piece = _parsed(line)
                if piece is not None:
                    yield piece

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def _parsed(line: bytes) -> Printed | None:
    """One line; ``None`` for one that a full disk or a dying process tore."""
    try:
        cell, stream, text = json.loads(line)
        return Printed(int(cell), str(stream), str(text))
    except (ValueError, TypeError):
        return None
