"""Which version of a table a moment means, by the times of the files of its log."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable, Field, Schema

from nbflow.surface.inside.sail.names import Names
from nbflow.surface.inside.sail.travel import by_version, version_at

NOON = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def names(tmp_path: Path) -> Names:
    """A warehouse with one table, whose versions were made at noon, an hour later and, by a clock that went back, at noon again."""
    table = DeltaTable.create(tmp_path / "b" / "t", Schema([Field("a", "integer")]))
    for name in ("x", "y"):
        table.alter.set_table_properties({f"delta.{name}": "1"}, raise_if_not_exists=False)
    for version, hours in enumerate((0, 1, 0)):
        at = (NOON + timedelta(hours=hours)).timestamp()
        os.utime(tmp_path / "b" / "t" / "_delta_log" / f"{version:020}.json", (at, at))
    return Names(str(tmp_path), lambda statement: None)


@pytest.mark.parametrize(
    ("moment", "zone", "version"),
    [
        ("2024-07-01 12:00:00", "UTC", 0), ("2024-07-01T12:59:59.999Z", "Asia/Tokyo", 0), ("2024-07-01 13:00", "UTC", 1), ("2024-07-01 13:00:00.001", "UTC", 2),
        ("2024-07-01 14:30:00", "Europe/Berlin", 0), ("2024-07-01 14:30:00 America/New_York", "UTC", "GREATER_THAN"), ("2024-07-01 07:00:00-05:30", "UTC", 0),
        ("2024-07-01", "UTC", "EARLIER_THAN"), ("2024-07-02", "UTC", "GREATER_THAN"), ("2024-07-01 13:00:00.002", "UTC", "GREATER_THAN"),
        ("yesterday", "UTC", "--engine spark"), ("2024-07-01 12:00:00", "Nowhere/AtAll", "--engine spark"), ("2024-13-01", "UTC", "--engine spark"),
    ],
)  # fmt: skip
def test_moments(names: Names, moment: str, zone: str, version: Any) -> None:
    """The last version that was there, each later than the one before whatever its file says; an error before the first and after the last."""
    folder = names.place(["b", "t"])
    if isinstance(version, int):
        assert version_at(folder, moment, zone) == version
    else:
        with pytest.raises(Exception, match=version):
            version_at(folder, moment, zone)


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("SELECT TIMESTAMP '2024-07-01', * FROM b.t TIMESTAMP AS OF '2024-07-01 12:30:00' x", "SELECT TIMESTAMP '2024-07-01', * FROM b.t VERSION AS OF 0 x"),
        (
            "SELECT 1 FROM b.t for system_time as of TIMESTAMP '2024-07-01 13:00:00' JOIN `b`.t TIMESTAMP AS OF '2024-07-01 12:00:00'",
            "SELECT 1 FROM b.t VERSION AS OF 1 JOIN `b`.t VERSION AS OF 0",
        ),
        ("SELECT * FROM (SELECT * FROM spark_catalog.b.t TIMESTAMP AS OF '2024-07-01 12:30')", "SELECT * FROM (SELECT * FROM spark_catalog.b.t VERSION AS OF 0)"),
        ("SELECT of FROM b.t -- TIMESTAMP AS OF", "SELECT of FROM b.t -- TIMESTAMP AS OF"),
    ],
)  # fmt: skip
def test_statements(names: Names, statement: str, wanted: str) -> None:
    """Each moment of a statement becomes the version of its table, whatever else stands there."""
    assert by_version(statement, names, (), "UTC") == wanted


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM b.t TIMESTAMP AS OF current_timestamp()", "SELECT * FROM b.t TIMESTAMP AS OF '2024-07-01' || ' 12:00:00'", "SELECT * FROM b.u TIMESTAMP AS OF '2024-07-01'",
        "SELECT * FROM v TIMESTAMP AS OF '2024-07-01'", "CREATE TEMP VIEW v USING delta OPTIONS (path '/x', 'timestampAsOf' = '2024-07-01')",
    ],
)  # fmt: skip
def test_what_cannot_be_told(names: Names, statement: str) -> None:
    """A moment that is computed, tables that are not there, views and options of SQL are refused."""
    with pytest.raises(Exception, match="--engine spark"):
        by_version(statement, names, {"v"}, "UTC")


def test_a_log_that_does_not_tell(names: Names) -> None:
    """A table whose first versions are gone, or whose commits have times of their own, is refused."""
    folder = Path(names.place(["b", "t"]))
    (folder / "_delta_log" / f"{0:020}.json").unlink()
    with pytest.raises(Exception, match="first versions are gone"):
        version_at(str(folder), "2024-07-01 13:00:00", "UTC")
