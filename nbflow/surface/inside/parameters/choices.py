"""What a person decides while a notebook is developed by hand: a value in the form, and the task that it is opened as."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterable
from typing import Any

from nbflow.surface.inside.cells import shell
from nbflow.surface.inside.parameters import registry
from nbflow.surface.inside.parameters.derive import give
from nbflow.surface.inside.parameters.registry import Opened, Widget

_INJECTED = "# Parameters"


def choose(name: str, value: Any, namespace: dict[str, Any]) -> str:
    """Make ``value`` the form's choice for the widget ``name``, and have its variable in ``namespace`` and all that derives
    from it follow. ``None`` is no choice where the widget's default is none.

    Returns what is wrong with the value, or nothing; where something is, all stays as it was.
    """
    widget = registry.declared[name]
    try:
        value = None if value is None and widget.default is None else registry.fitted(widget, value)
    except ValueError as error:
        return registry.reason(error, widget)
    before = dict(registry.chosen), widget.value, widget.origin
    widget.note = ""
    registry.chosen[name] = value
    if value is None:
        del registry.chosen[name]
    try:
        give({name: (value, registry.FORM if value is not None else registry.DEFAULT)}, namespace, follow=True)
    except Exception as error:  # the author's own code, which derives something from the value
        registry.chosen.clear()
        registry.chosen.update(before[0])
        with contextlib.suppress(Exception):
            give({name: before[1:]}, namespace, follow=True)
        return f"what derives from it fails: {type(error).__name__}: {error}"
    return ""


def reset(names: Iterable[str], namespace: dict[str, Any]) -> str:
    """Take back what the form chose for the widgets ``names``: the task's values hold again where the notebook is opened as
    one, else the defaults. Returns what goes wrong in what derives from them, or nothing."""
    for name in names:
        registry.chosen.pop(name, None)
    return settle(names, namespace)


def settle(names: Iterable[str], namespace: dict[str, Any]) -> str:
    """Give the widgets ``names``, as far as they are there, the values that hold now. Returns what goes wrong, or nothing."""
    try:
        give({name: registry.settled(registry.declared[name]) for name in names if name in registry.declared}, namespace, follow=True)
    except Exception as error:  # the author's own code, which derives something from the values
        return f"{type(error).__name__}: {error}"
    return ""


def open_as(task: Opened | None, namespace: dict[str, Any]) -> str:
    """Develop the notebook as ``task`` from now on (``None``: as no task): widgets that are there, and variables, get its
    values at once, those to come when they are declared. What the form chose before is given up.

    Returns what goes wrong in what the notebook derives from the values, or nothing.
    """
    registry.opened[:] = [task] if task is not None else []
    registry.chosen.clear()
    _watch_assignments()
    for opened in registry.opened:
        _assign(opened.plain | opened.loose, namespace)
    return settle(list(registry.declared), namespace)


def _assign(names: Iterable[str], namespace: dict[str, Any]) -> None:
    """Give variables their values of the task, as the injected cell of a run does."""
    values = registry.opened_values()
    namespace.update({name: values[name] for name in names})


_watching: list[bool] = []


def _watch_assignments() -> None:
    running = shell()
    if running is None or _watching:
        return
    _watching.append(True)
    running.events.register("post_run_cell", _after_cell)


def _after_cell(result: Any) -> None:
    """A cell that assigns all the plain parameters is the one that declares them: the task's values come after it."""
    source = getattr(getattr(result, "info", None), "raw_cell", None) or ""
    plain = registry.opened[-1].plain if registry.opened else frozenset()
    if plain and not source.lstrip().startswith(_INJECTED) and plain <= _assigned(source):
        _assign(plain, shell().user_ns)


def _assigned(source: str) -> set[str]:
    """The names that a cell assigns at its top."""
    try:
        body = ast.parse(shell().transform_cell(source)).body
    except SyntaxError:
        return set()
    targets = [target for item in body if isinstance(item, ast.Assign) for target in item.targets]
    targets += [item.target for item in body if isinstance(item, ast.AnnAssign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def can_choose(widget: Widget) -> bool:
    """Whether the form may change the widget: what an injected cell restores wins over the form."""
    return widget.origin not in (registry.RUN, registry.RESTORED)
