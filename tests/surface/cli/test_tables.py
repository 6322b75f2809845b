"""``nbflow tables`` at the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake


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
