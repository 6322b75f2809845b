"""The widgets by which a notebook declares parameters: their names, and the names of their arguments in order.

Read by the kernel's side, which gives values, and by the inspector, which reads the same calls without running them.
"""

from __future__ import annotations

from dataclasses import dataclass


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
