"""The words of control flow: when a task runs, how a condition compares. They are Databricks'."""

from __future__ import annotations

from enum import Enum


class RunIf(str, Enum):
    """What a task asks of the tasks before it, all together."""

    ALL_SUCCESS = "ALL_SUCCESS"
    AT_LEAST_ONE_SUCCESS = "AT_LEAST_ONE_SUCCESS"
    NONE_FAILED = "NONE_FAILED"
    ALL_DONE = "ALL_DONE"
    AT_LEAST_ONE_FAILED = "AT_LEAST_ONE_FAILED"
    ALL_FAILED = "ALL_FAILED"

    def __str__(self) -> str:
        return self.value


class ParentIf(str, Enum):
    """What a task asks of one task before it; nbflow's own."""

    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    DONE = "DONE"

    def __str__(self) -> str:
        return self.value


class Operator(str, Enum):
    """How a condition compares: the first two as text, the others as numbers."""

    EQUAL_TO = "EQUAL_TO"
    NOT_EQUAL = "NOT_EQUAL"
    GREATER_THAN = "GREATER_THAN"
    GREATER_THAN_OR_EQUAL = "GREATER_THAN_OR_EQUAL"
    LESS_THAN = "LESS_THAN"
    LESS_THAN_OR_EQUAL = "LESS_THAN_OR_EQUAL"

    @property
    def sign(self) -> str:
        """The operator as people write it."""
        return _SIGNS[self]

    def __str__(self) -> str:
        return self.value


_SIGNS = {
    Operator.EQUAL_TO: "==",
    Operator.NOT_EQUAL: "!=",
    Operator.GREATER_THAN: ">",
    Operator.GREATER_THAN_OR_EQUAL: ">=",
    Operator.LESS_THAN: "<",
    Operator.LESS_THAN_OR_EQUAL: "<=",
}
