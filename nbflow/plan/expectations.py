"""Whether an attempt kept what its task promises: succeeded but empty is a failure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from nbflow.core.writes import TableWrite
from nbflow.define.pipelines.flow import Expectation


def lowered(expected: Expectation | None) -> Expectation | None:
    """The same promises, with the names of tables as the warehouse tells them: Spark knows no case of letters in them."""
    if expected is None:
        return None
    tables: dict[str, int] = {}
    for table, least in expected.tables.items():
        tables[table.lower()] = max(least, tables.get(table.lower(), 0))
    return Expectation(tables, expected.values)


def broken_promises(expected: Expectation, values: Collection[str], writes: Iterable[TableWrite]) -> list[str]:
    """One sentence for each promise, ``lowered``, that an attempt did not keep which set these task ``values`` and wrote these tables."""
    written = {write.table: write for write in writes}
    broken = []
    for table, least in expected.tables.items():
        write = written.get(table)
        if write is None:
            broken.append(f"it did not write {table}")
        elif write.rows is None and least:
            broken.append(f"how many rows {table} has is not known, and {least} are expected at least")
        elif write.rows is not None and write.rows < least:
            broken.append(f"{table} has {write.rows} row{'s' if write.rows != 1 else ''}, and {least} are expected at least")
    broken += [f"it did not set the task value {name!r}" for name in expected.values if name not in values]
    return broken
