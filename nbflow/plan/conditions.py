"""What a condition comes to: ``==`` and ``!=`` compare text, the other operators numbers, as on Databricks."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from nbflow.core.flow import Operator
from nbflow.core.values import shown
from nbflow.plan.references import as_text

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,4})?\Z", re.ASCII)


def compare(operator: Operator, left: Any, right: Any) -> bool:
    """Whether ``left`` and ``right`` stand to one another as ``operator`` says.

    Both become text first: ``12.0`` is not equal to ``12``, ``True`` is equal to ``true``. Raises ``ValueError`` with a
    sentence where numbers are compared and one of them is none.
    """
    if operator is Operator.EQUAL_TO:
        return as_text(left) == as_text(right)
    if operator is Operator.NOT_EQUAL:
        return as_text(left) != as_text(right)
    one, other = number(left, operator), number(right, operator)
    if operator is Operator.GREATER_THAN:
        return one > other
    if operator is Operator.GREATER_THAN_OR_EQUAL:
        return one >= other
    return one < other if operator is Operator.LESS_THAN else one <= other


def number(operand: Any, operator: Operator) -> Decimal:
    """``operand`` as a number. Raises ``ValueError`` with a sentence where it is none."""
    text = as_text(operand).strip()
    if _NUMBER.match(text) is None:
        msg = f"{operator} compares numbers, and {shown(as_text(operand))} is none"
        raise ValueError(msg)
    return Decimal(text)


def outcome_text(met: bool) -> str:
    """The outcome as ``depends_on`` names it."""
    return "true" if met else "false"
