"""What a run came to, read from its document, as Python sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from nbflow.core.errors import NoSuchNameError, UsageError
from nbflow.core.results import Result
from nbflow.core.writes import TableWrite

_Value = TypeVar("_Value")


class ByName(dict[str, _Value]):
    """What a run came to by name. ``missing`` begins the sentence for a name that is not there: a ``NoSuchNameError``, which is a
    ``KeyError``."""

    def __init__(self, missing: str, values: Mapping[str, _Value]) -> None:
        super().__init__(values)
        self._missing = missing

    def __missing__(self, name: object) -> NoReturn:
        from nbflow.define.nearest import did_you_mean, there_are

        hint = did_you_mean(str(name), self) or (there_are(self) if self else "there are none")
        raise NoSuchNameError(f"{self._missing} {name!r}", hint)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One task of a run.

    ``result`` is ``None`` while it has none, ``error`` is ``None`` or a dict with ``kind``, ``cell``, ``ename``,
    ``evalue``, ``message``, ``source`` and ``traceback``; ``duration`` is in
    seconds; ``notebook`` is the executed notebook, ``log`` the log of work that is none; ``tables`` is what all attempts together
    wrote to Delta tables, ``read`` reads one of these.
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
    read: Callable[[TableWrite], Any] | None = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.result is Result.SUCCESS

    @property
    def table(self) -> Any:
        """A preview of the one table that it wrote, as it left it, as a pandas ``DataFrame``. Raises ``UsageError`` where there is
        none, or more than one, and where it cannot be read."""
        if len(self.tables) != 1 or self.read is None:
            names = [write.table for write in self.tables]
            hint = f'run.tables["{names[0]}"] reads one of them' if names else "only tables in the warehouse are known"
            raise UsageError(f"task {self.task_key!r} wrote {', '.join(names) or 'no table'}", hint)
        return self.read(self.tables[0])


class RunView:
    """A run as it was read. ``document`` is the JSON document of ``nbflow run --json``, ``as_of`` when it was read."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.as_of = datetime.now()
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
    def engine(self) -> str:
        """The Spark engine that it had: ``spark``, ``sail``, ``none``, or a server's address."""
        return str(self.document.get("engine") or "")

    @property
    def engine_words(self) -> str:
        """The engine in words; nothing where it is not known."""
        needed = "" if self.document.get("uses_spark") in (True, None) else " (not needed)"
        return f"Spark engine: {self.engine}{needed}" if self.engine else ""

    @property
    def notes(self) -> list[str]:
        """What was told of it beside its tasks: the warnings of its plan, and the newest words while it went on."""
        return [*(f"warning: {text}" for text in self.document.get("warnings", ())), *self.document.get("notes", ())]

    @property
    def report(self) -> Path | None:
        """The page that ``--report`` wrote; ``None`` where none was asked for, or written."""
        report = self.document.get("report")
        return None if report is None else Path(report)

    @property
    def tasks(self) -> dict[str, TaskRun]:
        """Its tasks by key, in their order."""
        tasks = {task["task_key"]: _task(task, self._read) for task in self.document["tasks"]}
        return ByName(f"run {self.run_id} has no task", tasks)

    @property
    def parameters(self) -> dict[str, Any]:
        """The pipeline's parameters as they were."""
        return ByName(f"run {self.run_id} has no parameter", self.document["parameters"])

    @property
    def values(self) -> dict[str, Mapping[str, Any]]:
        """The task values by task and key, of tasks that set any."""
        values = {key: task.values for key, task in self.tasks.items() if task.values}
        return ByName(f"no values were set in run {self.run_id} by a task", values)

    @property
    def error(self) -> str | None:
        """One sentence on why it did not succeed."""
        error: str | None = self.document["error"]
        return error

    @property
    def errors(self) -> dict[str, Mapping[str, Any]]:
        """The errors by task, of tasks that failed."""
        errors = {key: task.error for key, task in self.tasks.items() if task.error is not None and not task.ok}
        return ByName(f"no error was left in run {self.run_id} by a task", errors)

    @property
    def notebooks(self) -> dict[str, Path]:
        """The executed notebooks by task."""
        notebooks = {key: task.notebook for key, task in self.tasks.items() if task.notebook is not None}
        return ByName(f"no notebook was executed in run {self.run_id} by a task", notebooks)

    @property
    def _read(self) -> Callable[[TableWrite], Any] | None:
        """What reads a table of the run, where it is known where that lies."""
        return None

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; ``None`` while it runs."""
        seconds: float | None = self.document["duration_s"]
        return seconds


def _task(task: Mapping[str, Any], read: Callable[[TableWrite], Any] | None) -> TaskRun:
    return TaskRun(
        task_key=task["task_key"],
        result=_result(task["result"]),
        error=task["error"],
        reason=task["reason"],
        values=ByName(f"task {task['task_key']!r} set no value", task["values"]),
        parameters=ByName(f"task {task['task_key']!r} has no parameter", task["parameters"]),
        exit_value=task["exit_value"],
        notebook=Path(task["notebook"]) if task["notebook"] else None,
        duration=task["duration_s"],
        attempts=len(task["attempts"]),
        tables=tuple(map(TableWrite.from_json, task["tables"])),
        log=Path(task["log"]) if task.get("log") else None,
        read=read,
    )


def _result(text: str | None) -> Result | None:
    return None if text is None else Result(text)
