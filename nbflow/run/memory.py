"""Whether the system killed a process for want of memory: told by the control group's own count, where there is one."""

from __future__ import annotations

from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def memory_kills(groups: Path = _GROUPS, own: Path = _OWN) -> int | None:
    """How many processes of this process's control group, and of those below, the system has killed because memory ran
    out (the count ``oom_kill`` of cgroup v2's ``memory.events``); ``None`` where nobody counts."""
    try:
        line = next(line for line in own.read_text("ascii").splitlines() if line.startswith("0::"))
        events = (groups / line.removeprefix("0::").lstrip("/") / "memory.events").read_text("ascii")
        return next(int(entry.split()[1]) for entry in events.splitlines() if entry.startswith("oom_kill "))
    except (OSError, ValueError, StopIteration):
        return None
