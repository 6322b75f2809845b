"""What a cell derived from widgets, derived once more after their values changed.

Only the statements that have to do with the changed values run again, in the cell's order, so that the result is that of
the whole cell run with the new values.
"""

from __future__ import annotations

import ast
from typing import Any

from nbflow.surface.inside import registry

_READING = ("get", "getArgument")


def derive(source: str, changed: set[str], namespace: dict[str, Any]) -> None:
    """Run those statements of the cell ``source`` again that depend on the widgets ``changed``.

    Raises whatever the author's own code raises.
    """
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return
    again = [statement for statement, selected in zip(body, _selected(body, changed)) if selected]
    if not again:
        return
    registry.renewing.append(True)
    try:
        exec(compile(ast.Module(body=again, type_ignores=[]), "<parameters>", "exec"), namespace)  # noqa: S102  (the notebook's own code)
    finally:
        registry.renewing.pop()


def _selected(body: list[ast.stmt], changed: set[str]) -> list[bool]:
    """Which statements run again: those that read what changed, with all that make or change the same names."""
    made, read = [_made(statement) for statement in body], [_read(statement) for statement in body]
    touched = set(changed)
    selected = [False] * len(body)
    grew = True
    while grew:
        grew = False
        for at in range(len(body)):
            if not selected[at] and made[at] and (read[at] | made[at]) & touched:
                selected[at] = grew = True
                touched |= made[at]
    return selected


def _made(statement: ast.stmt) -> set[str]:
    """The names that a statement makes, or whose objects it changes: by ``x[…] =``, ``x.y =`` or a call ``x.y(…)``."""
    names = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            names.add(node.id)
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
            names.add(_root(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            names.add(_root(node.value.func))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
    return names - {""}


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _read(statement: ast.stmt) -> set[str]:
    """The names that a statement reads, and the widgets that it reads by name."""
    names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _READING:
            names |= {str(item.value) for item in node.args[:1] if isinstance(item, ast.Constant)}
    return names
