"""Values that arrive after their widgets were declared: with the injected cell.

In a run by nbflow a widget knows its value when it is declared. Run by plain papermill, or by hand from an executed
notebook, the value comes later; then whatever the declaring cell derived from the widget is derived once more, so that
all three ways give the same.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Mapping
from typing import Any

from nbflow.core.values import ValueType, decode
from nbflow.surface.inside.cells import is_watched, shell, sources_before
from nbflow.surface.inside.context import current
from nbflow.surface.inside.parameters import registry
from nbflow.surface.inside.parameters.derive import give

_INJECTED = "# Parameters"
"""How papermill's injected cell begins."""

_NONE = object()
_FORM = "nbflow.surface.inside.parameters.form"


class _Listener:
    """Notices papermill's injected cell, before it runs and after."""

    def __init__(self) -> None:
        self.listening = False
        self._variables: dict[str, Any] = {}
        self._problem: Exception | None = None

    def begin(self) -> None:
        """Listen from now on, and take up what an injected cell has assigned before. No effect in a run, nor without
        IPython."""
        running = shell()
        if self.listening or running is None or current() is not None:
            return
        self.listening = True
        for source in sources_before():
            registry.restored.update({**injected_values(source), **registry.restored})
        running.events.register("pre_run_cell", self.before_cell)
        running.events.register("post_run_cell", self.after_cell)
        running.events.register("post_run_cell", _show_form)

    def before_cell(self, info: Any) -> None:
        """Give the widgets the values that the cell is about to assign, while all other names are as they were."""
        self._variables, self._problem = {}, None
        values = injected_values(getattr(info, "raw_cell", None) or "")
        if not values:
            return
        namespace = shell().user_ns
        try:
            take(values, namespace)
        except Exception as error:  # it belongs to the cell that comes; IPython would only print it
            self._problem = error
            return
        self._variables = {name: namespace.get(name, _NONE) for name in values if name in registry.declared}

    def after_cell(self, result: Any) -> None:
        """Give the variables of widgets back what they held before papermill's text of it, and let the cell fail if it must.

        A widget of Databricks' makes no variable: one that papermill made of it goes.
        """
        namespace = shell().user_ns
        for name, value in self._variables.items():
            if value is _NONE:
                namespace.pop(name, None)
            else:
                namespace[name] = value
        problem, self._variables, self._problem = self._problem, {}, None
        if problem is not None and result is not None and result.success:
            result.error_in_exec = problem
            shell().showtraceback((type(problem), problem, problem.__traceback__))


def _show_form(_: Any) -> None:
    """Draw the form of the widgets that the cell has declared, where a person may see it; after other cells, have the forms that
    are there show what holds now."""
    names = list(registry.touched)
    registry.touched.clear()
    if not is_watched() or not (names or _FORM in sys.modules):
        return
    from nbflow.surface.inside.parameters.form import refresh, show

    if names:
        show(names)
    else:
        refresh()


_listener = _Listener()
listen = _listener.begin


def restore(values: str, namespace: dict[str, Any]) -> None:
    """Give widgets the values of the injected cell; ``values`` is JSON ``{name: [type, encoded value]}``.

    ``namespace`` is the notebook's, in which variables are set anew.
    """
    take({name: decode(value, ValueType.parse(kind)) for name, (kind, value) in json.loads(values).items()}, namespace)


def injected_values(source: str) -> dict[str, Any]:
    """What the cell assigns, if it is an injected one: a heading and plain values, nothing else. Else nothing."""
    if not source.lstrip().startswith(_INJECTED):
        return {}
    values = {}
    try:
        for statement in ast.parse(source).body:
            if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
                return {}
            values[statement.targets[0].id] = _value(statement.value)
    except (SyntaxError, ValueError, TypeError):
        return {}
    return values


def _value(node: ast.expr) -> Any:
    """The value of a literal, ``float('nan')`` and its like within."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float" and len(node.args) == 1:
        return float(ast.literal_eval(node.args[0]))
    if isinstance(node, ast.List):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {ast.literal_eval(key): _value(value) for key, value in zip(node.keys, node.values) if key is not None}
    return ast.literal_eval(node)


def take(values: Mapping[str, Any], namespace: dict[str, Any]) -> None:
    """Keep ``values`` for widgets to come, and give them to the ones that are there, their variables, and what was
    derived from them. Raises ``ValueError`` for a value that does not fit its widget."""
    registry.restored.update(values)
    give({name: (value, registry.RESTORED) for name, value in values.items()}, namespace)
