"""What can happen in a run: one frozen class for each thing.

The runner emits these in order; the store, the progress display and every other listener receive the same objects.
They carry facts and references, never bodies of output. ``at`` is a UTC time; ``kind`` is the class's name in the store.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.core.writes import TableWrite


@dataclass(frozen=True, slots=True)
class Event:
    """The base of all events."""

    run_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The run began; ``tasks`` are the keys of its tasks in their order, ``engine`` the Spark engine it would use."""

    pipeline: str
    tasks: tuple[str, ...]
    engine: str


@dataclass(frozen=True, slots=True)
class Noted(Event):
    """Something worth telling that ends nothing: a download's progress, a fallback, a warning."""

    text: str
    task_key: str | None = None


@dataclass(frozen=True, slots=True)
class AttemptStarted(Event):
    """A task began, or began again; ``attempt`` counts from 1. ``parameters`` are the values as JSON by name.

    ``notebook`` is the path of the executed notebook that this attempt writes, ``log`` that of the log where its work is no
    notebook; then there are no ``cells``. ``items`` is how many items a for_each has.
    """

    task_key: str
    task_run_id: int
    attempt: int
    cells: int
    notebook: str | None
    parameters: dict[str, Any] = field(default_factory=dict)
    log: str | None = None
    items: int | None = None


@dataclass(frozen=True, slots=True)
class ChildStarted(Event):
    """A task has begun a run of another pipeline, which has an id and events of its own."""

    task_key: str
    task_run_id: int
    attempt: int
    child_run_id: int
    pipeline: str


@dataclass(frozen=True, slots=True)
class CellStarted(Event):
    """A cell began; ``cell`` counts all cells of the executed notebook from 1, as ``AttemptStarted.cells`` does."""

    task_key: str
    task_run_id: int
    attempt: int
    cell: int


@dataclass(frozen=True, slots=True)
class AttemptEnded(Event):
    """An attempt is over. ``ended_at_cell`` is the cell at which a notebook ended early by its own will, or was cancelled;
    ``tables`` is what it wrote to the warehouse, however it ended; ``output`` is the result of SQL: ``{"columns": […], "rows": [{…}]}``; ``outcome`` that of a condition."""

    task_key: str
    task_run_id: int
    attempt: int
    result: Result
    error: TaskError | None
    seconds: float
    values: dict[str, Any] = field(default_factory=dict)
    exit_value: str | None = None
    ended_at_cell: int | None = None
    notebook: str | None = None
    tables: tuple[TableWrite, ...] = ()
    log: str | None = None
    output: dict[str, Any] | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class RetryPlanned(Event):
    """The attempt that just ended is followed by another after ``wait`` seconds."""

    task_key: str
    task_run_id: int
    attempt: int
    wait: float


@dataclass(frozen=True, slots=True)
class TaskEnded(Event):
    """A task has its result, whether it ran or not; ``reason`` says in one sentence why it did not run, if it did not."""

    task_key: str
    task_run_id: int
    result: Result
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CancelRequested(Event):
    """Somebody wants the run to end; ``by`` says who: a signal's name or a user."""

    by: str


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """The run is over and nothing of it is left."""

    result: Result
    seconds: float
    error: str | None = None


KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        RunStarted, Noted, AttemptStarted, ChildStarted, CellStarted, AttemptEnded, RetryPlanned, TaskEnded,
        CancelRequested, RunEnded,
    )
}  # fmt: skip


def to_payload(event: Event) -> dict[str, Any]:
    """``event`` without its run and time, as the JSON object that the store keeps."""
    document = asdict(event)
    del document["run_id"], document["at"]
    return {name: str(value) if isinstance(value, Result) else value for name, value in document.items()}


def from_payload(kind: str, run_id: int, at: datetime, payload: dict[str, Any]) -> Event:
    """The event that ``to_payload`` wrote. Raises ``KeyError`` for a kind that this version does not know."""
    cls = KINDS[kind]
    known = {item.name: payload[item.name] for item in fields(cls) if item.name in payload}
    if "result" in known:
        known["result"] = Result(known["result"])
    if known.get("error") is not None and cls is AttemptEnded:
        known["error"] = TaskError(**{**known["error"], "kind": ErrorKind(known["error"]["kind"])})
    if "tables" in known:
        known["tables"] = tuple(TableWrite.from_json(write) for write in known["tables"])
    if cls is RunStarted:
        known["tasks"] = tuple(known["tasks"])
    return cls(run_id=run_id, at=at, **known)
