"""The widgets by which a notebook declares parameters: their names, and the names of their arguments in order.

Read by the kernel's side, which gives values, and by the inspector, which reads the same calls without running them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbflow.core.natural import type_of
from nbflow.core.values import ANY, ValueType


@dataclass(frozen=True, slots=True)
class WidgetKind:
    """One kind of widget: the arguments of its call in order, the text form of its value's type (``""``: that of its
    default), and whether its choices bind (``True``), only suggest (``False``), or there are none (``None``)."""

    arguments: tuple[str, ...]
    type: str
    binding: bool | None = None


_CHOICE = ("name", "default", "choices", "label", "help")

NBFLOW: dict[str, WidgetKind] = {
    "text": WidgetKind(("name", "default", "label", "help"), "str"),
    "dropdown": WidgetKind(_CHOICE, "", binding=True),
    "combobox": WidgetKind(_CHOICE, "", binding=False),
    "multiselect": WidgetKind(_CHOICE, "list", binding=True),
    "number": WidgetKind(("name", "default", "min", "max", "step", "label", "help"), ""),
    "checkbox": WidgetKind(("name", "default", "label", "help"), "bool"),
    "date": WidgetKind(("name", "default", "min", "max", "label", "help"), "date"),
    "path": WidgetKind(("name", "default", "label", "help"), "path"),
}
"""``nbflow.widgets``."""

_DBUTILS_CHOICE = ("name", "defaultValue", "choices", "label")

DBUTILS: dict[str, WidgetKind] = {
    "text": WidgetKind(("name", "defaultValue", "label"), "str"),
    "dropdown": WidgetKind(_DBUTILS_CHOICE, "str", binding=True),
    "combobox": WidgetKind(_DBUTILS_CHOICE, "str", binding=False),
    "multiselect": WidgetKind(_DBUTILS_CHOICE, "str", binding=True),
}
"""``dbutils.widgets``, whose values are always text (Databricks)."""


def widget_type(widget: str, kind: WidgetKind, default: Any, choices: Sequence[Any] | None) -> ValueType:
    """The type of the value of an nbflow or Databricks ``widget``, told from its default, else from its choices.

    It is ``any`` where the choices are of several types, and optional where ``None`` is one of them.
    """
    if widget == "multiselect" and kind.type == "list":
        inside = {type_of(choice) for choice in choices or ()}
        return ValueType("list", tuple(inside)) if len(inside) == 1 and inside != {ValueType("str")} else ValueType("list")
    if kind.type:
        return ValueType.parse(kind.type)
    if widget == "number":
        return ValueType("float" if isinstance(default, float) else "int")
    values = [value for value in (default, *(choices or ())) if value is not None]
    if kind.binding and len({type_of(value) for value in values}) > 1:
        return ANY
    natural = type_of((values or ("",))[0])
    return replace(natural, optional=True) if kind.binding and choices and None in choices else natural
