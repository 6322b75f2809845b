"""What a task left in its exchange folder: task values and an exit value. Any program may have written it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbflow.core.exchange import COMMITS_FILE, ERROR_FILE, EXIT_FILE, MAX_VALUE_BYTES, OUTPUT_FILE, VALUES_FILE

_DEEPEST = 100
"""Lists and objects inside one another; Python's own limit ends a program in the middle of something else."""


@dataclass(frozen=True, slots=True)
class Left:
    """``error`` tells of the exception that ended a program, in the words of ``TaskError``; ``output`` is the result of SQL; ``troubles`` are sentences about what could not be read."""

    values: dict[str, Any] = field(default_factory=dict)
    exit_value: str | None = None
    error: Mapping[str, str] = field(default_factory=dict)
    output: dict[str, Any] | None = None
    troubles: list[str] = field(default_factory=list)


def read_left(folder: Path, max_value_bytes: int = MAX_VALUE_BYTES) -> Left:
    """What stands in the exchange folder. Later lines win; a last line that is torn was never finished and is none.

    A value of more than ``max_value_bytes`` as JSON is refused, whoever wrote it.
    Raises ``OSError`` for a file that is there and cannot be read.
    """
    left = Left()
    with contextlib.suppress(FileNotFoundError):
        lines = (folder / VALUES_FILE).read_bytes().split(b"\n")
        for number, line in enumerate(lines, 1):
            try:
                entry = json.loads(line, parse_constant=_refuse)
                _check_depth(entry["value"])
                _check_size(entry["value"], max_value_bytes)
                left.values[str(entry["key"])] = entry["value"]
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                if line.strip() and number < len(lines):
                    left.troubles.append(
                        f"line {number} of {VALUES_FILE} is no task value and has no effect ({type(error).__name__}: {error})"
                    )
    exit_value = None
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        found = json.loads((folder / EXIT_FILE).read_bytes())["value"]
        exit_value = None if found is None else str(found)
    ended_by: dict[str, str] = {}
    output = None
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        told = json.loads((folder / ERROR_FILE).read_bytes())
        ended_by = {name: str(told[name]) for name in ("ename", "evalue", "message", "source") if name in told}
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        found = json.loads((folder / OUTPUT_FILE).read_bytes())
        output = {"columns": list(found["columns"]), "rows": [dict(row) for row in found["rows"]]}
    return Left(left.values, exit_value, ended_by, output, left.troubles)


def _refuse(constant: str) -> Any:
    msg = f"{constant} is nothing that JSON holds"
    raise ValueError(msg)


def _check_size(value: Any, most: int) -> None:
    size = len(json.dumps(value).encode())
    if size > most:
        msg = f"{size} bytes as JSON, {most} are allowed: write a table, and give its name"
        raise ValueError(msg)


def read_commits(folder: Path) -> frozenset[tuple[str, int]]:
    """The commits without a mark that the exchange folder says are the task's: each one's file and when it was written, in ns.

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
