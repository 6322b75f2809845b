"""Widgets that declare a notebook's parameters: ``from nbflow import widgets``.

Each call returns the parameter's value at once: the run's; by hand the one chosen in the form below the cell, else the default.
The variable it is assigned to bears the widget's name.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from datetime import date as _date
from pathlib import Path
from typing import Any

from nbflow.core.values import ValueType, convert, shown
from nbflow.core.widgets import NBFLOW, widget_type
from nbflow.surface.inside.cells import source_now
from nbflow.surface.inside.parameters import registry
from nbflow.surface.inside.parameters.registry import Widget
from nbflow.surface.inside.parameters.restore import listen

__all__ = ["checkbox", "combobox", "date", "dropdown", "get", "get_all", "multiselect", "number", "path", "text"]


def __getattr__(name: str) -> Any:
    from difflib import get_close_matches

    near = get_close_matches(name, __all__, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(__all__)}"
    msg = f"widgets has no {name!r} ({hint})"
    raise AttributeError(msg)


def text(name: str, default: str = "", label: str = "", help: str = "") -> str:
    """A line of text."""
    value: str = _declare(name, "text", default, label=label, help=help)
    return value


def dropdown(name: str, default: Any, choices: Iterable[Any], label: str = "", help: str = "") -> Any:
    """One of ``choices``; the default must be one of them."""
    listed = tuple(choices)
    return _declare(name, "dropdown", default, listed, label=label, help=help)


def combobox(name: str, default: Any, choices: Iterable[Any], label: str = "", help: str = "") -> Any:
    """One of ``choices``, or another value of the same type."""
    return _declare(name, "combobox", default, tuple(choices), label=label, help=help)


def multiselect(name: str, default: Iterable[Any], choices: Iterable[Any], label: str = "", help: str = "") -> list[Any]:
    """Some of ``choices``, as a list; the default's items must be among them."""
    picks = [default] if isinstance(default, str) else list(default)
    value: list[Any] = _declare(name, "multiselect", picks, tuple(choices), label=label, help=help)
    return value


def number(
    name: str,
    default: float = 0,
    min: float | None = None,
    max: float | None = None,
    step: float | None = None,
    label: str = "",
    help: str = "",
) -> Any:
    """A number between ``min`` and ``max``: whole where the default is whole."""
    return _declare(name, "number", default, minimum=min, maximum=max, label=label, help=help, step=step)


def checkbox(name: str, default: bool = False, label: str = "", help: str = "") -> bool:
    """True or false."""
    value: bool = _declare(name, "checkbox", default, label=label, help=help)
    return value


def date(
    name: str,
    default: _date | str | None = None,
    min: _date | str | None = None,
    max: _date | str | None = None,
    label: str = "",
    help: str = "",
) -> _date | None:
    """A day between ``min`` and ``max``, given as a date or as ISO text (``2026-01-31``)."""
    kind = ValueType("date")
    lowest, highest = (None if limit is None else convert(limit, kind) for limit in (min, max))
    value: _date | None = _declare(name, "date", default, minimum=lowest, maximum=highest, label=label, help=help)
    return value


def path(name: str, default: str | Path | None = None, label: str = "", help: str = "") -> Path | None:
    """A path, always absolute; a relative default starts at the notebook's folder."""
    value: Path | None = _declare(name, "path", default, label=label, help=help)
    return value


def get(name: str) -> Any:
    """The value of a widget that was declared, or of a parameter that the run gave. Raises ``KeyError`` for neither."""
    if name in registry.declared:
        return registry.declared[name].value
    listen()
    found = registry.given(name)
    if found is not None:
        return found[0]
    msg = f"no widget {name!r} was declared; there are {', '.join(registry.declared) or 'none'}"
    raise KeyError(msg)


def get_all() -> dict[str, Any]:
    """The values of all widgets that were declared, by name."""
    return {name: widget.value for name, widget in registry.declared.items()}


def _declare(
    name: str,
    kind: str,
    default: Any,
    choices: tuple[Any, ...] | None = None,
    minimum: Any = None,
    maximum: Any = None,
    label: str = "",
    help: str = "",
    step: float | None = None,
) -> Any:
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        msg = f"{shown(name)} is no name for a widget: use a Python identifier"
        raise ValueError(msg)
    listen()
    known = NBFLOW[kind]
    value_type = widget_type(kind, known, default, choices)
    allowed, suggested = (choices, ()) if known.binding else (None, choices or ())
    widget = Widget(name, kind, value_type, default, allowed, minimum, maximum, label, help, step=step, suggestions=suggested)
    widget.cell = source_now()
    return registry.declare(widget)
