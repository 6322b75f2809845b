"""The cores that this process may use, and how much of them is used."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

from nbflow.run.engines.control_groups import texts

_SHARES = {"": "cpu.max", "cpu": "cpu.cfs_quota_us"}
"""Version 2 writes the share and the period into one file, in microseconds, version 1 into two."""

_PERIOD = "cpu.cfs_period_us"


def cores(root: Path = Path("/"), machine: int | None = None) -> int:
    """The cores that this process may use: those of the ``machine`` (``None``: as the system tells them), fewer where a control group,
    such as a container's, has a share of them, which is rounded up as Java does it. ``root`` is where the system's files lie."""
    return min([machine or machine_cores(), *(max(1, math.ceil(share)) for share, _ in shares(root))])


def machine_cores() -> int:
    """The cores that this process may use, whatever share of them it has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def seconds_of(group: Path) -> float:
    """The seconds of the processor that the processes of a control group have used. Raises ``OSError`` and ``ValueError``."""
    with contextlib.suppress(FileNotFoundError):
        told = dict(line.split(maxsplit=1) for line in (group / "cpu.stat").read_text("utf-8").splitlines())
        if "usage_usec" in told:
            return int(told["usage_usec"]) / 1e6
    return int((group / "cpuacct.usage").read_text("utf-8")) / 1e9


def shares(root: Path = Path("/")) -> Iterator[tuple[float, Path]]:
    """The share of the cores, in cores, that each control group has that this process is in and that has one."""
    for group, text in texts(root, _SHARES):
        with contextlib.suppress(OSError, ValueError):
            share, *period = text.split()
            if share not in ("max", "-1"):
                yield int(share) / int(period[0] if period else (group / _PERIOD).read_text("utf-8")), group
