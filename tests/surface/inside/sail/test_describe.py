"""What the log of a Delta table says last of it, as far as it is kept from one look to the next."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from nbflow.surface.inside.sail.describe import metadata_of, partitions_of


def commit(table: Path, version: int, **metadata: Any) -> None:
    """Write a commit, which says something of the table's columns where ``metadata`` are given."""
    log = table / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    line: dict[str, Any] = {"metaData": metadata} if metadata else {"add": {}}
    (log / f"{version:020d}.json").write_text(json.dumps(line) + "\n")


@pytest.mark.parametrize("other", ["_last_checkpoint", "_commit_1.json.tmp", ".00000000000000000000.json.crc"])
def test_a_later_commit_counts(tmp_path: Path, other: str) -> None:
    """Whatever other files lie in the log: the newest commit that speaks of columns is taken, and one that does not changes nothing."""
    commit(tmp_path, 9, partitionColumns=["a"])
    (tmp_path / "_delta_log" / other).write_text("{}")
    assert partitions_of(str(tmp_path)) == ["a"]
    commit(tmp_path, 10)
    assert partitions_of(str(tmp_path)) == ["a"]
    commit(tmp_path, 11, partitionColumns=["b"])
    assert partitions_of(str(tmp_path)) == ["b"]


def test_a_table_that_is_made_anew(tmp_path: Path) -> None:
    """Nothing is kept of a table that was deleted, also where the file system gives its folder's number to the next."""
    table = tmp_path / "t"
    for column in "abc":
        commit(table, 0, partitionColumns=[column])
        commit(table, 1)
        assert metadata_of(str(table)) == {"partitionColumns": [column]}
        shutil.rmtree(table)
