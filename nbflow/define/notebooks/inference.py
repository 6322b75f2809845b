"""The type of a default that is an expression, as far as it can be told without running it."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from nbflow.core.natural import type_of
from nbflow.core.values import ANY, TEXT, ValueType
from nbflow.define.notebooks.literals import canonical, literal

_INT, _FLOAT, _BOOL = ValueType("int"), ValueType("float"), ValueType("bool")
_NUMBERS = ("bool", "int", "float")
_RETURNS = {
    "str": "str", "repr": "str", "int": "int", "len": "int", "round": "int", "float": "float", "bool": "bool", "list": "list",
    "sorted": "list", "dict": "dict", "set": "set", "tuple": "tuple", "datetime.date": "date", "datetime.date.today": "date",
    "datetime.date.fromisoformat": "date", "datetime.datetime": "datetime", "datetime.datetime.now": "datetime",
    "datetime.datetime.utcnow": "datetime", "datetime.datetime.fromisoformat": "datetime", "datetime.timedelta": "timedelta",
    "decimal.Decimal": "decimal", "pathlib.Path": "path", "pathlib.Path.cwd": "path", "pathlib.Path.home": "path",
    "os.getcwd": "str", "os.path.join": "str",
}  # fmt: skip
_TEXT_METHODS = ("lower", "upper", "strip", "lstrip", "rstrip", "title", "replace", "format", "join", "removeprefix", "removesuffix")
_DISPLAYS = {ast.List: "list", ast.ListComp: "list", ast.Dict: "dict", ast.DictComp: "dict", ast.Set: "set", ast.SetComp: "set"}
_WITH_DURATIONS = {("date", "timedelta"): "date", ("datetime", "timedelta"): "datetime", ("timedelta", "timedelta"): "timedelta"}


def inferred_type(node: ast.expr, types: Mapping[str, ValueType], names: Mapping[str, str]) -> ValueType:
    """The type of the expression's value; ``any`` where that is not sure.

    ``types`` are those of the parameters before it, ``names`` what imported names mean.
    """
    try:
        return type_of(literal(node, names))
    except ValueError:
        pass
    if isinstance(node, ast.Name):
        return types.get(node.id, ANY)
    if isinstance(node, ast.JoinedStr):
        return TEXT
    if isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
        return _BOOL
    if type(node) in _DISPLAYS:
        return ValueType(_DISPLAYS[type(node)])
    if isinstance(node, ast.UnaryOp):
        return inferred_type(node.operand, types, names)
    if isinstance(node, (ast.IfExp, ast.BoolOp)):
        parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
        kinds = {inferred_type(part, types, names) for part in parts}
        return kinds.pop() if len(kinds) == 1 else ANY
    if isinstance(node, ast.Call):
        return _called(node, types, names)
    if isinstance(node, ast.BinOp):
        return _operated(node.op, inferred_type(node.left, types, names), inferred_type(node.right, types, names))
    return ANY


def _called(node: ast.Call, types: Mapping[str, ValueType], names: Mapping[str, str]) -> ValueType:
    function = canonical(node.func, names)
    if function in _RETURNS and not (function == "round" and len(node.args) + len(node.keywords) > 1):
        return ValueType(_RETURNS[function])
    if isinstance(node.func, ast.Attribute) and node.func.attr in _TEXT_METHODS:
        return TEXT if inferred_type(node.func.value, types, names) == TEXT else ANY
    return ANY


def _operated(operator: ast.operator, left: ValueType, right: ValueType) -> ValueType:
    """The type that an arithmetic operation gives."""
    pair = left.name, right.name
    if left.optional or right.optional:
        return ANY
    if left.name in _NUMBERS and right.name in _NUMBERS:
        if isinstance(operator, ast.Div) or "float" in pair:
            return _FLOAT
        return ANY if isinstance(operator, ast.Pow) or pair == ("bool", "bool") else _INT
    if isinstance(operator, ast.Div) and left.name == "path":
        return left
    if isinstance(operator, (ast.Add, ast.Sub)) and pair in _WITH_DURATIONS:
        return ValueType(_WITH_DURATIONS[pair])
    if isinstance(operator, ast.Sub) and pair in (("date", "date"), ("datetime", "datetime")):
        return ValueType("timedelta")
    if isinstance(operator, ast.Add) and left == right and left.name in ("str", "list", "tuple"):
        return left
    if left == TEXT and (isinstance(operator, ast.Mod) or (isinstance(operator, ast.Mult) and right == _INT)):
        return TEXT
    return ANY
