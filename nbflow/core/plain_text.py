"""Text of foreign origin made fit to be shown: without escapes of terminals, on one line, or numbered."""

from __future__ import annotations

import re

ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b\]|\x9d).*?(?:\x07|\x1b\\|\x9c|\Z)"  # OSC: titles, links, clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f]).*?(?:\x1b\\|\x9c|\Z)"  # DCS, SOS, PM, APC
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI as one character
    r"|\x1b[ -/]*[0-~]?",  # the rest
    re.DOTALL,
)
"""Everything that a terminal takes for a command."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ARROW = re.compile(r"^-+>\s*(\d+)\b", re.MULTILINE)


def clean(text: str) -> str:
    """``text`` of foreign origin without terminal escapes and control characters; line ends and tabs stay."""
    return _CONTROLS.sub("", ESCAPES.sub("", text.replace("\r\n", "\n")))


def one_line(text: str, limit: int = 200) -> str:
    """``text``, cleaned, on one line and cut after ``limit`` characters."""
    flat = " ".join(clean(text).split())
    return flat if len(flat) <= limit else flat[: limit - 3] + "..."


def numbered(source: str, traceback: str | None = None, most: int = 15) -> list[str]:
    """The lines of a cell's ``source`` with their numbers, the failing one marked, cut to about ``most`` around it.

    The failing line is the first that IPython's traceback points at.
    """
    lines = clean(source).split("\n")
    found = _ARROW.search(clean(traceback)) if traceback else None
    failing = int(found.group(1)) if found and int(found.group(1)) <= len(lines) else None
    first = 1
    if len(lines) > most and failing is not None:
        first = min(max(1, failing - most * 2 // 3), len(lines) - most + 1)
    last = min(len(lines), first + most - 1)
    width = len(str(last))
    shown = [f"{'>' if at == failing else ' '} {at:>{width}}  {lines[at - 1]}".rstrip() for at in range(first, last + 1)]
    above, below = first - 1, len(lines) - last
    return [
        *([f"  ... {above} more above"] if above else []),
        *shown,
        *([f"  ... {below} more below"] if below else []),
    ]
