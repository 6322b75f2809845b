"""A part of an answer in a few words, for the table of differences and for who reads why a test failed."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.contract.spark.compare import FEW_ROWS, is_failure, is_frame

_LONGEST = 160
_PLAIN = ("float", "decimal", "datetime", "date", "interval", "variant", "metadata")
_CHANGING = re.compile(r"#\d+|\b[0-9a-f]{8}-[0-9a-f-]{27}\b")
"""Numbers that are others in each run."""


def told(answer: Any) -> str:
    """A part of an answer in a few words, the same each time."""
    if is_failure(answer):
        return _cut(_error(answer))
    if answer is None or answer == []:
        return "done" if answer is None else "no rows"  # what a write returns; within rows null is told as such
    if isinstance(answer, list) and len(answer) > FEW_ROWS:
        return _cut(f"{_value(answer[0])}, {_value(answer[1])} … ({len(answer)})")
    return _cut(", ".join(map(_value, answer)) if isinstance(answer, list) else _value(answer))


def _error(answer: dict[str, Any]) -> str:
    if answer.get("condition"):
        return f"error {answer['condition']}"
    if answer.get("java"):
        return f"error {answer['java'].rpartition('.')[2]}"
    message = str(answer.get("message", ""))
    details = re.search(r'details = "([^"(]*)', message)  # of a call of gRPC that broke
    text = details[1] if details else message.partition("\n")[0]
    return f"error {answer['error']}: {_CHANGING.sub('#', text)}".rstrip(": ")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _value(answer: Any) -> str:
    if is_failure(answer):
        return told(answer)
    if is_frame(answer):
        return _value(answer["rows"])
    if isinstance(answer, dict) and "row" in answer:
        return "(" + ", ".join(f"{name}: {_value(item)}" for name, item in answer["row"]) + ")"
    if isinstance(answer, dict) and "types" in answer:
        return ", ".join(f"{name} {kind if isinstance(kind, str) else kind.get('type', kind)}" for name, kind in answer["types"])
    if isinstance(answer, dict) and "pandas" in answer:
        return ", ".join(f"{name} {kind} {_value(values)}" for name, kind, values in answer["pandas"])
    if isinstance(answer, dict) and len(answer) == 1:
        ((name, value),) = answer.items()
        return str(value) if name in _PLAIN else _value(value)
    if isinstance(answer, list):
        return "[" + ", ".join(map(_value, answer)) + "]"
    return "null" if answer is None else json.dumps(answer, ensure_ascii=False)
