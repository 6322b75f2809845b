"""Which tables were written since a moment, and by whom: told by the Delta logs in the warehouse, no engine is asked."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from nbflow.core.exchange import Mark
from nbflow.core.writes import TableWrite, total
from nbflow.run.delta_log import Commit, commits_since, rows_at, rows_changed
from nbflow.warehouse.tables import LOG, FoundTable, find_tables, known_by


class Watch:
    """The tables of a warehouse, watched from the moment at which this is made.

    Tables outside the warehouse, written by their path, are not seen. What cannot be read is as if it were not there.
    """

    def __init__(self, warehouse: Path) -> None:
        self._warehouse = warehouse
        self._before = {table.folder: table.changed for table in find_tables(warehouse)}

    def changed(self) -> Iterator[tuple[FoundTable, list[Commit]]]:
        """The tables with commits made since, by path, each with these commits, the oldest first."""
        for table in find_tables(self._warehouse):
            before = self._before.get(table.folder, 0)
            if before != table.changed:
                # Only times of one log are compared, for the file system's clock may be another machine's. A log that is
                # older now is another one: put in this one's place, it is read whole.
                since = before if before < table.changed else 0
                commits = commits_since(os.path.join(table.folder, LOG), since)
                if commits:
                    yield table, commits

    def written_by(self, mark: Mark, noted: Collection[tuple[str, int]] = ()) -> tuple[TableWrite, ...]:
        """What the attempt with this mark wrote since, by table. ``noted`` are commits without a mark that are known to be its own."""
        found = []
        for table, commits in self.changed():
            own = [commit for commit in commits if commit.mark == mark or (noted and commit.mark is None and _is_among(commit, noted))]
            if own:
                found.append(_write(table, own))
        return tuple(sorted(found, key=lambda write: write.table))


def _is_among(commit: Commit, noted: Collection[tuple[str, int]]) -> bool:
    with contextlib.suppress(OSError):
        return any(each in noted for each in known_by(commit.file))
    return False


def _write(table: FoundTable, commits: Sequence[Commit]) -> TableWrite:
    inserted, updated, deleted = zip(*map(rows_changed, commits))
    first, last = commits[0].version, commits[-1].version
    return TableWrite(
        table=table.name,
        first_version=first,
        last_version=last,
        commits=len(commits),
        operations=tuple(dict.fromkeys(commit.operation for commit in commits)),
        inserted=total(inserted),
        updated=total(updated),
        deleted=total(deleted),
        rows=rows_at(os.path.join(table.folder, LOG), last),
    )
