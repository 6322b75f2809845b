"""What a condition comes to: ``==`` and ``!=`` compare text, the other operators numbers, as on Databricks. And whether it may fail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from nbflow.core.flow import Operator
from nbflow.core.results import Result
from nbflow.core.values import shown
from nbflow.plan.known import Ended, Known
from nbflow.plan.plan import PlannedTask
from nbflow.plan.references import as_text, references_in, resolve
from nbflow.plan.work import ConditionWork

_EQUALITY = (Operator.EQUAL_TO, Operator.NOT_EQUAL)
_IN_NUMBERS = re.compile(r"[-+.0-9eE\s]*\Z")
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


def check_operand(operand: Any, operator: Operator, *, late: bool = False) -> None:
    """Raises ``ValueError`` with a sentence where numbers are compared and ``operand`` is none: one that is known, or, where it is
    ``late``, has references in it and no run makes a number of it."""
    if operator in _EQUALITY:
        return
    if not late:
        number(operand, operator)
    elif _is_no_number(operand, operator):
        msg = f"{operator} compares numbers, and {shown(operand)} never comes to one"
        raise ValueError(msg)


def _is_no_number(operand: Any, operator: Operator) -> bool:
    """Whether no run makes a number of ``operand``: by text beside its references that stands in no number, or where nothing in it
    is of any type and nothing is chosen among, by what one run makes of it."""
    text, references = as_text(operand), list(references_in(operand))
    for reference in reversed(references):
        text = text[: reference.start] + text[reference.end :]
    if _IN_NUMBERS.match(text) is None:
        return True
    names = [name for reference in references for name in reference.names]
    if any(len(reference.terms) > 1 for reference in references):
        return False
    if any(name[0] == "input" or name[:2] == ("job", "parameters") or name[2:3] in (("values",), ("output",)) for name in names):
        return False
    try:
        value, _ = resolve(operand, _some_run(names))
    except ValueError:
        return False
    try:
        number(value, operator)
    except ValueError:
        return True
    return False


def outcome_text(met: bool) -> str:
    """The outcome as ``depends_on`` names it."""
    return "true" if met else "false"


def may_fail(task: PlannedTask) -> bool:
    """Whether the task may fail, if it runs: any but a condition, and one of which the run may not know an operand, or not as what
    is compared. A task may have set no such value, an item have no such key, text have no order."""
    if not isinstance(task.work, ConditionWork):
        return True
    operator = task.work.operator
    return any(not _is_there(argument.value, operator) for argument in task.arguments if argument.late)


def _is_there(operand: Any, operator: Operator) -> bool:
    """Whether any run has a value for ``operand`` that can be compared so."""
    names = [name for reference in references_in(operand) for name in reference.names]
    try:
        value, late = resolve(operand, _some_run(names))
        if late or operator in _EQUALITY:
            return not late
        number(value, operator)
    except ValueError:
        return False
    return not any(name[0] == "tasks" and name[2] in ("values", "output") for name in names)  # they may be of any type


def _some_run(names: Sequence[tuple[str, ...]]) -> Known:
    """What is known in any run of what bears these ``names``: parameters are there, tasks have ended and set nothing."""
    parameters = {name[2]: "" for name in names if name[:2] == ("job", "parameters") and len(name) > 2}
    ended = {name[1]: Ended(1, str(Result.SUCCESS), executions=1) for name in names if name[0] == "tasks" and len(name) > 1}
    began = datetime(2026, 1, 1, tzinfo=timezone.utc)
    return Known("job", parameters, "task", "", 1, 1, began, {}, {}, ended, 1, trigger_type="", workspace="/", item="")
