"""What IPython knows of the cells: the one that runs now, and the ones that have run before it."""

from __future__ import annotations

import sys
from typing import Any


def shell() -> Any:
    """The running IPython shell; ``None`` outside of one. IPython is not imported for this: where it runs, it is there."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None and hasattr(module, "get_ipython") else None


def is_watched() -> bool:
    """Whether a person may see what a cell shows, and answer: a notebook's front end takes input, programs that execute
    notebooks take none; a prompt is watched where it is that of a terminal."""
    running = shell()
    kernel = getattr(running, "kernel", None)
    if kernel is None:
        return running is not None and sys.stdin is not None and sys.stdin.isatty()
    return bool(getattr(kernel, "_allow_stdin", False))


def source_now() -> str:
    """The source of the cell that runs now, as IPython translated it; nothing outside of IPython."""
    history = _history()
    return history[-1] if history else ""


def sources_before() -> list[str]:
    """The sources of the cells that ran before the one that runs now."""
    return _history()[:-1]


def _history() -> list[str]:
    running = shell()
    kept = running.user_ns.get("In") if running is not None else None
    return [str(source) for source in kept] if isinstance(kept, list) else []
