"""A run as Python and a notebook see it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbflow.core.errors import RunFailedError
from nbflow.core.records import run_payload
from nbflow.core.results import Result
from nbflow.surface.jupyter.view import RunView, error_text


@dataclass(frozen=True, slots=True)
class Where:
    """Where a run's records are found: in the ``workspace`` that was named, else in the one around ``start``."""

    start: Path
    workspace: Path | None = None


class Run(RunView):
    """A run: what was read of it last. ``document`` is the JSON document of ``nbflow run --json``."""

    def __init__(self, document: Mapping[str, Any], where: Where | None = None, process: subprocess.Popen[bytes] | None = None) -> None:
        super().__init__(document)
        self._where = where or Where(Path.cwd())
        self._process = process  # kept, so that the ended child is asked for its end

    def refresh(self) -> Run:
        """Read again how the run stands; returns itself."""
        from nbflow.workspace import Workspace

        if self._process is not None:
            self._process.poll()
        found = Workspace.find(self._where.start, self._where.workspace)
        self.document = run_payload(found.store.run(self.run_id))
        return self

    def cancel(self) -> Run:
        """Ask the run to end in good order, as ``nbflow cancel`` does; returns itself. Nothing where it has ended."""
        from nbflow.workspace import Workspace

        store = Workspace.find(self._where.start, self._where.workspace).store
        if store.is_live(self.run_id):
            store.request(self.run_id, "cancel", "run.cancel()")
        return self

    def wait(self, seconds: float | None = None) -> Run:
        """Wait until the run has ended, at most so many ``seconds`` (``None``: for ever); returns itself, read anew."""
        end = None if seconds is None else time.monotonic() + seconds
        while self.refresh().state == "RUNNING" and (end is None or time.monotonic() < end):
            time.sleep(0.1)
        return self

    def raise_for_result(self) -> Run:
        """Itself where it succeeded. Raises ``RunFailedError`` where it did not, or has not yet."""
        if self.ok:
            return self
        lines = [f"run {self.run_id} of {self.pipeline}: {self.state}"]
        for key, error in self.errors.items():
            where = f" in cell {error['cell']}" if error.get("cell") else ""
            lines.append(f"{key}{where}: {error_text(error)}")
        raise RunFailedError(self.run_id, self.result or Result.FAILED, "\n".join(lines))

    def __repr__(self) -> str:
        from nbflow.surface.jupyter.show import run_text

        return run_text(self)

    def _repr_html_(self) -> str:
        from nbflow.surface.jupyter.show import run_html

        return run_html(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}
