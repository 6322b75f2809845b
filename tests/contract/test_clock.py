"""What every keeper of the promise ``Clock`` must do, and what the double adds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from nbflow.core.events import CellStarted, Noted
from nbflow.core.ports import Clock
from nbflow.one_run import Clock as RealClock
from nbflow.testing import EventLog, FixedClock

CLOCKS: list[Callable[[], Clock]] = [FixedClock, RealClock]


@pytest.mark.parametrize("make", CLOCKS)
def test_times_are_utc_and_do_not_go_back(make: Callable[[], Clock]) -> None:
    """The time of day knows that it is UTC, and the other clock never goes back."""
    clock = make()
    assert clock.now().utcoffset() == timedelta(0)
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)


def test_the_double_goes_on_when_told() -> None:
    """A fixed clock moves both its times by what it was told, and not back."""
    start = datetime(2026, 5, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    clock = FixedClock(start)
    clock.advance(1.5)
    assert (clock.now(), clock.monotonic()) == (datetime(2026, 5, 1, 12, 0, 1, 500_000, tzinfo=timezone.utc), 1.5)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1)


def test_the_log_keeps_events_in_order() -> None:
    """The listening double keeps everything in order, and gives the events of one kind."""
    at = FixedClock().now()
    told = [Noted(1, at, "a"), CellStarted(1, at, "t", 1, 1, 1), Noted(1, at, "b")]
    log = EventLog()
    for event in told:
        log(event)
    assert log.events == told
    assert [event.text for event in log.of(Noted)] == ["a", "b"]
