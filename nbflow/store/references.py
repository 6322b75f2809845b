"""What people call a run: its number, ``last``, ``last-failed``."""

from __future__ import annotations

from nbflow.core.errors import UsageError
from nbflow.store.database import Database

MAX_ID = 2**63 - 1
"""The largest id that the database can hold."""


def resolve(database: Database | None, reference: str) -> int:
    """The id of the run that ``reference`` means (``12``, ``#12``, ``last``, ``last-failed``).

    ``database`` is ``None`` where nothing was ever recorded. Raises ``UsageError`` where there is no such run.
    """
    text = reference.strip()
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit():
        if database is None or not exists(database, int(number)):
            raise no_such_run(database, number)
        return int(number)
    if text not in ("last", "last-failed"):
        msg = f"{reference!r} names no run"
        raise UsageError(msg, "give a run's number, `last` or `last-failed`; `nbflow runs` lists them")
    newest = _newest(database, "newest_run")
    if newest is None:
        raise _nothing_yet()
    found = newest if text == "last" else _newest(database, "newest_failed_run")
    if found is None:
        msg = "no run has failed in this workspace"
        raise UsageError(msg, "`nbflow runs` lists all runs")
    return found


def exists(database: Database, run_id: int) -> bool:
    """Whether there is a run of that id."""
    return 0 < run_id <= MAX_ID and database.row("run_result", run_id=run_id) is not None


def no_such_run(database: Database | None, shown: str) -> UsageError:
    """The error for a run that is not there, with what is."""
    newest = _newest(database, "newest_run")
    if newest is None:
        return _nothing_yet()
    return UsageError(f"there is no run {shown}", f"the newest is {newest}; `nbflow runs` lists them")


def _nothing_yet() -> UsageError:
    return UsageError("nothing has been run in this workspace yet", "`nbflow run PIPELINE` makes the first run")


def _newest(database: Database | None, query: str) -> int | None:
    row = None if database is None else database.row(query)
    return None if row is None else row["run_id"]
