"""The executed notebook of one attempt: saved whole, as often as is cheap, and printed text told at once."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import Any

from nbflow.store.files import remove, write_whole
from nbflow.store.journal import Journal, Printed
from nbflow.store.names import former_path
from nbflow.store.notebook_json import notebook_bytes
from nbflow.store.snapshot import Snapshot

_PAUSE_SECONDS = 0.5
_PAUSE_RATIO = 9
"""A save is followed by a pause of nine times its length, so that saving takes at most a tenth of the time."""


class NotebookFile:
    """Keeps the promise ``NotebookSink`` with a file at ``path``.

    The first change is saved at once, later ones at most twice a second, and less often where a save takes long; the
    newest state is always saved in the end, also when no further change follows. Saving happens in a thread of its
    own; what changed is copied in the caller's. What fails on the way is tried again with the next save; ``finish``
    raises where the last form cannot be kept, and the former file stays. A file of the former attempt is renamed.
    """

    path: Path

    def __init__(self, path: Path, journal: Path, task_run_id: int, attempt: int, limit: int = 20_000_000) -> None:
        """``path`` is the notebook's file, ``journal`` that of the printed text, of which it takes ``limit`` characters
        for each cell. Raises ``OSError``."""
        self.path = path
        self._limit = limit
        self._cell, self._printed = 0, 0
        self._journal = Journal(journal)
        self._hidden = path.with_name(f".{task_run_id}-{attempt}.saving")
        self._snapshot = Snapshot()
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._waiting = False
        self._finished = False
        self._failure: BaseException | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        if attempt > 1:
            for left in path.parent.glob(f".{task_run_id}-*.saving"):
                remove(left)
            with contextlib.suppress(FileNotFoundError):
                path.replace(former_path(str(path), attempt - 1))

    def changed(self, notebook: dict[str, Any]) -> None:
        """Copy what changed, and see that it is saved soon."""
        with self._condition:
            if self._finished:
                return
            self._snapshot.take(notebook)
            if not self._waiting:
                self._waiting = True
                self._condition.notify()
        if self._thread is None:
            thread = threading.Thread(target=self._save_changes, name=f"save {self.path.name}", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                # The system gives no more threads now: the next change tries again, and finish saves in any case.
                self._failure = error
                return
            self._thread = thread

    def printed(self, cell: int, stream: str, text: str) -> None:
        """Add ``text`` to the journal, as far as its limit goes."""
        if cell != self._cell:
            self._cell, self._printed = cell, 0
        left = self._limit - self._printed
        self._printed += len(text)
        if left <= 0:
            return
        if len(text) >= left:
            text = f"{text[:left]}\n[nbflow shows no more of cell {cell} here: the executed notebook has the end of it]\n"
        try:
            self._journal.add(Printed(cell, stream, text))
        except OSError as error:
            self._failure = error

    def finish(self, notebook: dict[str, Any]) -> None:
        """Save the last form for good, and remove the journal. Raises ``OSError`` where that fails: then the former
        file and the journal stay, and it may be called again."""
        with self._condition:
            self._finished = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        try:
            write_whole(self.path, notebook_bytes(notebook), self._hidden, durable=True)
        except OSError as error:
            self._journal.close()
            raise error from self._failure
        self._journal.remove()

    def _save_changes(self) -> None:
        """The thread's work: save, rest, and save again when there is something new."""
        pause = 0.0
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._finished, pause)
                self._condition.wait_for(lambda: self._finished or self._waiting)
                if self._finished:
                    return
                self._waiting = False
                frozen = self._snapshot.freeze()
            began = time.monotonic()
            try:
                write_whole(self.path, frozen.content(), self._hidden, durable=False)
            except Exception as error:
                self._failure = error
            pause = max(_PAUSE_SECONDS, _PAUSE_RATIO * (time.monotonic() - began))
