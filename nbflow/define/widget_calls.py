"""Widget calls read from a syntax tree: ``widgets.dropdown("layer", …)``, ``dbutils.widgets.text(…)``."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from nbflow.core.values import ValueType, convert, shown
from nbflow.core.widgets import DBUTILS, NBFLOW, WidgetKind
from nbflow.define.literals import dotted, literal, type_of
from nbflow.define.parameters import Parameter

_READING = ("get", "getArgument", "getAll", "get_all")


class WidgetMistake(ValueError):
    """A widget call that is wrong; ``name`` is the widget's, ``hint`` says what to do."""

    def __init__(self, message: str, name: str | None = None, hint: str | None = None) -> None:
        self.name, self.hint = name, hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class WidgetCalls:
    """Recognises widget calls. ``modules`` are the dotted names that mean ``nbflow.widgets``, ``dbutils`` those that mean
    ``dbutils.widgets``."""

    modules: frozenset[str]
    dbutils: frozenset[str] = frozenset({"dbutils.widgets"})

    @classmethod
    def of_imports(cls, trees: Iterable[tuple[int, ast.Module]]) -> WidgetCalls:
        """The names under which the notebook's imports make nbflow's widgets known."""
        modules, dbutils = set(), {"dbutils.widgets"}
        for _, tree in trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module == "nbflow" and not node.level:
                    modules |= {alias.asname or alias.name for alias in node.names if alias.name == "widgets"}
                    dbutils |= {f"{alias.asname or alias.name}.widgets" for alias in node.names if alias.name == "dbutils"}
                elif isinstance(node, ast.Import):
                    names = {alias.asname or alias.name for alias in node.names if alias.name == "nbflow"}
                    modules |= {f"{name}.widgets" for name in names}
                    dbutils |= {f"{name}.dbutils.widgets" for name in names}
        return cls(frozenset(modules), frozenset(dbutils))

    def reads_a_widget(self, node: ast.AST) -> bool:
        """Whether the value is read from a widget: then the variable is no parameter of its own."""
        for item in ast.walk(node):
            if isinstance(item, ast.Call):
                head, _, last = dotted(item.func).rpartition(".")
                if last in _READING and head in self.modules | self.dbutils:
                    return True
        return False

    def parameter(self, node: ast.expr, dbutils_only: bool = False) -> Parameter | None:
        """The parameter that a call declares, ``None`` for another expression. Raises ``WidgetMistake``."""
        if not isinstance(node, ast.Call):
            return None
        head, _, last = dotted(node.func).rpartition(".")
        if head in self.dbutils and last in DBUTILS:
            return _parameter(node, last, DBUTILS[last], assigned=False)
        if head in self.modules and last in NBFLOW and not dbutils_only:
            return _parameter(node, last, NBFLOW[last], assigned=True)
        return None


def _parameter(node: ast.Call, widget: str, kind: WidgetKind, assigned: bool) -> Parameter:
    given = _arguments(node, widget, kind)
    if "name" not in given:
        raise WidgetMistake(f"{widget}() has no name")
    name = _literal(given, "name", None, widget)
    if not isinstance(name, str) or not name:
        raise WidgetMistake(f"the name of {widget}() must be text that stands in the call", None, 'write widgets.text("name", …)')
    default_name = "default" if assigned else "defaultValue"
    choices = _literal(given, "choices", None, name)
    label, text = (str(_literal(given, key, "", name) or "") for key in ("label", "help"))
    source = ast.unparse(given[default_name]) if default_name in given else ""
    try:
        default, expression = literal(given[default_name]) if default_name in given else None, False
    except ValueError:
        default, expression = None, True
    value_type = _type(widget, kind, default, choices)
    if not expression:
        default = _default(widget, name, default, value_type, default_name in given)
    if choices is not None:
        choices = tuple(choices)
        if kind.binding and not expression:
            _check_choice(name, widget, default, choices, assigned)
    binding = choices if kind.binding else None
    return Parameter(
        name, value_type, default, source or repr(default), default_is_expression=expression, choices=binding,
        suggestions=() if kind.binding or choices is None else choices, minimum=_limit(given, "min", value_type, name),
        maximum=_limit(given, "max", value_type, name), label=label, help=text, widget=widget, assigned=assigned,
    )  # fmt: skip


def _arguments(node: ast.Call, widget: str, kind: WidgetKind) -> dict[str, ast.expr]:
    """The call's arguments by name."""
    if len(node.args) > len(kind.arguments):
        raise WidgetMistake(f"{widget}() takes at most {len(kind.arguments)} arguments")
    given = dict(zip(kind.arguments, node.args))
    for word in node.keywords:
        if word.arg is None or word.arg not in kind.arguments:
            raise WidgetMistake(f"{widget}() has no argument {word.arg!r}", None, f"it takes {', '.join(kind.arguments)}")
        given[word.arg] = word.value
    return given


def _literal(given: dict[str, ast.expr], key: str, default: Any, name: str) -> Any:
    if key not in given:
        return default
    try:
        return literal(given[key])
    except ValueError:
        if key == "choices":
            return None  # made by code: only the kernel can check them
        raise WidgetMistake(f"{key} of {name!r} must stand in the call itself", name) from None


def _type(widget: str, kind: WidgetKind, default: Any, choices: Any) -> ValueType:
    if kind.type:
        return ValueType.parse(kind.type)
    if widget == "number":
        return ValueType("float" if isinstance(default, float) else "int" if default is not None else "float")
    return type_of(default if default is not None else (choices or [""])[0])


def _default(widget: str, name: str, default: Any, kind: ValueType, given: bool) -> Any:
    """The default as the widget gives it."""
    if not given or default is None:
        empty: dict[str, Any] = {"text": "", "checkbox": False, "number": 0, "multiselect": []}
        return empty.get(widget)
    try:
        return convert(default, kind)
    except ValueError as error:
        raise WidgetMistake(f"the default of {name!r}: {error}", name) from None


def _check_choice(name: str, widget: str, default: Any, choices: tuple[Any, ...], assigned: bool) -> None:
    picks = default if isinstance(default, list) else default.split(",") if widget == "multiselect" and default else [default]
    wrong = [pick for pick in picks if pick not in choices]
    if wrong and not (widget == "multiselect" and not default) and not (assigned and default is None):
        raise WidgetMistake(
            f"the default {shown(wrong[0])} of {name!r} is none of its choices", name, f"choices are {', '.join(map(str, choices))}"
        )


def _limit(given: dict[str, ast.expr], key: str, kind: ValueType, name: str) -> int | float | date | Path | None:
    value = _literal(given, key, None, name)
    if value is None:
        return None
    try:
        limit: int | float | date | Path = convert(value, ValueType("float") if kind.name == "int" else kind)
    except ValueError as error:
        raise WidgetMistake(f"{key} of {name!r}: {error}", name) from None
    return limit
