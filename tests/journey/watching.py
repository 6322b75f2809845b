"""What a test may see of processes and files without asking nbflow."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

_LARGEST = 20_000_000


def of_mark(marker: str) -> dict[int, bytes]:
    """The command lines of the processes whose environment has ``MARKER=marker``, by their ids."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if f"MARKER={marker}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes()
    return found


def listening(*pids: int) -> set[str]:
    """The addresses, as the system writes them, at which these processes listen."""
    own = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                own.add(str(entry.readlink()))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in own:
                found.add(fields[1].partition(":")[0])
    return found


LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
"""127.0.0.1, the same as IPv6 writes it, and IPv6's own."""


def told_to_others(secrets: Iterable[str], *tops: Path) -> Iterator[str]:
    """The files below ``tops`` that their group or others may read and that hold one of the secrets, with its beginning."""
    for top in tops:
        for folder, _, names in os.walk(top):
            for name in names:
                path = Path(folder, name)
                with contextlib.suppress(OSError):  # what goes meanwhile
                    known = path.stat()
                    if stat.S_ISREG(known.st_mode) and known.st_mode & 0o044 and known.st_size < _LARGEST:
                        content = path.read_bytes()
                        yield from (f"{path}: {secret[:8]}…" for secret in secrets if secret.encode() in content)
