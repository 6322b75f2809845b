"""Outputs of a cell, gathered from the kernel's messages into what nbformat keeps.

One stream entry for each run of prints, carriage returns and backspaces applied as a terminal does, linear in the
length of the text; a limit on what is kept, with the cut told where it is made.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

_MANY = 1000
"""After so many outputs in one cell, prints join the last entry of their stream instead of making new ones."""

_LEAST = 200
"""Room for a stream entry where the cell's limit is reached."""

_EXIT_ADVICE = "To exit: use 'exit', 'quit', or Ctrl-D."
"""IPython's warning after ``sys.exit``: advice for a prompt, and there is none."""


class Stream:
    """The text of one stream entry while it grows.

    Keeps at most ``limit`` characters: the first half and the last half, whole lines where possible.
    """

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self._half = max(limit // 2, 1)
        self._head: list[str] = []
        self._head_size = 0
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._cut = 0
        self._line: list[str] = []
        self._line_size = 0
        self._screen: list[str] | None = None
        self._cursor = 0

    def write(self, text: str) -> None:
        """Add ``text`` as the kernel printed it."""
        if self._screen is None and "\r" not in text and "\b" not in text:
            self._plain(text)
            return
        for piece in text.replace("\r\n", "\n").splitlines(keepends=True) if "\n" in text else [text]:
            self._with_controls(piece)

    def _plain(self, text: str) -> None:
        lines, newline, rest = text.rpartition("\n")
        if newline:
            self._keep("".join([*self._line, lines, newline]))
            self._line, self._line_size = [], 0
        if rest:
            self._line.append(rest)
            self._line_size += len(rest)
            if self._line_size > self._half:
                self._keep("".join(self._line))
                self._line, self._line_size = [], 0

    def _with_controls(self, piece: str) -> None:
        """Apply one line, or part of one, to the line being written, letter by letter at a cursor."""
        if self._screen is None:
            self._screen = list("".join(self._line))
            self._cursor = len(self._screen)
            self._line, self._line_size = [], 0
        for letter in piece:
            if letter == "\r":
                self._cursor = 0
            elif letter == "\b":
                self._cursor = max(0, self._cursor - 1)
            elif letter == "\n":
                self._keep("".join([*self._screen, "\n"]))
                self._screen, self._cursor = [], 0
            elif self._cursor < len(self._screen):
                self._screen[self._cursor] = letter
                self._cursor += 1
            else:
                self._screen.append(letter)
                self._cursor += 1
        if not self._screen:
            self._screen = None

    def _keep(self, text: str) -> None:
        """Take finished text: into the head while there is room, then into the tail, dropping the tail's oldest."""
        if self._head_size < self._half and not self._tail:
            room = self._half - self._head_size
            if len(text) > room:
                cut = text.rfind("\n", 0, room) + 1 or room
                self._head.append(text[:cut])
                self._head_size = self._half
                text = text[cut:]
            else:
                self._head.append(text)
                self._head_size += len(text)
                return
        self._tail.append(text)
        self._tail_size += len(text)
        while self._tail_size > self._half:
            oldest = self._tail.popleft()
            excess = self._tail_size - self._half
            if len(oldest) > excess:
                cut = oldest.find("\n", excess) + 1 or excess
                self._tail.appendleft(oldest[cut:])
                oldest = oldest[:cut]
            self._tail_size -= len(oldest)
            self._cut += len(oldest)

    @property
    def size(self) -> int:
        """How many characters are kept, about."""
        return self._head_size + self._tail_size + self._line_size

    def text(self) -> str:
        """All that is kept so far, with a line that tells how much was left out, if any was."""
        line = self._screen if self._screen is not None else self._line
        note = f"\n[nbflow left out {self._cut} characters here: the limit for one cell's output is {self._half * 2}]\n"
        return "".join([*self._head, note if self._cut else "", *self._tail, *line])


class CellOutputs:
    """The outputs of one cell; ``displays`` is shared by all cells of a notebook, for updates by id.

    ``limit`` is for all of the cell's outputs together, in characters. ``node`` makes each output from a plain dict.
    ``closed`` is set by the caller once the cell is done; what comes later is late.
    """

    def __init__(
        self, limit: int, displays: dict[str, list[dict[str, Any]]], node: Callable[[dict[str, Any]], dict[str, Any]] = dict
    ) -> None:
        self._limit = limit
        self._displays = displays
        self._node = node
        self._outputs: list[dict[str, Any] | Stream] = []
        self._clear_next = False
        self._size = 0
        self.closed = False

    def printed(self, name: str, text: str) -> None:
        """The kernel printed ``text`` to the stream ``name``."""
        self._clear_if_due()
        last = self._outputs[-1] if self._outputs else None
        if not (isinstance(last, Stream) and last.name == name):
            last = None
            if len(self._outputs) >= _MANY:
                last = next((item for item in reversed(self._outputs) if isinstance(item, Stream) and item.name == name), None)
            if last is None:
                last = self._new_stream(name)
        last.write(text)

    def _new_stream(self, name: str) -> Stream:
        """A stream entry with the room that is left, and a little in any case, so that what was left out is told."""
        if self._outputs and isinstance(self._outputs[-1], Stream):
            self._size += self._outputs[-1].size
        stream = Stream(name, max(self._limit - self._size, _LEAST))
        self._outputs.append(stream)
        return stream

    def add(self, output: dict[str, Any], display_id: str | None = None) -> None:
        """A display, a result or an error."""
        self._clear_if_due()
        size = sum(len(str(value)) for value in output.get("data", {}).values())
        if "data" in output and self._size + size > self._limit:
            self.printed("stderr", f"[nbflow left out an output here: the limit for one cell's output is {self._limit}]\n")
            return
        if self._outputs and isinstance(self._outputs[-1], Stream):
            self._size += self._outputs[-1].size
        self._size += size
        output = self._node(output if "data" in output else _within(output, self._limit))
        if display_id:
            self._displays.setdefault(display_id, []).append(output)
        self._outputs.append(output)

    def update(self, display_id: str, content: dict[str, Any]) -> None:
        """Change all displays of that id, in whatever cell they stand."""
        for output in self._displays.get(display_id, []):
            output["data"], output["metadata"] = content.get("data", {}), content.get("metadata", {})

    def clear(self, wait: bool) -> None:
        """Drop all outputs: now, or when the next one comes."""
        if wait:
            self._clear_next = True
        else:
            self._clear()

    def _clear_if_due(self) -> None:
        if self._clear_next:
            self._clear_next = False
            self._clear()

    def _clear(self) -> None:
        self._outputs.clear()
        self._size = 0

    def drop_exit(self) -> None:
        """Take back what the kernel shows of an exit, where the cell ended the notebook by its own will, and well."""
        for position in range(len(self._outputs) - 1, -1, -1):
            item = self._outputs[position]
            if not isinstance(item, Stream):
                if item.get("output_type") == "error":
                    del self._outputs[position]
                return
            if _EXIT_ADVICE in item.text() and item.name == "stderr":
                del self._outputs[position]

    def as_list(self) -> list[dict[str, Any]]:
        """The outputs as nbformat keeps them."""
        return [
            self._node({"output_type": "stream", "name": item.name, "text": item.text()}) if isinstance(item, Stream) else item
            for item in self._outputs
        ]


def _within(error: dict[str, Any], limit: int) -> dict[str, Any]:
    """An error output no longer than ``limit`` or so; of a traceback its end is what says most."""
    room = max(limit // 2, _LEAST)
    traceback, kept = [], 0
    for line in reversed(error.get("traceback", [])):
        if kept + len(line) > room:
            traceback.append(f"[nbflow left out what stood here: the limit for one cell's output is {limit}]")
            break
        kept += len(line)
        traceback.append(line)
    evalue = error.get("evalue", "")
    return {**error, "evalue": evalue if len(evalue) <= room else f"{evalue[:room]}...", "traceback": traceback[::-1]}
