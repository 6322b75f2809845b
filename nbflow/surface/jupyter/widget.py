"""The widget that draws a live run. The door to anywidget."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


@cache
def widget_class() -> Any:
    """The widget's class: ``svg`` is the graph, ``marks`` a kind and a shape for each state, ``view`` what stands around it, ``hides``
    the class of elements that are hidden while it is drawn; ``beat`` changes every few seconds for as long as the run is watched.

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
        beat = traitlets.Int().tag(sync=True)

    return LiveRun


def bundle_of(widget: Any) -> dict[str, Any]:
    """What is displayed; where it cannot be drawn, nothing is seen of it."""
    view = {"model_id": widget.model_id, "version_major": 2, "version_minor": 0}
    return {"application/vnd.jupyter.widget-view+json": view, "text/plain": ""}


def answer_this_cell(widget: Any) -> Callable[[], None]:
    """Have all that ``widget`` says in the thread that calls what is returned be an answer to the cell that is being executed now."""
    comm = widget.comm
    kernel = getattr(comm, "kernel", None)
    if kernel is None:  # not ipykernel's, which asks it each time whose answer a message is
        return lambda: None
    parent = kernel.get_parent()

    def begin() -> None:
        comm.kernel = _InOneThread(kernel, parent)

    return begin


class _InOneThread:
    """A kernel as a comm sees it: what the thread that made this says is an answer to ``parent``. Others answer what they are asked,
    as when a page asks for the widget's state."""

    def __init__(self, kernel: Any, parent: Any) -> None:
        self._kernel, self._parent, self._thread = kernel, parent, threading.get_ident()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernel, name)

    def get_parent(self, channel: str | None = None) -> Any:
        """As ipykernel's ``Kernel.get_parent``."""
        return self._parent if threading.get_ident() == self._thread else self._kernel.get_parent(channel)


def can_draw() -> bool:
    """Whether a person looks at the widgets of this kernel: it is no task of a run, no program executes its notebook, and anywidget is
    there."""
    import os

    from nbflow.core.exchange import VARIABLE
    from nbflow.surface.inside.cells import is_watched, shell

    if getattr(shell(), "kernel", None) is None or not is_watched() or os.environ.get(VARIABLE):
        return False
    try:
        widget_class()
    except ImportError:
        return False
    return True
