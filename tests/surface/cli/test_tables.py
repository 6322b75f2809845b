"""``nbflow tables`` at the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from nbflow.warehouse.trash import throw_away


def test_tables_at_the_shell(nbflow: Any, workspace: Path) -> None:
    """A list, one table and its history, as text and as JSON; text of the data cannot steer the terminal."""
    assert nbflow("tables").out == "there are no tables\n"
    folder = workspace / "warehouse" / "bronze" / "events"
    folder.parent.mkdir(parents=True)
    write_deltalake(folder, pa.table({"n": [1, 2], "s": ["a\x1b[31m\nb", None]}))
    heading, row = nbflow("tables").out.splitlines()
    assert heading.split() == ["table", "version", "rows", "size", "changed", "run"]
    assert row.split()[:3] == ["bronze.events", "0", "2"] and row.split()[-1] == "-"
    shown = nbflow("tables", "show", "bronze.events").out
    assert "\x1b" not in shown and "null" in shown and "long" in shown
    assert nbflow("tables", "history", "bronze.events").out.splitlines()[1].split()[0] == "0"
    (table,) = nbflow("tables", "--json").document["tables"]
    assert (table["name"], table["version"], table["rows"], table["path"]) == ("bronze.events", 0, 2, str(folder))
    document = nbflow("tables", "show", "bronze.events", "--json").document
    assert [item["name"] for item in document["table"]["columns"]] == ["n", "s"]
    assert document["preview"][0] == {"n": 1, "s": "a\x1b[31m\nb"}
    assert nbflow("tables", "history", "bronze.events", "--json").document["history"][0]["version"] == 0
    missing = nbflow("tables", "show", "bronze.event")
    assert (missing.code, "did you mean 'bronze.events'" in missing.err) == (2, True)


def test_the_trash_at_the_shell(nbflow: Any, workspace: Path) -> None:
    """Dropped tables are listed, brought back under either name and deleted for good, as text and as JSON."""
    assert nbflow("tables", "trash").out == "the trash is empty\n"
    warehouse = workspace / "warehouse"
    for rows in (1, 2, 3):
        folder = warehouse / "bronze" / "events"
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_deltalake(folder, pa.table({"n": list(range(rows))}))
        throw_away(warehouse, folder, "bronze.events", {"run_id": rows, "task_key": "load"})
    heading, row, *_ = nbflow("tables", "trash").out.splitlines()
    assert heading.split() == ["table", "dropped", "size", "run", "task"]
    assert (row.split()[0], row.split()[-2:]) == ("bronze.events", ["3", "load"])
    assert [item["run_id"] for item in nbflow("tables", "trash", "--json").document["dropped"]] == [3, 2, 1]
    assert nbflow("tables", "restore", "bronze.events").out == "bronze.events is back at warehouse/bronze/events\n"
    taken = nbflow("tables", "restore", "bronze.events")
    assert (taken.code, "--as bronze.events_restored" in taken.err) == (2, True)
    assert nbflow("tables", "restore", "bronze.events", "--as", "old").code == 2  # of which schema?
    assert nbflow("tables", "restore", "bronze.events", "--as", "default.old", "--json").document["restored"]["name"] == "default.old"
    assert {table["name"]: table["rows"] for table in nbflow("tables", "--json").document["tables"]} == {
        "bronze.events": 3,
        "default.old": 2,
    }
    assert nbflow("tables", "trash", "--older-than", "1").code == 2
    assert nbflow("tables", "trash", "--empty", "--older-than", "1").out.startswith("deleted 0 dropped tables")
    assert nbflow("tables", "trash", "--empty").out.startswith("deleted 1 dropped table, ")
    assert nbflow("tables", "trash", "--json").document["dropped"] == []
