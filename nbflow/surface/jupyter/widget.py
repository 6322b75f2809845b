"""The widget that draws a live run. The door to anywidget."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


@cache
def widget_class() -> Any:
    """The widget's class: ``svg`` is the graph, ``marks`` a kind and a shape for each state, ``view`` what stands around it, ``hides``
    the class of elements that are hidden while it is drawn.

    Each holds the newest word only, so that what is kept of it does not grow with the run. Raises ``ImportError``.
    """
    import anywidget
    import traitlets

    class LiveRun(anywidget.AnyWidget):  # type: ignore[misc]  # the library has no types
        _esm = (_HERE / "live.js").read_text(encoding="utf-8")
        _css = (_HERE / "live.css").read_text(encoding="utf-8")
        svg = traitlets.Unicode().tag(sync=True)
        marks = traitlets.Dict().tag(sync=True)
        view = traitlets.Dict().tag(sync=True)
        hides = traitlets.Unicode().tag(sync=True)

    return LiveRun


def bundle_of(widget: Any) -> dict[str, Any]:
    """What is displayed; where it cannot be drawn, nothing is seen of it."""
    view = {"model_id": widget.model_id, "version_major": 2, "version_minor": 0}
    return {"application/vnd.jupyter.widget-view+json": view, "text/plain": ""}


def can_draw() -> bool:
    """Whether this is a kernel in which somebody looks at widgets: not a task of a run, and anywidget is there."""
    import os
    import sys

    from nbflow.core.exchange import VARIABLE

    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None or os.environ.get(VARIABLE):
        return False
    try:
        widget_class()
    except ImportError:
        return False
    return True
