"""What the ends of tasks mean for others and for the run: Databricks' rules.

Four kinds of ends: good ones (an excluded task counts as one), bad ones (a task whose upstream failed counts as one),
``DISABLED``, which is neither, and no end yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbflow.core.flow import ParentIf, RunIf
from nbflow.core.results import Result
from nbflow.define.pipelines.flow import Dependency

Verdict = tuple[Result, str]
"""What becomes of a task that does not run, and the reason in one sentence."""

_GOOD = (Result.SUCCESS, Result.EXCLUDED, Result.SUCCESS_WITH_FAILURES)
_CANCELED = (Result.CANCELED, Result.UPSTREAM_CANCELED)
_NOT_REACHED = (Result.UPSTREAM_FAILED, *_CANCELED)
_ON_FAILURE = (RunIf.AT_LEAST_ONE_FAILED, RunIf.ALL_FAILED)
_EVERY_ONE = (RunIf.ALL_SUCCESS, RunIf.ALL_FAILED)


def is_good(result: Result) -> bool:
    """Whether what follows a task that ended so may take it as done well."""
    return result in _GOOD


def is_bad(result: Result) -> bool:
    """Whether a task that ended so counts as failed."""
    return result not in _GOOD and result is not Result.DISABLED


def upstream_verdict(
    parents: Mapping[str, Result],
    run_if: RunIf = RunIf.ALL_SUCCESS,
    edges: Sequence[Dependency] = (),
    outcomes: Mapping[str, str] | None = None,
) -> Verdict | None:
    """What becomes of a task whose parents ended so: ``None``, it runs; else its result and the reason.

    ``edges`` are those of its dependencies that ask something of one parent: an outcome, or a ``run_if`` of its own, and then
    the task's ``run_if`` is about the other parents. ``outcomes`` holds the outcome of each condition that has one.
    """
    if not parents:
        return None
    branches, alone = _kinds(edges)
    found = disabled_verdict({key for key, result in parents.items() if result is Result.DISABLED}, list(parents), run_if, edges)
    if found is not None:
        return found
    for key, outcome in branches.items():
        if parents[key] in _NOT_REACHED:  # the failure above it would be hidden behind a branch that nobody chose to leave
            return _unmet({key: parents[key]}, success=True)
        if parents[key] is not Result.SUCCESS or (outcomes or {}).get(key) != outcome:
            return Result.EXCLUDED, _untaken(key, parents[key], outcomes or {})
    if all(result is Result.EXCLUDED for result in parents.values()):
        return Result.EXCLUDED, f"task {next(iter(parents))!r} was excluded" if len(parents) == 1 else "all tasks before it were excluded"
    unmet = [({key: parents[key]}, asked is ParentIf.SUCCESS) for key, asked in alone.items() if not _is_met(asked, parents[key])]
    together = {key: result for key, result in parents.items() if key not in alone}
    if together and not _runs(run_if, together):
        unmet.append((together, run_if not in _ON_FAILURE))
    unmet.sort(key=lambda each: not each[1])  # a failure above is told before a failure that is missing
    return _unmet(*unmet[0]) if unmet else None


def disabled_verdict(disabled: set[str], parents: Sequence[str], run_if: RunIf, edges: Sequence[Dependency]) -> Verdict | None:
    """What becomes of a task because parents are disabled, whatever the others come to; ``None`` where that does not
    decide it. Known before anything starts."""
    if not disabled:
        return None
    branches, alone = _kinds(edges)
    off = [key for key in parents if key in disabled and key not in branches and key not in alone]
    others = [key for key in parents if key not in disabled and key not in alone]
    if off and run_if is not RunIf.ALL_DONE and (run_if in _EVERY_ONE or not others):
        return Result.DISABLED, f"task {off[0]!r} is disabled"
    for key, asked in alone.items():
        if key in disabled and asked is not ParentIf.DONE:
            return Result.DISABLED, f"task {key!r} is disabled"
    for key in branches:
        if key in disabled:
            return Result.EXCLUDED, _untaken(key, Result.DISABLED, {})
    return None


def _kinds(edges: Sequence[Dependency]) -> tuple[dict[str, str], dict[str, ParentIf]]:
    """What is asked of single parents by their keys: the outcomes of conditions, and how others ended."""
    branches = {edge.task_key: edge.outcome for edge in edges if edge.outcome is not None}
    return branches, {edge.task_key: ParentIf(edge.run_if) for edge in edges if edge.outcome is None and edge.run_if is not None}


def _runs(run_if: RunIf, parents: Mapping[str, Result]) -> bool:
    good, bad = [any(map(kind, parents.values())) for kind in (is_good, is_bad)]
    if run_if is RunIf.ALL_DONE:
        return True
    if run_if is RunIf.AT_LEAST_ONE_SUCCESS:
        return good
    if run_if is RunIf.NONE_FAILED:
        return good and not bad
    if run_if is RunIf.AT_LEAST_ONE_FAILED:
        return bad
    return all(map(is_bad if run_if is RunIf.ALL_FAILED else is_good, parents.values()))


def _is_met(asked: ParentIf, result: Result) -> bool:
    if asked is ParentIf.DONE:
        return True
    return is_good(result) if asked is ParentIf.SUCCESS else is_bad(result)


def _untaken(key: str, result: Result, outcomes: Mapping[str, str]) -> str:
    """Why a branch of the condition ``key`` is not taken."""
    if result is Result.SUCCESS and key in outcomes:
        return f"condition {key!r} is {outcomes[key]}"
    return f"condition {key!r} ended {result}"


def _unmet(parents: Mapping[str, Result], success: bool) -> Verdict:
    """The end of a task whose ``run_if`` is not met by these parents; ``success`` says that it wanted success of them."""
    if not success:
        return Result.EXCLUDED, f"task {next(iter(parents))!r} did not fail" if len(
            parents
        ) == 1 else "too few of the tasks before it failed"
    for key, result in parents.items():
        if result in _CANCELED:
            return Result.UPSTREAM_CANCELED, f"task {key!r} was cancelled"
    key, result = next((key, result) for key, result in parents.items() if is_bad(result))
    return Result.UPSTREAM_FAILED, f"task {key!r} ended {result}"


def leaves_of(parents: Mapping[str, Sequence[str]], results: Mapping[str, Result]) -> list[str]:
    """The tasks whose ends decide the run's: those that nothing follows, and in place of a disabled one its parents.

    ``parents`` maps each task to what it depends on.
    """
    followed = {parent for keys in parents.values() for parent in keys}
    todo = [key for key in parents if key not in followed]
    found: dict[str, None] = {}
    seen = set(todo)
    while todo:
        key = todo.pop()
        if results[key] is not Result.DISABLED:
            found[key] = None
            continue
        above = [parent for parent in parents[key] if parent not in seen]
        seen.update(above)
        todo += above
    return list(found)


def run_result(results: Mapping[str, Result], leaves: Sequence[str], cancelled: bool, timed_out: bool) -> Result:
    """The run's result from those of its tasks: the ``leaves`` decide (Databricks' leaf rule; see ``leaves_of``).

    A run that was cancelled or over its time, and lost something by it, says so; one whose tasks had all ended well
    before that is what they are. One whose tasks are all disabled was skipped.
    """
    unfinished = [result for result in results.values() if result in _CANCELED]
    if timed_out and unfinished:
        return Result.TIMEDOUT
    if cancelled and unfinished:
        return Result.CANCELED
    if results and all(result is Result.DISABLED for result in results.values()):
        return Result.SKIPPED
    if any(is_bad(results[leaf]) for leaf in leaves):
        return Result.FAILED
    if any(map(is_bad, results.values())):
        return Result.SUCCESS_WITH_FAILURES
    return Result.SUCCESS
