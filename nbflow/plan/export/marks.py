"""How states look in a picture: a shape and a kind of colour for each, so that no state is told by colour alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """A state's ``kind`` (``ok``, ``bad``, ``warn``, ``run``, ``idle``: the class that colours it), its ``shape``, the data of
    an SVG path of strokes in a square of 16, and its ``letter``, or two, which no other state has, for where thousands stand beside one
    another."""

    kind: str
    shape: str
    letter: str


_CIRCLE = "M8 1.5a6.5 6.5 0 1 0 .01 0"
_UP = "M8 14V5M4.5 8.5L8 5l3.5 3.5M3 1.8h10"
_DASH = "M3.5 8h9"

MARKS = {
    "SUCCESS": Mark("ok", "M3 8.5l3.5 3.5L13 4.5", "✓"),
    "FAILED": Mark("bad", "M4 4l8 8M12 4l-8 8", "✗"),
    "TIMEDOUT": Mark("bad", f"{_CIRCLE}M8 4.5V8l2.5 2", "T"),
    "CANCELED": Mark("warn", f"{_CIRCLE}M3.5 3.5l9 9", "C"),
    "UPSTREAM_FAILED": Mark("warn", _UP, "UF"),
    "UPSTREAM_CANCELED": Mark("warn", _UP, "UC"),
    "SUCCESS_WITH_FAILURES": Mark("warn", "M8 2L1.5 13.5h13zM8 6.5v3M8 11.7v.01", "W"),
    "INTERRUPTED": Mark("warn", "M9 1.5L4 9h4l-1 5.5L12 7H8z", "I"),
    "RUNNING": Mark("run", "M5 3v10l8-5z", "R"),
    "WAITING": Mark("idle", "M3 8h.01M8 8h.01M13 8h.01", "…"),
    "EXCLUDED": Mark("idle", _DASH, "E"),
    "DISABLED": Mark("idle", _DASH, "D"),
    "SKIPPED": Mark("idle", _DASH, "S"),
    "NOT_STARTED": Mark("idle", _DASH, "N"),
}
_UNKNOWN = Mark("idle", _CIRCLE, "?")

ORDER = (
    "FAILED", "TIMEDOUT", "RUNNING", "INTERRUPTED", "CANCELED", "UPSTREAM_FAILED", "UPSTREAM_CANCELED", "SUCCESS_WITH_FAILURES",
    "WAITING", "NOT_STARTED", "EXCLUDED", "DISABLED", "SKIPPED", "SUCCESS",
)  # fmt: skip
"""The states as they are told: what wants to be looked at first."""


def mark_of(state: str) -> Mark:
    """The mark of ``state``; a circle for one that is not known."""
    return MARKS.get(state, _UNKNOWN)


def in_turn(counts: dict[str, int]) -> list[tuple[str, int]]:
    """States with their counts, in the order in which they are told."""
    return [(state, counts[state]) for state in (*ORDER, *sorted(set(counts) - set(ORDER))) if counts.get(state)]
