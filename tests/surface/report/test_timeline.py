"""When tasks waited and ran."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from nbflow.core.records import AttemptRecord, RunRecord, TaskRecord
from nbflow.core.results import Result
from nbflow.surface.report.timeline import Bar, tracks_of

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def at(seconds: float) -> datetime:
    """A moment of the run."""
    return START + timedelta(seconds=seconds)


def task(key: str, *attempts: tuple[float, float | None, Result | None]) -> TaskRecord:
    """A task with its attempts: start, end, result."""
    tried = tuple(
        AttemptRecord(number, result, None, at(start), None if end is None else at(end), None, None)
        for number, (start, end, result) in enumerate(attempts, 1)
    )
    ended = tried[-1].ended if tried else at(8)
    return TaskRecord(key, 1, tried[-1].result if tried else Result.EXCLUDED, None, None, at(0), ended, None, None, attempts=tried)


def test_waiting_and_running_are_apart() -> None:
    """A task waits from the end of the last that it depends on; it waits between attempts; hundredths add up."""
    tasks = (
        task("a", (1, 3, Result.SUCCESS)),
        task("b", (0, 4, Result.SUCCESS)),
        task("c", (6, 7, Result.FAILED), (9, 10, Result.SUCCESS)),
        task("d"),
    )
    run = RunRecord(1, "p", Result.SUCCESS, None, START, at(10), 10.0, "spark", tasks=tasks)
    tracks, whole = tracks_of(run, {"c": ("a", "b"), "d": ("a",)}, at(20))
    assert whole == 10
    assert [(track.task_key, track.waited, track.ran) for track in tracks] == [("a", 1, 2), ("b", 0, 4), ("c", 4, 2), ("d", 0, 0)]
    assert tracks[2].bars == (
        Bar(0, "WAITING", 40, 20, 2), Bar(1, "FAILED", 60, 10, 1), Bar(0, "WAITING", 70, 20, 2), Bar(2, "SUCCESS", 90, 10, 1),
    )  # fmt: skip


def test_a_run_that_was_cut_off() -> None:
    """It lasts as long as something is known of it; an attempt without an end goes up to there."""
    run = RunRecord(
        1,
        "p",
        None,
        None,
        START,
        None,
        None,
        "spark",
        interrupted=True,
        tasks=(task("a", (0, 4, Result.SUCCESS)), task("b", (2, None, None))),
    )
    tracks, whole = tracks_of(run, {}, at(20))
    assert (whole, tracks[1].ran, tracks[1].bars[-1].state) == (4, pytest.approx(2), "RUNNING")


def test_what_waits_while_the_run_goes_on() -> None:
    """A task whose parents have ended waits for its turn since then, one that waits for others has no time of its own; a step waits from
    the start of its for_each."""
    tasks = (
        replace(task("loop", (1, None, None)), started=at(1)),
        replace(task("loop/0", (3, None, None)), parent="loop"),
        replace(task("ready"), result=None, ended=None),
        replace(task("blocked"), result=None, ended=None),
    )
    run = RunRecord(1, "p", None, None, START, None, None, "spark", tasks=tasks)
    tracks, whole = tracks_of(run, {"blocked": ("loop",)}, at(10))
    assert whole == 10
    assert [[(bar.state, bar.start, bar.width) for bar in track.bars] for track in tracks] == [
        [("WAITING", 0, 10), ("RUNNING", 10, 90)], [("WAITING", 10, 20), ("RUNNING", 30, 70)], [("WAITING", 0, 100)], [],
    ]  # fmt: skip
