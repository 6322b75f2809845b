"""How an engine's answers stand to Spark's: each point at which they are not equal, by its place in the answer.

A place is written as it is reached: ``[1]`` is the second of several answers, ``{k}`` that of the key k, ``.x`` are the values of the
column x, ``.x:type`` is its type, ``.x:metadata`` what a schema says of it besides, ``:columns`` are the names of the columns, ``:rows`` which rows there are and in what order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

FEW_ROWS = 3
"""Of more rows only those that differ are told."""

_BROKEN = re.compile(r"RPC that terminated with|Stream removed|panicked", re.IGNORECASE)
"""What a client says of a call to which its engine had no answer, not even an error."""


@dataclass(frozen=True)
class Point:
    """A part of two answers that is not equal. ``kind`` is ``refused`` where only the other engine made an error of it, ``crashed`` where that
    one broke down or hung, whatever Spark does, else ``differs``."""

    kind: str
    spark: Any
    other: Any


@dataclass(frozen=True)
class _Table:
    """Rows as columns that can be compared one by one; ``said`` is what is told of the columns besides, by kind."""

    columns: list[str]
    said: dict[str, list[Any]]
    rows: list[list[Any]]
    in_order: bool

    def column(self, name: str) -> list[Any]:
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def of(self, names: Iterable[str]) -> list[list[Any]]:
        """The rows with these columns only."""
        places = [self.columns.index(name) for name in names]
        rows = [[row[place] for place in places] for row in self.rows]
        return rows if self.in_order else sorted(rows, key=repr)

    def told(self, names: Iterable[str]) -> list[Any]:
        """The same as parts of an answer."""
        chosen = list(names)
        return [{"row": [list(pair) for pair in zip(chosen, row)]} for row in self.of(chosen)]


def bare(answer: Any) -> Any:
    """An answer without the messages of errors, which are for people."""
    if isinstance(answer, dict):
        return {name: bare(item) for name, item in answer.items() if not (name == "message" and "error" in answer)}
    return [bare(item) for item in answer] if isinstance(answer, list) else answer


def points(spark: Any, other: Any) -> dict[str, Point]:
    """The points of two answers by their places; none when they are equal as far as a user of another engine can ask.

    Two errors are equal whatever they say, unless one is a breakdown, and so are columns that may or may not hold nulls.
    """
    return dict(_points("", spark, other))


def telling(found: Iterable[Point], in_order: bool) -> Point:
    """The point that tells most. ``in_order``: the parts of the answer follow from each other, so that the first does; else a silent
    difference tells more than an error."""
    several = list(found)
    return several[0] if in_order else next((point for point in several if point.kind == "differs"), several[0])


def _points(place: str, spark: Any, other: Any) -> Iterator[tuple[str, Point]]:
    if is_failure(spark) or is_failure(other):
        if kind := _kind_of_errors(spark, other):
            yield place, Point(kind, spark, other)
        return
    one, two = _table(spark), _table(other)
    if one is not None and two is not None:
        yield from _points_of_tables(place, one, two)
    elif (several := _parts(spark, other)) is not None:
        for name, (left, right) in several.items():
            yield from _points(f"{place}{name}", left, right)
    elif bare(spark) != bare(other):
        yield place, Point("differs", spark, other)


def _kind_of_errors(spark: Any, other: Any) -> str | None:
    if is_failure(other) and (other["error"] in ("EngineLost", "TooLongError") or _BROKEN.search(other.get("message", ""))):
        return "crashed"
    if is_failure(spark) and is_failure(other):
        return None
    return "refused" if is_failure(other) else "differs"


def _parts(spark: Any, other: Any) -> dict[str, tuple[Any, Any]] | None:
    """The parts of two answers that are made of several, where both have the same."""
    one: Any = spark["tuple"] if _is_made_of("tuple", spark) else spark
    two: Any = other["tuple"] if _is_made_of("tuple", other) else other
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        return {f"[{number}]": pair for number, pair in enumerate(zip(one, two))}
    if _is_made_of("map", one) and _is_made_of("map", two) and [key for key, _ in one["map"]] == [key for key, _ in two["map"]]:
        return {f"{{{key}}}": (left, right) for (key, left), (_, right) in zip(one["map"], two["map"])}
    return None


def _points_of_tables(place: str, one: _Table, two: _Table) -> Iterator[tuple[str, Point]]:
    """Values come first: they tell more than their types and names."""
    names = two.columns
    if len(one.columns) == len(names) and set(one.columns) != set(names):
        two = replace(two, columns=one.columns)  # another name hides no other value
    shared = [name for name in one.columns if name in two.columns]
    yield from _points_of_values(place, one, two, shared)
    for kind in sorted(one.said.keys() & two.said.keys()):
        for name in shared:
            left, right = (table.said[kind][table.columns.index(name)] for table in (one, two))
            if left != right:
                yield f"{place}.{name}:{kind}", Point("differs", _said(kind, name, left), _said(kind, name, right))
    if one.columns != names:
        yield f"{place}:columns", Point("differs", ", ".join(one.columns), ", ".join(names))


def _points_of_values(place: str, one: _Table, two: _Table, shared: list[str]) -> Iterator[tuple[str, Point]]:
    if len(one.rows) != len(two.rows):
        yield f"{place}:rows", Point("differs", *_unequal(one.told(shared), two.told(shared)))
        return
    other = [name for name in shared if sorted(one.column(name), key=repr) != sorted(two.column(name), key=repr)]
    for name in other:
        names = [name] if len(one.rows) == 1 else shared  # among several rows the others say which one it is
        yield f"{place}.{name}", Point("differs", *_unequal(one.told(names), two.told(names)))
    same = [name for name in shared if name not in other]
    if one.of(same) != two.of(same):
        yield f"{place}:rows", Point("differs", *_unequal(one.told(same), two.told(same)))


def _said(kind: str, name: str, value: Any) -> dict[str, Any]:
    return {"types": [[name, value]]} if kind == "type" else {kind: value}


def _unequal(left: list[Any], right: list[Any]) -> tuple[list[Any], list[Any]]:
    """The rows, of many only those that the other side has not."""
    if max(len(left), len(right)) <= FEW_ROWS:
        return left, right
    return [row for row in left if row not in right] or left, [row for row in right if row not in left] or right


def _table(answer: Any) -> _Table | None:
    """An answer as a table: of frames, of pandas, of one row and of a list of rows."""
    if is_frame(answer):
        fields = answer["schema"]["fields"]
        said = {"type": [field["type"] for field in fields], "metadata": [field.get("metadata", {}) for field in fields]}
        rows = [[value for _, value in row["row"]] for row in answer["rows"]]
        return _Table(_apart(field["name"] for field in fields), said, rows, in_order=False)
    if isinstance(answer, dict) and "pandas" in answer:
        columns = answer["pandas"]
        rows = [list(row) for row in zip(*(values for _, _, values in columns))]
        return _Table(_apart(name for name, _, _ in columns), {"type": [kind for _, kind, _ in columns]}, rows, in_order=True)
    rows = [answer] if _is_row(answer) else answer
    if not isinstance(rows, list) or not rows or not all(map(_is_row, rows)):
        return None
    names = [_apart(name for name, _ in row["row"]) for row in rows]
    if any(others != names[0] for others in names):
        return None
    return _Table(names[0], {}, [[value for _, value in row["row"]] for row in rows], in_order=True)


def _apart(names: Iterable[str]) -> list[str]:
    """Names, of which those that stand there again bear a number."""
    found: list[str] = []
    for name in names:
        found.append(name if name not in found else f"{name}#{len(found)}")
    return found


def _is_row(answer: Any) -> bool:
    return _is_made_of("row", answer)


def _is_made_of(kind: str, answer: Any) -> bool:
    return isinstance(answer, dict) and set(answer) == {kind}


def is_failure(answer: Any) -> bool:
    """An error as an answer."""
    return isinstance(answer, dict) and "error" in answer


def is_frame(answer: Any) -> bool:
    """The rows of a frame, with its types."""
    return isinstance(answer, dict) and "rows" in answer
