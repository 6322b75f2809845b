"""Defaults and annotations read from a syntax tree: values and types, without running anything."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from nbflow.core.natural import type_of
from nbflow.core.values import ANY, ValueType

_CALLS: dict[str, Any] = {
    "datetime.date": date, "datetime.datetime": datetime, "datetime.time": time, "datetime.timedelta": timedelta,
    "datetime.date.fromisoformat": date.fromisoformat, "datetime.datetime.fromisoformat": datetime.fromisoformat,
    "datetime.time.fromisoformat": time.fromisoformat, "decimal.Decimal": Decimal, "pathlib.Path": Path, "float": float,
    "int": int, "str": str, "bool": bool, "dict": dict, "list": list, "tuple": tuple, "set": set, "frozenset": frozenset,
}  # fmt: skip
"""Calls that have no effect and always give the same: these are evaluated."""

_CONSTANTS = {"datetime.timezone.utc": timezone.utc, "math.inf": math.inf, "math.nan": math.nan, "math.pi": math.pi}

_USUAL = {
    "date": "datetime.date", "time": "datetime.time", "timedelta": "datetime.timedelta", "timezone": "datetime.timezone",
    "Decimal": "decimal.Decimal", "Path": "pathlib.Path",
}  # fmt: skip
"""What a name means where no import of the notebook says otherwise."""

_NAMES = {
    "str": "str", "int": "int", "float": "float", "bool": "bool", "date": "date", "datetime": "datetime", "time": "time",
    "timedelta": "timedelta", "Decimal": "decimal", "Path": "path", "PurePath": "path", "list": "list", "List": "list",
    "Sequence": "list", "tuple": "tuple", "Tuple": "tuple", "set": "set", "Set": "set", "frozenset": "set", "dict": "dict",
    "Dict": "dict", "Mapping": "dict", "Any": "any", "object": "any",
}  # fmt: skip


def literal(node: ast.AST, names: Mapping[str, str] | None = None) -> Any:
    """The value of an expression that is a literal or one of a few calls without effect. Raises ``ValueError`` else.

    ``names`` is what the notebook's names mean (``imported_names``).
    """
    known = names or {}
    if isinstance(node, ast.Call):
        return _called(node, known)
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        made = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
        return _tried(lambda: made(literal(item, known) for item in node.elts))
    if isinstance(node, ast.Dict):
        pairs = [(key, value) for key, value in zip(node.keys, node.values) if key is not None]
        if len(pairs) < len(node.keys):
            msg = "not a literal"
            raise ValueError(msg)
        return _tried(lambda: {literal(key, known): literal(value, known) for key, value in pairs})
    if isinstance(node, ast.Attribute) and canonical(node, known) in _CONSTANTS:
        return _CONSTANTS[canonical(node, known)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
        value = literal(node.operand, known)
        return _tried(lambda: -value if isinstance(node.op, ast.USub) else +value)
    return _tried(lambda: ast.literal_eval(node))


def _called(node: ast.Call, names: Mapping[str, str]) -> Any:
    function = _CALLS.get(canonical(node.func, names))
    if function is None or any(word.arg is None for word in node.keywords):
        msg = "not a literal"
        raise ValueError(msg)
    arguments = [literal(argument, names) for argument in node.args]
    words = {str(word.arg): literal(word.value, names) for word in node.keywords}
    return _tried(lambda: function(*arguments, **words))


def _tried(make: Callable[[], Any]) -> Any:
    """What ``make`` gives; what Python says against it becomes a ``ValueError``."""
    try:
        return make()
    except (TypeError, SyntaxError, ArithmeticError, LookupError, MemoryError, RecursionError) as error:
        raise ValueError(str(error)) from None


def canonical(node: ast.AST, names: Mapping[str, str]) -> str:
    """The full dotted name of what ``node`` means, by the notebook's own names, else by custom; else nothing."""
    head, dot, rest = dotted(node).partition(".")
    if head == "datetime" and names.get(head, "datetime") == "datetime":
        members = ("date", "datetime", "time", "timedelta", "timezone")
        return f"datetime.{rest}" if rest.partition(".")[0] in members else f"datetime.datetime{dot}{rest}"
    meant = names.get(head, _USUAL.get(head, head))
    return f"{meant}{dot}{rest}" if meant else ""


def imported_names(trees: Iterable[ast.Module]) -> dict[str, str]:
    """What names mean at the top of these cells: full dotted names for imported ones, nothing for ones made otherwise."""
    names = {}
    for tree in trees:
        for node in tree.body:
            if isinstance(node, ast.Import):
                names.update({alias.asname: alias.name for alias in node.names if alias.asname})
                names.update({alias.name.partition(".")[0]: alias.name.partition(".")[0] for alias in node.names if not alias.asname})
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                names[node.name] = ""
    return names


def dotted(node: ast.AST) -> str:
    """``a.b.c`` for names and attributes, else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def annotated_type(node: ast.expr) -> tuple[ValueType, tuple[Any, ...] | None]:
    """The type that an annotation means, and the choices of a ``Literal``; ``any`` for what is not on the list."""
    if isinstance(node, ast.Constant):
        if node.value is None:
            return ValueType("any", optional=True), None
        if isinstance(node.value, str):  # an annotation in quotes
            try:
                return annotated_type(ast.parse(node.value, mode="eval").body)
            except SyntaxError:
                return ANY, None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([node.left, node.right])
    if isinstance(node, ast.Subscript):
        return _subscripted(node)
    name = _NAMES.get(dotted(node).rpartition(".")[2], "any")
    return ValueType(name), None


def _subscripted(node: ast.Subscript) -> tuple[ValueType, tuple[Any, ...] | None]:
    head = dotted(node.value).rpartition(".")[2]
    inside = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if not inside:
        return ANY, None
    if head == "Literal":
        try:
            choices = tuple(literal(item) for item in inside)
        except ValueError:
            return ANY, None
        kinds = {type_of(choice) for choice in choices}
        return (kinds.pop() if len(kinds) == 1 else ANY), choices
    if head == "Optional":
        return _union([inside[0], ast.Constant(value=None)])
    if head == "Union":
        return _union(inside)
    if head in ("Annotated", "Final", "ClassVar"):
        return annotated_type(inside[0])
    name = _NAMES.get(head, "any")
    if name not in ("list", "tuple", "set", "dict"):
        return ValueType(name), None
    items = [annotated_type(item)[0] for item in inside if not (isinstance(item, ast.Constant) and item.value is ...)]
    return ValueType(name, tuple(items)), None


def _union(parts: list[ast.expr]) -> tuple[ValueType, tuple[Any, ...] | None]:
    """``X | None`` is X, optional; a union of several types takes anything."""
    flat: list[ast.expr] = []
    for part in parts:
        is_union = isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr)
        flat += [part.left, part.right] if is_union and isinstance(part, ast.BinOp) else [part]
    some = [part for part in flat if not (isinstance(part, ast.Constant) and part.value is None)]
    optional = len(some) < len(flat)
    if len(some) != 1:
        return ValueType("any", optional=optional), None
    kind, choices = annotated_type(some[0])
    if choices is not None and optional:
        choices = (*choices, None)
    return ValueType(kind.name, kind.items, kind.optional or optional), choices


def is_plain(value: Any) -> bool:
    """Whether ``value`` is of the types that parameters have, through and through: such a one can be shown and sent."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(is_plain(key) and is_plain(item) for key, item in value.items())
    return value is None or type_of(value) != ANY
