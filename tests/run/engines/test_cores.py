"""The cores that may be used, and what control groups say of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nbflow.run.engines.cores import cores, seconds_of, shares


def system(root: Path, lines: str, files: dict[str, str]) -> Path:
    """One whose process is in the groups of ``lines``, with these ``files`` below ``/sys/fs/cgroup``."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(lines)
    for name, text in files.items():
        file = root / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
    return root


OLD = {
    "cpu/a/cpu.cfs_quota_us": "250000",
    "cpu/a/cpu.cfs_period_us": "100000",
    "cpu/cpu.cfs_quota_us": "-1",
    "cpu/cpu.cfs_period_us": "100000",
}


@pytest.mark.parametrize(
    ("lines", "files", "usable", "group"),
    [
        ("0::/\n", {"cpu.max": "max 100000"}, 8, None),
        ("0::/\n", {"cpu.max": "200000 100000"}, 2, ""),
        ("0::/\n", {"cpu.max": "150000 100000"}, 2, ""),
        ("0::/\n", {"cpu.max": "10000 100000"}, 1, ""),
        ("0::/\n", {"cpu.max": "6400000 100000"}, 8, ""),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000", "a/cpu.max": "300000 100000"}, 3, "a"),
        ("0::/a\n", {"a/cpu.max": "300000 100000", "cpu.max": "200000 100000"}, 2, ""),
        ("4:cpu:/a\n0::/\n", OLD, 3, "cpu/a"),
        ("4:cpu,cpuacct:/a\n", {name.replace("cpu/", "cpu,cpuacct/", 1): text for name, text in OLD.items()}, 3, "cpu,cpuacct/a"),
        ("4:cpuset:/a\n", OLD, 8, None),
        ("0::/\n", {"cpu.max": "nonsense"}, 8, None),
        ("no such line\n", {}, 8, None),
    ],
)
def test_a_share_of_a_control_group_counts(tmp_path: Path, lines: str, files: dict[str, str], usable: int, group: str | None) -> None:
    """Of either version, of the own group or one above it; a part of a core counts as one, as Java counts it."""
    root = system(tmp_path, lines, files)
    assert cores(root, 8) == usable
    _, found = min(shares(root), default=(0, None))
    assert found == (None if group is None else root / "sys/fs/cgroup" / group)


def test_what_a_group_has_used(tmp_path: Path) -> None:
    """In seconds, whichever version tells it; where none does that is an error."""
    (tmp_path / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n")
    assert seconds_of(tmp_path) == 2.5
    (tmp_path / "cpu.stat").write_text("nr_periods 0\n")
    (tmp_path / "cpuacct.usage").write_text("1500000000\n")
    assert seconds_of(tmp_path) == 1.5
    with pytest.raises(OSError, match="cpuacct"):
        seconds_of(tmp_path / "none")


def test_a_system_without_control_groups_has_what_the_machine_has(tmp_path: Path) -> None:
    """And the machine that this runs on has no more than it tells."""
    assert cores(tmp_path, 8) == 8
    assert 1 <= cores() <= (os.cpu_count() or 1)
