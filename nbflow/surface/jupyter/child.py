"""A run as a child process: ``nbflow run`` in a session of its own, which outlives a cell and is cancelled with it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from nbflow.core.launch import launch_command
from nbflow.surface.jupyter.interrupts import Interrupts

_KILL_AFTER_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that has begun: its id, and the root of the workspace whose records tell of it."""

    run_id: int
    workspace: Path


@dataclass(frozen=True, slots=True)
class Document:
    """An argument that is handed over as a JSON file."""

    name: str
    content: Any


class Child:
    """A running ``nbflow run --json``. ``folder`` holds its inputs and outputs until ``close``."""

    def __init__(self, arguments: Sequence[str | Document], listen: bool) -> None:
        """Start ``nbflow run`` with ``arguments``; with ``listen`` its progress can be read by ``lines``."""
        self.folder = Path(tempfile.mkdtemp(prefix="nbflow-call-"))
        try:
            given = [self._file(part) if isinstance(part, Document) else part for part in arguments]
            command = [
                *launch_command(), "run", "--json",
                "--begun-file", os.fspath(self.folder / "begun.json"), *given,
            ]  # fmt: skip
            with (self.folder / "result.json").open("wb") as result:
                self.process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=result, start_new_session=True,
                    stderr=subprocess.PIPE if listen else subprocess.DEVNULL,
                )  # fmt: skip
        except BaseException:
            self.close()
            raise

    def _file(self, document: Document) -> str:
        path = self.folder / f"{document.name}.json"
        path.write_text(json.dumps(document.content), encoding="utf-8")
        return os.fspath(path)

    def follow(self, step: Callable[[], bool], interrupts: Interrupts) -> int:
        """Call ``step`` again and again until it says that the child has ended; the child's exit code.

        Of ``interrupts`` each is the child's: the first cancels the run, a second ends it at once. After that it is not waited for much longer.
        """
        kill_at = float("inf")
        while not step():
            if interrupts.count > 1:
                kill_at = min(kill_at, time.monotonic() + _KILL_AFTER_SECONDS)
            if time.monotonic() > kill_at:
                self.process.kill()
        return self.process.wait()

    def lines(self, show: Callable[[str], None]) -> Callable[[], bool]:
        """A step for ``follow`` that shows each line of progress."""
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_pump, args=(self.process.stderr, lines), daemon=True).start()

        def step() -> bool:
            """Show the next line, if one comes soon; whether the child has ended and all its lines are shown."""
            try:
                line = lines.get(timeout=0.1)
            except queue.Empty:
                return self.process.poll() is not None  # something that it left behind may still hold the pipe
            if line is not None:
                show(line)
            return line is None

        return step

    def interrupt(self) -> None:
        """Send SIGINT; no error when the child is gone."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)

    def begun(self) -> Begun | None:
        """The run, once it has begun."""
        told = self._read("begun.json")
        return None if told is None else Begun(int(told["run_id"]), Path(told["workspace"]))

    def document(self) -> dict[str, Any] | None:
        """What the child printed on stdout; ``None`` where that is no document."""
        return self._read("result.json")

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            document = json.loads((self.folder / name).read_text(encoding="utf-8", errors="replace"))
        except (OSError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    def close(self) -> None:
        """Remove the inputs and outputs."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _pump(stream: IO[bytes] | None, lines: queue.SimpleQueue[str | None]) -> None:
    if stream is not None:
        with stream:
            for line in stream:
                lines.put(line.decode("utf-8", "replace").rstrip("\r\n"))
    lines.put(None)
