"""Deaths for want of memory."""

from __future__ import annotations

from pathlib import Path

from nbflow.run.memory import memory_kills


def test_the_control_group_counts_them(tmp_path: Path) -> None:
    """By the file that the system writes; nothing is known where there is no such file."""
    (tmp_path / "own").write_text("12:cpu:/x\n0::/user/job\n")
    (tmp_path / "user" / "job").mkdir(parents=True)
    (tmp_path / "user" / "job" / "memory.events").write_text("low 0\noom 4\noom_kill 3\noom_group_kill 0\n")
    assert memory_kills(tmp_path, tmp_path / "own") == 3
    (tmp_path / "own").write_text("12:cpu:/x\n")
    assert memory_kills(tmp_path, tmp_path / "own") is None
    assert memory_kills(tmp_path, tmp_path / "gone") is None
