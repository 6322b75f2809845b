"""Whose commits those of SQL on Sail are: it keeps the run's mark only with what frames write and with tables that are made of a query.

Of all other statements the kernel notes the commit that they made, for the run to read: where it is certain which one that is,
and never by guess.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

from nbflow.core.exchange import COMMITS_FILE
from nbflow.surface.inside.context import current_mark, exchange_folder
from nbflow.surface.inside.sail.names import Names, names_in
from nbflow.surface.inside.statements import Token, name_at
from nbflow.warehouse.tables import known_by

_WAIT_SECONDS = 120.0
_LOOK_SECONDS = 0.02
_COMMIT = re.compile(r"(\d{20})\.json\Z")
_OPERATIONS = {
    "INSERT": "WRITE",
    "UPDATE": "UPDATE",
    "DELETE": "DELETE",
    "MERGE": "MERGE",
    "CREATE": "CREATE TABLE",
    "REPLACE": "REPLACE TABLE",
}
_MADE = "TABLE"
_BEFORE_A_NAME = (
    "INSERT", "INTO", "OVERWRITE", "TABLE", "UPDATE", "DELETE", "FROM", "MERGE", "WITH", "SCHEMA", "EVOLUTION", "CREATE", "IF", "NOT",
    "EXISTS", "EXTERNAL",
)  # fmt: skip


def changed_by(tokens: Sequence[Token], names: Names) -> tuple[str, str]:
    """The folder of the Delta table whose rows a statement changes, and what Delta calls that; empty where it changes none."""
    parts, operation = changed_name(tokens)
    folder = names.place(parts) if parts else ""
    return (folder, operation) if folder else ("", "")


def changed_name(tokens: Sequence[Token]) -> tuple[list[str], str]:
    """The name of the table whose rows a statement changes, in parts, and what Delta calls that; empty where it changes none."""
    words = [token.word for token in tokens[:4]]
    operation = _OPERATIONS.get(words[0], "") if words else ""
    if operation.endswith(_MADE) and _MADE not in words[1:]:
        return [], ""
    if words[:3] == ["CREATE", "OR", "REPLACE"]:
        operation = "CREATE OR REPLACE TABLE"
    rest = list(tokens)[3 if "OR" in words[:2] else 1 :] if operation.endswith(_MADE) else list(tokens)
    while rest and rest[0].word in _BEFORE_A_NAME:
        rest = rest[1:]
    return (name_at(rest)[0], operation) if operation else ([], "")


def merged_into(name: str, names: Names) -> tuple[str, str]:
    """The same of a MERGE of frames into the table ``name``."""
    folder = next(map(names.place, names_in(name)), "")
    return (folder, "MERGE") if folder else ("", "")


@contextlib.contextmanager
def noting(folder: str, operation: str) -> Iterator[None]:
    """Around a statement: note the commit that it makes to the table in ``folder``.

    Meanwhile no other notebook on Sail changes this table by SQL, or makes one in its schema: all that do hold a lock on the table's
    log, or on the folder that it will be in, and every other commit of a notebook bears a mark. One commit of Sail's without a mark, of this
    operation, is then this statement's. Who has waited too long for the lock goes on without it, so that nothing is noted of what took so long.
    """
    exchange, log = exchange_folder(), os.path.join(folder, "_delta_log")
    place = log
    while place and not os.path.isdir(place):
        place = os.path.dirname(place)
    with contextlib.ExitStack() as held:
        known = None
        if folder and _locked(place, held) and exchange is not None and current_mark() is not None:
            known = _commits(log)
        began = time.monotonic()
        yield
        if known is not None and exchange is not None and time.monotonic() - began < _WAIT_SECONDS:
            own = [file for file in _commits(log) - known if _is_of_sail(os.path.join(log, file), operation)]
            if len(own) == 1:
                _note(os.path.join(exchange, COMMITS_FILE), os.path.join(log, own[0]))


def _locked(place: str, held: contextlib.ExitStack) -> bool:
    """Wait for the lock on a folder and keep it as long as ``held``; false where the file system has none, or it was not to be had."""
    until = time.monotonic() + _WAIT_SECONDS
    try:
        descriptor = os.open(place, os.O_RDONLY)
        held.callback(os.close, descriptor)
        while time.monotonic() < until:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            time.sleep(_LOOK_SECONDS)
    except OSError:
        pass
    return False


def _commits(log: str) -> set[str]:
    with contextlib.suppress(OSError):
        return set(filter(_COMMIT.match, os.listdir(log)))
    return set()


def _is_of_sail(file: str, operation: str) -> bool:
    """Whether a commit is one that Sail made for a statement of SQL."""
    with contextlib.suppress(OSError, ValueError), open(file, "rb") as lines:
        for line in lines:
            info: Any = json.loads(line).get("commitInfo") if b'"commitInfo"' in line else None
            if info is not None:
                by_sail = str(info.get("engineInfo", "")).startswith("sail")
                return by_sail and info.get("operation") == operation and not info.get("userMetadata")
    return False


def _note(notes: str, commit: str) -> None:
    with contextlib.suppress(OSError):
        line = "".join(json.dumps({"file": file, "written": written}) + "\n" for file, written in known_by(commit))
        with open(notes, "ab", buffering=0) as into:
            into.write(line.encode())
