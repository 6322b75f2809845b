"""What a cell derived from widgets, derived once more after their values changed.

Only the statements that have to do with the changed values run again, in the cell's order, so that the result is that of
the whole cell run with the new values. Where a person has changed a field only plain ones do, see ``plain``.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from nbflow.core.widgets import NBFLOW
from nbflow.surface.inside.parameters import registry
from nbflow.surface.inside.parameters.registry import Widget

_READING = ("get", "getArgument")
_NOTHING = object()


def give(values: Mapping[str, tuple[Any, str]], namespace: dict[str, Any], *, follow: bool = False) -> None:
    """Give widgets that are there new values, each with its origin, and with them their variables and what was derived from
    them; with ``follow`` widgets of other cells, too, and then only by plain derivations. Raises ``ValueError`` for a value that does not fit its widget, and whatever the author's own code raises."""
    changed: dict[str, set[str]] = {}
    for name, (value, origin) in values.items():
        widget = registry.declared.get(name)
        if widget is None:
            continue
        nothing = value is None and widget.default is None
        before, widget.value = widget.value, None if nothing else registry.fitted(widget, value)
        widget.origin = origin
        namespace.update(dict.fromkeys(_variables(widget, namespace), widget.value))
        if widget.value != before or type(widget.value) is not type(before):
            changed.setdefault(widget.cell, set()).add(name)
    touched: set[str] = set()
    for source, names in changed.items():
        touched |= names | derive(source, names, namespace, plain=follow)
    if follow:
        _follow(touched, set(changed), namespace)


def _follow(changed: set[str], done: set[str], namespace: dict[str, Any]) -> None:
    """Derive widgets of other cells than ``done`` from what has ``changed``, and no more: those cells do other things, too."""
    for source in dict.fromkeys(widget.cell for widget in registry.declared.values()):
        if source not in done:
            known = {name for name in changed if not _is_shared(namespace.get(name))}
            changed |= derive(source, known, namespace, only_widgets=True, plain=True)


def _variables(widget: Widget, namespace: Mapping[str, Any]) -> set[str]:
    """The variables that hold the widget's value itself: those that its cell assigns it to, whatever they are called. Where the cell does
    not show its declaration, as in a notebook that was run by ``%run``, it is the one of its name."""
    if widget.text:
        return set()
    try:
        nodes = list(ast.walk(ast.parse(widget.cell)))
    except SyntaxError:
        nodes = []
    if not any(widget.name in _declared(node) for node in nodes):
        return {widget.name} if not widget.cell or widget.name in namespace else set()
    found = [target for node in nodes if isinstance(node, ast.Assign) and widget.name in _declared(node.value) for target in node.targets]
    found += [node.target for node in nodes if isinstance(node, ast.AnnAssign) and widget.name in _declared(node.value)]
    return {target.id for target in found if isinstance(target, ast.Name)}


def _declared(node: ast.AST | None) -> set[str]:
    """The name of the widget that a call declares, if it is such a call and says it as it is."""
    if not isinstance(node, ast.Call) or getattr(node.func, "attr", getattr(node.func, "id", "")) not in NBFLOW:
        return set()
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if owner is not None and not isinstance(owner, ast.Name) and getattr(owner, "attr", "") != "widgets":
        return set()  # such as ``spark.read.text``
    said = [*node.args[:1], *(given.value for given in node.keywords if given.arg == "name")]
    return {str(item.value) for item in said if isinstance(item, ast.Constant)}


def _is_shared(thing: Any) -> bool:
    """Whether a name of it tells nothing of what has changed: a module, or ``dbutils``."""
    return isinstance(thing, ModuleType) or type(thing).__name__ == "DBUtils"


def derive(source: str, changed: set[str], namespace: dict[str, Any], *, only_widgets: bool = False, plain: bool = False) -> set[str]:
    """Run those statements of the cell ``source`` again that depend on the names ``changed``, with what the cell imports; the
    names that they make. With ``only_widgets`` none behind the last one that has to do with a widget of the cell; with ``plain`` only
    those that do no more than derive a value.

    Raises whatever the author's own code raises.
    """
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return set()
    again = [statement for statement, selected in zip(body, _selected(body, changed)) if selected]
    while only_widgets and again and not _names_a_widget(again[-1], source):
        again.pop()
    if not again:
        return set()
    read = set().union(*map(_read, again))
    imports = [statement for statement in body if _imported(statement) & read]
    later = {name: namespace.get(name, _NOTHING) for statement in imports for name in _imported(statement)}
    registry.renewing.append(source)
    try:
        exec(compile(ast.Module(body=imports, type_ignores=[]), "<parameters>", "exec"), namespace)  # noqa: S102  (the notebook's own code)
        if plain:
            from nbflow.surface.inside.parameters.plain import run_plain

            return run_plain([(statement, _made(statement), _read(statement)) for statement in again], namespace)
        exec(compile(ast.Module(body=again, type_ignores=[]), "<parameters>", "exec"), namespace)  # noqa: S102  (the notebook's own code)
    finally:
        registry.renewing.pop()
        namespace.update({name: value for name, value in later.items() if value is not _NOTHING})  # a later cell's meaning of it
    return set().union(*map(_made, again))


def _names_a_widget(statement: ast.stmt, source: str) -> bool:
    """Whether a call in it begins with the name of a widget that the cell ``source`` declares, as the declaration does."""
    names = {name for name, widget in registry.declared.items() if widget.cell == source}
    first = [node.args[0] for node in ast.walk(statement) if isinstance(node, ast.Call) and node.args]
    return any(isinstance(item, ast.Constant) and item.value in names for item in first)


def _imported(statement: ast.stmt) -> set[str]:
    """The names that a statement imports."""
    aliases = statement.names if isinstance(statement, (ast.Import, ast.ImportFrom)) else []
    return {alias.asname or alias.name.partition(".")[0] for alias in aliases}


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
        elif not isinstance(statement, ast.Expr):
            names |= _declared(node)
    return names
