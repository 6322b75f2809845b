"""How an engine's answers stand to Spark's: equal, refused or different, and the first place where they are not equal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_LONGEST = 160
_FEW_ROWS = 3
_PLAIN = ("float", "decimal", "datetime", "date", "interval", "variant")
_CHANGING = re.compile(r"#\d+|\b[0-9a-f]{8}-[0-9a-f-]{27}\b")
"""Numbers that are others in each run."""


@dataclass(frozen=True)
class Point:
    """A part of two answers that is not equal. ``kind`` is ``refused`` where only the other engine made an error of it."""

    kind: str
    spark: Any
    other: Any


def bare(answer: Any) -> Any:
    """An answer without the messages of errors, which are for people."""
    if isinstance(answer, dict):
        return {name: bare(item) for name, item in answer.items() if not (name == "message" and "error" in answer)}
    return [bare(item) for item in answer] if isinstance(answer, list) else answer


def judged(spark: Any, other: Any, in_order: bool) -> Point | None:
    """The telling point of two answers; None when they are equal as far as a user of another engine can ask.

    Two errors are equal whatever they say, and so are columns that may or may not hold nulls. ``in_order``: the parts
    of the answer follow from each other, so that the first point tells; else a silent difference tells more than an error.
    """
    points = list(_points(spark, other))
    if not points:
        return None
    return points[0] if in_order else next((point for point in points if point.kind == "differs"), points[0])


def _points(spark: Any, other: Any) -> Iterator[Point]:
    if _is_failure(spark) or _is_failure(other):
        if not (_is_failure(spark) and _is_failure(other)):
            yield Point("refused" if _is_failure(other) else "differs", spark, other)
    elif _is_frame(spark) and _is_frame(other):
        yield from _points_of_frames(spark, other)
    elif isinstance(spark, list) and isinstance(other, list) and len(spark) == len(other):
        for one, two in zip(spark, other):
            yield from _points(one, two)
    elif bare(spark) != bare(other):
        yield Point("differs", spark, other)


def _points_of_frames(spark: Any, other: Any) -> Iterator[Point]:
    if spark["rows"] != other["rows"]:
        left, right = spark["rows"], other["rows"]
        if max(len(left), len(right)) > _FEW_ROWS:
            left, right = [row for row in left if row not in right] or left, [row for row in right if row not in left] or right
        yield Point("differs", left, right)
    elif spark["schema"] != other["schema"]:
        yield Point("differs", {"types": _types(spark["schema"])}, {"types": _types(other["schema"])})


def _types(schema: Any) -> list[list[Any]]:
    return [[item["name"], item["type"]] for item in schema["fields"]]


def _is_failure(answer: Any) -> bool:
    return isinstance(answer, dict) and "error" in answer


def _is_frame(answer: Any) -> bool:
    return isinstance(answer, dict) and "rows" in answer


def told(answer: Any) -> str:
    """A part of an answer in a few words, the same each time."""
    if _is_failure(answer):
        return _cut(_error(answer))
    if answer is None or answer == []:
        return "done" if answer is None else "no rows"  # what a write returns; within rows null is told as such
    if isinstance(answer, list) and len(answer) > _FEW_ROWS:
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
    if _is_failure(answer):
        return told(answer)
    if _is_frame(answer):
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
