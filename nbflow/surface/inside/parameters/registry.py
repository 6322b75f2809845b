"""The widgets that a notebook has declared, and where each one's value comes from.

In this order: the run's context, what the injected cell restored, the form's choice, the task that the notebook is opened as,
the declared default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbflow.core.values import ValueType, convert, shown
from nbflow.surface.inside.context import given_parameters, notebook_folder


@dataclass(slots=True)
class Widget:
    """One declared widget. ``cell`` is the source of the cell that declared it, where that is known; ``text`` is true for
    Databricks' widgets, whose values are text and make no variable. ``suggestions`` are the choices of a combobox, which do not
    bind. ``origin`` says where ``value`` comes from (one of the words below), ``note`` what could not be kept and why."""

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
    step: float | None = None
    suggestions: tuple[Any, ...] = ()
    origin: str = ""
    note: str = ""


RUN, RESTORED, FORM, TASK, DEFAULT = "run", "restored", "form", "task", "default"


@dataclass(frozen=True, slots=True)
class Opened:
    """The task that a person develops the notebook as. ``name`` is what people call it; ``values`` are its parameters, of which
    ``plain`` are those that no widget declares, ``loose`` those that nothing declares, and ``origins`` where each comes from, in words; ``task_values`` are the values
    of other tasks by their keys."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()
    loose: frozenset[str] = frozenset()
    task_values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


declared: dict[str, Widget] = {}
restored: dict[str, Any] = {}
chosen: dict[str, Any] = {}
"""What a person chose in the form; a batch run has none."""

set_by_run: dict[str, Any] = {}
"""What ``%run ./other $name="value"`` gave: it counts more than all else, as on Databricks."""

opened: list[Opened] = []
"""The task that the notebook is opened as, or nothing."""

touched: dict[str, None] = {}
"""The names of the widgets that the running cell has declared, in their order."""

renewing: list[str] = []
"""The source of the cell whose declarations are run again because a value arrived late."""


def declare(widget: Widget) -> Any:
    """Take ``widget`` up and return its value. Raises ``ValueError`` for a value that does not fit it."""
    if renewing:
        widget.cell = renewing[-1]
    widget.value, widget.origin = settled(widget)
    declared[widget.name] = widget
    touch(widget.name)
    return widget.value


def given(name: str) -> tuple[Any] | None:
    """The value that is there for a name which no widget declares: of the run, ``%run``, an injected cell, or the task that the
    notebook is opened as; ``None`` where there is none."""
    for source in (set_by_run, given_parameters(), restored, opened_values()):
        if name in source:
            return (source[name],)
    return None


def set_values(values: Mapping[str, Any]) -> None:
    """Take the values that ``%run`` gives to widgets, there or to come. Raises ``ValueError`` for one that does not fit."""
    for name, value in values.items():
        set_by_run[name] = value
        if name in declared:
            declared[name].value, declared[name].origin = fitted(declared[name], value), RUN


def touch(name: str) -> None:
    """Take notice that the running cell declares the widget of that name."""
    if not renewing:
        touched[name] = None


def settled(widget: Widget) -> tuple[Any, str]:
    """The widget's value and where it comes from. A choice that does not fit any more is given up, with a note.

    Raises ``ValueError`` for a run's value, or a default, that does not fit.
    """
    widget.note = ""
    sure: tuple[tuple[Mapping[str, Any], str], ...] = ((set_by_run, RUN), (given_parameters(), RUN), (restored, RESTORED))
    for values, origin in sure:
        if widget.name in values:
            return fitted(widget, values[widget.name]), origin
    wished: tuple[tuple[Mapping[str, Any], str], ...] = ((chosen, FORM), (opened_values(), TASK))
    for values, origin in wished:
        if widget.name in values:
            try:
                return fitted(widget, values[widget.name]), origin
            except ValueError as error:
                widget.note = f"{shown(values[widget.name])} does not fit any more: {reason(error, widget)}"
                chosen.pop(widget.name, None)
    return fitted(widget, widget.default) if widget.default is not None else None, DEFAULT


def opened_values() -> Mapping[str, Any]:
    """The parameters of the task that the notebook is opened as; none where it is not."""
    return opened[-1].values if opened else {}


def reason(error: Exception, widget: Widget) -> str:
    """What is wrong with a value of ``widget``, where its name stands beside the text anyway."""
    return str(error).removeprefix(f"widget {widget.name!r}: ")


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
