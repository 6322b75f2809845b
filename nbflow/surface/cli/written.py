"""What tasks wrote to Delta tables, in words."""

from __future__ import annotations

from collections.abc import Sequence

from nbflow.core.writes import TableWrite
from nbflow.surface.cli.terminal import one_line

_MOST_TOLD = 3


def written_line(writes: Sequence[TableWrite]) -> str:
    """The end of a sentence: ``; wrote bronze.events v3 (+42 rows) and 2 more tables``. Empty for nothing."""
    if not writes:
        return ""
    told = [f"{one_line(write.table)} v{write.last_version} ({rows_changed(write)})" for write in writes[:_MOST_TOLD]]
    more = len(writes) - len(told)
    return f"; wrote {', '.join(told)}" + (f" and {more} more table{_s(more)}" if more else "")


def written_row(write: TableWrite) -> tuple[str, str, str]:
    """The table, the versions, and what became of the rows."""
    return one_line(write.table), _versions(write), rows_changed(write)


def rows_changed(write: TableWrite) -> str:
    """``+42 rows, 3 updated, now 1042``; Delta's word for what was done where that says more."""
    done = one_line(", ".join(write.operations))
    counts = (write.inserted, write.updated, write.deleted)
    if not any(counts):
        return done if None in counts else f"{done}, no rows changed"
    parts = []
    if write.inserted:
        count = f"{write.inserted} row{_s(write.inserted)}"
        parts.append(f"+{count}" if write.deleted is not None else f"{count} written")
    if write.updated:
        parts.append(f"{write.updated} updated")
    if write.deleted:
        parts.append(f"{write.deleted} deleted")
    if write.rows is not None and (write.rows != write.inserted or write.deleted):
        parts.append(f"now {write.rows}")
    return ", ".join(parts)


def _versions(write: TableWrite) -> str:
    if write.first_version == write.last_version:
        return f"version {write.last_version}"
    others = write.commits <= write.last_version - write.first_version
    return f"versions {write.first_version} to {write.last_version}" + (f", {write.commits} of them" if others else "")


def _s(count: int) -> str:
    return "" if count == 1 else "s"
