"""What others want of a live run: rows that it takes notice of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nbflow.core.errors import StoreError
from nbflow.store.database import Database, storable
from nbflow.store.moments import from_microseconds, to_microseconds

_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that was wanted: ``kind`` says what (``cancel``), ``by`` who wanted it, ``at`` when (UTC).

    ``acknowledged_at`` is the time at which the run took notice, ``None`` before.
    """

    request_id: int
    run_id: int
    kind: str
    by: str
    at: datetime
    acknowledged_at: datetime | None


def add_request(database: Database, run_id: int, kind: str, by: str, at: datetime) -> int:
    """Ask; returns the request's id. It is on the disk when this returns."""
    with database.transaction(durable=True):
        return database.execute("insert_request", run_id=run_id, kind=kind, by=storable(by), at=to_microseconds(at))


def take_requests(database: Database, run_id: int, at: datetime) -> list[Request]:
    """The requests that nobody took yet, in their order, acknowledged at ``at``. Cheap where there are none.

    Where another program keeps the records locked for a second, the next call takes them.
    """
    if not database.rows("waiting_requests", run_id=run_id):
        return []
    try:
        with database.transaction(durable=False, wait_seconds=_WAIT_SECONDS):
            waiting = database.rows("waiting_requests", run_id=run_id)
            if waiting:
                last = waiting[-1]["request_id"]
                database.execute("acknowledge_requests", run_id=run_id, at=to_microseconds(at), last=last)
    except StoreError:
        return []
    return [_request(row, at) for row in waiting]


def read_requests(database: Database, run_id: int) -> list[Request]:
    """All that was ever wanted of the run, in order."""
    rows = database.rows("requests_of_run", run_id=run_id)
    return [_request(row, _moment(row["acknowledged_at"])) for row in rows]


def _request(row: Any, acknowledged_at: datetime | None) -> Request:
    at = from_microseconds(row["at"])
    return Request(row["request_id"], row["run_id"], row["kind"], row["by"], at, acknowledged_at)


def _moment(number: int | None) -> datetime | None:
    return None if number is None else from_microseconds(number)
