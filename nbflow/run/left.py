"""What a task left in its exchange folder: task values and an exit value. Any program may have written it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbflow.core.exchange import COMMITS_FILE, ERROR_FILE, EXIT_FILE, MAX_VALUE_BYTES, OUTPUT_FILE, VALUES_FILE
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.run.endings import Ending

_DEEPEST = 100
"""Lists and objects inside one another; Python's own limit ends a program in the middle of something else."""

_BROKEN = (ValueError, KeyError, TypeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Left:
    """``error`` tells of the exception that ended a program, in the words of ``TaskError``; ``output`` is the result of SQL; ``troubles`` are
    sentences about what could not be taken, ``torn`` is one about a last line that was never finished."""

    values: dict[str, Any] = field(default_factory=dict)
    exit_value: str | None = None
    error: Mapping[str, str] = field(default_factory=dict)
    output: dict[str, Any] | None = None
    troubles: list[str] = field(default_factory=list)
    torn: str | None = None

    def held_to(self, ending: Ending) -> Ending:
        """How the attempt ended: a success that left something which could not be taken is none."""
        refused = [*self.troubles, *([self.torn] if self.torn else [])]
        if ending.result is not Result.SUCCESS or not refused:
            return ending
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        message = f"the task succeeded, and what it gave to later tasks cannot be taken: {refused[0]}{more}"
        return replace(ending, result=Result.FAILED, error=TaskError(ErrorKind.TASK_VALUE, message))


def read_left(folder: Path, max_value_bytes: int = MAX_VALUE_BYTES) -> Left:
    """What stands in the exchange folder. Of several values for a key the last one counts.

    A value of more than ``max_value_bytes`` as JSON is refused, whoever wrote it.
    Raises ``OSError`` for a file that is there and cannot be read.
    """
    values, troubles, torn = _values(folder, max_value_bytes)
    exit_value = None
    with contextlib.suppress(FileNotFoundError):
        try:
            found = json.loads((folder / EXIT_FILE).read_bytes())["value"]
            exit_value = None if found is None else str(found)
        except _BROKEN as error:
            troubles.append(f"{EXIT_FILE} is no exit value ({_told(error)})")
    ended_by: dict[str, str] = {}
    output = None
    with contextlib.suppress(FileNotFoundError, *_BROKEN):
        told = json.loads((folder / ERROR_FILE).read_bytes())
        ended_by = {name: str(told[name]) for name in ("ename", "evalue", "message", "source") if name in told}
    with contextlib.suppress(FileNotFoundError, *_BROKEN):
        found = json.loads((folder / OUTPUT_FILE).read_bytes())
        output = {"columns": list(found["columns"]), "rows": [dict(row) for row in found["rows"]]}
    return Left(values, exit_value, ended_by, output, troubles, torn)


def _values(folder: Path, most: int) -> tuple[dict[str, Any], list[str], str | None]:
    """The task values, a sentence for each line that is none, and one for a last line that is cut off."""
    values: dict[str, Any] = {}
    troubles, torn = [], None
    try:
        lines = (folder / VALUES_FILE).read_bytes().split(b"\n")
    except FileNotFoundError:
        return {}, [], None
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                key, value = _entry(line, most)
                values[key] = value
        except _BROKEN as error:
            if number < len(lines):
                troubles.append(f"line {number} of {VALUES_FILE} is no task value ({_told(error)})")
            else:
                torn = f"line {number} of {VALUES_FILE} is no task value, and has no end ({_told(error)})"
    return values, troubles, torn


def _entry(line: bytes, most: int) -> tuple[str, Any]:
    """The key and the value that a line gives. Raises one of ``_BROKEN``."""
    entry = json.loads(line, parse_constant=_refuse)
    if not isinstance(entry, dict) or not isinstance(entry.get("key"), str) or "value" not in entry:
        msg = 'it must be {"key": text, "value": anything that JSON holds}'
        raise ValueError(msg)
    _check_depth(entry["value"])
    _check_size(entry["key"], entry["value"], most)
    return entry["key"], entry["value"]


def _told(error: Exception) -> str:
    return (
        "nested too deeply" if isinstance(error, RecursionError) else str(error) if isinstance(error, ValueError) else type(error).__name__
    )


def _refuse(constant: str) -> Any:
    msg = f"{constant} is nothing that JSON holds"
    raise ValueError(msg)


def _check_size(key: str, value: Any, most: int) -> None:
    size = len(json.dumps(value).encode())
    if size > most:
        msg = f"{key!r} has {size} bytes as JSON, {most} are allowed: write a table, and give its name"
        raise ValueError(msg)


def read_commits(folder: Path) -> frozenset[tuple[str, int]]:
    """The commits without a mark that the exchange folder says are the task's: each one's file, by its
    path or by what the file system calls it (``warehouse.tables.known_by``), and when it was written, in ns.

    What cannot be read is none.
    """
    found = set()
    with contextlib.suppress(OSError):
        for line in (folder / COMMITS_FILE).read_bytes().split(b"\n"):
            with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                entry = json.loads(line)
                found.add((str(entry["file"]), int(entry["written"])))
    return frozenset(found)


def _check_depth(value: Any) -> None:
    """Raise ``ValueError`` for a value that is nested too deep. Not recursive."""
    layer, depth = [value], 0
    while layer:
        depth += 1
        if depth > _DEEPEST:
            msg = f"nested more than {_DEEPEST} deep"
            raise ValueError(msg)
        layer = [
            item
            for inside in layer
            if isinstance(inside, (list, dict))
            for item in (inside.values() if isinstance(inside, dict) else inside)
        ]
