"""Dates, times and durations as text: the same forms whatever Python reads them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.moments import date_of, datetime_of, duration_of, seconds_of, time_of

ZONES = st.none() | st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).filter(
    lambda far: not far or abs(far) >= timedelta(seconds=1)
).map(timezone)
"""Python's own reader takes less than a second for none."""


@given(st.dates())
def test_a_date_comes_back(day: date) -> None:
    """From its ISO form."""
    assert date_of(day.isoformat()) == day


@given(st.times(timezones=ZONES))
def test_a_time_comes_back(moment: time) -> None:
    """From its ISO form, with its zone however odd."""
    assert time_of(moment.isoformat()) == moment
    assert time_of(moment.isoformat()).utcoffset() == moment.utcoffset()


@given(st.datetimes(timezones=ZONES), st.sampled_from("T t"))
def test_a_date_and_time_comes_back(moment: datetime, between: str) -> None:
    """From its ISO form, with a T or a space before its time."""
    found = datetime_of(moment.isoformat(between))
    assert (found, found.utcoffset()) == (moment, moment.utcoffset())


@given(st.timedeltas())
def test_a_duration_comes_back_exactly(duration: timedelta) -> None:
    """To the microsecond, also where a float could not hold it."""
    assert duration_of(str(seconds_of(duration))) == duration


@given(st.integers(0, 9999), st.integers(0, 50), st.integers(0, 99), st.integers(0, 99), st.integers(0, 999_999), st.booleans())
def test_a_duration_is_the_sum_of_its_parts(days: int, hours: int, minutes: int, seconds: int, micro: int, minus: bool) -> None:
    """In whole microseconds, reckoned by hand."""
    text = f"{'-' if minus else ''}{days}d{hours}h{minutes}m{seconds}.{micro:06d}s"
    whole = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000_000 + micro
    assert duration_of(text) // timedelta(microseconds=1) == (-whole if minus else whole)


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (time_of, "12", time(12)), (time_of, "12:30", time(12, 30)), (time_of, "12:30:05.2", time(12, 30, 5, 200_000)), (time_of, "12:30:05,25", time(12, 30, 5, 250_000)),
        (time_of, "12:30Z", time(12, 30, tzinfo=timezone.utc)), (time_of, "12:30-0530", time(12, 30, tzinfo=timezone(-timedelta(hours=5, minutes=30)))),
        (datetime_of, "2026-01-31", datetime(2026, 1, 31)), (datetime_of, "2026-01-31 07:05", datetime(2026, 1, 31, 7, 5)),
        (datetime_of, "2026-01-31T07:05:09.5z", datetime(2026, 1, 31, 7, 5, 9, 500_000, tzinfo=timezone.utc)),
        (datetime_of, "2026-01-31T07+02", datetime(2026, 1, 31, 7, tzinfo=timezone(timedelta(hours=2)))),
        (duration_of, "90", timedelta(seconds=90)), (duration_of, "-1.5", timedelta(seconds=-1.5)), (duration_of, "1e3", timedelta(seconds=1000)),
        (duration_of, "1d 2h", timedelta(hours=26)), (duration_of, "90m", timedelta(minutes=90)), (duration_of, "0s", timedelta(0)),
    ],
)  # fmt: skip
def test_forms_that_people_write(read: Callable[[str], Any], text: str, expected: Any) -> None:
    """Short ones too, on every Python from 3.10 on."""
    assert read(text) == expected


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (date_of, "20260131"), (date_of, "2026-W05-6"), (date_of, "2026-1-31"), (date_of, "2026-02-30"), (date_of, "٢٠٢٦-٠١-٣١"), (date_of, "2026-01-31\n"),
        (time_of, "1230"), (time_of, "24:00"), (time_of, "12:60"), (time_of, "12:30:05.1234567"), (time_of, "12:30+25:00"), (time_of, ""),
        (datetime_of, "2026-01-31T"), (datetime_of, "2026-01-31x12:00"), (datetime_of, "20260131T1200"), (datetime_of, ""), (datetime_of, "2026-01-31T24:00"),
        (duration_of, ""), (duration_of, "-"), (duration_of, "1h30"), (duration_of, "30s1h"), (duration_of, "1e99"), (duration_of, "1e999999999"), (duration_of, "nan"),
        (duration_of, "9999999999999d"),
    ],
)  # fmt: skip
def test_other_text_is_refused(read: Callable[[str], Any], text: str) -> None:
    """Forms that only some Pythons take, days and hours that are none, numbers beyond all time; at once."""
    with pytest.raises((ValueError, OverflowError)):
        read(text)
