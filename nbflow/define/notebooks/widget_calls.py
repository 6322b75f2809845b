"""Widget calls read from a syntax tree: ``widgets.dropdown("layer", …)``, ``dbutils.widgets.text(…)``."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nbflow.core.values import ANY, ValueType, convert, shown
from nbflow.core.widgets import DBUTILS, NBFLOW, WidgetKind, widget_type
from nbflow.define.nearest import did_you_mean
from nbflow.define.notebooks.inference import inferred_type
from nbflow.define.notebooks.literals import dotted, literal
from nbflow.define.notebooks.parameters import Parameter

_READING = ("get", "getArgument", "getAll", "get_all")
_REMOVING = ("remove", "removeAll")


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

    def is_declaration(self, node: ast.expr) -> bool:
        """Whether the expression is a call of nbflow's or Databricks' widgets that is not a reading one."""
        if not isinstance(node, ast.Call):
            return False
        head, _, last = dotted(node.func).rpartition(".")
        return head in self.modules | self.dbutils and last not in (*_READING, *_REMOVING)

    def parameter(
        self,
        node: ast.expr,
        dbutils_only: bool = False,
        names: Mapping[str, str] | None = None,
        types: Mapping[str, ValueType] | None = None,
    ) -> Parameter | None:
        """The parameter that a call declares, ``None`` for another expression. Raises ``WidgetMistake``.

        ``names`` is what the notebook's imports mean, ``types`` the types of the parameters before it.
        """
        if not isinstance(node, ast.Call) or not self.is_declaration(node):
            return None
        head, _, last = dotted(node.func).rpartition(".")
        kinds = DBUTILS if head in self.dbutils else NBFLOW
        if kinds is NBFLOW and dbutils_only:
            return None
        if last not in kinds:
            hint = did_you_mean(last, kinds) or f"there are {', '.join(kinds)}"
            raise WidgetMistake(f"there is no widget {head}.{last}", None, hint)
        return _Call(node, last, kinds[last], names or {}, types or {}).parameter(assigned=kinds is NBFLOW)


@dataclass(frozen=True, slots=True)
class _Call:
    """One widget call. ``names`` and ``types`` as in ``WidgetCalls.parameter``."""

    node: ast.Call
    widget: str
    kind: WidgetKind
    names: Mapping[str, str]
    types: Mapping[str, ValueType]

    def parameter(self, assigned: bool) -> Parameter:
        """The parameter that this call declares."""
        widget, kind = self.widget, self.kind
        given = _arguments(self.node, widget, kind)
        if "name" not in given:
            raise WidgetMistake(f"{widget}() has no name")
        name = self._name(given["name"])
        default_name = "default" if assigned else "defaultValue"
        choices = self._choices(given, name)
        label, text = (str(self._literal(given, key, name) or "") for key in ("label", "help"))
        source = ast.unparse(given[default_name]) if default_name in given else ""
        default, expression = self._written(given.get(default_name))
        guess = inferred_type(given[default_name], self.types, self.names) if expression else None
        value_type = _type(widget, kind, default, choices, guess)
        if not expression:
            default = _default(widget, name, default, value_type, default_name in given)
            if choices is not None and kind.binding:
                _check_choice(name, widget, default, choices, assigned)
        low, high = (self._limit(given, key, value_type, name) for key in ("min", "max"))
        if not expression and default is not None:
            _check_limits(name, default, low, high)
        return Parameter(
            name, value_type, default, source or repr(default), default_is_expression=expression,
            choices=choices if kind.binding else None, suggestions=() if kind.binding or choices is None else choices,
            minimum=low, maximum=high, label=label, help=text, widget=widget, assigned=assigned,
        )  # fmt: skip

    def _name(self, node: ast.expr) -> str:
        try:
            name = literal(node, self.names)
        except ValueError:
            name = None
        if not isinstance(name, str) or not name:
            hint = f'write {self.widget}("name", …)'
            raise WidgetMistake(f"the name of {self.widget}() must stand in the call itself, as text", None, hint)
        return name

    def _written(self, node: ast.expr | None) -> tuple[Any, bool]:
        """The default where it can be read, and whether it is an expression."""
        if node is None:
            return None, False
        try:
            return literal(node, self.names), False
        except ValueError:
            return None, True

    def _choices(self, given: dict[str, ast.expr], name: str) -> tuple[Any, ...] | None:
        if "choices" not in given:
            if "choices" in self.kind.arguments:
                raise WidgetMistake(f"{self.widget}() of {name!r} has no choices", name)
            return None
        try:
            choices = literal(given["choices"], self.names)
        except ValueError:
            return None  # made by code: only the kernel can check them
        if isinstance(choices, (str, bytes)) or not isinstance(choices, Iterable):
            raise WidgetMistake(f"the choices of {name!r} must be a list, not {shown(choices)}", name)
        return tuple(choices)

    def _literal(self, given: dict[str, ast.expr], key: str, name: str) -> Any:
        if key not in given:
            return None
        try:
            return literal(given[key], self.names)
        except ValueError:
            raise WidgetMistake(f"{key} of {name!r} must stand in the call itself", name) from None

    def _limit(self, given: dict[str, ast.expr], key: str, kind: ValueType, name: str) -> Any:
        value = self._literal(given, key, name)
        if value is None:
            return None
        try:
            return convert(value, kind)
        except ValueError as error:
            if kind.name == "int" and isinstance(value, float):
                return value  # half a number may bound whole ones
            raise WidgetMistake(f"{key} of {name!r}: {error}", name) from None


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


def _type(widget: str, kind: WidgetKind, default: Any, choices: Any, guess: ValueType | None) -> ValueType:
    """The type of the widget's value; ``guess`` is that of a default which is an expression."""
    if guess is not None and widget == "number":
        return guess if guess.name in ("int", "float") else ValueType("float")
    if guess is not None and not kind.type and guess != ANY:
        return guess
    return widget_type(widget, kind, default, choices)


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


def _check_limits(name: str, default: Any, low: Any, high: Any) -> None:
    if low is not None and default < low:
        raise WidgetMistake(f"the default {default} of {name!r} is less than {low}", name)
    if high is not None and default > high:
        raise WidgetMistake(f"the default {default} of {name!r} is more than {high}", name)
