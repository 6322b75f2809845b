"""Defaults and annotations read from a syntax tree: values and types, without running anything."""

from __future__ import annotations

import ast
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from nbflow.core.values import ANY, ValueType

_CALLS: dict[str, Any] = {
    "date": date, "datetime.date": date, "datetime": datetime, "datetime.datetime": datetime, "time": time,
    "datetime.time": time, "timedelta": timedelta, "datetime.timedelta": timedelta, "Decimal": Decimal,
    "decimal.Decimal": Decimal, "Path": Path, "pathlib.Path": Path, "float": float, "int": int, "str": str, "dict": dict,
    "list": list, "tuple": tuple, "set": set, "frozenset": frozenset,
    "date.fromisoformat": date.fromisoformat, "datetime.date.fromisoformat": date.fromisoformat,
    "datetime.fromisoformat": datetime.fromisoformat,
}  # fmt: skip
"""Calls that have no effect and always give the same: these are evaluated."""

_NAMES = {
    "str": "str", "int": "int", "float": "float", "bool": "bool", "date": "date", "datetime": "datetime", "time": "time",
    "timedelta": "timedelta", "Decimal": "decimal", "Path": "path", "PurePath": "path", "list": "list", "List": "list",
    "Sequence": "list", "tuple": "tuple", "Tuple": "tuple", "set": "set", "Set": "set", "frozenset": "set", "dict": "dict",
    "Dict": "dict", "Mapping": "dict", "Any": "any", "object": "any",
}  # fmt: skip


def literal(node: ast.AST) -> Any:
    """The value of an expression that is a literal or one of a few calls without effect. Raises ``ValueError`` else."""
    if isinstance(node, ast.Call):
        function = _CALLS.get(dotted(node.func))
        if function is None or any(keyword.arg is None for keyword in node.keywords):
            msg = "not a literal"
            raise ValueError(msg)
        arguments = [literal(argument) for argument in node.args]
        try:
            return function(*arguments, **{str(word.arg): literal(word.value) for word in node.keywords})
        except (TypeError, ArithmeticError) as error:
            raise ValueError(str(error)) from None
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        made = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
        try:
            return made(literal(item) for item in node.elts)
        except TypeError as error:
            raise ValueError(str(error)) from None
    if isinstance(node, ast.Dict):
        if any(key is None for key in node.keys):
            msg = "not a literal"
            raise ValueError(msg)
        return {literal(key): literal(value) for key, value in zip(node.keys, node.values) if key is not None}
    try:
        return ast.literal_eval(node)
    except (TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(str(error)) from None


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


def type_of(value: Any) -> ValueType:
    """The type of a parameter whose default is ``value`` and which says no more about itself."""
    if value is None:
        return ValueType("any", optional=True)
    for kind, name in (
        (bool, "bool"), (int, "int"), (float, "float"), (str, "str"), (datetime, "datetime"), (date, "date"), (time, "time"),
        (timedelta, "timedelta"), (Decimal, "decimal"), (Path, "path"), (list, "list"), (tuple, "tuple"),
        ((set, frozenset), "set"), (dict, "dict"),
    ):  # fmt: skip
        if isinstance(value, kind):
            return ValueType(name)
    return ANY
