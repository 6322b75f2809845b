"""Tables read without an engine: written by delta-rs here, by Spark in the journeys."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import CommitProperties, write_deltalake

from nbflow.core.errors import UsageError
from nbflow.store.tables import Tables


def write(warehouse: Path, name: str, data: dict[str, Any], run_id: int | None = None, **options: Any) -> None:
    """Write a table as a run does, with the run's mark in the commit, or without one."""
    mark = None if run_id is None else json.dumps({"nbflow": {"run_id": run_id, "task_key": "t", "attempt": 1}})
    properties = None if mark is None else CommitProperties(custom_metadata={"userMetadata": mark})
    (warehouse / name).parent.mkdir(parents=True, exist_ok=True)
    write_deltalake(warehouse / name, pa.table(data), commit_properties=properties, **options)


def test_tables_are_told_as_they_stand(tmp_path: Path) -> None:
    """Version, rows, bytes on the disk, the time of the last commit and its run; what is no table is left out."""
    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    write(tmp_path, "bronze/events", {"a": [1, 2, 3]}, run_id=4)
    write(tmp_path, "bronze/events", {"a": [4]}, mode="append")
    write(tmp_path, "gold.db/Top", {"a": [1]}, run_id=7)
    write(tmp_path, "gold.db/Top", {"a": [5, 6]}, run_id=9, mode="overwrite")
    (tmp_path / "bronze" / "plain").mkdir()
    events, top = Tables(tmp_path).all()
    assert (events.name, events.version, events.rows, events.run_id) == ("bronze.events", 1, 4, None)
    assert (top.name, top.version, top.rows, top.run_id) == ("gold.top", 1, 2, 9)
    assert events.size == sum(path.stat().st_size for path in (tmp_path / "bronze/events").glob("*.parquet"))
    assert events.changed is not None and before <= events.changed <= datetime.now(timezone.utc) + timedelta(seconds=1)
    assert Tables(tmp_path / "nowhere").all() == []


def test_who_shows_a_table_of_many_files_comes_to_an_end(tmp_path: Path) -> None:
    """The first rows are there long before the last file is read: no thread that still reads keeps the process or ends it."""
    place = "a schémä/t"
    for number in range(40):
        write(tmp_path / "warehouse", place, {"n": [number] * 1000, "p": [f"a/b %{number % 3}"] * 1000}, mode="append", partition_by=["p"])
    command = [sys.executable, "-m", "nbflow", "tables", "show", place, "--json"]
    for _ in range(3):
        shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert (shown.returncode, shown.stderr) == (0, ""), shown.stdout
        rows = json.loads(shown.stdout)["preview"]
        assert len(rows) == 10 and all(row["p"] == f"a/b %{row['n'] % 3}" for row in rows)


def test_a_broken_table_hides_no_other(tmp_path: Path) -> None:
    """It is listed with what is wrong."""
    write(tmp_path, "a/good", {"x": [1]})
    (tmp_path / "a" / "bad" / "_delta_log").mkdir(parents=True)
    (tmp_path / "a" / "bad" / "_delta_log" / f"{0:020}.json").write_text("no json")
    bad, good = Tables(tmp_path).all()
    assert (bad.name, bad.version, good.rows) == ("a.bad", None, 1)
    assert bad.trouble


def test_one_table_is_shown_at_any_version(tmp_path: Path) -> None:
    """Columns with their types, partitions, first rows; by the names that Spark takes."""
    first = {"n": [1, 2], "kind": ["x", None], "deep": [[{"a": "p"}], None], "when": [datetime(2026, 1, 2, tzinfo=timezone.utc)] * 2}
    write(tmp_path, "b/t", first, partition_by=["kind"])
    write(tmp_path, "b/t", {"n": [3], "kind": ["y"], "deep": [[]], "when": [None]}, mode="append")
    view = Tables(tmp_path).view("Spark_Catalog.B.t", version=0)
    assert [(item.name, item.type) for item in view.columns] == [
        ("n", "long"),
        ("kind", "string"),
        ("deep", "array<struct<a:string>>"),
        ("when", "timestamp"),
    ]
    assert (view.partitions, view.record.version, view.record.rows) == (("kind",), 0, 2)
    assert sorted(row["n"] for row in view.preview) == [1, 2]
    assert len(Tables(tmp_path).view("b.t", rows=2).preview) == 2
    write(tmp_path, "default/plain", {"x": [1]})
    assert Tables(tmp_path).view("plain").record.name == "default.plain"


def field(name: str, kind: Any, **metadata: Any) -> dict[str, Any]:
    """A column as a table's log has it."""
    return {"name": name, "type": kind, "nullable": True, "metadata": metadata}


def mapped(name: str, physical: str, number: int, kind: Any) -> dict[str, Any]:
    """A column that has another name in the files."""
    return field(name, kind, **{"delta.columnMapping.id": number, "delta.columnMapping.physicalName": physical})


def by_hand(
    table: Path, data: dict[str, Any], fields: list[Any], protocol: dict[str, Any], configuration: dict[str, str], **add: Any
) -> None:
    """A table of one file, as an engine of a later protocol than delta-rs writes has made it."""
    (table / "_delta_log").mkdir(parents=True)
    pq.write_table(pa.table(data), table / "f.parquet")
    size, stats = (table / "f.parquet").stat().st_size, json.dumps({"numRecords": len(next(iter(data.values())))})
    metadata = {
        "id": "x", "format": {"provider": "parquet", "options": {}}, "partitionColumns": [], "configuration": configuration, "createdTime": 1,
        "schemaString": json.dumps({"type": "struct", "fields": fields}),
    }  # fmt: skip
    added = {"path": "f.parquet", "partitionValues": {}, "size": size, "modificationTime": 1, "dataChange": True, "stats": stats, **add}
    info = {"timestamp": 1, "operation": "WRITE"}
    actions = [{"commitInfo": info}, {"protocol": protocol}, {"metaData": metadata}, {"add": added}]
    (table / "_delta_log" / f"{0:020}.json").write_text("\n".join(map(json.dumps, actions)))


def with_feature(name: str) -> dict[str, Any]:
    """The protocol of a table that uses a feature of Delta."""
    return {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": [name], "writerFeatures": [name]}


@pytest.mark.parametrize("protocol", [{"minReaderVersion": 2, "minWriterVersion": 5}, with_feature("columnMapping")])
def test_columns_that_were_renamed_have_their_rows(tmp_path: Path, protocol: dict[str, Any]) -> None:
    """Where the files have other names for them, at the top and inside: what stands there is shown, not null."""
    inner = {"type": "struct", "fields": [mapped("new", "old", 3, "string")]}
    data = {"v": [1, 2], "s": [{"old": "a"}, None], "col-7": ["p", None]}
    fields = [mapped("w", "v", 1, "long"), mapped("s", "s", 2, inner), mapped("text", "col-7", 4, "string")]
    by_hand(tmp_path / "b" / "t", data, fields, protocol, {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "4"})
    view = Tables(tmp_path).view("b.t")
    assert view.preview == ({"w": 1, "s": {"new": "a"}, "text": "p"}, {"w": 2, "s": None, "text": None})
    table = Tables(tmp_path).arrow("b.t", rows=1)
    assert (table.to_pylist(), table.schema.field("text").type) == ([{"w": 1, "s": {"new": "a"}, "text": "p"}], pa.string())


def test_rows_that_are_marked_as_deleted_are_gone(tmp_path: Path) -> None:
    """They are neither shown nor counted."""
    gone = "^Bg9^0rr910000000000iXQKl0rr91000315c8Xg0rri4"  # the second and the fourth row
    vector = {"storageType": "i", "pathOrInlineDv": gone, "sizeInBytes": 36, "cardinality": 2}
    by_hand(tmp_path / "b" / "t", {"v": [1, 2, 3, 4]}, [field("v", "long")], with_feature("deletionVectors"), {}, deletionVector=vector)
    view = Tables(tmp_path).view("b.t")
    assert (view.preview, view.record.rows) == (({"v": 1}, {"v": 3}), 2)


def test_a_table_that_needs_an_engine_says_so(tmp_path: Path) -> None:
    """With the feature and the way out; its columns are shown where no rows are asked for, and one that nobody knows hides no other."""
    widened = field("v", "long", **{"delta.typeChanges": [{"fromType": "integer", "toType": "long"}]})
    by_hand(tmp_path / "b" / "t", {"v": pa.array([1], pa.int32())}, [widened], with_feature("typeWidening"), {})
    by_hand(tmp_path / "b" / "u", {"v": [1]}, [field("v", "long")], with_feature("unheardOf"), {})
    by_hand(tmp_path / "b" / "v2", {"v": [1]}, [field("v", "long")], with_feature("v2Checkpoint"), {})
    for read in (Tables(tmp_path).view, Tables(tmp_path).arrow):
        with pytest.raises(
            UsageError, match=r"b\.t cannot be read without an engine.* \(typeWidening\).*on Spark.*DROP FEATURE typeWidening"
        ):
            read("b.t")
        with pytest.raises(UsageError, match=r"b\.u cannot be read: .*unheardOf"):
            read("b.u", version=0)
    assert [column.type for column in Tables(tmp_path).view("b.t", rows=0).columns] == ["long"]
    assert [(table.name, table.rows, bool(table.trouble)) for table in Tables(tmp_path).all()] == [
        ("b.t", 1, False), ("b.u", None, True), ("b.v2", 1, False),
    ]  # fmt: skip
    assert Tables(tmp_path).view("b.v2").preview == ({"v": 1},)


def test_a_first_write_that_was_cut_off_and_a_version_that_is_none_are_told(tmp_path: Path) -> None:
    """A version that the table has not, with its newest; and a first write that goes on or was cut off, which is no broken table."""
    write(tmp_path, "b/t", {"x": [1]})
    (tmp_path / "b/u/_delta_log").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"b\.t has no version 7: its newest is 0 "):
        Tables(tmp_path).view("b.t", version=7)
    for ask in (Tables(tmp_path).history, Tables(tmp_path).view):
        with pytest.raises(UsageError, match=r"b\.u has no commit: its first write goes on, or was cut off "):
            ask("b.u")
    assert [(table.name, (table.trouble or "")[:22]) for table in Tables(tmp_path).all()] == [
        ("b.t", ""),
        ("b.u", "table b.u has no commi"),
    ]


def test_what_the_log_has_and_nobody_here_understands_is_told(tmp_path: Path) -> None:
    """As Spark's log of a shallow clone, which was read at version -1: delta-rs takes no such number."""
    write(tmp_path, "b/t", {"x": [1]})
    log = tmp_path / "b/t/_delta_log/00000000000000000000.json"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        line.get("commitInfo", {})["readVersion"] = -1
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for ask in (Tables(tmp_path).history, Tables(tmp_path).view):
        with pytest.raises(UsageError, match=r"b\.t cannot be read without an engine: .*-1.*read it in a notebook"):
            ask("b.t")


def test_a_table_without_a_name_is_called_by_its_path(tmp_path: Path) -> None:
    """One that lies beside the schemas or deeper is listed and shown by the path from the warehouse."""
    for place in ("Flat", "a/b/deep"):
        write(tmp_path, place, {"x": [1]})
    assert [table.name for table in Tables(tmp_path).all()] == ["Flat", "a/b/deep"]
    assert [Tables(tmp_path).view(name).record.rows for name in ("Flat", "a/b/deep")] == [1, 1]


def test_history_tells_the_runs(tmp_path: Path) -> None:
    """The newest first, each with its operation and, where the commit tells, its run and task."""
    write(tmp_path, "b/t", {"x": [1]}, run_id=1)
    write(tmp_path, "b/t", {"x": [2]}, mode="append")
    write(tmp_path, "b/t", {"x": [3]}, run_id=2, mode="overwrite")
    found = [(commit.version, commit.run_id, commit.task_key) for commit in Tables(tmp_path).history("b.t")]
    assert found == [(2, 2, "t"), (1, None, None), (0, 1, "t")]
    assert [commit.version for commit in Tables(tmp_path).history("b.t", 1)] == [2]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    """With the nearest name, with what there is, and for a version with how to see them."""
    with pytest.raises(UsageError, match="has none"):
        Tables(tmp_path).view("b.t")
    write(tmp_path, "bronze/events", {"x": [1]})
    with pytest.raises(UsageError, match=r"did you mean 'bronze\.events'"):
        Tables(tmp_path).view("bronze.evnts")
    with pytest.raises(UsageError, match=r"has no version 5.*tables history bronze\.events"):
        Tables(tmp_path).view("bronze.events", version=5)
