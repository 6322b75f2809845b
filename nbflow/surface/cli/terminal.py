"""Writing to a terminal, a file or a pipe, whose reader may go away, speak ASCII, or must be spared foreign escapes."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
from typing import TextIO

from nbflow.core.plain_text import ESCAPES, clean, one_line

__all__ = ["STYLES", "Out", "clean", "harmless", "one_line", "stderr", "stdout"]

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m\Z")
STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def harmless(text: str, colours: bool) -> str:
    """``text`` as a task printed it, fit for a terminal: no escapes but colours, and these only if ``colours``."""
    kept = ESCAPES.sub(lambda found: found.group() if colours and _COLOUR.match(found.group()) else "", text)
    return re.sub(r"[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]", "", kept)


class Out:
    """A text stream for people that never raises because of its reader.

    After the first failed write nothing more is written, and ``lost`` holds why: a run goes on when its reader left.
    It is a text file as far as ``print`` and rich need one.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.lost: OSError | None = None
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

    @property
    def encoding(self) -> str:
        """The stream's encoding."""
        return getattr(self._stream, "encoding", None) or "ascii"

    @property
    def errors(self) -> str:
        """How characters are written that the encoding has not."""
        return "backslashreplace"

    @property
    def speaks_unicode(self) -> bool:
        """Whether every character can be written as it is."""
        return self.encoding.lower().replace("-", "").startswith("utf")

    @property
    def live(self) -> bool:
        """Whether lines can be drawn over: a terminal that can more than print."""
        return self.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown") and self.speaks_unicode

    @property
    def coloured(self) -> bool:
        """Whether colours are wanted and understood (https://no-color.org)."""
        return self.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") not in ("", "dumb", "unknown")

    @property
    def width(self) -> int:
        """Columns of the terminal; 100 where there is none."""
        return max(20, shutil.get_terminal_size((100, 24)).columns)

    def isatty(self) -> bool:
        """Whether a terminal reads this."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:
            return False

    def fileno(self) -> int:
        """The stream's descriptor. Raises ``OSError`` without one."""
        if self._stream is None:
            raise OSError(errno.EBADF, "no stream")
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write ``text``, unless the reader is gone."""
        if self._stream is not None and self.lost is None:
            try:
                self._stream.write(text)
            except (OSError, ValueError) as error:
                self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Hand over what was written."""
        if self._stream is not None and self.lost is None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._lose(error)

    def line(self, text: str = "") -> None:
        """Write one line at once."""
        self.write(text + "\n")
        self.flush()

    def paint(self, text: str, style: str) -> str:
        """``text`` in a style of ``STYLES`` where colours are wanted."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if style and self.coloured else text

    def _lose(self, error: OSError | ValueError) -> None:
        self.lost = error if isinstance(error, OSError) else OSError(errno.EBADF, str(error))
        try:  # what is still in the buffer would be tried again, and complained of, when the interpreter ends
            void = os.open(os.devnull, os.O_WRONLY)
            os.dup2(void, self.fileno())
            os.close(void)
        except (OSError, ValueError):
            self._stream = None


stdout = Out(sys.stdout)
stderr = Out(sys.stderr)
