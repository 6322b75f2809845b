"""Times in references: arithmetic against pandas, intervals, zones."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.plan.reference_text import ReferenceProblem, Step
from nbflow.plan.times import Interval, stepped, time_argument

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
moments = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2037, 12, 1))


@given(moments, st.sampled_from(["minutes", "hours", "days", "weeks", "months"]), st.integers(0, 500), st.booleans())
def test_steps_are_those_of_a_calendar(moment: datetime, unit: str, count: int, minus: bool) -> None:
    """pandas comes to the same times, months ending at a month's last day included."""
    step = Step(f"{'minus' if minus else 'plus'}_{unit}", str(count))
    offset = pandas.DateOffset(**{unit: count})
    expected = pandas.Timestamp(moment) - offset if minus else pandas.Timestamp(moment) + offset
    assert stepped(moment, [step], "x") == expected.to_pydatetime()
    assert stepped(moment.isoformat(), [step], "x") == expected.to_pydatetime().isoformat()
    if unit in ("days", "weeks", "months"):
        assert stepped(moment.date(), [step], "x") == expected.date()
        assert stepped(moment.date().isoformat(), [step], "x") == expected.date().isoformat()


@given(moments, st.sampled_from(ZONES), st.integers(0, 40))
def test_days_are_the_calendars_and_hours_the_clocks(moment: datetime, zone: str, count: int) -> None:
    """Over a change of the clocks a day later is the same hour of the day, and an hour later an hour of time."""
    utc = moment.replace(tzinfo=timezone.utc)
    local = pandas.Timestamp(utc).tz_convert(zone)
    hour = time_argument(utc, "timestamp_ms", "x", [Step("plus_hours", str(count))], zone)
    assert hour == int(utc.timestamp() * 1000) + count * 3_600_000 + 0
    day = time_argument(utc, "iso_datetime", "x", [Step("minus_days", str(count))], zone)
    assert day == (local.tz_localize(None).floor("s") - pandas.DateOffset(days=count)).isoformat()


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2037, 12, 1)), st.sampled_from(ZONES))
def test_a_day_is_its_interval(day: date, zone: str) -> None:
    """From its midnight to the next one, in its zone; the whole day before any time of it is the day before."""
    found = Interval.of_text(day.isoformat(), zone)
    assert found.start == datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    assert (found.end - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() == day
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)).astimezone(timezone.utc)
    assert Interval.before(noon, zone) == Interval.of_text((day - timedelta(days=1)).isoformat(), zone)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("yesterday", "write a day"),
        ("2026-02-30", "write a day"),
        ("2026-01-31T10:00", "a time of day needs an end"),
        ("2026-01-31/2026-01-31", "ends before it has begun"),
        ("2026-01-31/", "write a day"),
        ("9999-12-31", "ends after the last day"),
    ],
)
def test_what_is_no_interval_is_refused(text: str, said: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValueError, match=said):
        Interval.of_text(text, "UTC")


def test_an_interval_of_hours_is_as_it_says() -> None:
    """Times without a zone are those of the pipeline's."""
    found = Interval.of_text("2026-07-01T10:00/2026-07-01T09:00Z", "Europe/Berlin")
    assert (found.start.astimezone(timezone.utc).hour, found.end.hour) == (8, 9)


@pytest.mark.parametrize(
    ("value", "step", "said"),
    [
        (5, Step("plus_days", "1"), "5 is none"),
        ("monday", Step("plus_days", "1"), "'monday' is none"),
        ("2026-01-31", Step("plus_days", "99999999"), "out of the calendar"),
        ("2026-01-31", Step("plus_months", "999999999"), "out of the calendar"),
        ("2026-01-31", Step("plus_days", "-1"), "a whole number"),
        ("2026-01-31T10:00", Step("in_zone", "UTC"), "without a zone"),
        ("2026-01-31T10:00Z", Step("in_zone", "Europe/Berln"), "Europe/Berlin"),
    ],
)
def test_what_cannot_be_stepped_is_told(value: object, step: Step, said: str) -> None:
    """Values that are no times, and steps that lead nowhere."""
    with pytest.raises(ReferenceProblem, match=said):
        stepped(value, [step], "{{x}}")
