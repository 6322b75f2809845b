"""What a run came to, as data frames: its tasks, and previews of the tables that it wrote, read without any engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nbflow.core.errors import NoSuchNameError
from nbflow.core.writes import TableWrite

if TYPE_CHECKING:
    from nbflow.surface.jupyter.view import RunView
    from nbflow.surface.jupyter.where import Where

PREVIEW_ROWS = 1000


class RunTables(Mapping[str, Any]):
    """The tables that a run wrote, by ``schema.table``. Each is read when it is asked for, as the run left it: its first 1,000 rows."""

    def __init__(self, where: Where, writes: Mapping[str, TableWrite]) -> None:
        self._where, self._writes = where, writes

    def __getitem__(self, name: str) -> Any:
        """A pandas ``DataFrame``, an Arrow table where pandas is missing. Raises ``NoSuchNameError`` for a table that the run
        did not write, ``UsageError`` for one that cannot be read any more."""
        from nbflow.define.nearest import did_you_mean, there_are

        wanted = name.lower() if name not in self._writes else name
        if wanted not in self._writes:
            hint = did_you_mean(wanted, self._writes) or (
                there_are(list(self._writes)) if self._writes else "it wrote none in the warehouse"
            )
            raise NoSuchNameError(f"the run wrote no table {name!r}", hint)
        return preview(self._where, self._writes[wanted])

    def __contains__(self, name: object) -> bool:
        return name in self._writes

    def get(self, name: str, default: Any = None) -> Any:
        """The preview of the table; ``default`` for one that the run did not write."""
        return self[name] if name in self._writes else default

    def __iter__(self) -> Iterator[str]:
        return iter(self._writes)

    def __len__(self) -> int:
        return len(self._writes)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._writes)

    def __repr__(self) -> str:
        return f"tables: {', '.join(self._writes) or 'none'}"


def last_writes(run: RunView) -> dict[str, TableWrite]:
    """What ``run`` did last to each table that it wrote, by the table's name.

    Of tasks that worked at the same time it is what made the newest version; one that began when another had ended wrote after it, also
    where it made the table anew, whose versions then begin again.
    """
    found: dict[str, tuple[TableWrite, str]] = {}
    records = {task["task_key"]: task for task in run.document["tasks"]}
    for key in sorted(run.tasks, key=lambda key: records[key]["started"] or ""):
        record = records[key]
        for write in run.tasks[key].tables:
            kept, ended = found.get(write.table, (None, ""))
            if kept is None or write.last_version > kept.last_version or (ended and (record["started"] or "") >= ended):
                found[write.table] = write, record["ended"] or ""
    return {table: write for table, (write, _) in found.items()}


def preview(where: Where, write: TableWrite) -> Any:
    """The first rows of the table as ``write`` left it. Raises ``UsageError`` where it cannot be read."""
    from nbflow.store.tables import Tables

    found = where.found()
    table = Tables(found.root / found.settings.warehouse).arrow(write.table, write.last_version, PREVIEW_ROWS)
    try:
        return table.to_pandas()
    except ImportError:
        return table


def run_frame(run: RunView) -> Any:
    """The tasks of ``run`` as a ``DataFrame``, a row each."""
    import pandas

    from nbflow.core.plain_text import clean
    from nbflow.core.progress import error_text

    records = {task["task_key"]: task for task in run.document["tasks"]}
    rows = {
        key: {
            "result": None if task.result is None else str(task.result),
            "started": records[key]["started"],
            "ended": records[key]["ended"],
            "duration_s": task.duration,
            "attempts": task.attempts,
            "error": None if task.error is None or task.ok else error_text(task.error),
            "reason": None if task.reason is None else clean(task.reason),
            "notebook": None if task.notebook is None else str(task.notebook),
            "values": dict(task.values),
        }
        for key, task in run.tasks.items()
    }
    frame = pandas.DataFrame.from_dict(rows, orient="index")
    for name in ("started", "ended"):
        if rows:
            frame[name] = pandas.to_datetime(frame[name], utc=True)
    return frame.rename_axis("task_key")
