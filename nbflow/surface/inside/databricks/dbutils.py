"""``dbutils`` as Databricks has it, as far as it can be kept on any machine: widgets, task values, the notebook's exit.

By hand, outside a run, the same calls work with their defaults.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from nbflow.core.errors import NbflowError
from nbflow.core.exchange import EXIT_FILE, EXIT_NAME, MAX_VALUE_BYTES, VALUES_FILE
from nbflow.core.values import TEXT, shown
from nbflow.surface.inside.cells import source_now
from nbflow.surface.inside.context import current, exchange_folder, given_parameters
from nbflow.surface.inside.databricks.fs import Files
from nbflow.surface.inside.databricks.parts import Missing, NotSupportedHere, Part
from nbflow.surface.inside.parameters import registry
from nbflow.surface.inside.parameters.registry import Widget, joined
from nbflow.surface.inside.parameters.restore import listen

__all__ = ["DBUtils", "InputWidgetNotDefined", "NotSupportedHere", "NotebookExit", "dbutils"]


class InputWidgetNotDefined(NbflowError):
    """A widget was asked for that is not there."""


class NotebookExit(BaseException):
    """Ends the notebook early and well."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback."""
        return [f"Notebook exited: {self}"]


NotebookExit.__name__ = EXIT_NAME


class _Widgets(Part):
    """``dbutils.widgets``: values are always text; a widget that is there keeps its value."""

    _name = "widgets"

    def text(self, name: str, defaultValue: str, label: str | None = None) -> None:
        """Make a widget for a line of text."""
        self._make(name, "text", defaultValue, None, label)

    def dropdown(self, name: str, defaultValue: str, choices: Sequence[str], label: str | None = None) -> None:
        """Make a widget for one of ``choices``."""
        self._make(name, "dropdown", defaultValue, choices, label)

    def combobox(self, name: str, defaultValue: str, choices: Sequence[str], label: str | None = None) -> None:
        """Make a widget for one of ``choices`` or any other text."""
        self._make(name, "combobox", defaultValue, choices, label)

    def multiselect(self, name: str, defaultValue: str, choices: Sequence[str], label: str | None = None) -> None:
        """Make a widget for some of ``choices``; its value is the picks joined by commas."""
        self._make(name, "multiselect", defaultValue, choices, label)

    def get(self, name: str) -> str:
        """The value of a widget or of a parameter of the run. Raises ``InputWidgetNotDefined``."""
        if name in registry.declared:
            return joined(registry.declared[name].value)
        listen()
        found = registry.given(name)
        if found is not None:
            return joined(found[0])
        there = ", ".join(self.getAll()) or "none"
        msg = f"no widget {name!r} is defined; there are {there}"
        raise InputWidgetNotDefined(msg)

    def getArgument(self, name: str, defaultValue: str | None = None) -> str | None:
        """The value of a widget, or ``defaultValue`` where there is none."""
        try:
            return self.get(name)
        except InputWidgetNotDefined:
            if defaultValue is None:
                raise
            return defaultValue

    def getAll(self) -> dict[str, str]:
        """The values of all widgets by name, and of the run's parameters, save those that are plain variables."""
        context = current()
        plain = {name for name, entry in context.parameters.items() if entry.get("plain")} if context is not None else set()
        known = {**given_parameters(), **registry.set_by_run}
        given = {name: joined(value) for name, value in known.items() if name not in plain}
        return {**given, **{name: joined(widget.value) for name, widget in registry.declared.items()}}

    def remove(self, name: str) -> None:
        """Take a widget away. Raises ``InputWidgetNotDefined``. What the run gave, or the form chose for it, holds when it is made again."""
        if registry.renewing:
            return
        if registry.declared.pop(name, None) is None and registry.given(name) is None:
            msg = f"no widget {name!r} is defined"
            raise InputWidgetNotDefined(msg)
        registry.set_by_run.pop(name, None)

    def removeAll(self) -> None:
        """Take all widgets away. What the form chose holds for those that are made again."""
        if not registry.renewing:
            registry.declared.clear()
            registry.set_by_run.clear()

    def _make(self, name: str, kind: str, default: str, choices: Sequence[str] | None, label: str | None) -> None:
        if not isinstance(name, str) or not name:
            msg = f"the name of a widget must be text, got {name!r}"
            raise ValueError(msg)
        if name in registry.declared and not registry.renewing:
            registry.touch(name)
            return
        listed = () if choices is None else tuple(map(str, choices))
        allowed, suggested = (listed, ()) if kind in ("dropdown", "multiselect") else (None, listed)
        listen()
        widget = Widget(name, kind, TEXT, default, allowed, label=label or "", text=True, suggestions=suggested)
        widget.cell = source_now()
        registry.declare(widget)


class _TaskValues(Part):
    """``dbutils.jobs.taskValues``: small values that later tasks read."""

    _name = "jobs.taskValues"

    def set(self, key: str, value: Any) -> None:
        """Give ``value``, anything that JSON holds, to later tasks under ``key``; at most 48 KiB as JSON.

        By hand nothing is kept. Raises ``ValueError`` for a value that cannot be given.
        """
        if not isinstance(key, str) or not key:
            msg = f"the key of a task value must be text, got {key!r}"
            raise ValueError(msg)
        line = _as_json(key, value)
        context, folder = current(), exchange_folder()
        limit = context.max_value_bytes if context is not None else MAX_VALUE_BYTES
        size = len(_dumped(value).encode())
        if size > limit:
            msg = f"task value {key!r} has {size} bytes as JSON, {limit} are allowed: write a table, and give its name"
            raise ValueError(msg)
        if folder is None or context is None:
            return
        descriptor = os.open(folder / VALUES_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def get(self, taskKey: str, key: str, default: Any = None, debugValue: Any = None) -> Any:
        """The value that task ``taskKey`` set under ``key``, else ``default``; by hand that of the last run where the notebook
        is opened as a task, else ``debugValue``, as on Databricks.

        Raises ``ValueError`` in a run, ``TypeError`` by hand, when there is none of these.
        """
        context = current()
        if context is None:
            if registry.opened and key in registry.opened[-1].task_values.get(taskKey, {}):
                return registry.opened[-1].task_values[taskKey][key]
            if debugValue is None:
                msg = f"outside a run the value {key!r} of task {taskKey!r} needs debugValue=; default counts in a run only"
                raise TypeError(msg)
            return debugValue
        values = context.values.get(taskKey)
        if values is not None and key in values:
            return values[key]
        if default is not None:
            return default
        known = (
            f"it set {', '.join(values) or 'none'}" if values is not None else f"tasks with values: {', '.join(context.values) or 'none'}"
        )
        msg = f"task {taskKey!r} has no value {key!r}; {known}"
        raise ValueError(msg)


def _plain(value: Any) -> Any:
    """A number of numpy's as Python's; what else JSON does not know is refused."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    msg = f"a {type(value).__name__} is nothing that JSON holds"
    raise TypeError(msg)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, default=_plain)


def _explained(error: Exception) -> str:
    if "Out of range float" in str(error):
        return "JSON has no NaN and no infinity"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _as_json(key: str, value: Any) -> bytes:
    try:
        return json.dumps({"key": key, "value": json.loads(_dumped(value))}, ensure_ascii=True).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        msg = f"task value {key!r} cannot be given on: {_explained(error)}"
        raise ValueError(msg) from None


class _Jobs(Part):
    """``dbutils.jobs``."""

    _name = "jobs"

    def __init__(self) -> None:
        self.taskValues = _TaskValues()


class _Notebook(Part):
    """``dbutils.notebook``."""

    _name = "notebook"

    def exit(self, value: Any = "") -> NoReturn:
        """End the notebook here, well; ``value`` becomes the task's exit value, as text."""
        try:
            text = joined(value)
        except ValueError:
            msg = f"the exit value must be text, got {shown(value)}"
            raise ValueError(msg) from None
        folder = exchange_folder()
        if folder is not None and current() is not None:
            part = folder / f"{EXIT_FILE}.part"
            part.write_text(json.dumps({"value": text}), "utf-8")
            part.replace(folder / EXIT_FILE)
        raise NotebookExit(text)

    def run(self, path: str, timeout_seconds: float = 0, arguments: Mapping[str, Any] | None = None) -> str:
        """Run another notebook, with ``arguments`` as its widgets, and return its exit value; 0 seconds are no limit.

        Raises ``NotebookRunFailed`` where it does not succeed.
        """
        from nbflow.surface.inside.databricks.notebook_runs import run_notebook

        return run_notebook(path, timeout_seconds, arguments or {})


class DBUtils:
    """The object that notebooks know as ``dbutils``."""

    def __init__(self) -> None:
        self.widgets = _Widgets()
        self.jobs = _Jobs()
        self.notebook = _Notebook()
        self.fs = Files()

    def __getattr__(self, name: str) -> Missing:
        if name.startswith("_"):
            raise AttributeError(name)
        return Missing(name)


dbutils = DBUtils()
