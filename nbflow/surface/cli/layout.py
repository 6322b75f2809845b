"""Text laid out for people: columns, durations, times, paths and numbered source."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from nbflow.core.moments import duration_text as duration
from nbflow.core.plain_text import numbered
from nbflow.surface.cli.terminal import clean

__all__ = ["columns", "duration", "moment", "numbered", "short_path", "size_text"]


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> list[str]:
    """``rows`` as lines whose columns stand below one another; the last column is as long as it is."""
    if not rows:
        return []
    count = max(map(len, rows))
    widths = [max((_cells(row[at]) for row in rows if at < len(row)), default=0) for at in range(count)]
    lines = []
    for row in rows:
        parts = [text + " " * (widths[at] - _cells(text)) for at, text in enumerate(row)]
        lines.append((indent + "  ".join(parts)).rstrip())
    return lines


def _cells(text: str) -> int:
    """How many columns of a terminal ``text`` takes: two for wide East Asian characters, none for combining accents."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # only for text that needs it

    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def moment(at: datetime | None) -> str:
    """A time in the zone of whoever reads it, to the second."""
    return "-" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


_UNITS = ("B", "kB", "MB", "GB", "TB")


def size_text(count: float) -> str:
    """A number of bytes for people: ``512 B``, ``5.1 kB``, ``672 MB``."""
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} {_UNITS[-1]}"


def short_path(path: str | Path, folder: str | None = None) -> str:
    """``path`` as seen from ``folder`` (the current one) where that is shorter, else as it is."""
    text = os.fspath(path)
    try:
        seen = os.path.relpath(text, folder)
    except (OSError, ValueError):
        return clean(text)
    return clean(seen if len(seen) < len(text) else text)
