"""What tasks wrote to Delta tables, as values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TableWrite:
    """What an attempt wrote to one table, as the table's log tells it.

    ``table`` is ``schema.table``, or the path from the warehouse of a table that has no such name. ``first_version`` and
    ``last_version`` are of the attempt's own ``commits``; where these are fewer than the versions, others wrote between.
    ``operations`` are Delta's words (``WRITE``, ``MERGE``), each once, in their order. ``inserted``, ``updated`` and
    ``deleted`` count rows; ``None`` where a commit does not tell: Delta does not count the rows that an overwrite takes
    away. ``rows`` is how many rows the table had at ``last_version``; ``None`` where that is not told cheaply.
    """

    table: str
    first_version: int
    last_version: int
    commits: int
    operations: tuple[str, ...]
    inserted: int | None
    updated: int | None
    deleted: int | None
    rows: int | None

    def to_json(self) -> dict[str, Any]:
        """This as a JSON object, in records and in ``--json``."""
        return {**asdict(self), "operations": list(self.operations)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> TableWrite:
        """What ``to_json`` wrote; keys of a newer version are left out."""
        known = {name: document[name] for name in cls.__dataclass_fields__ if name in document}
        return cls(**{**known, "operations": tuple(known["operations"])})


def written_together(attempts: Iterable[Iterable[TableWrite]]) -> tuple[TableWrite, ...]:
    """What attempts that followed one another wrote together, by table: what one wrote stays when the next begins.

    A table that was made anew since an earlier attempt is told without what that attempt wrote, for it is gone.
    """
    found: dict[str, TableWrite] = {}
    for attempt in attempts:
        for write in attempt:
            earlier = found.get(write.table)
            if earlier is not None and earlier.last_version < write.first_version:
                write = _joined(earlier, write)
            found[write.table] = write
    return tuple(found[table] for table in sorted(found))


def _joined(earlier: TableWrite, later: TableWrite) -> TableWrite:
    return TableWrite(
        table=later.table,
        first_version=earlier.first_version,
        last_version=later.last_version,
        commits=earlier.commits + later.commits,
        operations=tuple(dict.fromkeys((*earlier.operations, *later.operations))),
        inserted=total([earlier.inserted, later.inserted]),
        updated=total([earlier.updated, later.updated]),
        deleted=total([earlier.deleted, later.deleted]),
        rows=later.rows,
    )


def total(counts: Sequence[int | None]) -> int | None:
    """The sum of ``counts``; ``None`` where one of them is not known."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
