"""Values that arrive after their widgets were declared, and what follows from them.

In a run by nbflow a widget knows its value when it is declared. Run by plain papermill, or by hand from an executed
notebook, the value comes later, with the injected cell; then whatever the declaring cell derived from the widget is
derived once more, so that all three ways give the same.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from typing import Any

from nbflow.core.values import ValueType, decode
from nbflow.surface.inside import registry
from nbflow.surface.inside.cells import shell
from nbflow.surface.inside.context import current

_INJECTED = "# Parameters"
"""How papermill's injected cell begins."""

_listening = False


def restore(values: str, namespace: dict[str, Any]) -> None:
    """Give widgets the values of the injected cell; ``values`` is JSON ``{name: [type, encoded value]}``.

    ``namespace`` is the notebook's, in which variables are set anew.
    """
    found = {name: decode(value, ValueType.parse(kind)) for name, (kind, value) in json.loads(values).items()}
    variables = {name for name in found if name not in registry.declared or not registry.declared[name].text}
    _take(found, variables, namespace)


def listen() -> None:
    """From now on notice when papermill's injected cell has assigned names of widgets. No effect in a run, or by hand
    without IPython."""
    global _listening
    running = shell()
    if _listening or running is None or current() is not None:
        return
    running.events.register("post_run_cell", _after_cell)
    _listening = True


def _after_cell(result: Any) -> None:
    source = getattr(getattr(result, "info", None), "raw_cell", None) or ""
    if not source.lstrip().startswith(_INJECTED):
        return
    try:
        assigned = _assigned(ast.parse(source))
    except SyntaxError:
        return
    namespace = shell().user_ns
    values = {name: namespace[name] for name in assigned if name in registry.declared and name in namespace}
    _take(values, set(assigned), namespace)


def _assigned(tree: ast.Module) -> list[str]:
    return [
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    ]


def _take(values: Mapping[str, Any], injected: set[str], namespace: dict[str, Any]) -> None:
    """Set the widgets' values, their variables, and what depends on those that changed."""
    changed = set()
    for name, value in values.items():
        registry.restored[name] = value
        widget = registry.declared.get(name)
        if widget is None:
            continue
        fitted = registry.fitted(widget, value)
        if not widget.text:
            namespace[name] = fitted
        if fitted != widget.value:
            widget.value = fitted
            changed.add(name)
    sources = dict.fromkeys(registry.declared[name].cell for name in changed)
    for source in sources:
        _derive(source, changed, injected, namespace)


def _derive(source: str, changed: Iterable[str], injected: set[str], namespace: dict[str, Any]) -> None:
    """Evaluate again the assignments of the declaring cell that depend on ``changed`` widgets and were not injected."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    touched = set(changed)
    for statement in tree.body:
        targets = _targets(statement)
        value = getattr(statement, "value", None)
        if not targets or value is None or injected & targets:
            continue
        if touched & _read_names(value):
            exec(compile(ast.Module(body=[statement], type_ignores=[]), "<parameters>", "exec"), namespace)
            touched |= targets


def _targets(statement: ast.stmt) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return {name.id for target in targets if target is not None for name in ast.walk(target) if isinstance(name, ast.Name)}


def _read_names(value: ast.AST) -> set[str]:
    """The variables that an expression reads, and the widgets that it reads by name."""
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "getArgument"):
            names |= {str(item.value) for item in node.args[:1] if isinstance(item, ast.Constant)}
    return names
