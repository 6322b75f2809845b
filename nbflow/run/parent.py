"""The task that has started this run, from inside of its notebook."""

from __future__ import annotations

import json
import os
from pathlib import Path

from nbflow.core.exchange import CONTEXT_FILE, VARIABLE, Context

NOTEBOOK = "notebook"
"""How a run says that ``dbutils.notebook.run`` started it."""


def parent_context(how: str) -> Context | None:
    """What the task was told that called ``dbutils.notebook.run``; ``None`` for a run that somebody else started."""
    folder = os.environ.get(VARIABLE)
    if how != NOTEBOOK or not folder:
        return None
    try:
        return Context.from_json(json.loads((Path(folder) / CONTEXT_FILE).read_text("utf-8")))
    except (OSError, ValueError):
        return None
