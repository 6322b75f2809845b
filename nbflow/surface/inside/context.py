"""The task's context, as the run handed it over; none when a person runs the notebook by hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from nbflow.core.exchange import CONTEXT_FILE, VARIABLE, Context, Mark
from nbflow.core.values import ValueType, decode

_read: dict[str, Context | None] = {}


def exchange_folder() -> Path | None:
    """The folder that the run's exchange goes through; ``None`` by hand."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def current() -> Context | None:
    """The context of the task that this process works for; ``None`` by hand. Read once."""
    folder = exchange_folder()
    if folder is None:
        return None
    key = str(folder)
    if key not in _read:
        try:
            _read[key] = Context.from_json(json.loads((folder / CONTEXT_FILE).read_text("utf-8")))
        except (OSError, ValueError):
            _read[key] = None
    return _read[key]


def current_mark() -> Mark | None:
    """The mark of the attempt that this process works for; ``None`` by hand."""
    context = current()
    return None if context is None else Mark(context.run_id, context.task_key, context.attempt)


def files_are_elsewhere() -> bool:
    """Whether the task's Spark is a server that has files of its own."""
    context = current()
    return context is not None and context.spark is not None and context.spark.engine == "connect"


def given_parameters() -> dict[str, Any]:
    """The run's parameters by name, each of its declared type; empty by hand."""
    context = current()
    if context is None:
        return {}
    return {name: decode(entry["value"], ValueType.parse(entry["type"])) for name, entry in context.parameters.items()}


def notebook_folder() -> Path:
    """Where relative paths of the notebook start."""
    context = current()
    return Path(context.folder) if context is not None else Path.cwd()
