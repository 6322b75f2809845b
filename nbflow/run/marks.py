"""papermill's marks in an executed notebook, kept true: a cell that did not run is never called completed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from nbflow.core.results import Result
from nbflow.core.values import encode
from nbflow.define.notebooks.notebook import Notebook
from nbflow.plan.plan import Argument
from nbflow.run.endings import Ending


class Marks:
    """Writes ``metadata.papermill`` of the notebook and of its cells as they go."""

    def __init__(self, document: dict[str, Any], notebook: Notebook, arguments: Sequence[Argument], output_path: str) -> None:
        self._document = document
        self._began = _now()
        self._cell_began: dict[int, datetime] = {}
        document["metadata"]["papermill"] = {
            "default_parameters": {},
            "environment_variables": {},
            "parameters": {item.name: encode(item.value) for item in arguments if item.origin != "notebook"},
            "input_path": notebook.origin,
            "output_path": output_path,
            "start_time": _text(self._began),
            "end_time": None,
            "duration": None,
            "exception": None,
            "version": "nbflow",
        }
        for cell in document["cells"]:
            self._mark(cell, status="pending", exception=None, start_time=None, end_time=None, duration=None)

    def cell_started(self, index: int) -> None:
        """A cell was sent to the kernel."""
        self._cell_began[index] = _now()
        self._mark(self._document["cells"][index], status="running", start_time=_text(self._cell_began[index]))

    def cell_ended(self, index: int, failed: bool) -> None:
        """A cell is done."""
        ended, began = _now(), self._cell_began[index]
        self._mark(
            self._document["cells"][index], status="failed" if failed else "completed", exception=failed,
            end_time=_text(ended), duration=(ended - began).total_seconds(),
        )  # fmt: skip

    def ended(self, ending: Ending) -> None:
        """The notebook is done; cells that never ran stay pending."""
        ended = _now()
        self._document["metadata"]["papermill"].update(
            end_time=_text(ended),
            duration=(ended - self._began).total_seconds(),
            exception=None if ending.result is Result.SUCCESS else True,
        )

    def _mark(self, cell: dict[str, Any], **values: Any) -> None:
        if cell["cell_type"] == "code":
            marks = cell["metadata"].get("papermill")
            cell["metadata"]["papermill"] = {**(marks if isinstance(marks, dict) else {}), **values}


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()
