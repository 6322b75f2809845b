"""The one door to SQLite: opening, transactions, and what its errors mean."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbflow.store.failures import database_failure
from nbflow.store.files import sync_file
from nbflow.store.migrations import bring_up_to_date, known_version
from nbflow.store.queries import queries

_PATIENCE_SECONDS = 30.0


class Database:
    """The workspace's records. May be used from several threads, and by several processes at once.

    Everything raises ``StoreError``, with a sentence for people, where the records cannot be read or written.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, patience_seconds: float) -> None:
        self.path = path
        self._connection = connection
        self._patience_ms = int(patience_seconds * 1000)
        self._lock = threading.RLock()
        self._settings: dict[str, str | int] = {}
        self._owes = False

    @classmethod
    def open(cls, path: Path, patience_seconds: float = _PATIENCE_SECONDS) -> Database:
        """The database at ``path``, made or brought up to date where needed.

        ``patience_seconds`` limits the wait for other programs that lock it. In a folder that cannot be written to, an
        existing database is opened for reading only.
        """
        with _explained(path):
            try:
                connection = _open(path, f"{path.absolute().as_uri()}?mode=rwc", patience_seconds)
            except sqlite3.OperationalError:
                # Without write access SQLite cannot keep its own notes about who reads; nobody can write either then.
                if not path.exists() or os.access(path.parent, os.W_OK):
                    raise
                connection = _open(path, f"{path.absolute().as_uri()}?mode=ro&immutable=1", patience_seconds)
        return cls(path, connection, patience_seconds)

    def close(self) -> None:
        """Give the file back. Closing twice does no harm."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self, *, durable: bool, soon: bool = False, wait_seconds: float | None = None) -> Iterator[None]:
        """All that is done inside becomes visible to others at once, or not at all.

        ``durable``: once this returns, a power loss does not take it back. Without it only a crash of this program does
        not; with ``soon`` a power loss does not, either, after the next call of ``settle`` or the next durable transaction.
        ``wait_seconds`` shortens the wait for other writers.
        """
        with self._lock, _explained(self.path):
            self._set("synchronous", "FULL" if durable else "NORMAL")
            self._set("busy_timeout", self._patience_ms if wait_seconds is None else int(wait_seconds * 1000))
            self._connection.execute("BEGIN IMMEDIATE")
            with self._ended_well():
                yield
            self._owes = not durable and (self._owes or soon)

    def settle(self) -> None:
        """Let what was done ``soon`` survive a power loss. Others may write meanwhile, in this process as well."""
        if not self._owes:
            return
        self._owes = False
        try:
            # SQLite holds no locks on this file, so that closing it loses none
            sync_file(self.path.with_name(f"{self.path.name}-wal"))
        except FileNotFoundError:
            return  # its content went into the database, which is synced then
        except OSError as error:
            raise database_failure(self.path, str(error)) from error

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads inside see the records of one moment."""
        with self._lock, _explained(self.path):
            self._connection.execute("BEGIN")
            with self._ended_well():
                yield

    def rows(self, name: str, **parameters: Any) -> list[sqlite3.Row]:
        """All rows of the statement of that name."""
        with self._lock, _explained(self.path):
            return self._connection.execute(queries()[name], parameters).fetchall()

    def row(self, name: str, **parameters: Any) -> sqlite3.Row | None:
        """The first row of the statement of that name; ``None`` where it has none."""
        with self._lock, _explained(self.path):
            found: sqlite3.Row | None = self._connection.execute(queries()[name], parameters).fetchone()
            return found

    def execute(self, name: str, **parameters: Any) -> int:
        """Do the statement of that name, inside a ``transaction``. Returns the id of an inserted row."""
        with self._lock, _explained(self.path):
            return self._connection.execute(queries()[name], parameters).lastrowid or 0

    @contextlib.contextmanager
    def _ended_well(self) -> Iterator[None]:
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _set(self, name: str, value: str | int) -> None:
        if self._settings.get(name) != value:
            self._connection.execute(f"PRAGMA {name} = {value}")
            self._settings[name] = value


def storable(text: str | None) -> str | bytes | None:
    """``text`` as a statement takes it: as bytes where it holds lone surrogates, which names of files may."""
    if text is None or text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _open(path: Path, uri: str, patience_seconds: float) -> sqlite3.Connection:
    deadline = time.monotonic() + patience_seconds
    while True:
        connection = sqlite3.connect(uri, timeout=patience_seconds, isolation_level=None, check_same_thread=False, uri=True)
        try:
            _prepare(connection, path)
        except sqlite3.OperationalError as error:
            connection.close()
            # Where two programs make the database at the same time, SQLite refuses one instead of letting it wait.
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)
        except BaseException:
            connection.close()
            raise
        else:
            return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.row_factory = sqlite3.Row
    connection.text_factory = _decoded
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA fullfsync = ON")  # on macOS a plain sync leaves data in the drive's memory
    known_version(connection, path)  # before anything is written to a file that may be a newer nbflow's
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
    bring_up_to_date(connection, path)


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says about the file into a ``StoreError``; what it says about a wrong statement stays."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise
    except sqlite3.Error as error:
        raise database_failure(path, str(error)) from error
