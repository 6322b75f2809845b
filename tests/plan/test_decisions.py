"""Retry, upstream and run results: Databricks' rules as tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.results import ErrorKind, ExitCode, Result, TaskError, exit_code
from nbflow.define.notebook import Notebook
from nbflow.plan.outcome import run_result, upstream_verdict
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


@given(st.dictionaries(st.text(min_size=1), st.sampled_from(list(Result))))
def test_a_task_runs_only_after_nothing_but_success(parents: dict[str, Result]) -> None:
    """It runs when all parents succeeded or were excluded; a cancelled parent tells apart from a failed one."""
    verdict = upstream_verdict(parents)
    ends = set(parents.values())
    if ends <= {Result.SUCCESS, Result.EXCLUDED}:
        assert verdict is None
    elif ends & {Result.CANCELED, Result.UPSTREAM_CANCELED}:
        assert verdict is not None and verdict[0] is Result.UPSTREAM_CANCELED
    else:
        assert verdict is not None and verdict[0] is Result.UPSTREAM_FAILED


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
