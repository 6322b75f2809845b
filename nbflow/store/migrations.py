"""The schema's versions: forward-only steps in ``schema/``, numbered from 1, each done in one transaction."""

from __future__ import annotations

import re
import sqlite3
from functools import cache
from pathlib import Path

from nbflow.store.failures import newer

_FOLDER = Path(__file__).with_name("schema")
_NAME = re.compile(r"(\d{4})_\w+\.sql")


@cache
def steps() -> tuple[Path, ...]:
    """The files of all steps; the one at index n - 1 leads to version n."""
    files = sorted(path for path in _FOLDER.iterdir() if _NAME.fullmatch(path.name))
    if [int(path.name[:4]) for path in files] != list(range(1, len(files) + 1)):
        msg = f"the steps in {_FOLDER} are not numbered from 1 without a gap"
        raise ValueError(msg)
    return tuple(files)


def bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Give the database the newest schema. ``path`` is for messages.

    Raises ``NewerStoreError`` where it has a newer one than this program knows.
    """
    if known_version(connection, path) == len(steps()):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again: another process may have done the work while this one waited for its turn.
        found = known_version(connection, path)
        for number, step in enumerate(steps()[found:], found + 1):
            for statement in statements(step.read_text(encoding="utf-8")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def statements(script: str) -> list[str]:
    """``script`` cut into its statements."""
    found, part = [], ""
    for line in script.splitlines(keepends=True):
        part += line
        if sqlite3.complete_statement(part):
            found.append(part)
            part = ""
    return found


def known_version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the database's schema, 0 for an empty file. Raises ``NewerStoreError`` as above."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(steps()):
        raise newer(path, version, len(steps()))
    return version
