"""A table's Delta log, read with the standard library alone: its newest commits, who made them, and what they did to rows."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbflow.core.exchange import Mark
from nbflow.core.writes import total

_COMMIT = re.compile(r"(\d{20})\.json\Z")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint(?:\.\d{10}\.(\d{10}))?\.parquet\Z")
_MOST_COMMITS = 10_000
_MOST_COUNTED, _MOST_BYTES = 200, 1_000_000
"""So many commits, and so much of them, are read in order to count the rows of a table: some 20 ms."""

_UNREADABLE = (OSError, ValueError, RecursionError)

Counts = tuple[int | None, int | None, int | None]
"""Rows inserted, updated and deleted; ``None`` where it is not told."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One version of a table: the file that holds it, and its ``commitInfo``, empty where that is missing or torn."""

    version: int
    file: str
    info: Mapping[str, Any]

    @property
    def mark(self) -> Mark | None:
        """Who made it; ``None``: not every writer of Delta keeps what a session says of itself."""
        return Mark.from_text(self.info.get("userMetadata"))

    @property
    def operation(self) -> str:
        """What it did, in Delta's words."""
        return str(self.info.get("operation") or "UNKNOWN")


def commits_since(log: str, since: int) -> list[Commit]:
    """The commits in this folder that were written at ``since`` (ns) or later, the oldest first; the newest 10,000 of them.

    They are looked at from the newest back to the first that is older.
    """
    try:
        names = sorted(filter(_COMMIT.match, os.listdir(log)), reverse=True)
    except OSError:
        return []
    found = []
    for name in names[:_MOST_COMMITS]:
        file = os.path.join(log, name)
        try:
            if os.stat(file).st_mtime_ns < since:
                break
        except OSError:
            continue
        found.append(Commit(int(name[:20]), file, _info(file)))
    return found[::-1]


def _info(file: str) -> Mapping[str, Any]:
    try:
        for action in _actions(file, b'"commitInfo"'):
            info = action.get("commitInfo")
            if isinstance(info, dict):
                return info
    except _UNREADABLE:
        pass
    return {}


def _actions(file: str, *words: bytes) -> Iterator[dict[str, Any]]:
    """The actions in a commit's file whose text holds one of ``words``. Raises one of ``_UNREADABLE``."""
    with open(file, "rb") as lines:
        for line in lines:
            if any(word in line for word in words):
                action = json.loads(line)
                if isinstance(action, dict):
                    yield action


def rows_changed(commit: Commit) -> Counts:
    """What a commit did to the table's rows: Delta's own counts where it has them, else what its files tell."""
    metrics = commit.info.get("operationMetrics")
    counts = {name: _number(text) for name, text in metrics.items()} if isinstance(metrics, dict) else {}
    if commit.operation == "MERGE" and "numTargetRowsInserted" in counts:
        return counts["numTargetRowsInserted"], counts.get("numTargetRowsUpdated"), counts.get("numTargetRowsDeleted")
    if commit.operation == "UPDATE" and "numUpdatedRows" in counts:
        return 0, counts["numUpdatedRows"], 0
    if commit.operation == "DELETE" and "numDeletedRows" in counts:
        return 0, 0, counts["numDeletedRows"]
    if counts.get("numOutputRows") is None:
        return _rows_of_actions(commit.file)
    output, copied = counts["numOutputRows"] or 0, counts.get("numCopiedRows") or 0
    return output - copied, 0, _deleted(commit, counts)


def _deleted(commit: Commit, counts: Mapping[str, int | None]) -> int | None:
    """How many rows a write took away."""
    if "numDeletedRows" in counts:
        return counts["numDeletedRows"]
    return 0 if commit.info.get("isBlindAppend") is True or counts.get("numRemovedFiles") == 0 else _rows_of_actions(commit.file)[2]


def _rows_of_actions(file: str) -> Counts:
    """The same from the files that a commit adds and removes."""
    try:
        adds, removes = _files_of_commit(file, only_changes=True)
    except _UNREADABLE:
        return None, None, None
    if not removes:
        return total(list(adds.values())), 0, 0
    return (None, None, None) if adds else (0, 0, None)


def rows_at(log: str, version: int) -> int | None:
    """How many rows the table has at ``version``; ``None`` where files without counts, or too long a log, do not tell.

    From that version back, what each commit adds counts unless a later one removed or replaced it, until a version whose
    checksum lists all files, as those of small tables do, or the first. Of a log that is too long for that, or has lost its
    beginning, the newest checkpoint is where it ends: to read one takes pyarrow, which is not loaded for every table.
    """
    if version < _MOST_COUNTED:
        rows = _counted_back(log, version)
    else:
        whole = _files_of_checksum(os.path.join(log, f"{version:020}.crc"))
        rows = None if whole is None else total(list(whole.values()))
    return _counted_back(log, version, *_newest_checkpoint(log, version)) if rows is None else rows


def _counted_back(log: str, version: int, known: int = -1, files: Mapping[str, int | None] | None = None) -> int | None:
    """The rows at ``version``, where ``files`` are those of the version ``known`` with their rows."""
    counts: dict[str, int | None] = {}  # by file; 0 for one that is gone
    read = 0
    for number in range(version, max(-1, version - _MOST_COUNTED), -1):
        file = os.path.join(log, f"{number:020}")
        whole = files if number == known else _files_of_checksum(f"{file}.crc")
        if whole is not None:
            return total([*counts.values(), *(rows for path, rows in whole.items() if path not in counts)])
        try:
            read += os.stat(f"{file}.json").st_size
            if read > _MOST_BYTES:
                return None
            adds, removes = _files_of_commit(f"{file}.json")
        except _UNREADABLE:
            return None
        for path, rows in {**dict.fromkeys(removes, 0), **adds}.items():
            counts.setdefault(path, rows)
    return total(list(counts.values())) if version < _MOST_COUNTED else None


def _newest_checkpoint(log: str, version: int) -> tuple[int, Mapping[str, int | None]] | tuple[()]:
    """The newest version up to this one of which there is a checkpoint, and the rows of each of its files; empty where there is none
    that is told here: not one in parts whose names only another file tells, and none of very many files."""
    parts: dict[tuple[int, int], list[str]] = {}  # by version, and how many there must be
    try:
        for name in os.listdir(log):
            match = _CHECKPOINT.match(name)
            if match is not None and int(match[1]) <= version:
                parts.setdefault((int(match[1]), int(match[2] or 1)), []).append(os.path.join(log, name))
        for (number, count), files in sorted(parts.items(), reverse=True):
            if len(files) == count:
                small = sum(os.stat(file).st_size for file in files) <= _MOST_BYTES
                return (number, _files_of_checkpoint(files)) if small else ()
    except Exception:  # whatever a reader of Parquet raises: that rows are not counted fails no task
        return ()
    return ()


def _files_of_checkpoint(parts: Sequence[str]) -> dict[str, int | None]:
    """The rows of each file of a table by the file's path. Raises whatever its reader does."""
    from pyarrow import parquet

    found = {}
    for part in parts:
        table = parquet.ParquetFile(part).read(columns=["add.path", "add.stats", "add.deletionVector.cardinality"])
        for add in table["add"].to_pylist():
            if add is not None and add["path"] is not None:
                found[add["path"]] = _rows_of_file(add)
    return found


def _files_of_checksum(checksum: str) -> dict[str, int | None] | None:
    """The rows of each file of a table by the file's path, where a version's checksum lists them all."""
    try:
        with open(checksum, "rb") as file:
            document = json.load(file)
        files = {add["path"]: _rows_of_file(add) for add in document.get("allFiles", [])}
        return files if len(files) == document["numFiles"] else None
    except (*_UNREADABLE, LookupError, TypeError, AttributeError):
        return None


def _files_of_commit(file: str, *, only_changes: bool = False) -> tuple[dict[str, int | None], list[str]]:
    """The files that a commit adds, with their rows, and those that it removes; ``only_changes`` leaves those aside that only
    lay rows out anew. Raises one of ``_UNREADABLE``."""
    adds: dict[str, int | None] = {}
    removes = []
    for action in _actions(file, b'"add"', b'"remove"'):
        add, remove = action.get("add"), action.get("remove")
        if isinstance(add, dict) and (add.get("dataChange", True) or not only_changes):
            adds[str(add.get("path"))] = _rows_of_file(add)
        if isinstance(remove, dict) and (remove.get("dataChange", True) or not only_changes):
            removes.append(str(remove.get("path")))
    return adds, removes


def _rows_of_file(add: Mapping[str, Any]) -> int | None:
    """The rows of a table's file without those that are marked as deleted in it."""
    try:
        count = json.loads(add["stats"])["numRecords"]
        gone = (add.get("deletionVector") or {}).get("cardinality", 0)
        return int(count) - int(gone)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _number(text: object) -> int | None:
    try:
        return int(text) if isinstance(text, (str, int)) else None
    except ValueError:
        return None
