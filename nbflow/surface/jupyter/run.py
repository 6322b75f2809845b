"""A run as Python and a notebook see it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from nbflow.core.errors import NbflowError, RunFailedError
from nbflow.core.plain_text import one_line
from nbflow.core.progress import error_text
from nbflow.core.records import run_payload
from nbflow.core.writes import TableWrite
from nbflow.surface.jupyter.frames import RunTables, last_writes, preview
from nbflow.surface.jupyter.interrupts import Interrupts
from nbflow.surface.jupyter.view import RunView
from nbflow.surface.jupyter.where import Where

_READ_SECONDS = 0.1


class Run(RunView):
    """A run as it stands. ``document`` is the JSON document of ``nbflow run --json``: of a run that is not known to be over it is read
    anew whenever something is asked of it, at most every tenth of a second; where the records cannot be read it is what was read last."""

    def __init__(
        self,
        document: Mapping[str, Any],
        where: Where | None = None,
        process: subprocess.Popen[bytes] | None = None,
        *,
        shown: bool = False,
    ) -> None:
        """``shown``: the cell that is being executed shows the run already."""
        self._kept, self._read_at, self._recorded = document, 0.0, where is not None
        super().__init__(document)
        self._where = where or Where(Path.cwd())
        self._process = process  # kept, so that the ended child is asked for its end
        self._shown_in = _cell() if shown else None

    @property
    def document(self) -> Mapping[str, Any]:
        """What ``nbflow run --json`` tells of the run."""
        if self._recorded and self._kept.get("state") == "RUNNING" and time.monotonic() - self._read_at >= _READ_SECONDS:
            with contextlib.suppress(NbflowError, OSError):  # locked, or removed meanwhile
                self.refresh()
            self._read_at = time.monotonic()
        return self._kept

    @document.setter
    def document(self, document: Mapping[str, Any]) -> None:
        self._kept, self._read_at, self.as_of = document, time.monotonic(), datetime.now()

    def refresh(self) -> Run:
        """Read again how the run stands; returns itself. Raises ``UsageError`` where it was removed, ``StoreError`` where the records
        cannot be read."""
        if self._process is not None:
            self._process.poll()
        kept = self._kept
        told = {name: kept[name] for name in ("notes", "report") if name in kept}  # no record has them
        self.document = {**run_payload(self._where.store().run(int(kept["run_id"]))), **told}
        return self

    def _now(self) -> RunView:
        """The run at one moment, for what reads of it more than once."""
        view = RunView(self.document)
        view.as_of = self.as_of
        return view

    def cancel(self) -> Run:
        """Ask the run to end in good order, as ``nbflow cancel`` does; returns itself. Nothing where it has ended."""
        store = self._where.store()
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
        run = self._now()
        if run.ok:
            return self
        lines = [f"run {run.run_id} of {run.pipeline}: {run.state}"]
        for key, error in run.errors.items():
            where = f" in cell {error['cell']}" if error.get("cell") else ""
            lines.append(f"{key}{where}: {one_line(error_text(error), 300)}")
        if run.state == "RUNNING":
            lines.append("it has not ended yet: run.wait() waits for that")
        raise RunFailedError(run.run_id, run.result, "\n".join(lines))

    @property
    def tables(self) -> RunTables:
        """The tables that it wrote, by name, as previews: ``run.tables["gold.daily"]``."""
        return RunTables(self._where, last_writes(self._now()))

    @property
    def _read(self) -> Callable[[TableWrite], Any]:
        return lambda write: preview(self._where, write)

    def to_frame(self) -> Any:
        """Its tasks as a pandas ``DataFrame``, a row each, indexed by their keys."""
        from nbflow.surface.jupyter.frames import run_frame

        return run_frame(self._now())

    def __repr__(self) -> str:
        from nbflow.surface.jupyter.show import run_text

        return run_text(self._now())

    @property
    def _shown_above(self) -> bool:
        """Whether the cell that is being executed shows the run already."""
        return self._shown_in is not None and self._shown_in == _cell()

    def _repr_html_(self) -> str | None:
        from nbflow.surface.jupyter.show import run_html

        return None if self._shown_above else run_html(self._now())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from nbflow.surface.jupyter.show import run_bundle

        if self._shown_above:
            return {"text/plain": repr(self).partition("\n")[0]}
        return run_bundle(self._now())

    def _ipython_display_(self) -> None:
        """A run that goes on is shown live. Raises ``NotImplementedError`` where it is not to be: then it is shown as it is."""
        from nbflow.surface.jupyter.widget import can_draw

        if self.document["state"] != "RUNNING" or not can_draw():
            raise NotImplementedError
        from nbflow.surface.jupyter.live import LiveView

        view = LiveView(self._where.store(), self.run_id)
        with Interrupts() as interrupts:  # a view that is there is followed
            view.begin()
        if interrupts.count:
            raise KeyboardInterrupt


def _cell() -> int | None:
    """The number of the cell that is being executed; ``None`` outside of IPython."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return None if shell is None else int(shell.execution_count)
