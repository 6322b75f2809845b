"""Text as dates, times and durations, and durations as text: the same forms on every Python.

Python's own ``fromisoformat`` takes more forms from 3.11 on than before; what a pipeline means must not hang on that.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_TIME = re.compile(
    r"(?P<hour>\d\d)(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,6}))?)?)?"
    r"(?P<zone>[Zz]|(?P<offset>[+-]\d\d)(?::?(?P<minutes>\d\d)(?P<rest>:\d\d(?:\.\d{6})?)?)?)?\Z",
    re.ASCII,
)
_DURATION = re.compile(r"([+-]?)(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?\s*(?:(\d+(?:\.\d+)?)s)?\Z", re.ASCII)
_SECONDS = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_MOST_SECONDS = 1e14  # more than a timedelta holds
_EXACT_SECONDS = 2**32  # below, neighbouring floats are less than half a microsecond apart
_MICROSECOND = timedelta(microseconds=1)


def date_of(text: str) -> date:
    """``2026-01-31`` as a date. Raises ``ValueError`` for other text."""
    if not _DATE.match(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def time_of(text: str) -> time:
    """``12:30``, ``12:30:05.25``, with or without ``Z`` or ``+01:00``, as a time. Raises ``ValueError`` for other text."""
    return time.fromisoformat(_clock(text))


def datetime_of(text: str) -> datetime:
    """``2026-01-31T12:30``, with a space or ``T`` before a time as ``time_of`` takes it; a date alone is its midnight.

    Raises ``ValueError`` for other text.
    """
    day, between, clock = text[:10], text[10:11], text[11:]
    if not _DATE.match(day) or (text[10:] and (between not in ("T", "t", " ") or not clock)):
        raise ValueError(text)
    return datetime.fromisoformat(f"{day}T{_clock(clock)}" if clock else day)


def _clock(text: str) -> str:
    """``text`` in the one form that every Python reads."""
    found = _TIME.match(text)
    if found is None:
        raise ValueError(text)
    fraction = f".{found['fraction']:0<6}" if found["fraction"] else ""
    offset = f"{found['offset']}:{found['minutes'] or '00'}{found['rest'] or ''}" if found["offset"] else ""
    zone = "+00:00" if found["zone"] in ("Z", "z") else offset
    return f"{found['hour']}:{found['minute'] or '00'}:{found['second'] or '00'}{fraction}{zone}"


def duration_of(text: str) -> timedelta:
    """``1d2h30m5.5s``, or a number of seconds, as a duration. Raises ``ValueError`` or ``OverflowError`` for other text."""
    if _SECONDS.match(text):
        return _duration(text)
    found = _DURATION.match(text)
    if not found or not any(found.groups()[1:]):
        raise ValueError(text)
    sign, days, hours, minutes, seconds = found.groups()
    whole = timedelta(days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0)) + _duration(seconds or "0")
    return -whole if sign == "-" else whole


def _duration(seconds: str) -> timedelta:
    """Exact to the microsecond, which a float is not."""
    if abs(float(seconds)) > _MOST_SECONDS:
        raise OverflowError(seconds)
    return timedelta(microseconds=int((Decimal(seconds) * 1_000_000).to_integral_value()))


def seconds_of(duration: timedelta) -> float | str:
    """``duration`` in seconds: a number where that is exact to the microsecond, else text; ``duration_of`` reads both."""
    seconds = duration.total_seconds()
    return seconds if abs(seconds) < _EXACT_SECONDS else str(Decimal(duration // _MICROSECOND).scaleb(-6))


def duration_text(seconds: float | None) -> str:
    """``seconds`` for people: ``0.4 s``, ``12.3 s``, ``3 min 04 s``, ``1 h 02 min``; ``-`` for nothing."""
    if seconds is None:
        return "-"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
