"""Widgets in SQL, as Databricks has them: ``CREATE WIDGET TEXT day DEFAULT "2026-01-31"``, ``REMOVE WIDGET day``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = r"(?:`(?P<quoted>[^`]+)`|(?P<name>\w+))"
_CREATE = re.compile(
    rf"\s*CREATE\s+WIDGET\s+(?P<kind>TEXT|DROPDOWN|COMBOBOX|MULTISELECT)\s+{_NAME}\s+DEFAULT\s+"
    r"(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')(?:\s+CHOICES\s+(?P<choices>.+))?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_REMOVE = re.compile(rf"\s*REMOVE\s+WIDGET\s+{_NAME}\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WidgetStatement:
    """``kind`` is a widget's (``text``), or ``remove``; ``choices`` is the query that gives the choices, where there is one."""

    kind: str
    name: str
    default: str = ""
    choices: str | None = None


def widget_statement(statement: str) -> WidgetStatement | None:
    """What ``statement`` says of widgets; ``None`` for every other statement."""
    found = _REMOVE.match(statement)
    if found is not None:
        return WidgetStatement("remove", found["quoted"] or found["name"])
    found = _CREATE.match(statement)
    if found is None:
        return None
    default = found["double"] if found["double"] is not None else found["single"]
    return WidgetStatement(found["kind"].lower(), found["quoted"] or found["name"], default, found["choices"])
