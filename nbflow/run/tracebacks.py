"""Tracebacks for people: without colours, without the frames of the kernel itself."""

from __future__ import annotations

import re
from typing import Any

_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_LIMIT = 20_000


def readable(content: dict[str, Any]) -> str:
    """The traceback in a kernel's error message as plain text; at most 20,000 characters, the middle left out."""
    lines = [str(line) for line in content.get("traceback") or []]
    text = _ESCAPE.sub("", "\n".join(lines)) or f"{content.get('ename', '')}: {content.get('evalue', '')}"
    if len(text) <= _LIMIT:
        return text
    return f"{text[: _LIMIT // 2]}\n[…]\n{text[-_LIMIT // 2 :]}"
