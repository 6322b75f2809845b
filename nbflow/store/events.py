"""Events into the records and out of them again."""

from __future__ import annotations

from typing import Any

from nbflow.core.errors import BusyStoreError, StoreError
from nbflow.core.events import (
    AttemptEnded,
    AttemptStarted,
    CellStarted,
    ChildStarted,
    Event,
    RunEnded,
    TaskEnded,
    from_payload,
    to_payload,
)
from nbflow.store.database import Database, storable
from nbflow.store.moments import from_json, from_microseconds, to_json, to_microseconds
from nbflow.store.names import former_path

VERSION = 1
"""The version of the payloads' form."""

_DURABLE = (AttemptEnded, TaskEnded, RunEnded)
_WAIT_SECONDS = 1.0


class Recorder:
    """A listener that keeps what it is told.

    What ends something is on the disk, and survives a power loss, when the call returns; otherwise ``StoreError`` is
    raised. Of the steps of a for_each, of which there may be very many in a second, it survives one after the next call of
    ``Database.settle``. Progress is visible to other processes when the call returns; where it cannot be written now, it is kept in
    memory and written, in order, with the next event: a run does not stop because its progress cannot be told. So is the
    end of a task while another program holds the records, for a run that waits answers no signal; the end of the run
    waits for as long as the database does.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Keep ``event``."""
        self._pending.append(event)
        ends = [waiting for waiting in self._pending if isinstance(waiting, _DURABLE)]
        durable, last = not all(map(_is_of_step, ends)), isinstance(event, RunEnded)
        try:
            with self._database.transaction(durable=durable, soon=bool(ends), wait_seconds=None if last else _WAIT_SECONDS):
                for waiting in self._pending:
                    self._write(waiting)
        except BusyStoreError:
            if last:
                raise
            return
        except StoreError:
            if isinstance(event, _DURABLE):
                raise
            return
        except BaseException:
            # A wrong event must not stand in the way of all that follow.
            self._pending.clear()
            raise
        self._pending.clear()

    def _write(self, event: Event) -> None:
        at = to_microseconds(event.at)
        self._database.execute(
            "insert_event", run_id=event.run_id, version=VERSION, kind=type(event).__name__, at=at,
            payload=to_json(to_payload(event)),
        )  # fmt: skip
        if isinstance(event, CellStarted):
            self._database.execute("cell_started", task_run_id=event.task_run_id, number=event.attempt, cell=event.cell)
        elif isinstance(event, ChildStarted):
            run_id = event.child_run_id
            self._database.execute("child_started", task_run_id=event.task_run_id, number=event.attempt, child_run_id=run_id)
        elif isinstance(event, AttemptStarted):
            self._attempt_started(event, at)
        elif isinstance(event, AttemptEnded):
            self._attempt_ended(event, at)
        elif isinstance(event, TaskEnded):
            self._database.execute(
                "task_ended",
                task_run_id=event.task_run_id,
                ended=at,
                result=str(event.result),
                reason=storable(event.reason),
            )
        elif isinstance(event, RunEnded):
            self._database.execute(
                "run_ended", run_id=event.run_id, ended=at, duration_s=event.seconds, result=str(event.result),
                error=storable(event.error),
            )  # fmt: skip

    def _attempt_started(self, event: AttemptStarted, at: int) -> None:
        notebook, log = storable(event.notebook), storable(event.log)
        if event.attempt > 1 and event.log:
            moved = storable(former_path(event.log, event.attempt - 1))
            self._database.execute("log_moved", task_run_id=event.task_run_id, number=event.attempt, log=log, moved=moved)
        if event.attempt > 1 and event.notebook:
            moved = former_path(event.notebook, event.attempt - 1)
            self._database.execute(
                "notebook_moved",
                task_run_id=event.task_run_id,
                number=event.attempt,
                notebook=notebook,
                moved=storable(moved),
            )
        self._database.execute(
            "attempt_started", task_run_id=event.task_run_id, number=event.attempt, started=at, cells=event.cells,
            notebook=notebook, log=log, parameters=to_json(event.parameters),
        )  # fmt: skip

    def _attempt_ended(self, event: AttemptEnded, at: int) -> None:
        payload = to_payload(event)
        error, tables = payload["error"], payload["tables"]
        self._database.execute(
            "attempt_ended", task_run_id=event.task_run_id, number=event.attempt, ended=at, duration_s=event.seconds,
            result=str(event.result), error=error and to_json(error), task_values=to_json(event.values),
            exit_value=storable(event.exit_value), ended_at_cell=event.ended_at_cell, notebook=storable(event.notebook),
            log=storable(event.log), output=None if event.output is None else to_json(event.output),
            tables_written=to_json(tables) if tables else None, outcome=event.outcome,
        )  # fmt: skip


def _is_of_step(event: Event) -> bool:
    """Whether ``event`` tells of a step of a for_each."""
    return "/" in getattr(event, "task_key", "")


def read_events(database: Database, run_id: int, after: int) -> list[tuple[int, Event]]:
    """The run's events numbered higher than ``after``, each with its number; kinds of a newer nbflow are left out."""
    return [
        (row["seq"], event) for row in database.rows("events", run_id=run_id, after=after) if (event := _event(run_id, row)) is not None
    ]


def _event(run_id: int, row: Any) -> Event | None:
    try:
        return from_payload(row["kind"], run_id, from_microseconds(row["at"]), from_json(row["payload"]))
    except KeyError:
        return None
