"""A run as Python and a notebook see it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbflow.core.errors import RunFailedError
from nbflow.core.records import run_payload
from nbflow.core.results import Result


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One task of a run.

    ``result`` is ``None`` while it has none, ``error`` is ``None`` or a dict with ``kind``, ``cell``, ``ename``,
    ``evalue``, ``message``, ``source`` and ``traceback``; ``duration`` is in
    seconds; ``notebook`` is the executed notebook.
    """

    task_key: str
    result: Result | None
    error: Mapping[str, Any] | None
    reason: str | None
    values: Mapping[str, Any]
    parameters: Mapping[str, Any]
    exit_value: str | None
    notebook: Path | None
    duration: float | None
    attempts: int

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.result is Result.SUCCESS


@dataclass(frozen=True, slots=True)
class Where:
    """Where a run's records are found: in the ``workspace`` that was named, else in the one around ``start``."""

    start: Path
    workspace: Path | None = None


class Run:
    """A run: what was read of it last. ``document`` is the JSON document of ``nbflow run --json``."""

    def __init__(
        self, document: Mapping[str, Any], where: Where | None = None, process: subprocess.Popen[bytes] | None = None
    ) -> None:
        self.document = document
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

    @property
    def run_id(self) -> int:
        """Its number in the workspace."""
        return int(self.document["run_id"])

    @property
    def pipeline(self) -> str:
        """The pipeline's name."""
        return str(self.document["pipeline"])

    @property
    def result(self) -> Result | None:
        """How it ended; ``None`` while it runs, or where nobody knows."""
        return _result(self.document["result"])

    @property
    def state(self) -> str:
        """The result, ``RUNNING`` or ``INTERRUPTED``."""
        return str(self.document["state"])

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.result is Result.SUCCESS

    @property
    def tasks(self) -> dict[str, TaskRun]:
        """Its tasks by key, in their order."""
        return {task["task_key"]: _task(task) for task in self.document["tasks"]}

    @property
    def parameters(self) -> dict[str, Any]:
        """The pipeline's parameters as they were."""
        return dict(self.document["parameters"])

    @property
    def values(self) -> dict[str, dict[str, Any]]:
        """The task values by task and key, of tasks that set any."""
        return {key: dict(task.values) for key, task in self.tasks.items() if task.values}

    @property
    def error(self) -> str | None:
        """One sentence on why it did not succeed."""
        error: str | None = self.document["error"]
        return error

    @property
    def errors(self) -> dict[str, Mapping[str, Any]]:
        """The errors by task, of tasks that failed."""
        return {key: task.error for key, task in self.tasks.items() if task.error is not None and not task.ok}

    @property
    def notebooks(self) -> dict[str, Path]:
        """The executed notebooks by task."""
        return {key: task.notebook for key, task in self.tasks.items() if task.notebook is not None}

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; ``None`` while it runs."""
        seconds: float | None = self.document["duration_s"]
        return seconds

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


def error_text(error: Mapping[str, Any]) -> str:
    """An error in one line: the exception where there was one, else its message."""
    if error.get("ename"):
        text = f"{error['ename']}: {error['evalue']}" if error.get("evalue") else str(error["ename"])
    else:
        text = str(error.get("message") or error["kind"])
    return " ".join(text.split())


def _task(task: Mapping[str, Any]) -> TaskRun:
    return TaskRun(
        task_key=task["task_key"],
        result=_result(task["result"]),
        error=task["error"],
        reason=task["reason"],
        values=task["values"],
        parameters=task["parameters"],
        exit_value=task["exit_value"],
        notebook=Path(task["notebook"]) if task["notebook"] else None,
        duration=task["duration_s"],
        attempts=len(task["attempts"]),
    )


def _result(text: str | None) -> Result | None:
    return None if text is None else Result(text)
