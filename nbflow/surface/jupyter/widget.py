"""The widget that draws a live run. The door to anywidget."""

from __future__ import annotations

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


def answers_this_cell(widget: Any) -> None:
    """From now on all that ``widget`` says is an answer to the cell that is being executed, whichever is executed then."""
    kernel = getattr(widget.comm, "kernel", None)
    if kernel is not None:  # ipykernel's, which asks it each time
        widget.comm.kernel = _OfOneCell(kernel)


class _OfOneCell:
    """A kernel as a comm sees it, for which one cell is executed all the time."""

    def __init__(self, kernel: Any) -> None:
        self._kernel, self._parent = kernel, kernel.get_parent()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernel, name)

    def get_parent(self, channel: str | None = None) -> Any:  # noqa: ARG002  # as ipykernel has it
        return self._parent


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
