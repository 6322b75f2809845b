"""Reads ``queries.sql``: each statement by its name."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_HEAD = re.compile(r"^-- :: (\w+)$", re.MULTILINE)
_FILE = Path(__file__).with_name("queries.sql")


@cache
def queries() -> dict[str, str]:
    """All statements by name. Raises ``ValueError`` where a name stands twice or has no statement."""
    return parse(_FILE.read_text(encoding="utf-8"))


def parse(text: str) -> dict[str, str]:
    """The statements of ``text`` by name, their comments left out."""
    _, *parts = _HEAD.split(text)
    found: dict[str, str] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        statement = "\n".join(line for line in body.splitlines() if not line.startswith("--")).strip()
        if name in found or not statement.endswith(";"):
            msg = f"queries.sql: {name!r} stands twice, or is no whole statement"
            raise ValueError(msg)
        found[name] = statement.removesuffix(";")
    return found
