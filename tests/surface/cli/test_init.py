"""``nbflow init`` as a process."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_project_that_is_valid_at_once(nbflow: Any, tmp_path: Path) -> None:
    """init writes notebooks, a pipeline and settings, names the next command, and what it wrote is valid."""
    done = nbflow("init", "new", cwd=tmp_path)
    assert done.code == 0
    tree = _tree(tmp_path / "new")
    assert any(name.startswith("pipelines/") for name in tree)
    assert any(name.endswith(".ipynb") for name in tree)
    assert "cd new && nbflow run " in done.out
    assert nbflow("validate", ".", cwd=tmp_path / "new").code == 0


def test_nothing_is_overwritten(nbflow: Any, tmp_path: Path) -> None:
    """Where files are there already, each is told, nothing is written, and nothing is changed."""
    nbflow("init", "a", cwd=tmp_path)
    names = sorted(_tree(tmp_path / "a"))
    other = tmp_path / "b"
    for name in (names[0], names[-1]):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_text("mine")
    before = _tree(other)
    done = nbflow("init", "b", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert [line.split(":")[0] for line in done.err.splitlines()] == [f"b/{names[0]}", f"b/{names[-1]}"]
    assert _tree(other) == before


def test_a_file_where_a_folder_is_needed(nbflow: Any, tmp_path: Path) -> None:
    """A file that stands where a folder must be is told, and nothing is written."""
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "pipelines").write_text("mine")
    assert nbflow("init", cwd=folder).code == 2
    assert _tree(folder) == {"pipelines": b"mine"}
