"""``dbutils.fs``: files as Databricks names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbflow.surface.inside.databricks.dbutils import DBUtils, NotSupportedHere
from nbflow.surface.inside.places import local_place


@pytest.fixture
def fs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """The files of a notebook in ``tmp_path/notebooks``, by hand."""
    monkeypatch.delenv("NBFLOW_TASK", raising=False)
    monkeypatch.setenv("NBFLOW_WORKSPACE", str(tmp_path))
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return DBUtils().fs


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("dbfs:/a/b", "/w/dbfs/a/b"),
        ("dbfs:/", "/w/dbfs"),
        ("dbfs:///a", "/w/dbfs/a"),
        ("dbfs:/../../etc", "/w/dbfs/etc"),
        ("file:/tmp/x%20y", "/tmp/x y"),
        ("file:///tmp/x", "/tmp/x"),
        ("/tmp/x", "/tmp/x"),
        ("x/../y", "/w/n/y"),
        ("a:b", "/w/n/a:b"),
        ("s3://b/x", None),
        ("abfss://b/x", None),
    ],
)
def test_each_path_has_its_place(path: str, place: str | None) -> None:
    """Nothing below ``dbfs:/`` leads out of the workspace; what is in a cloud has no place here."""
    found = local_place(path, Path("/w/n"), Path("/w"))
    assert found == (None if place is None else Path(place))


def test_files_are_written_read_listed_and_taken_away(fs: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All of its calls, one after the other; the entries are Databricks'."""
    assert fs.mkdirs("dbfs:/in/deep") and fs.put("dbfs:/in/a.txt", "grün")
    assert capsys.readouterr().out == "Wrote 5 bytes.\n"
    assert (tmp_path / "dbfs/in/a.txt").read_text("utf-8") == "grün"
    listed = fs.ls("dbfs:/in")
    assert [(entry.path, entry.name, entry.size, entry.isDir()) for entry in listed] == [
        ("dbfs:/in/a.txt", "a.txt", 5, False),
        ("dbfs:/in/deep/", "deep/", 0, True),
    ]
    assert listed[0].modificationTime == (tmp_path / "dbfs/in/a.txt").stat().st_mtime_ns // 1_000_000
    assert [entry.path for entry in fs.ls("dbfs:/in/a.txt")] == ["dbfs:/in/a.txt"]
    assert fs.head("dbfs:/in/a.txt") == "grün" and fs.head("dbfs:/in/a.txt", 2) == "gr"
    assert fs.cp("dbfs:/in/a.txt", "near.txt") and (tmp_path / "notebooks/near.txt").exists()
    assert fs.cp("dbfs:/in", "dbfs:/copy", True) and fs.ls("dbfs:/copy")[0].name == "a.txt"
    assert fs.mv("near.txt", "dbfs:/in/deep/") and fs.head("dbfs:/in/deep/near.txt") == "grün"
    assert not (tmp_path / "notebooks/near.txt").exists()
    assert fs.rm("dbfs:/in", True) and not (tmp_path / "dbfs/in").exists()
    assert fs.rm("dbfs:/in") is False


def test_the_workspace_stays_by_another_name_too(fs: object, tmp_path: Path) -> None:
    """Reached by a link it is the same; the link itself may go."""
    (tmp_path / "other").symlink_to(tmp_path.parent)
    with pytest.raises(PermissionError, match="would take away"):
        fs.rm(f"file:{tmp_path}/other/{tmp_path.name}", True)
    assert fs.rm(f"file:{tmp_path}/other") and (tmp_path / "notebooks").is_dir()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda fs: fs.ls("dbfs:/none"), FileNotFoundError, "there is no dbfs:/none"),
        (lambda fs: fs.put("a.txt", "x") and fs.put("a.txt", "y"), FileExistsError, "overwrite=True"),
        (lambda fs: fs.mkdirs("d") and fs.cp("d", "e"), IsADirectoryError, "recurse=True"),
        (lambda fs: fs.cp("none", "e"), FileNotFoundError, "there is no none"),
        (lambda fs: fs.ls("s3://b"), NotSupportedHere, "only dbfs:/, file:/ and paths of this machine"),
        (lambda fs: fs.rm("/", True), PermissionError, "would take away /"),
        (lambda fs: fs.rm("..", True), PermissionError, "in which the workspace"),
        (lambda fs: fs.rm("/proc/version"), PermissionError, "write that, or file:/proc/version"),
        (lambda fs: fs.mv("/proc/version", "dbfs:/x"), PermissionError, "dbfs:/proc/version"),
        (lambda fs: fs.mount("s3://b", "/mnt/b"), NotSupportedHere, "dbutils.fs.mount is not supported"),
        (lambda fs: fs.ls(None), ValueError, "a path as text"),
    ],
)
def test_what_cannot_be_done_is_told(fs: object, call: object, error: type[Exception], words: str) -> None:
    """Before anything has been changed."""
    with pytest.raises(error, match=words):
        call(fs)
