"""A table of a TOML file, with the line of each of its keys."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.define.text_file import read_text

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*[\"']?([\w\-]+)[\"']?\s*[=.]")


@dataclass(frozen=True, slots=True)
class Table:
    """What a table holds, and the line (from 1) of each key where it could be found."""

    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)


def read_table(path: Path, section: str = "", shown: str | None = None) -> Table:
    """The table ``section`` (dotted; empty: the whole file) of the file at ``path``; empty where there is none.

    ``shown`` is the path for messages. Raises ``DefinitionError``, with the line, for what is no TOML or no table.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    file = shown or path.name
    text = read_text(path, file)
    try:
        values: Any = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = int(found[1]) if found and found[1] else None
        problem = str(error)[: found.start()] if found else str(error)
        raise DefinitionError([Mistake(f"cannot be read as TOML: {problem}", file, line)]) from None
    for name in section.split(".") if section else ():
        values = values.get(name, {})
        if not isinstance(values, dict):
            line = next((number for number, there in enumerate(text.splitlines(), 1) if name in there), None)
            raise DefinitionError([Mistake("takes a table", file, line, section, f"write [{section}]")])
    return Table(values, _lines(text, section))


def _lines(text: str, section: str) -> dict[str, int]:
    """The lines of the section's keys; good for people, since text that only looks like a key may be taken for one."""
    found: dict[str, int] = {}
    here, prefix = "", f"{section}." if section else ""
    for number, line in enumerate(text.splitlines(), 1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            here = re.sub(r"[\s\"']", "", header[1])
            if here.startswith(prefix) and here != section:
                found.setdefault(here.removeprefix(prefix).partition(".")[0], number)
        elif key and here == section:
            found.setdefault(key[1], number)
    return found
