"""What goes between the runner and who executes tasks: attempts, their outcomes, and the promise of an executor."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.core.writes import TableWrite
from nbflow.plan.known import NO_ITEM, Ended
from nbflow.plan.plan import PlannedTask
from nbflow.run.stop import Stop


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a task, as its executor gets it. ``number`` counts from 1; ``values`` are the task values of the
    tasks that it depends on, at whatever distance, ``outputs`` the results of those among them that are SQL, ``ended`` what else is known of these; ``item`` is that of the for_each
    that it stands in."""

    task: PlannedTask
    run_id: int
    task_run_id: int
    number: int
    values: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ended: Mapping[str, Ended] = field(default_factory=dict)
    item: Any = NO_ITEM


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; ``tables`` is what it wrote to the warehouse, as far as that is known. It leaves an executed
    ``notebook``, or the ``log`` of other work; a condition has an ``outcome``. ``with_failures``: it went well although tasks inside of it,
    of an item or of another pipeline, failed."""

    result: Result
    error: TaskError | None = None
    values: dict[str, Any] = field(default_factory=dict)
    exit_value: str | None = None
    ended_at_cell: int | None = None
    notebook: str | None = None
    tables: tuple[TableWrite, ...] = ()
    log: str | None = None
    output: dict[str, Any] | None = None
    outcome: str | None = None
    with_failures: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an executor knows when it is about to begin: how many cells, where the notebook or the log goes, with which values.
    ``items`` are those of a for_each: the runner does its steps for each of them, and ``execute`` is not called."""

    cells: int
    notebook: str | None
    parameters: dict[str, Any]
    log: str | None = None
    items: Sequence[Any] | None = None


class Executor(Protocol):
    """Does one attempt. It ends in good order when ``stop`` is asked. What it raises is told as the attempt's failure."""

    def prepare(self, attempt: Attempt) -> Prepared:
        """What will be executed; called once, just before ``execute``."""
        ...

    async def execute(self, attempt: Attempt, stop: Stop) -> Outcome:
        """Do it, whatever happens, and say how it ended."""
        ...


def fault(error: Exception) -> Outcome:
    """How an attempt ended that ``error`` ended: nbflow's own fault, or that of a disk."""
    if isinstance(error, OSError):
        return Outcome(Result.FAILED, TaskError(ErrorKind.STORAGE, f"a file that the task needs cannot be used: {error}"))
    message = f"a fault of nbflow's own ended the task: {type(error).__name__}: {error}"
    words = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return Outcome(Result.FAILED, TaskError(ErrorKind.INTERNAL, message, traceback=words))


@dataclass(frozen=True, slots=True)
class Step:
    """A task of one item of a for_each: its key in the run (``loop/0``, of several steps ``loop/0/clean``), the item's index
    from 0 and the item."""

    task_key: str
    index: int
    item: Any


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids that the store gave to this run and to its tasks; ``more`` gives those of the steps of a for_each, by the id of
    its task run."""

    run_id: int
    task_run_ids: Mapping[str, int]
    more: Callable[[int, Sequence[Step]], Mapping[str, int]]
