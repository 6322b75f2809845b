"""The control groups that this process is in, such as a container's: what stands in their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path


def texts(root: Path, names: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """The groups that this process is in, and those above them, that have the file named for their controller, with what stands in it.

    ``names`` are by the controller as ``/proc/self/cgroup`` names it, "" where one group is for all of them (version 2). ``root`` is where
    the system's files lie.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text("utf-8", "replace").splitlines()
    except OSError:
        return  # a system that has none
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for controller in controllers.split(","):
            if controller in names:
                top = root / "sys/fs/cgroup"
                yield from _texts_at(top / controllers if (top / controllers).is_dir() else top / controller, path, names[controller])


def _texts_at(top: Path, path: str, name: str) -> Iterator[tuple[Path, str]]:
    """Within a container the own group may be what is mounted at the ``top``, while ``path`` still tells it from outside."""
    inside = Path(*(part for part in Path(path).parts if part not in ("/", "..")))
    for group in (inside, *inside.parents):
        try:
            yield top / group, (top / group / name).read_text("utf-8").strip()
        except (OSError, ValueError):
            continue
