"""Conditions: text for equality, numbers for order."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.flow import Operator
from nbflow.core.values import ValueType
from nbflow.define.pipeline_files.scalars import plain_scalar
from nbflow.plan.conditions import compare, may_fail
from nbflow.plan.plan import Argument, PlannedTask
from nbflow.plan.work import ConditionWork, ShellWork

NUMBERS = st.one_of(st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: "e" not in repr(x)))


@given(NUMBERS, NUMBERS, st.booleans(), st.booleans())
def test_numbers_are_compared_as_numbers(left: float, right: float, left_as_text: bool, right_as_text: bool) -> None:
    """However they are written, and exactly, as fractions of whole numbers say."""
    operands = (str(left) if left_as_text else left, f" {right} " if right_as_text else right)
    one, other = Fraction(str(left)), Fraction(str(right))
    said = [compare(operator, *operands) for operator in list(Operator)[2:]]
    assert said == [one > other, one >= other, one < other, one <= other]


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("12.0", "12", False), (12.0, 12, False), (12, "12", True), (True, "true", True), ("False", False, False), (None, "null", True),
        ("a", "a ", False), ("", "", True), ([1, 2], "[1, 2]", True), (plain_scalar("1e3"), "1e3", True), (plain_scalar("3.10"), 3.1, False),
    ],
)  # fmt: skip
def test_equality_is_of_text(left: Any, right: Any, equal: bool) -> None:
    """A boolean is true or false, a number as it was written, a list as JSON."""
    assert compare(Operator.EQUAL_TO, left, right) is equal
    assert compare(Operator.NOT_EQUAL, left, right) is not equal


@pytest.mark.parametrize("text", ["", "many", "true", "nan", "inf", "1_000", "0x1F", "1,5", "1e99999999", "١٢"])
@pytest.mark.parametrize("operator", list(Operator)[2:])
def test_text_has_no_order(text: str, operator: Operator) -> None:
    """On either side it is refused, with the operator and the text."""
    for operands in ((text, 1), (1, text)):
        with pytest.raises(ValueError, match=f"{operator} compares numbers, and .* is none"):
            compare(operator, *operands)


@pytest.mark.parametrize(
    ("operator", "operand", "fails"),
    [
        ("EQUAL_TO", "{{job.run_id}}", False), ("EQUAL_TO", "{{job.trigger.time.iso_date}}", False), ("EQUAL_TO", "{{task.name}}", False),
        ("EQUAL_TO", "{{tasks.a.result_state}}", False), ("EQUAL_TO", "{{tasks.a.values.k}}", True), ("NOT_EQUAL", "{{input}}", False),
        ("EQUAL_TO", "{{input.k}}", True), ("EQUAL_TO", "{{tasks.a.values.k ?? 'no'}}", False), ("EQUAL_TO", "{{tasks.a.output.rows}}", True),
        ("EQUAL_TO", "a {{job.run_id}} {{tasks.a.values.k}}", True), ("LESS_THAN", "{{job.run_id}}", False),
        ("LESS_THAN", "{{job.start_time.hour}}", False), ("LESS_THAN", "{{job.start_time.iso_date}}", True),
        ("LESS_THAN", "{{tasks.a.values.k ?? 0}}", True), ("LESS_THAN", "{{tasks.a.execution_count}}", False), ("LESS_THAN", "{{input}}", True),
        ("LESS_THAN", "{{tasks.a.result_state}}", True), ("LESS_THAN", "{{job.parameters.late}}", True),
        ("EQUAL_TO", "{{job.parameters.late}}", False),
    ],
)  # fmt: skip
def test_a_condition_may_fail_by_what_only_tasks_and_items_know(operator: str, operand: str, fails: bool) -> None:
    """A value that may not be set, a key that may not be there, text where numbers are compared; what every run knows is there."""
    arguments = [
        Argument(side, text, ValueType("str"), "task", late=True) for side, text in (("left", operand), ("right", "{{job.run_id}}"))
    ]
    for those in (arguments, arguments[::-1], arguments[:1]):
        assert may_fail(PlannedTask("t", ConditionWork(Operator(operator), "", Path("/")), tuple(those))) is fails


def test_what_is_known_or_is_no_condition() -> None:
    """Operands that the plan has were compared with numbers already; anything else that runs may fail."""
    known = Argument("left", "x", ValueType("str"), "task")
    assert not may_fail(PlannedTask("t", ConditionWork(Operator.EQUAL_TO, "", Path("/")), (known,)))
    assert may_fail(PlannedTask("t", ShellWork("true", Path("/"))))
