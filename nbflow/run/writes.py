"""Which tables were written since a moment, and by whom: told by the Delta logs in the warehouse, no engine is asked."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbflow.core.exchange import Mark
from nbflow.core.writes import TableWrite, total
from nbflow.warehouse import LOG, FoundTable, find_tables

_COMMIT = re.compile(r"(\d{20})\.json\Z")
_MOST_READ = 10_000

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


class Watch:
    """The tables of a warehouse, watched from the moment at which this is made.

    Tables outside the warehouse, written by their path, are not seen. What cannot be read is as if it were not there.
    """

    def __init__(self, warehouse: Path) -> None:
        self._warehouse = warehouse
        self._before = {table.folder: table.changed for table in find_tables(warehouse)}

    def changed(self) -> Iterator[tuple[FoundTable, list[Commit]]]:
        """The tables with commits made since, by path, each with these commits (the newest 10,000), the oldest first."""
        for table in find_tables(self._warehouse):
            before = self._before.get(table.folder, 0)
            if before != table.changed:
                # Only times of one log are compared, for the file system's clock may be another machine's. A log that is
                # older now is another one: put in this one's place, it is read whole.
                since = before if before < table.changed else 0
                commits = _commits_since(os.path.join(table.folder, LOG), since)
                if commits:
                    yield table, commits

    def written_by(self, mark: Mark) -> tuple[TableWrite, ...]:
        """What the attempt with this mark wrote since, by table."""
        found = []
        for table, commits in self.changed():
            own = [commit for commit in commits if commit.mark == mark]
            if own:
                found.append(_write(table, own))
        return tuple(sorted(found, key=lambda write: write.table))


def _commits_since(log: str, since: int) -> list[Commit]:
    """The commits that were written at ``since`` (ns) or later: from the newest back to the first that is older."""
    try:
        names = sorted(filter(_COMMIT.match, os.listdir(log)), reverse=True)
    except OSError:
        return []
    found = []
    for name in names[:_MOST_READ]:
        file = os.path.join(log, name)
        try:
            if os.stat(file).st_mtime_ns < since:
                break
        except OSError:
            continue
        found.append(Commit(int(name[:20]), file, _info(file)))
    return found[::-1]


def _info(file: str) -> Mapping[str, Any]:
    for action in _actions(file, b'"commitInfo"'):
        info = action.get("commitInfo")
        if isinstance(info, dict):
            return info
    return {}


def _actions(file: str, *words: bytes) -> Iterator[dict[str, Any]]:
    """The actions in a commit's file whose text holds one of ``words``; ends where the file cannot be read."""
    try:
        with open(file, "rb") as lines:
            for line in lines:
                if any(word in line for word in words):
                    action = json.loads(line)
                    if isinstance(action, dict):
                        yield action
    except (OSError, ValueError, RecursionError):
        return


def _write(table: FoundTable, commits: Sequence[Commit]) -> TableWrite:
    inserted, updated, deleted = zip(*map(_counts, commits))
    last = commits[-1]
    return TableWrite(
        table=table.name,
        first_version=commits[0].version,
        last_version=last.version,
        commits=len(commits),
        operations=tuple(dict.fromkeys(commit.operation for commit in commits)),
        inserted=total(inserted),
        updated=total(updated),
        deleted=total(deleted),
        rows=_rows(f"{last.file.removesuffix('.json')}.crc"),
    )


def _counts(commit: Commit) -> Counts:
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
        return _counts_of_files(commit.file)
    output, copied = counts["numOutputRows"] or 0, counts.get("numCopiedRows") or 0
    return output - copied, 0, _deleted(commit, counts)


def _deleted(commit: Commit, counts: Mapping[str, int | None]) -> int | None:
    """How many rows a write took away."""
    if "numDeletedRows" in counts:
        return counts["numDeletedRows"]
    return 0 if commit.info.get("isBlindAppend") is True or counts.get("numRemovedFiles") == 0 else _counts_of_files(commit.file)[2]


def _counts_of_files(file: str) -> Counts:
    """The same from the files that a commit adds and removes, those aside that only lay rows out anew."""
    added: list[int | None] = []
    removed = False
    for action in _actions(file, b'"add"', b'"remove"'):
        add, remove = action.get("add"), action.get("remove")
        if isinstance(add, dict) and add.get("dataChange", True):
            added.append(_rows_of_file(add))
        removed = removed or (isinstance(remove, dict) and bool(remove.get("dataChange", True)))
    if not removed:
        return total(added), 0, 0
    return (None, None, None) if added else (0, 0, None)


def _rows(checksum: str) -> int | None:
    """The rows of a table at a version, from its checksum, which lists the files of small tables with their counts."""
    try:
        with open(checksum, "rb") as file:
            document = json.load(file)
        files = document.get("allFiles", [])
        return total(list(map(_rows_of_file, files))) if len(files) == document["numFiles"] else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


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
