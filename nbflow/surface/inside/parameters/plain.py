"""Statements that do no more than derive a value, run again; all others stay as they were when their cell ran.

Plain is an assignment to a variable, a widget's declaration, and an ``if`` with nothing else in it. They may call widgets, Python's own
functions and types that have no effect, and methods of text, numbers, dates, paths and collections that change nothing; what an assignment
has just made may be filled. Which object a call is made on is known only when it is made: so each is looked at before.
"""

from __future__ import annotations

import ast
import builtins
import math
import os.path
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType
from typing import Any

from nbflow.core.widgets import NBFLOW

_CALL, _FILL = "__nbflow_call__", "__nbflow_fill__"
_NOTHING = object()
_UNCHANGING = (str, bytes, int, float, complex, bool, date, datetime, time, timedelta, timezone, Decimal, Fraction, range, tuple, frozenset)
_FILLED = (list, dict, set)
_TYPES = frozenset({*_UNCHANGING, *_FILLED, enumerate, zip, map, filter, reversed, slice, type(None)})
_FUNCTIONS = frozenset(
    getattr(builtins, name)
    for name in (
        "abs", "all", "any", "ascii", "bin", "chr", "divmod", "format", "hash", "hex", "isinstance", "issubclass", "len", "max", "min",
        "oct", "ord", "pow", "repr", "round", "sorted", "sum",
    )
)  # fmt: skip
_MODULES = frozenset({math.__name__, os.path.__name__, "genericpath"})
_LOOKS = frozenset({"absolute", "exists", "expanduser", "is_dir", "is_file", "resolve"})
_READS = frozenset({
    "copy", "count", "difference", "get", "index", "intersection", "isdisjoint", "issubset", "issuperset", "items", "keys",
    "symmetric_difference", "union", "values",
})  # fmt: skip
_WIDGETS, _DBUTILS = "nbflow.surface.inside.parameters.widgets", "nbflow.surface.inside.databricks.dbutils"
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


class _NotPlainError(Exception):
    """A call that may do more than derive a value was about to be made."""


def run_plain(statements: Sequence[tuple[ast.stmt, set[str], set[str]]], namespace: dict[str, Any]) -> set[str]:
    """Run those of ``statements``, each with the names that it makes and reads, that are plain; the names that were made.

    What another one makes, and what is made of that, stays as it was. Raises whatever a plain one raises.
    """
    before = {name: namespace.get(name, _NOTHING) for _, made, _ in statements for name in made}
    done: set[str] = set()
    left: set[str] = set()
    fresh: set[str] = set()
    namespace.update({_CALL: _called, _FILL: _filled})
    try:
        for statement, made, read in statements:
            try:
                if (made | read) & left or not _is_plain(statement, fresh) or _fills_other(statement, fresh):
                    raise _NotPlainError
                exec(_guarded(statement), namespace)  # noqa: S102  (the notebook's own code)
            except _NotPlainError:
                lost = made & fresh if isinstance(statement, ast.Expr) else made  # a call's object is its own: others may go on using it
                left, done, fresh = left | lost, done - lost, fresh - lost
                for name in lost:
                    _give_back(name, before[name], namespace)
            else:
                done |= made
                fresh = fresh | {name for name in made if _is_fresh(statement, namespace.get(name))}
    finally:
        namespace.pop(_CALL)
        namespace.pop(_FILL)
    return done


def _give_back(name: str, value: Any, namespace: dict[str, Any]) -> None:
    if value is _NOTHING:
        namespace.pop(name, None)
    else:
        namespace[name] = value


def _is_plain(statement: ast.stmt, fresh: set[str]) -> bool:
    """Whether it may be, by its form; ``fresh`` are the names of what nobody else knows."""
    if any(isinstance(node, (ast.Lambda, ast.Await, ast.Yield, ast.YieldFrom)) for node in ast.walk(statement)):
        return False
    if isinstance(statement, ast.If):
        return all(_is_plain(inner, fresh) for inner in (*statement.body, *statement.orelse))
    if isinstance(statement, ast.AugAssign):
        return _root(statement.target) in fresh
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        parts = [part for target in targets for part in (target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target])]
        return all(isinstance(part, ast.Name) or _root(part) in fresh for part in parts)
    return isinstance(statement, ast.Pass) or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call))


def _fills_other(statement: ast.stmt, fresh: set[str]) -> bool:
    """Whether it is a call on what others know: only widgets are declared so, which ``_filled`` sees."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    declares = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in {*NBFLOW, "removeAll", "remove"}
    return call is not None and not declares and (not isinstance(call, ast.Call) or _root(call.func) not in fresh)


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_fresh(statement: ast.stmt, value: Any) -> bool:
    """Whether nobody else can see what is done to the ``value`` that the statement has made."""
    made = getattr(statement, "value", None)
    return isinstance(value, _UNCHANGING) or (not isinstance(statement, (ast.Expr, ast.If)) and isinstance(made, _DISPLAYS))


def _guarded(statement: ast.stmt) -> Any:
    """The statement as code in which each call is looked at before it is made."""
    guarded = _Guard().visit(ast.parse(ast.unparse(statement)))
    call = guarded.body[0].value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
        call.func.id = _FILL
    return compile(ast.fix_missing_locations(guarded), "<parameters>", "exec")


class _Guard(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.Call:  # noqa: N802  (its name is that of the node)
        self.generic_visit(node)
        return ast.Call(func=ast.Name(id=_CALL, ctx=ast.Load()), args=[node.func, *node.args], keywords=node.keywords)


def _called(what: Any, /, *values: Any, **named: Any) -> Any:
    if not all(map(_is_harmless, (what, *filter(callable, (*values, *named.values()))))):
        raise _NotPlainError
    return what(*values, **named)


def _filled(what: Any, /, *values: Any, **named: Any) -> Any:
    """A call for its effect: on a collection, which by the form of the statement is a fresh one, or a widget's declaration."""
    if type(getattr(what, "__self__", None)) in _FILLED or _is_widgets(what):
        return what(*values, **named)
    raise _NotPlainError


def _is_harmless(what: Any) -> bool:
    """Whether calling it has no effect."""
    if isinstance(what, type):
        return what in _TYPES or issubclass(what, PurePath)
    owner, name = getattr(what, "__self__", None), getattr(what, "__name__", "")
    if isinstance(owner, type):
        return owner in _TYPES or issubclass(owner, PurePath)
    if isinstance(owner, PurePath):
        return hasattr(PurePath, name) or name in _LOOKS
    if type(owner) in _FILLED:
        return name in _READS
    if isinstance(what, (BuiltinFunctionType, FunctionType)):
        return type(owner) in _UNCHANGING or what in _FUNCTIONS or what.__module__ in _MODULES or _is_widgets(what)
    return _is_widgets(what) or (type(owner).__module__ == _DBUTILS and name in ("get", "getAll", "getArgument"))


def _is_widgets(what: Any) -> bool:
    """Whether it is a function of nbflow's widgets, or of Databricks'."""
    owner = type(getattr(what, "__self__", None))
    return getattr(what, "__module__", "") == _WIDGETS or (owner.__module__, owner.__name__) == (_DBUTILS, "_Widgets")
