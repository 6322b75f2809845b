"""The memory of the machine, and the share of it that an engine takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbflow.run.engines.memory import heap, usable_memory, usual_bound, usual_heap

GIB = 1024**3


@pytest.mark.parametrize(
    ("memory", "megabytes"),
    [
        (GIB // 4, 512), (GIB, 512), (3 * GIB // 2, 768), (2 * GIB, 1024), (4 * GIB, 1024), (8 * GIB, 2048), (24 * GIB, 6144),
        (64 * GIB, 16384), (1024 * GIB, 16384),
    ],
)  # fmt: skip
def test_a_heap_is_a_quarter_within_reason(memory: int, megabytes: int) -> None:
    """No less than Spark needs, no more than a collector of one thread can look through; half for a machine that is small."""
    assert usual_heap(memory) == f"{megabytes}m"


def test_a_heap_is_a_number_that_java_takes() -> None:
    """Whole steps of 128 MB, so that what a system keeps for itself makes no odd number; what is said stands."""
    assert usual_heap(25_276_514_304) == "6016m"  # a quarter is 6026.4 MB, 47 steps are 6016
    assert heap("900m") == "900m"
    assert heap(None) == usual_heap(usable_memory())


def test_a_server_of_sail_takes_half() -> None:
    """Two tasks at once fit, each with a server of its own."""
    assert usual_bound(8 * GIB) == 4 * GIB


def groups(root: Path, lines: str, **limits: str) -> Path:
    """A system whose process is in the groups of ``lines``; ``limits`` by the file's path below ``/sys/fs/cgroup``, ``__`` for ``/``."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(lines)
    for name, limit in limits.items():
        file = root / "sys/fs/cgroup" / name.replace("__", "/").replace("memory_max", "memory.max").replace("memory_limit", "memory.limit")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{limit}\n")
    return root


@pytest.mark.parametrize(
    ("lines", "limits", "usable"),
    [
        ("0::/\n", {"memory_max": str(2 * GIB)}, 2 * GIB),
        ("0::/\n", {"memory_max": "max"}, 8 * GIB),
        ("0::/\n", {"memory_max": str(64 * GIB)}, 8 * GIB),
        ("0::/user.slice/a\n", {"user.slice__a__memory_max": "max", "user.slice__memory_max": str(3 * GIB)}, 3 * GIB),
        ("0::/a/b\n", {"a__b__memory_max": str(4 * GIB), "a__memory_max": str(5 * GIB)}, 4 * GIB),
        ("0::/../../outside\n", {"memory_max": str(GIB)}, GIB),
        ("4:cpu,memory:/docker/x\n0::/\n", {"memory__memory_limit_in_bytes": str(2 * GIB)}, 2 * GIB),
        ("4:memory:/a\n", {"memory__a__memory_limit_in_bytes": "9223372036854771712"}, 8 * GIB),
        ("3:cpuset:/a\n", {"a__memory_max": "1"}, 8 * GIB),
        ("no such line\n", {}, 8 * GIB),
    ],
)
def test_a_limit_of_a_control_group_counts(tmp_path: Path, lines: str, limits: dict[str, str], usable: int) -> None:
    """Of either kind, of the own group or one above it, as seen from within a container or from outside."""
    assert usable_memory(groups(tmp_path, lines, **limits), 8 * GIB) == usable


def test_a_system_without_control_groups_has_what_the_machine_has(tmp_path: Path) -> None:
    """And the machine that this runs on has as much as it tells at most."""
    assert usable_memory(tmp_path, 8 * GIB) == 8 * GIB
    told = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal:"))
    assert 0 < usable_memory() <= 1024 * int(told.split()[1])
