"""The type that a value has of itself, where nobody says more about it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from nbflow.core.values import ANY, ValueType

_KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "bool"), (int, "int"), (float, "float"), (str, "str"), (datetime, "datetime"), (date, "date"), (time, "time"),
    (timedelta, "timedelta"), (Decimal, "decimal"), (PurePath, "path"), (list, "list"), (tuple, "tuple"),
    ((set, frozenset), "set"), (dict, "dict"),
)  # fmt: skip


def type_of(value: Any) -> ValueType:
    """The type of ``value``; ``any`` for what no parameter holds, and for ``None`` an optional one."""
    if value is None:
        return ValueType("any", optional=True)
    return next((ValueType(name) for kind, name in _KINDS if isinstance(value, kind)), ANY)
