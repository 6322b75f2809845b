"""``%run ./other $day="2026-01-31"``: which notebook runs inside of another, and with which values of widgets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_LINE = re.compile(r"\s*%run[ \t]+(?:\"(?P<double>[^\"]+)\"|'(?P<single>[^']+)'|(?P<plain>[^\s\"'$-]\S*))(?P<rest>[^\n]*)\s*\Z")
_VALUE = re.compile(r"\s+\$(?P<name>\w+)\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<plain>[^\s\"']+))")

EXTENSIONS = (".ipynb", ".py", ".sql")
"""Those that the path of a notebook may leave out, the first that is there first."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """The notebook's path as written, and the values of widgets by name."""

    path: str
    values: dict[str, str] = field(default_factory=dict)


def run_line(source: str) -> RunLine | None:
    """What a cell that is one ``%run`` of Databricks' form says; ``None`` for every other cell."""
    found = _LINE.match(source)
    if found is None:
        return None
    values, at, rest = {}, 0, found["rest"].rstrip()
    while at < len(rest):
        given = _VALUE.match(rest, at)
        if given is None:
            return None
        values[given["name"]] = next(given[kind] for kind in ("double", "single", "plain") if given[kind] is not None)
        at = given.end()
    return RunLine(found["double"] or found["single"] or found["plain"], values)


def notebook_places(text: str | Path, folder: Path, root: Path) -> Iterator[Path]:
    """Where the notebook that ``text`` names may lie, best first: from ``folder``, ``/x`` from the workspace's ``root``, then on
    the machine; the extension may be left out."""
    if not str(text).strip("/. "):
        return
    given = Path(text)
    for start in [root / str(text).lstrip("/"), given] if given.is_absolute() else [folder / given]:
        yield start
        yield from (start.with_name(start.name + extension) for extension in EXTENSIONS)
