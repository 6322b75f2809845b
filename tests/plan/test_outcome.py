"""What the ends of tasks mean for others and for the run, against tables and searches written another way."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.flow import RunIf
from nbflow.core.results import Result
from nbflow.define.pipelines.flow import Dependency
from nbflow.plan.outcome import disabled_verdict, leaves_of, run_result, upstream_verdict

LETTERS = {
    "S": (Result.SUCCESS, Result.SUCCESS_WITH_FAILURES),
    "X": (Result.EXCLUDED,),
    "F": (Result.FAILED, Result.TIMEDOUT, Result.CANCELED, Result.UPSTREAM_FAILED, Result.UPSTREAM_CANCELED),
    "D": (Result.DISABLED,),
}
LETTER_OF = {result: letter for letter, results in LETTERS.items() for result in results}
RULES = (
    RunIf.ALL_SUCCESS, RunIf.AT_LEAST_ONE_SUCCESS, RunIf.NONE_FAILED, RunIf.ALL_DONE, RunIf.AT_LEAST_ONE_FAILED, RunIf.ALL_FAILED,
)  # fmt: skip
# By the kinds of ends that occur among the parents, what each rule says: r it runs, u upstream failed, e excluded, d disabled.
TABLE = {
    "S": "rrrree", "X": "eeeeee", "F": "uuurrr", "D": "dddrdd",
    "SX": "rrrree", "SF": "ururre", "SD": "drrred", "XF": "ururre", "XD": "drrred", "FD": "duurrd",
    "SXF": "ururre", "SXD": "drrred", "SFD": "drurrd", "XFD": "drurrd", "SXFD": "drurrd",
}  # fmt: skip
CANCELED = {Result.CANCELED, Result.UPSTREAM_CANCELED}


def said(rule: RunIf, ends: tuple[Result, ...]) -> Result | None:
    """What the table says."""
    kinds = "".join(letter for letter in "SXFD" if any(LETTER_OF[end] == letter for end in ends))
    letter = TABLE[kinds][RULES.index(rule)]
    failed = Result.UPSTREAM_CANCELED if CANCELED & set(ends) else Result.UPSTREAM_FAILED
    return {"r": None, "u": failed, "e": Result.EXCLUDED, "d": Result.DISABLED}[letter]


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_says_what_the_table_says(rule: RunIf) -> None:
    """Over every combination of ends of up to three parents; each end that is no run has its reason."""
    for count in (1, 2, 3):
        for ends in product(LETTER_OF, repeat=count):
            verdict = upstream_verdict({f"p{at}": end for at, end in enumerate(ends)}, rule)
            assert (verdict and verdict[0]) == said(rule, ends), (rule, ends)
            assert verdict is None or verdict[1]


@given(st.sampled_from(RULES), st.lists(st.sampled_from(list(LETTER_OF)), min_size=1, max_size=6))
def test_what_is_disabled_is_known_before_anything_starts(rule: RunIf, ends: list[Result]) -> None:
    """It follows from the disabled parents alone, and is the same whatever the others come to."""
    parents = {f"p{at}": end for at, end in enumerate(ends)}
    off = {key for key, end in parents.items() if end is Result.DISABLED}
    verdict = upstream_verdict(parents, rule)
    assert (disabled_verdict(off, list(parents), rule, ()) is not None) == (verdict is not None and verdict[0] is Result.DISABLED)


def test_a_task_without_parents_runs() -> None:
    """Whatever its rule says."""
    assert [upstream_verdict({}, rule) for rule in RULES] == [None] * 6


# The same for a branch of a condition, by what the condition came to (T the branch is taken, N it is not, U nobody reached the condition,
# D it is disabled) and by the kind of the one other parent ("" is none).
BRANCHES = {
    "T": {"": "rrrree", "S": "rrrree", "X": "rrrree", "F": "ururre", "D": "drrred"},
    "N": {"": "eeeeee", "S": "eeeeee", "X": "eeeeee", "F": "eeeeee", "D": "deeeed"},
    "U": {"": "uuuuuu", "S": "uuuuuu", "X": "uuuuuu", "F": "uuuuuu", "D": "duuuud"},
    "D": {"": "eeeeee", "S": "eeeeee", "X": "eeeeee", "F": "eeeeee", "D": "dddedd"},
}
UNREACHED = {"UPSTREAM_FAILED", "UPSTREAM_CANCELED", "CANCELED"}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("condition", list(LETTER_OF))
@pytest.mark.parametrize("other", [None, *LETTER_OF])
def test_a_branch_that_is_not_taken_is_excluded_whatever_the_rule(rule: RunIf, condition: Result, other: Result | None) -> None:
    """Beside other parents too, and where the condition failed or is disabled; only a disabled parent says more. What a condition
    that was not reached says is passed on. A condition whose branch is taken is a parent that succeeded."""
    parents = {"gate": condition} | ({} if other is None else {"other": other})
    edges = [Dependency("gate", outcome="true")]
    for outcome in ("true", "false"):
        verdict = upstream_verdict(parents, rule, edges, {"gate": outcome} if condition is Result.SUCCESS else {})
        row = "U" if condition.value in UNREACHED else "D" if condition.value == "DISABLED" else "N"
        row = "T" if (condition.value, outcome) == ("SUCCESS", "true") else row
        letter = BRANCHES[row][LETTER_OF[other] if other is not None else ""][RULES.index(rule)]
        blamed = condition if row == "U" else other
        failed = Result.UPSTREAM_CANCELED if blamed in CANCELED else Result.UPSTREAM_FAILED
        expected = {"r": None, "u": failed, "e": Result.EXCLUDED, "d": Result.DISABLED}[letter]
        assert (verdict and verdict[0]) == expected, (rule, condition, other, outcome)


@pytest.mark.parametrize(
    ("asked", "meets"),
    [("SUCCESS", {"S": "r", "X": "e", "F": "u", "D": "d"}), ("FAILED", {"S": "e", "X": "e", "F": "r", "D": "d"}),
     ("DONE", {"S": "r", "X": "e", "F": "r", "D": "r"})],
)  # fmt: skip
def test_a_task_may_ask_something_of_one_parent_alone(asked: str, meets: dict[str, str]) -> None:
    """What it asks of that one counts by itself, and its rule is about the others."""
    for end, letter in LETTER_OF.items():
        failed = Result.UPSTREAM_CANCELED if end in CANCELED else Result.UPSTREAM_FAILED
        expected = {"r": None, "e": Result.EXCLUDED, "u": failed, "d": Result.DISABLED}[meets[letter]]
        edges = [Dependency("a", run_if=asked)]
        alone = upstream_verdict({"a": end}, RunIf.ALL_SUCCESS, edges)
        assert (alone and alone[0]) == expected
        beside = upstream_verdict({"a": end, "b": Result.SUCCESS}, RunIf.ALL_SUCCESS, edges)
        met = Result.EXCLUDED if end is Result.EXCLUDED and asked == "FAILED" else None if end is Result.EXCLUDED else expected
        assert (beside and beside[0]) == met
        if expected is None:
            blocked = upstream_verdict({"a": end, "b": Result.FAILED}, RunIf.ALL_SUCCESS, edges)
            assert blocked is not None and blocked[0] is Result.UPSTREAM_FAILED


@st.composite
def ended_graphs(draw: st.DrawFn) -> tuple[dict[str, list[str]], dict[str, Result]]:
    """Graphs without circles, each task with an end."""
    keys = [f"t{number}" for number in range(draw(st.integers(1, 8)))]
    edges = {key: draw(st.lists(st.sampled_from(keys[:place]), unique=True)) if place else [] for place, key in enumerate(keys)}
    return edges, {key: draw(st.sampled_from(list(Result)[:8])) for key in keys}


@given(ended_graphs())
def test_the_leaves_decide_the_run(graph: tuple[dict[str, list[str]], dict[str, Result]]) -> None:
    """A failure fails the run where nothing follows it, or only disabled tasks down to a leaf; else it is told as masked."""
    edges, results = graph
    children = {key: [child for child, parents in edges.items() if key in parents] for key in edges}

    def ends_in_nothing_but_disabled(key: str) -> bool:
        return not children[key] or any(
            results[child] is Result.DISABLED and ends_in_nothing_but_disabled(child) for child in children[key]
        )

    failed = [key for key, result in results.items() if LETTER_OF[result] == "F"]
    if set(results.values()) == {Result.DISABLED}:
        expected = Result.SKIPPED
    elif any(ends_in_nothing_but_disabled(key) for key in failed):
        expected = Result.FAILED
    else:
        expected = Result.SUCCESS_WITH_FAILURES if failed else Result.SUCCESS
    assert run_result(results, leaves_of(edges, results), cancelled=False, timed_out=False) is expected


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ({"a": "FAILED", "b": "SUCCESS"}, "SUCCESS_WITH_FAILURES"),
        ({"a": "FAILED", "b": "EXCLUDED"}, "SUCCESS_WITH_FAILURES"),
        ({"a": "FAILED", "b": "UPSTREAM_FAILED"}, "FAILED"),
        ({"a": "FAILED", "b": "DISABLED"}, "FAILED"),
        ({"a": "SUCCESS", "b": "DISABLED"}, "SUCCESS"),
        ({"a": "DISABLED", "b": "DISABLED"}, "SKIPPED"),
        ({"a": "SUCCESS", "b": "EXCLUDED"}, "SUCCESS"),
    ],
)
def test_the_run_of_two_tasks_in_a_row(ends: dict[str, str], expected: str) -> None:
    """The readings of the reference, one by one."""
    results = {key: Result(end) for key, end in ends.items()}
    assert run_result(results, leaves_of({"a": [], "b": ["a"]}, results), cancelled=False, timed_out=False) == expected
