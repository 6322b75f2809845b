"""What the ends of tasks mean for others and for the run: Databricks' rules, as far as ALL_SUCCESS goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbflow.core.results import Result

_GOOD = (Result.SUCCESS, Result.EXCLUDED)


def upstream_verdict(parents: Mapping[str, Result]) -> tuple[Result, str] | None:
    """What becomes of a task whose parents ended so: ``None``, it runs; else its result and the reason in one sentence."""
    for key, result in parents.items():
        if result in (Result.CANCELED, Result.UPSTREAM_CANCELED):
            return Result.UPSTREAM_CANCELED, f"task {key!r} was cancelled"
    for key, result in parents.items():
        if result not in _GOOD:
            return Result.UPSTREAM_FAILED, f"task {key!r} ended {result}"
    return None


def run_result(results: Mapping[str, Result], leaves: Sequence[str], cancelled: bool, timed_out: bool) -> Result:
    """The run's result from those of its tasks: the leaves decide (Databricks' leaf rule).

    A run that was cancelled or over its time, and lost something by it, says so; one whose tasks had all ended well
    before that is what they are.
    """
    unfinished = [result for result in results.values() if result in (Result.CANCELED, Result.UPSTREAM_CANCELED)]
    if timed_out and unfinished:
        return Result.TIMEDOUT
    if cancelled and unfinished:
        return Result.CANCELED
    if any(results[leaf] not in _GOOD for leaf in leaves):
        return Result.FAILED
    if any(result not in _GOOD for result in results.values()):
        return Result.SUCCESS_WITH_FAILURES
    return Result.SUCCESS
