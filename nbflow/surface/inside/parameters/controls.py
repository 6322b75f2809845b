"""The controls of the form: for each kind of widget one of ipywidgets', how it is read, and how it shows a value."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbflow.core.values import ValueType, convert
from nbflow.surface.inside.context import notebook_folder
from nbflow.surface.inside.parameters.registry import Widget

_MOST_BOXES = 8
_MOST_EXACT = 2**53
"""A browser's numbers are exact up to here."""


@dataclass(frozen=True, slots=True)
class Control:
    """``view`` is what stands in the form; ``read`` gives the value that it shows, not yet converted (``None``: nothing);
    ``fill`` shows a value; ``watched`` are the parts that tell of a change by their trait ``value``."""

    view: Any
    read: Callable[[], Any]
    fill: Callable[[Any], None]
    watched: tuple[Any, ...]

    def close(self) -> None:
        """Take it away."""
        for part in (self.view, *getattr(self.view, "children", ()), *self.watched):
            part.close()


def control_of(widget: Widget, label: str, width: str) -> Control:
    """The control for ``widget`` with its ``label``, ``width`` wide, before it; it shows the widget's value.

    Limits are not the control's: it would move a value silently.
    """
    makers = {"dropdown": _dropdown, "multiselect": _several, "checkbox": _checkbox, "date": _date, "combobox": _combobox}
    make = makers.get(widget.kind, _number if _is_for_spinner(widget) else _text)
    control = make(widget)
    control.fill(widget.value)
    return _labelled(control, widget, label, width)


def _labelled(control: Control, widget: Widget, label: str, width: str) -> Control:
    """``control`` with its label, by which a screen reader knows it too."""
    from ipywidgets import HBox, Label, Layout

    if control.view not in control.watched:  # a row of boxes, also of one or none
        head = Label(label, tooltip=widget.name, layout=Layout(width=width, justify_content="flex-end", margin="2px 8px 2px 0"))
        return replace(control, view=HBox([head, control.view], layout=Layout(margin="2px 0", align_items="center")))
    view = control.view
    view.description, view.tooltip, view.style.description_width = label, widget.name, width
    view.layout.width, view.layout.margin = f"calc({width} + 19em)", "2px 0"
    return control


def text_of(widget: Widget, value: Any) -> str:
    """``value`` as a person writes it: a path below the notebook's folder from there."""
    if isinstance(value, Path):
        try:
            return os.fspath(value.relative_to(notebook_folder()))
        except ValueError:
            return os.fspath(value)
    return "" if value is None else str(convert(value, ValueType("str")))


def _is_for_spinner(widget: Widget) -> bool:
    """Whether a browser's control for numbers can show the value."""
    value = widget.value
    return widget.kind == "number" and isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < _MOST_EXACT


def _text(widget: Widget) -> Control:
    from ipywidgets import Text

    return _typed(widget, Text(continuous_update=False))


def _combobox(widget: Widget) -> Control:
    from ipywidgets import Combobox

    return _typed(widget, Combobox(options=[text_of(widget, item) for item in widget.suggestions], continuous_update=False))


def _typed(widget: Widget, view: Any) -> Control:
    """A control whose value is text."""
    empty_is_text = widget.type.name == "str" and widget.default is not None

    def read() -> Any:
        return view.value if view.value or empty_is_text else None

    def fill(value: Any) -> None:
        view.value = text_of(widget, value)

    return Control(view, read, fill, (view,))


def _number(widget: Widget) -> Control:
    """Whole numbers too: a control of whole ones would cut 1.5 to 1 and say nothing."""
    from ipywidgets import FloatText

    view = FloatText(step=widget.step or (1 if widget.type.name == "int" else None), continuous_update=False)

    def fill(value: Any) -> None:
        view.value = value

    return Control(view, lambda: view.value, fill, (view,))


def _checkbox(widget: Widget) -> Control:
    from ipywidgets import Checkbox

    view = Checkbox()

    def fill(value: Any) -> None:
        view.value = bool(value)

    return Control(view, lambda: view.value, fill, (view,))


def _date(widget: Widget) -> Control:
    from ipywidgets import DatePicker

    view = DatePicker()

    def fill(value: Any) -> None:
        view.value = value

    return Control(view, lambda: view.value, fill, (view,))


def _dropdown(widget: Widget) -> Control:
    """Choices are told apart by their place: 1 and "1", or 1 and True, are different ones."""
    from ipywidgets import Dropdown

    choices = list(widget.choices or ())
    view = Dropdown(options=[(text, at) for at, text in enumerate(_labels(choices))], value=None)

    def fill(value: Any) -> None:
        view.value = _place(value, choices)

    return Control(view, lambda: None if view.value is None else choices[view.value], fill, (view,))


def _several(widget: Widget) -> Control:
    """A box for each choice where they are few, else a list to pick from. Picks come in the order of the choices."""
    from ipywidgets import Checkbox, HBox, Layout, SelectMultiple

    choices = list(widget.choices or ())
    labels = _labels(choices)
    if len(choices) > _MOST_BOXES:
        view = SelectMultiple(options=[(text, at) for at, text in enumerate(labels)], rows=6)

        def select(value: Any) -> None:
            view.value = tuple(at for at in (_place(item, choices) for item in _picks(value)) if at is not None)

        return Control(view, lambda: [choices[at] for at in sorted(view.value)], select, (view,))
    boxes = [Checkbox(description=text, indent=False, layout=Layout(width="auto", margin="0 1em 0 0")) for text in labels]

    def fill(value: Any) -> None:
        picked = {_place(item, choices) for item in _picks(value)}
        for at, box in enumerate(boxes):
            box.value = at in picked

    row = HBox(boxes, layout=Layout(flex_flow="row wrap"))
    return Control(row, lambda: [item for item, box in zip(choices, boxes) if box.value], fill, tuple(boxes))


def _picks(value: Any) -> list[Any]:
    if isinstance(value, str):
        return value.split(",") if value else []
    return list(value or ())


def _place(value: Any, choices: Sequence[Any]) -> int | None:
    for at, choice in enumerate(choices):
        if type(choice) is type(value) and choice == value:
            return at
    return next((at for at, choice in enumerate(choices) if choice == value), None)


def _labels(choices: Sequence[Any]) -> list[str]:
    """The choices as text; as Python writes them where two would read the same."""
    texts = [str(choice) for choice in choices]
    return [text if texts.count(text) == 1 else repr(choice) for text, choice in zip(texts, choices)]
