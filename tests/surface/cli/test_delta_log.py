"""Which tables a run changed."""

from __future__ import annotations

import json
from pathlib import Path

from nbflow.surface.cli.delta_log import changed_tables, table_states, writers


def _commit(table: Path, version: int) -> None:
    (table / "_delta_log").mkdir(parents=True, exist_ok=True)
    (table / "_delta_log" / f"{version:020}.json").write_text("{}")


def test_new_and_changed_tables_are_told_with_their_versions(tmp_path: Path) -> None:
    """A table with a new commit and a new table are told; one that nobody touched is not."""
    for name in ("bronze/events", "silver/events", "plain"):
        _commit(tmp_path / name, 0)
    before = table_states(tmp_path)
    for version in range(1, 12):
        _commit(tmp_path / "silver/events", version)
    _commit(tmp_path / "gold/top", 0)
    assert changed_tables(before, table_states(tmp_path)) == [("gold/top", 0), ("silver/events", 11)]


def test_a_table_made_anew_is_changed(tmp_path: Path) -> None:
    """A table that was removed and written again counts as changed although its version is the same."""
    commit = tmp_path / "a/t/_delta_log" / f"{0:020}.json"
    _commit(tmp_path / "a/t", 0)
    before = table_states(tmp_path)
    other = commit.with_suffix(".other")
    other.write_text("[]")
    other.replace(commit)
    assert changed_tables(before, table_states(tmp_path)) == [("a/t", 0)]


def test_what_is_no_table_is_left_out(tmp_path: Path) -> None:
    """Folders without commits, partitions of a table, files and a missing warehouse are no tables."""
    (tmp_path / "a/b/_delta_log").mkdir(parents=True)
    _commit(tmp_path / "t", 0)
    _commit(tmp_path / "t/day=1", 0)
    (tmp_path / "file").write_text("")
    assert list(table_states(tmp_path)) == ["t"]
    assert table_states(tmp_path / "missing") == {}


def test_a_commit_tells_which_run_made_it(tmp_path: Path) -> None:
    """By what its session said of itself; one that says nothing, or another's words, tells of no run."""
    log = tmp_path / "_delta_log"
    log.mkdir()
    says = [json.dumps({"nbflow": {"run_id": 7}}), None, "nightly", json.dumps({"nbflow": {"run_id": 8}})]
    for version, text in enumerate(says):
        info = {"operation": "WRITE", **({} if text is None else {"userMetadata": text})}
        lines = [json.dumps({"add": {"path": "x"}}), json.dumps({"commitInfo": info})]
        (log / f"{version:020}.json").write_text("\n".join(lines))
    assert writers(log, 0, 3) == {7, None, 8}
    assert (writers(log, 0, 0), writers(log, 1, 2), writers(log, 3, 3), writers(log, 4, 4)) == ({7}, {None}, {8}, {None})
