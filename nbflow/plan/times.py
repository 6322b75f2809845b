"""Times that references tell: their parts, small arithmetic on them, and the interval of data that a run is for.

Databricks tells UTC; a pipeline's ``timezone`` and the step ``in_zone(…)`` tell another zone's. Days, weeks and months are
those of the calendar there, hours and minutes those of the clock.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Any

from nbflow.core.moments import date_of, datetime_of
from nbflow.define.nearest import did_you_mean
from nbflow.define.pipelines.zones import zone_of
from nbflow.plan.reference_text import ReferenceProblem, Step

TIME_ARGUMENTS = (
    "iso_date", "iso_datetime", "iso_weekday", "is_weekday", "year", "month", "day", "hour", "minute", "second",
    "timestamp_ms",
)  # fmt: skip
_UNITS = ("minutes", "hours", "days", "weeks", "months")
STEPS = (*(f"{sign}_{unit}" for sign in ("plus", "minus") for unit in _UNITS), "in_zone")
_MONTHS_OF_A_YEAR = 12
_LONGEST = date.max - date.min
_RUNS_BEGIN = tuple(datetime(year, 7, 1, tzinfo=timezone.utc) for year in (1970, 2970))
"""No run begins before the first, or after the last."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The time whose data a run is for: from ``start`` on, up to but without ``end``; both know their zone."""

    start: datetime
    end: datetime

    @classmethod
    def of_text(cls, text: str, zone: str) -> Interval:
        """``2026-01-31`` as that whole day in ``zone``; ``START/END``, dates or times, as it says.

        Raises ``ValueError`` with a sentence for other text.
        """
        first, slash, last = text.partition("/")
        try:
            if not slash:
                day = date_of(first)
                start, end = day, day + timedelta(days=1)
                return cls(_midnight(start, zone), _midnight(end, zone))
            found = cls(_moment(first, zone), _moment(last, zone))
        except OverflowError:
            raise ValueError(f"{text!r} ends after the last day of the calendar") from None
        except ValueError:
            is_time = not slash and _is_time(first)
            advice = f"a time of day needs an end: {first}/…" if is_time else "write a day, 2026-01-31, or START/END"
            raise ValueError(f"{text!r} is no interval; {advice}") from None
        if found.end <= found.start:
            raise ValueError(f"{text!r} ends before it has begun")
        return found

    @classmethod
    def before(cls, moment: datetime, zone: str) -> Interval:
        """The last whole day in ``zone`` that was over at ``moment``."""
        today = moment.astimezone(zone_of(zone)).date()
        return cls(_midnight(today - timedelta(days=1), zone), _midnight(today, zone))


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), zone_of(zone))


def _moment(text: str, zone: str) -> datetime:
    found = datetime_of(text.strip())
    return found if found.tzinfo is not None else found.replace(tzinfo=zone_of(zone))


def _is_time(text: str) -> bool:
    try:
        datetime_of(text)
    except ValueError:
        return False
    return True


def time_argument(moment: datetime, argument: str, text: str, steps: Sequence[Step] = (), zone: str = "UTC") -> Any:
    """What ``argument`` (``iso_date``, ``hour``, …) says of ``moment`` in ``zone``, after ``steps``.

    ``text`` is the reference, for messages. Raises ``ReferenceProblem``.
    """
    check_argument(argument, text)
    moment = _all_changed(_told_in(moment, zone_of(zone), text), steps, text)
    named: Mapping[str, Any] = {
        "iso_date": moment.date().isoformat(),
        "iso_datetime": moment.replace(tzinfo=None).isoformat(timespec="seconds"),
        "iso_weekday": moment.isoweekday(),
        "is_weekday": moment.isoweekday() < 6,
        "timestamp_ms": (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1),
    }
    return named[argument] if argument in named else getattr(moment, argument)


def check_argument(argument: str, text: str) -> None:
    """Raise ``ReferenceProblem`` for what is no part of a time."""
    if argument not in TIME_ARGUMENTS:
        hint = did_you_mean(argument, TIME_ARGUMENTS) or f"known are {', '.join(TIME_ARGUMENTS)}"
        raise ReferenceProblem(f"{text}: {argument!r} is no part of a time", hint)


def check_late(steps: Sequence[Step], text: str) -> None:
    """Raise ``ReferenceProblem`` for steps that lead the time of a run out of the calendar, whenever that is."""
    problems = []
    for moment in _RUNS_BEGIN:
        try:
            _all_changed(moment, steps, text)
        except ReferenceProblem as problem:
            problems.append(problem)
    if len(problems) == len(_RUNS_BEGIN):
        raise problems[0]


def check_steps(steps: Sequence[Step], text: str) -> None:
    """Raise ``ReferenceProblem`` for a step that is none, whatever it would change."""
    for step in steps:
        if step.name not in STEPS:
            hint = did_you_mean(step.name, STEPS) or f"known are {', '.join(STEPS)}"
            raise ReferenceProblem(f"{text}: there is no step {step.name!r}", hint)
        if step.name == "in_zone":
            _zone(step, text)
        else:
            _count(step, text)  # which is too large for any time, or not


def stepped(value: Any, steps: Sequence[Step], text: str) -> Any:
    """``value``, a date or a time or the ISO text of one, after ``steps``, in the form that it had. Raises ``ReferenceProblem``."""
    if not steps:
        return value
    try:
        if isinstance(value, datetime):
            return _all_changed(value, steps, text)
        if isinstance(value, date):
            return _all_changed(datetime.combine(value, time()), steps, text).date()
        if isinstance(value, str) and len(value) == len("2026-01-31"):
            return _all_changed(datetime.combine(date_of(value), time()), steps, text).date().isoformat()
        if isinstance(value, str):
            return _all_changed(datetime_of(value), steps, text).isoformat()
    except ReferenceProblem:
        raise
    except ValueError:
        pass
    raise ReferenceProblem(f"{text}: {steps[0].name} changes dates and times, and {value!r} is none")


def _all_changed(moment: datetime, steps: Sequence[Step], text: str) -> datetime:
    for step in steps:
        moment = _changed(moment, step, text)
    return moment


def _changed(moment: datetime, step: Step, text: str) -> datetime:
    check_steps([step], text)
    if step.name == "in_zone":
        if moment.tzinfo is None:
            raise ReferenceProblem(f"{text}: a time without a zone of its own has none to leave")
        return _told_in(moment, _zone(step, text), text)
    sign, _, unit = step.name.partition("_")
    count = _count(step, text) * (1 if sign == "plus" else -1)
    try:
        if unit == "months":
            return _months_later(moment, count)
        if unit in ("days", "weeks") or moment.tzinfo is None:
            return moment + timedelta(**{unit: count})
        return (moment.astimezone(timezone.utc) + timedelta(**{unit: count})).astimezone(moment.tzinfo)
    except (OverflowError, ValueError):
        raise _out_of_the_calendar(step, text) from None


def _told_in(moment: datetime, zone: tzinfo, text: str) -> datetime:
    """``moment`` as it is told in ``zone``; near the calendar's ends there may be none."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        raise ReferenceProblem(f"{text}: the time lies outside of the calendar in {zone}") from None


def _out_of_the_calendar(step: Step, text: str) -> ReferenceProblem:
    return ReferenceProblem(f"{text}: {step.name}({step.argument}) leads out of the calendar")


def _months_later(moment: datetime, count: int) -> datetime:
    """The same day of another month, or its last day where it has no such."""
    months = moment.year * _MONTHS_OF_A_YEAR + moment.month - 1 + count
    year, month = divmod(months, _MONTHS_OF_A_YEAR)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def _count(step: Step, text: str) -> int:
    if not step.argument.isascii() or not step.argument.isdigit():
        raise ReferenceProblem(f"{text}: {step.name} takes a whole number, got {step.argument!r}", f"write {step.name}(1)")
    count, unit = int(step.argument.lstrip("0")[:12] or "0"), step.name.partition("_")[2]
    days = {"minutes": count / 1440, "hours": count / 24, "weeks": count * 7, "months": count * 28}.get(unit, count)
    if days > _LONGEST.days:
        raise _out_of_the_calendar(step, text)
    return count


def _zone(step: Step, text: str) -> tzinfo:
    try:
        return zone_of(step.argument)
    except ValueError as error:
        raise ReferenceProblem(f"{text}: {error}") from None
