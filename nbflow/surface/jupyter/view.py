"""What a run came to, read from its document, as Python sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbflow.core.results import Result
from nbflow.core.writes import TableWrite


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One task of a run.

    ``result`` is ``None`` while it has none, ``error`` is ``None`` or a dict with ``kind``, ``cell``, ``ename``,
    ``evalue``, ``message``, ``source`` and ``traceback``; ``duration`` is in
    seconds; ``notebook`` is the executed notebook, ``log`` the log of work that is none; ``tables`` is what all attempts together wrote to Delta tables.
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
    tables: tuple[TableWrite, ...]
    log: Path | None = None

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.result is Result.SUCCESS


class RunView:
    """A run as it was read. ``document`` is the JSON document of ``nbflow run --json``."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document

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
        tables=tuple(map(TableWrite.from_json, task["tables"])),
        log=Path(task["log"]) if task.get("log") else None,
    )


def _result(text: str | None) -> Result | None:
    return None if text is None else Result(text)
