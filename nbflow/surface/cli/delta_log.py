"""Which Delta tables a run changed, told by their logs alone: no engine is asked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_COMMIT = re.compile(r"(\d{20})\.json\Z")
_MOST_READ = 1000
_DEPTH = 3
"""A table is ``<warehouse>/<table>``, ``<warehouse>/<schema>/<table>`` or one deeper."""


@dataclass(frozen=True, slots=True)
class TableState:
    """A table's newest commit: its version, and which file holds it (a table made anew has the same versions again)."""

    version: int
    file: tuple[int, int]


def table_states(warehouse: Path) -> dict[str, TableState]:
    """Every Delta table below ``warehouse`` by its path relative to it, ``/`` between; empty without the folder."""
    return dict(_below(os.fspath(warehouse), "", _DEPTH))


def changed_tables(before: Mapping[str, TableState], after: Mapping[str, TableState]) -> list[tuple[str, int]]:
    """The tables that are new or have another newest commit in ``after``, with their versions, by path."""
    return [(name, state.version) for name, state in sorted(after.items()) if before.get(name) != state]


def writers(log: Path, since: int, until: int) -> set[int | None]:
    """The ids of the runs that made the commits ``since`` to ``until`` of the log in this folder.

    ``None`` stands for commits that tell of no run: not every writer of Delta keeps what a session says of itself.
    """
    found: set[int | None] = set()
    for version in range(max(since, until - _MOST_READ), until + 1):
        try:
            with (log / f"{version:020}.json").open(encoding="utf-8") as file:
                found.add(next((_run_of(line) for line in file if '"commitInfo"' in line), None))
        except (OSError, ValueError):
            found.add(None)
    return found


def _run_of(line: str) -> int | None:
    import json

    try:
        run_id = json.loads(json.loads(line)["commitInfo"]["userMetadata"])["nbflow"]["run_id"]
    except (ValueError, KeyError, TypeError):
        return None
    return run_id if isinstance(run_id, int) else None


def _below(folder: str, name: str, depth: int) -> Iterator[tuple[str, TableState]]:
    try:
        entries = [entry for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")]
    except OSError:
        return
    log = next((entry.path for entry in entries if entry.name == "_delta_log"), None)
    if log is not None:
        state = _newest(log)
        if state is not None and name:
            yield name, state
        return
    for entry in entries if depth else ():
        yield from _below(entry.path, f"{name}/{entry.name}" if name else entry.name, depth - 1)


def _newest(log: str) -> TableState | None:
    try:
        commits = [(int(found.group(1)), name) for name in os.listdir(log) if (found := _COMMIT.match(name))]
        if not commits:
            return None
        version, name = max(commits)
        status = os.stat(os.path.join(log, name))
    except OSError:
        return None
    return TableState(version, (status.st_mtime_ns, status.st_ino))
