"""Paths as Sail keeps to them, and what of a plan holds them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql.connect import proto

from nbflow.surface.inside.sail.places import is_elsewhere, local, plain, real
from nbflow.surface.inside.sail.sources import own_path, own_paths, read_from
from nbflow.surface.inside.statements import with_paths


@pytest.mark.parametrize(
    ("path", "wanted", "elsewhere"),
    [
        ("file:/x", "/x", False), ("file:///x/y", "/x/y", False), ("FILE:////x", "/x", False), ("file://localhost/x", "/x", False), ("/x", "/x", False),
        ("file:/a%20b", "/a%20b", False), ("file://host/x", "file://host/x", True), ("s3a://b/x", "s3a://b/x", True), ("abfss://c@a/x", "abfss://c@a/x", True),
        ("/x/file:/y", "/x/file:/y", False), ("", "", False),
    ],
)  # fmt: skip
def test_schemes(path: str, wanted: str, elsewhere: bool) -> None:
    """That of this machine is left out; one of another machine or file system stays, and is known for that."""
    assert (local(path), is_elsewhere(local(path))) == (wanted, elsewhere)


def test_links(tmp_path: Path) -> None:
    """What leads to a path with odd signs has plain ones, and is known for what it is."""
    odd = str(tmp_path / "ö d")
    assert plain(odd) != odd and os.path.realpath(plain(odd)) == odd and real(plain(odd)) == odd
    assert real(str(tmp_path)) == str(tmp_path) == plain(str(tmp_path))


def test_above_a_link_is_above_what_it_leads_to(tmp_path: Path) -> None:
    """A relative path of a notebook in a folder with odd signs may go up from there."""
    folder = tmp_path / "my wörk" / "notebooks"
    folder.mkdir(parents=True)
    path = own_path(plain(str(folder)), "../data/x.csv", pattern=False)
    assert os.path.realpath(path) == str(tmp_path / "my wörk/data/x.csv")


def changed(text: str, folder: Path) -> str:
    """``text`` with its paths as Sail takes them."""
    return with_paths(text, lambda path, pattern: own_path(str(folder), path, pattern))


def test_paths_of_statements(tmp_path: Path) -> None:
    """Those of Delta and of files, in names and in texts, relative ones and those with a scheme; files that are not there are told."""
    (tmp_path / "a.csv").touch()
    assert (
        changed("INSERT INTO delta.`file:///t` SELECT * FROM csv.`a.csv`", tmp_path)
        == f"INSERT INTO delta.`/t` SELECT * FROM csv.`{tmp_path}/a.csv`"
    )
    assert changed("CREATE TABLE t USING delta LOCATION 'file:/x'", tmp_path) == "CREATE TABLE t USING delta LOCATION '/x'"
    assert changed("delta.`t`", tmp_path) == f"delta.`{tmp_path}/t`"
    assert changed("SELECT * FROM delta.`s3a://b/t`", tmp_path) == "SELECT * FROM delta.`s3a://b/t`"
    with pytest.raises(Exception, match="PATH_NOT_FOUND"):
        changed("SELECT * FROM csv.`file:///nowhere`", tmp_path)


def message(kind: str, options: dict[str, str], **given: Any) -> Any:
    """A part of a plan, its paths as Sail takes them."""
    part = getattr(proto.Read, kind)(**given) if kind == "DataSource" else getattr(proto, kind)(**given)
    part.options.update(options)
    own_paths(part)
    return part


def test_paths_of_plans() -> None:
    """Of readers and writers, also where they stand among options; a writer's is looked for in one place, and may be said once."""
    assert list(message("DataSource", {}, format="delta", paths=["file:/x", "s3://b/y"]).paths) == ["/x", "s3://b/y"]
    read = message("DataSource", {"PATH": "file:/nowhere"}, format="csv")
    with pytest.raises(Exception, match="PATH_NOT_FOUND"):
        read_from(read, "delta")
    assert message("WriteOperation", {}, path="file:///x").path == "/x"
    moved = message("WriteOperation", {"path": "file:/x", "a": "b"})
    assert (moved.path, dict(moved.options)) == ("/x", {"a": "b"})
    with pytest.raises(Exception, match="path"):
        message("WriteOperation", {"path": "/x"}, path="/y")
    named = message("WriteOperation", {"path": "file:/x"}, table=proto.WriteOperation.SaveTable(table_name="t"))
    assert (named.table.table_name, dict(named.options)) == ("t", {"path": "/x"})
    assert dict(message("WriteOperationV2", {"Path": "file:/x"}, table_name="t").options) == {"Path": "/x"}
    assert message("WriteStreamOperationStart", {}, path="file:/x").path == "/x"
