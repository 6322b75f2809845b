"""The widgets that a notebook has declared, and where each one's value comes from.

In this order: the run's context, what the injected cell restored, the form's choice, the declared default.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbflow.core.values import ValueType, convert, shown
from nbflow.surface.inside.context import given_parameters, notebook_folder


@dataclass(slots=True)
class Widget:
    """One declared widget. ``cell`` is the source of the cell that declared it, where that is known; ``text`` is true for
    Databricks' widgets, whose values are text and make no variable."""

    name: str
    kind: str
    type: ValueType
    default: Any
    choices: tuple[Any, ...] | None = None
    minimum: Any = None
    maximum: Any = None
    label: str = ""
    help: str = ""
    text: bool = False
    cell: str = ""
    value: Any = None


declared: dict[str, Widget] = {}
restored: dict[str, Any] = {}
chosen: dict[str, Any] = {}
"""What a person chose in the form; a batch run has none."""

renewing: list[bool] = []
"""Not empty while a cell's declarations are run again because a value arrived late."""


def declare(widget: Widget) -> Any:
    """Take ``widget`` up and return its value. Raises ``ValueError`` for a value that does not fit it."""
    for source in (given_parameters(), restored, chosen):
        if widget.name in source:
            widget.value = fitted(widget, source[widget.name])
            break
    else:
        widget.value = fitted(widget, widget.default) if widget.default is not None else None
    declared[widget.name] = widget
    return widget.value


def fitted(widget: Widget, value: Any) -> Any:
    """``value`` as the widget gives it: of its type, a path absolute. Raises ``ValueError`` that names the widget."""
    try:
        converted: Any = joined(value) if widget.text else convert(value, widget.type)
        if widget.kind == "path":
            converted = Path(os.path.abspath(notebook_folder() / os.path.expanduser(converted)))  # as the plan makes it
        _check(widget, converted)
    except ValueError as error:
        msg = f"widget {widget.name!r}: {error}"
        raise ValueError(msg) from None
    return converted


def _check(widget: Widget, value: Any) -> None:
    if widget.choices is not None:
        picks: Sequence[Any] = value if isinstance(value, list) else [value]
        if widget.kind == "multiselect" and isinstance(value, str):
            picks = value.split(",") if value else []
        for pick in picks:
            if pick not in widget.choices:
                msg = f"{shown(pick)} is none of the choices {', '.join(map(str, widget.choices))}"
                raise ValueError(msg)
    if widget.minimum is not None and not value >= widget.minimum:  # so that "not a number" is refused as well
        msg = f"{value} is less than {widget.minimum}"
        raise ValueError(msg)
    if widget.maximum is not None and not value <= widget.maximum:
        msg = f"{value} is more than {widget.maximum}"
        raise ValueError(msg)


def joined(value: Any) -> str:
    """``value`` as Databricks' widgets give it: text, several picks joined by commas."""
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    text: str = convert(value, ValueType("str")) if value is not None else ""
    return text
