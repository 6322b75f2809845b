"""References to the result of a task's SQL: ``{{tasks.t.output.rows}}``, ``.first_row`` and ``.first_row.<column>``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbflow.define.nearest import did_you_mean

_FIELDS = ("rows", "first_row")


def output_of(parts: Sequence[str], outputs: Mapping[str, Mapping[str, Any]]) -> Any:
    """What ``("tasks", t, "output", …)`` means among ``outputs``, the results of finished tasks by their keys.

    Raises ``ValueError`` with a sentence, and what to do as its ``hint`` where that is known.
    """
    found = outputs.get(parts[1])
    if not found:
        raise ValueError(f"task {parts[1]!r} has no result of SQL in this run")
    rows = found["rows"]
    if parts[3] == "rows":
        return rows
    if not rows:
        raise ValueError(f"the result of task {parts[1]!r} has no row")
    if len(parts) == 4:
        return rows[0]
    if parts[4] not in rows[0]:
        hint = did_you_mean(parts[4], rows[0]) or f"it has {', '.join(rows[0])}"
        raise ValueError(f"the result of task {parts[1]!r} has no column {parts[4]!r}; {hint}")
    return rows[0][parts[4]]


def is_output(parts: Sequence[str]) -> bool:
    """Whether ``parts`` name a result, or a part of one."""
    return len(parts) in (4, 5) and parts[3] in _FIELDS and (len(parts) == 4 or parts[3] == "first_row")
