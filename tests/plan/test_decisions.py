"""Retry, upstream and run results: Databricks' rules as tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.results import ErrorKind, ExitCode, Result, TaskError, exit_code
from nbflow.define.notebooks.notebook import Notebook
from nbflow.plan.outcome import run_result
from nbflow.plan.plan import PlannedTask
from nbflow.plan.retry import retry_wait
from nbflow.plan.work import NotebookWork

NOTEBOOK = Notebook(Path("/n.ipynb"), {"cells": [], "metadata": {}}, "0")


def task(max_retries: int = 0, interval: int = 0, on_timeout: bool = False) -> PlannedTask:
    """A task with this retry policy."""
    return PlannedTask(
        "t", NotebookWork(NOTEBOOK), max_retries=max_retries, min_retry_interval_millis=interval, retry_on_timeout=on_timeout
    )


@pytest.mark.parametrize(
    ("policy", "attempt", "result", "expected"),
    [
        (task(), 1, Result.FAILED, None),
        (task(1), 1, Result.FAILED, 0.0),
        (task(1), 2, Result.FAILED, None),
        (task(-1), 1000, Result.FAILED, 0.0),
        (task(3), 1, Result.SUCCESS, None),
        (task(3), 1, Result.CANCELED, None),
        (task(3), 1, Result.TIMEDOUT, None),
        (task(3, on_timeout=True), 1, Result.TIMEDOUT, 0.0),
        (task(3, interval=5000), 1, Result.FAILED, 3.0),
        (task(3, interval=1000), 1, Result.FAILED, 0.0),
    ],
)
def test_a_failed_attempt_is_tried_again_as_often_as_allowed(
    policy: PlannedTask, attempt: int, result: Result, expected: float | None
) -> None:
    """The interval counts from the start of the failed attempt, which lasted two seconds here."""
    assert retry_wait(policy, attempt, result, None, 2.0) == expected


def test_a_value_that_does_not_fit_is_not_tried_again() -> None:
    """It would not fit the second time either."""
    assert retry_wait(task(5), 1, Result.FAILED, TaskError(ErrorKind.PARAMETER, "x"), 0.1) is None


@pytest.mark.parametrize(
    ("results", "leaves", "expected"),
    [
        ({"a": "SUCCESS", "b": "SUCCESS"}, ["b"], "SUCCESS"),
        ({"a": "SUCCESS", "b": "EXCLUDED"}, ["b"], "SUCCESS"),
        ({"a": "FAILED", "b": "UPSTREAM_FAILED"}, ["b"], "FAILED"),
        ({"a": "FAILED", "b": "SUCCESS"}, ["b"], "SUCCESS_WITH_FAILURES"),
        ({"a": "SUCCESS", "b": "TIMEDOUT"}, ["b"], "FAILED"),
        ({}, [], "SUCCESS"),
    ],
)
def test_the_leaves_decide(results: dict[str, str], leaves: list[str], expected: str) -> None:
    """Databricks' leaf rule."""
    assert run_result({key: Result(value) for key, value in results.items()}, leaves, cancelled=False, timed_out=False) == expected


def test_a_cancelled_run_says_so_only_when_it_lost_something() -> None:
    """A signal that comes after the last task changes nothing; one before it does."""
    assert run_result({"a": Result.SUCCESS}, ["a"], cancelled=True, timed_out=False) is Result.SUCCESS
    assert run_result({"a": Result.CANCELED}, ["a"], cancelled=True, timed_out=False) is Result.CANCELED
    assert run_result({"a": Result.CANCELED}, ["a"], cancelled=True, timed_out=True) is Result.TIMEDOUT


@pytest.mark.parametrize(
    ("result", "signal", "code"),
    [
        (Result.SUCCESS, None, 0), (Result.FAILED, None, 1), (Result.SUCCESS_WITH_FAILURES, None, 3), (Result.CANCELED, None, 4),
        (Result.SKIPPED, None, 5), (Result.TIMEDOUT, None, 124), (Result.CANCELED, 2, 130), (Result.CANCELED, 15, 143),
    ],
)  # fmt: skip
def test_exit_codes_are_the_documented_ones(result: Result, signal: int | None, code: int) -> None:
    """One table for the shell."""
    assert exit_code(result, signal) is ExitCode(code)


@given(st.integers(-1, 6), st.integers(0, 9000), st.lists(st.floats(0, 20), min_size=8, max_size=8))
def test_attempts_begin_no_sooner_than_the_interval_after_one_another(retries: int, interval: int, lengths: list[float]) -> None:
    """From start to start; at once where the attempt took longer. There are as many as allowed, for ever where that is -1."""
    starts, now = [0.0], 0.0
    for number, seconds in enumerate(lengths, 1):
        wait = retry_wait(task(retries, interval), number, Result.FAILED, None, seconds)
        if wait is None:
            break
        now += seconds + wait
        starts.append(now)
    assert len(starts) == (len(lengths) if retries == -1 else min(retries, len(lengths))) + 1
    for at, (one, other) in enumerate(zip(starts, starts[1:])):
        assert other - one == pytest.approx(max(interval / 1000, lengths[at]))
