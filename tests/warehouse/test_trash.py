"""The trash of a warehouse: folders."""

from __future__ import annotations

import errno
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from nbflow.warehouse import trash


def table(folder: Path, text: str = "x") -> Path:
    """A folder with one file."""
    folder.mkdir(parents=True)
    (folder / "data").write_text(text)
    return folder


def test_two_drops_of_one_name_are_both_kept(tmp_path: Path) -> None:
    """The newest first, each with its files and who dropped it."""
    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    for number in (1, 2):
        trash.throw_away(tmp_path, table(tmp_path / "b" / "t", str(number)), "b.t", {"run_id": number, "task_key": "k"}, {"a": number})
    assert not (tmp_path / "b" / "t").exists()
    newest, oldest = trash.dropped(tmp_path)
    assert [(item.name, item.run_id, item.task_key, item.kept) for item in (newest, oldest)] == [
        ("b.t", 2, "k", {"a": 2}),
        ("b.t", 1, "k", {"a": 1}),
    ]
    assert [(item.files / "data").read_text() for item in (newest, oldest)] == ["2", "1"]
    assert before <= oldest.at <= newest.at


def test_what_comes_back_is_where_it_was(tmp_path: Path) -> None:
    """Into a folder that is made for it, and never over one that is there; nothing of it stays in the trash."""
    item = trash.throw_away(tmp_path, table(tmp_path / "b" / "t"), "b.t")
    (tmp_path / "b").rmdir()
    trash.bring_back(item, tmp_path / "b" / "t")
    assert (tmp_path / "b" / "t" / "data").read_text() == "x"
    assert trash.dropped(tmp_path) == []
    item = trash.throw_away(tmp_path, tmp_path / "b" / "t", "b.t")
    table(tmp_path / "b" / "t", "other")
    with pytest.raises(FileExistsError):
        trash.bring_back(item, tmp_path / "b" / "t")
    assert ((tmp_path / "b" / "t" / "data").read_text(), trash.dropped(tmp_path)) == ("other", [item])


def test_a_move_that_fails_leaves_all_as_it_was(tmp_path: Path) -> None:
    """The error is told, and nothing lies in the trash."""
    with pytest.raises(OSError) as told:
        trash.throw_away(tmp_path, tmp_path / "none", "b.t")
    assert (told.value.errno, trash.dropped(tmp_path)) == (errno.ENOENT, [])


def test_what_is_destroyed_is_gone_and_an_empty_trash_too(tmp_path: Path) -> None:
    """Half-done entries are no tables; the folder of the trash goes with the last of them."""
    item = trash.throw_away(tmp_path, table(tmp_path / "b" / "t"), "b.t")
    (tmp_path / ".trash" / "half").mkdir()
    assert trash.dropped(tmp_path) == [item]
    trash.destroy(item)
    trash.clean(tmp_path)
    assert [path.name for path in (tmp_path / ".trash").iterdir()] == ["half"]  # it may be under way
    (tmp_path / ".trash" / "half").rmdir()
    trash.clean(tmp_path)
    assert not (tmp_path / ".trash").exists()
