"""Which tables were written, and by whom, told by hand-written Delta logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from nbflow.core.exchange import Mark
from nbflow.core.writes import TableWrite, written_together
from nbflow.run.delta_log import rows_at
from nbflow.run.left import read_commits
from nbflow.run.writes import Watch

MINE = Mark(7, "bronze", 1)
OTHER = Mark(7, "bronze", 2)


def action(kind: str, rows: int | None = None, change: bool = True, gone: int = 0) -> dict[str, Any]:
    """A file that a commit adds or removes."""
    stats = {} if rows is None else {"stats": json.dumps({"numRecords": rows})}
    vector = {"deletionVector": {"cardinality": gone}} if gone else {}
    return {kind: {"path": f"part-{rows}.parquet", "dataChange": change, **stats, **vector}}


def info(mark: Mark | None, operation: str = "WRITE", metrics: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """What a commit says of itself, as Spark writes it: numbers are text."""
    told = {} if metrics is None else {"operationMetrics": {name: str(value) for name, value in metrics.items()}}
    return {"commitInfo": {"operation": operation, **told, **({} if mark is None else {"userMetadata": mark.to_text()}), **more}}


def commit(table: Path, version: int, *actions: dict[str, Any]) -> Path:
    """A commit of these actions."""
    log = table / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    file = log / f"{version:020}.json"
    file.write_text("".join(json.dumps(each) + "\n" for each in actions))
    return file


def inode(file: Path) -> str:
    """What the file system calls a file, whatever its name."""
    return f"{file.stat().st_dev}-{file.stat().st_ino}"


def grown(rows: int, **more: Any) -> dict[str, Any]:
    """The info of an append of mine."""
    return info(MINE, "WRITE", {"numOutputRows": rows}, isBlindAppend=True, **more)


def test_an_attempt_has_its_own_commits_and_no_others(tmp_path: Path) -> None:
    """Not those of another attempt, another run, or of nobody; not those from before; where they lie is told by versions."""
    events, others = tmp_path / "bronze" / "events", tmp_path / "bronze" / "others"
    commit(events, 0, info(None))
    commit(others, 0, info(None))
    os.utime(events / "_delta_log", ns=(10**18, 10**18))
    os.utime(events / "_delta_log" / f"{0:020}.json", ns=(10**18 - 1, 10**18 - 1))
    watch = Watch(tmp_path)
    commit(others, 1, info(OTHER))
    for version, mark in enumerate([MINE, None, OTHER, Mark(8, "bronze", 1), MINE], start=1):
        commit(events, version, info(mark, "WRITE", {"numOutputRows": 10**version}, isBlindAppend=True))
    commit(tmp_path / "new", 0, info(MINE, "CREATE TABLE", {}))
    assert watch.written_by(MINE) == (
        TableWrite("bronze.events", 1, 5, 2, ("WRITE",), 100_010, 0, 0, 0),  # these commits add no files
        TableWrite("new", 0, 0, 1, ("CREATE TABLE",), 0, 0, 0, 0),
    )
    assert watch.written_by(Mark(7, "silver", 1)) == ()
    (table, commits), _, _ = watch.changed()
    assert (table.name, [each.version for each in commits]) == ("bronze.events", [1, 2, 3, 4, 5])


def test_commits_that_are_noted_are_the_attempts_own(tmp_path: Path) -> None:
    """Those without a mark only, also of a table that was renamed since, and not one that took a noted one's place."""
    watch, table, notes = Watch(tmp_path), tmp_path / "b" / "t", tmp_path / "notes"
    files = [commit(table, version, info(mark, "DELETE", {"numDeletedRows": 1})) for version, mark in enumerate([None, None, OTHER, None])]
    notes.mkdir()
    lines = [{"file": name, "written": file.stat().st_mtime_ns} for file in files[1:] for name in (str(file), inode(file))]
    (notes / "commits.jsonl").write_text("torn\n" + "".join(json.dumps(line) + "\n" for line in lines))
    os.utime(files[3], ns=(10**18, 10**18 + 7))
    (write,) = watch.written_by(MINE, read_commits(notes))
    assert (write.table, write.first_version, write.last_version, write.deleted) == ("b.t", 1, 1, 1)
    table.rename(table.with_name("u"))
    (write,) = watch.written_by(MINE, read_commits(notes))
    assert (write.table, write.first_version, write.last_version, write.deleted) == ("b.u", 1, 1, 1)
    assert watch.written_by(MINE) == () and read_commits(tmp_path) == frozenset()


def test_what_did_not_change_is_not_read(tmp_path: Path) -> None:
    """A table without a new commit is told neither as changed nor as written, whatever mark its commits bear."""
    commit(tmp_path / "a" / "t", 0, grown(1))
    assert list(Watch(tmp_path).changed()) == []
    assert Watch(tmp_path).written_by(MINE) == ()


@pytest.mark.parametrize(
    ("actions", "counts"),
    [
        ([info(MINE, "WRITE", {"numOutputRows": 5}, isBlindAppend=True)], (5, 0, 0)),
        ([info(MINE, "WRITE", {"numOutputRows": 5, "numRemovedFiles": 0})], (5, 0, 0)),
        ([info(MINE, "WRITE", {"numOutputRows": 5, "numRemovedFiles": 2}), action("remove")], (5, 0, None)),
        ([info(MINE, "WRITE", {"numOutputRows": 5}), action("add", 5), action("remove")], (5, 0, None)),
        ([info(MINE, "WRITE", {"numOutputRows": 5}), action("add", 5)], (5, 0, 0)),
        ([info(MINE, "WRITE", {"numOutputRows": 5, "numCopiedRows": 2, "numDeletedRows": 4, "numRemovedFiles": 1})], (3, 0, 4)),
        ([info(MINE, "CREATE TABLE AS SELECT", {"numOutputRows": 9}, isBlindAppend=True)], (9, 0, 0)),
        ([info(MINE, "MERGE", {"numTargetRowsInserted": 1, "numTargetRowsUpdated": 2, "numTargetRowsDeleted": 3, "numOutputRows": 9})], (1, 2, 3)),
        ([info(MINE, "UPDATE", {"numUpdatedRows": 4, "numCopiedRows": 9})], (0, 4, 0)),
        ([info(MINE, "DELETE", {"numDeletedRows": 4, "numCopiedRows": 9})], (0, 0, 4)),
        ([info(MINE, "DELETE", {"numRemovedFiles": 4}), action("remove")], (0, 0, None)),
        ([info(MINE, "TRUNCATE", {"numRemovedFiles": 1}), action("remove")], (0, 0, None)),
        ([info(MINE, "OPTIMIZE", {}), action("add", 9, change=False), action("remove", change=False)], (0, 0, 0)),
        ([info(MINE, "SET TBLPROPERTIES", {})], (0, 0, 0)),
        ([info(MINE), action("add", 9), action("add", 4, gone=1)], (12, 0, 0)),
        ([info(MINE), action("add", 9), action("add")], (None, 0, 0)),
        ([info(MINE, "MERGE"), action("add", 9), action("remove")], (None, None, None)),
        ([action("add", 3), info(MINE)], (3, 0, 0)),
    ],
)  # fmt: skip
def test_rows_are_what_the_commit_tells(tmp_path: Path, actions: list[dict[str, Any]], counts: tuple[int | None, ...]) -> None:
    """Delta's counts where it has them, else the counts of the files; what is not told is not made up."""
    watch = Watch(tmp_path)
    commit(tmp_path / "t", 0, *actions)
    (write,) = watch.written_by(MINE)
    assert (write.inserted, write.updated, write.deleted) == counts


@pytest.mark.parametrize(
    ("checksum", "rows"),
    [
        ({"numFiles": 2, "allFiles": [action("add", 9)["add"], action("add", 5, gone=2)["add"]]}, 12),
        ({"numFiles": 0, "allFiles": []}, 0), ({"numFiles": 0}, 0), ({"numFiles": 3}, None), ({}, None), ([], None), ("torn", None),
        ({"numFiles": 2, "allFiles": [action("add", 9)["add"]]}, None), ({"numFiles": 1, "allFiles": [action("add")["add"]]}, None),
        ({"numFiles": 1, "allFiles": [7]}, None),
    ],
)  # fmt: skip
def test_the_rows_of_the_table_are_those_of_all_its_files(tmp_path: Path, checksum: object, rows: int | None) -> None:
    """Where the checksum of the version lists every file with its count; else nothing is known of what a log without its
    beginning holds."""
    watch = Watch(tmp_path)
    file = commit(tmp_path / "t", 3, grown(1))
    file.with_suffix(".crc").write_text(json.dumps(checksum) if checksum != "torn" else '{"numFiles": 1, "allF')
    (write,) = watch.written_by(MINE)
    assert write.rows == rows


FILES = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.booleans(), st.integers(0, 9), st.integers(0, 3)), max_size=4, unique_by=lambda file: file[0]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(FILES, min_size=1, max_size=8), st.sets(st.integers(0, 7)), st.integers(0, 7))
def test_rows_at_a_version_are_those_of_the_files_that_are_left(
    tmp_path_factory: pytest.TempPathFactory, commits: list[Any], checksums: set[int], version: int
) -> None:
    """Read backwards, with checksums at whatever versions, a log tells what reading it forwards tells."""
    table = tmp_path_factory.mktemp("w")
    now: dict[str, tuple[int, int]] = {}
    expected = []
    for number, files in enumerate(commits):
        actions = []
        for path, stays, rows, gone in files:
            if path in now:
                actions.append({"remove": {"path": path}})
                del now[path]
            if stays:
                actions.insert(0 if rows % 2 else len(actions), {"add": {**action("add", rows + 3, gone=gone)["add"], "path": path}})
                now[path] = (rows + 3, gone)
        file = commit(table, number, info(None), *actions)
        expected.append(sum(rows - gone for rows, gone in now.values()))
        if number in checksums:
            whole = [{**action("add", rows, gone=gone)["add"], "path": path} for path, (rows, gone) in now.items()]
            file.with_suffix(".crc").write_text(json.dumps({"numFiles": len(whole), "allFiles": whole}))
    version = min(version, len(commits) - 1)
    assert rows_at(str(table / "_delta_log"), version) == expected[version]


def test_a_long_log_is_read_back_to_its_newest_checkpoint(tmp_path: Path) -> None:
    """One that delta-rs wrote: where the beginning of the log is gone, and where it is too long to be read; what was removed since does not
    count, and a version before the checkpoint is not told by it."""
    table, log = tmp_path / "t", tmp_path / "t" / "_delta_log"
    for rows in (1, 2, 3, 4):
        write_deltalake(table, pa.table({"n": range(rows)}), mode="append")
    DeltaTable(table).delete("n = 2")  # of two files
    DeltaTable(table).create_checkpoint()
    write_deltalake(table, pa.table({"n": range(50)}), mode="append")
    DeltaTable(table).delete("n = 1")  # of old files and of a new one
    left = DeltaTable(table).to_pyarrow_table().num_rows
    for version in (0, 2):
        (log / f"{version:020}.json").unlink()
    assert [rows_at(str(log), version) for version in (3, 4, 5, 6)] == [None, 8, 58, left]
    for version in range(7, 204):
        (log / f"{version:020}.json").write_text("")
    assert rows_at(str(log), 203) == left
    for version in range(204, 215):
        commit(table, version, info(None), {"add": {**action("add", 2)["add"], "path": f"{version}"}})
    assert rows_at(str(log), 214) is None  # 210 commits are too many
    (log / f"{4:020}.checkpoint.parquet").rename(log / f"{212:020}.checkpoint.parquet")
    assert rows_at(str(log), 214) == 8 + 2 * 2
    (log / f"{212:020}.checkpoint.parquet").write_bytes(b"torn")
    assert rows_at(str(log), 214) is None


def test_a_checksum_tells_the_rows_of_a_long_log_by_itself(tmp_path: Path) -> None:
    """Nothing else is read of it: the checkpoint beside it would take pyarrow, and could not be read."""
    (tmp_path / f"{250:020}.checkpoint.parquet").write_bytes(b"torn")
    files = [{"path": f"{at}", "stats": json.dumps({"numRecords": at})} for at in range(5)]
    (tmp_path / f"{250:020}.crc").write_text(json.dumps({"numFiles": 5, "allFiles": files}))
    code = "import sys; from nbflow.run.delta_log import rows_at; print(rows_at(sys.argv[1], 250), 'pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "10 False\n"


def test_rows_are_not_guessed(tmp_path: Path) -> None:
    """A torn commit, a file without a count, a missing beginning or a log that is too long: then nothing is told."""
    log = str(tmp_path / "_delta_log")
    for version in range(300):
        commit(tmp_path, version, info(None), {"add": {**action("add", 2)["add"], "path": f"{version}"}})
    assert (rows_at(log, 0), rows_at(log, 99), rows_at(log, 299)) == (2, 200, None)
    commit(tmp_path, 50, info(None)).open("a").write('{"add": {"pa')
    assert (rows_at(log, 49), rows_at(log, 50), rows_at(log, 99)) == (100, None, None)
    commit(tmp_path, 50, info(None), action("add"))
    assert rows_at(log, 50) is None
    commit(tmp_path, 50, info(None), {"add": {**action("add", 2)["add"], "path": "x", "tags": {"long": "x" * 10**6}}})
    assert rows_at(log, 50) is None
    (tmp_path / "_delta_log" / f"{0:020}.json").unlink()
    assert rows_at(log, 49) is None


def test_what_is_broken_stands_in_nobodys_way(tmp_path: Path) -> None:
    """A torn commit, one that says nothing, an empty log, a log of checkpoints only, a log that is a file, odd names: no error,
    and the sound commits beside them are told."""
    watch = Watch(tmp_path)
    table = tmp_path / "a" / "t"
    commit(table, 1, grown(4))
    commit(table, 2).write_text('{"commitInfo": {"userMeta')
    commit(table, 3, action("add", 1))
    commit(table, 4).write_bytes(b'\xff\xfe "commitInfo"\n')
    commit(table, 5, {"commitInfo": 7}, {"commitInfo": {"operation": None, "operationMetrics": [], "userMetadata": MINE.to_text()}})
    commit(table, 6).write_text("[7]\n")
    (table / "_delta_log" / "00000000000000000007.json").mkdir()
    (table / "_delta_log" / "00000000000000000003.checkpoint.parquet").touch()
    (table / "_delta_log" / ".00000000000000000008.json.tmp").write_text(json.dumps(grown(9)))
    (tmp_path / "a" / "empty" / "_delta_log").mkdir(parents=True)
    (tmp_path / "a" / "cleaned" / "_delta_log").mkdir(parents=True)
    (tmp_path / "a" / "cleaned" / "_delta_log" / f"{10:020}.checkpoint.parquet").touch()
    (tmp_path / "a" / "file").mkdir()
    (tmp_path / "a" / "file" / "_delta_log").touch()
    assert watch.written_by(MINE) == (TableWrite("a.t", 1, 5, 2, ("WRITE", "UNKNOWN"), 4, 0, 0, None),)
    ((name, commits),) = [(table.name, commits) for table, commits in watch.changed()]
    assert (name, {each.version: each.mark for each in commits}) == ("a.t", {1: MINE, 2: None, 3: None, 4: None, 5: MINE, 6: None, 7: None})
    assert Watch(tmp_path / "nowhere").written_by(MINE) == ()


def test_a_table_that_was_made_anew_or_went_away(tmp_path: Path) -> None:
    """A table that was removed and made again is told by its new log, although its versions are the same, and so is one that
    an older log replaced; one that is gone is not."""
    for name in ("again", "gone", "older"):
        commit(tmp_path / "a" / name, 0, grown(1))
    watch = Watch(tmp_path)
    for name in ("again", "gone", "older"):
        (tmp_path / "a" / name).rename(tmp_path / f".{name}")
    commit(tmp_path / "a" / "again", 0, grown(5))
    file = commit(tmp_path / "a" / "older", 0, grown(6))
    for path in (file, file.parent):
        os.utime(path, ns=(10**18, 10**18))
    assert [(write.table, write.last_version, write.inserted) for write in watch.written_by(MINE)] == [("a.again", 0, 5), ("a.older", 0, 6)]


def test_thousands_of_commits(tmp_path: Path) -> None:
    """All of them are counted, those of a stream beside those of another writer."""
    watch = Watch(tmp_path)
    for version in range(4000):
        commit(tmp_path / "a" / "t", version, grown(2) if version % 2 else info(None))
    assert watch.written_by(MINE) == (TableWrite("a.t", 1, 3999, 2000, ("WRITE",), 4000, 0, 0, None),)


METRICS = st.one_of(
    st.builds(lambda rows: ("WRITE", {"numOutputRows": rows}), st.integers(0, 9)),
    st.builds(lambda rows: ("WRITE", {"numOutputRows": rows, "numRemovedFiles": 1}), st.integers(0, 9)),
    st.builds(lambda rows: ("DELETE", {"numDeletedRows": rows}), st.integers(0, 9)),
    st.builds(lambda rows: ("UPDATE", {"numUpdatedRows": rows}), st.integers(0, 9)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), METRICS), min_size=1, max_size=12))
def test_attempts_together_are_as_one(tmp_path_factory: pytest.TempPathFactory, commits: list[tuple[int, Any]]) -> None:
    """However the commits of a task fall on its attempts, together these tell what one attempt with all commits would have told."""
    commits = sorted(commits, key=lambda each: each[0])
    told = []
    for number_of in (lambda number: number, lambda number: 1):
        folder = tmp_path_factory.mktemp("w")
        watch = Watch(folder)
        for version, (number, (operation, metrics)) in enumerate(commits):
            mark = Mark(7, "t", number_of(number))
            commit(
                folder / "a" / "t",
                version,
                info(mark, operation, metrics, isBlindAppend="numRemovedFiles" not in metrics),
                action("remove"),
            )
        told.append(written_together(watch.written_by(Mark(7, "t", number)) for number in (1, 2, 3)))
    assert told[0] == told[1]
    assert told[0][0].commits == len(commits)
