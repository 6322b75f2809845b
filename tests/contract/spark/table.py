"""The table of differences, and the points that stand behind it: each place at which Sail answers otherwise, with the entry that tells it.

``points.json`` holds them, program by program, so that a new difference is seen in a program that is known for others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.contract.spark.compare import Point, bare, points, telling
from tests.contract.spark.register import topics
from tests.contract.spark.telling import told

PATH = Path(__file__).parents[3] / "nbflow" / "plan" / "differences.json"
POINTS = Path(__file__).with_name("points.json")
IN_ORDER = ("writing", "writing_values", "writing_files", "changing", "tables", "zones")
"""The topics whose programs change something and then look at it: after a refusal all else follows from that."""

Found = dict[str, dict[str, Point]]
"""Points by program and place."""


class Known(NamedTuple):
    """A point as it is kept. ``entry``: the key of the entry that tells it; ``sail``: Sail's answer in a few words; ``seal``: a hash of all of
    it. Both are without the messages of errors: what is refused may be refused in other words."""

    entry: str
    kind: str
    sail: str
    seal: str


def stored() -> list[dict[str, Any]]:
    """The entries of the table."""
    entries: list[dict[str, Any]] = json.loads(PATH.read_text("utf-8"))["differences"]
    return entries


def known() -> dict[str, dict[str, Known]]:
    """The points that are kept, by program and place."""
    document = json.loads(POINTS.read_text("utf-8"))
    return {name: {place: Known(*point) for place, point in places.items()} for name, places in document.items()}


def found_points(spark: Mapping[str, Any], other: Mapping[str, Any]) -> Found:
    """The points of each program that both have answered; a program that is answered alike has none."""
    return {name: points(spark[name], other[name]) for name in topics() if name in spark and name in other}


def as_known(point: Point, entry: str) -> Known:
    """A point in the form in which it is kept."""
    answer = bare(point.other)
    return Known(entry, point.kind, told(answer), hashlib.sha256(json.dumps(answer, sort_keys=True).encode()).hexdigest()[:8])


def news(found: Mapping[str, Point], kept: Mapping[str, Known]) -> list[str]:
    """What of a program's points is not as it is kept, a line each."""
    lines = []
    for place, point in found.items():
        before = kept.get(place)
        if before is None or as_known(point, before.entry) != before:
            was = f", which was {before.kind}: {before.sail}" if before else ", which was equal"
            lines.append(f"{place or 'all'} ({point.kind}){was}\n    spark: {told(point.spark)}\n    sail:  {told(point.other)}")
    return [*lines, *(f"{place or 'all'} is equal, and was {point.kind}" for place, point in kept.items() if place not in found)]


def keep(found: Found) -> dict[str, dict[str, Known]]:
    """Keep these points beside those of other programs; a new one names no entry yet."""
    before = known()
    merged = {
        name: {place: as_known(point, before[name][place].entry if place in before.get(name, {}) else "") for place, point in found[name].items()}
        if name in found
        else before.get(name, {})
        for name in topics()
    }  # fmt: skip
    blocks = []
    for name, places in merged.items():
        lines = [f"  {json.dumps(place)}: {json.dumps(point, ensure_ascii=False)}" for place, point in places.items()]
        if lines:
            blocks.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
    POINTS.write_text("{\n" + ",\n".join(blocks) + "\n}\n", "utf-8")
    return merged


def showing(entry: str, kept: Mapping[str, Mapping[str, Known]]) -> list[str]:
    """The programs of which a point is told by ``entry``."""
    return [name for name, places in kept.items() if any(point.entry == entry for point in places.values())]


def refreshed(found: Found, kept: Mapping[str, Mapping[str, Known]], entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries with their programs, and with the answers of now to the first of these, where it was asked."""
    told_anew = []
    for entry in entries:
        names = showing(entry["key"], kept)
        names = [*(name for name in entry["programs"] if name in names), *(name for name in names if name not in entry["programs"])]
        told_anew.append({**entry, **_answers(entry["key"], names[0], found, kept), "programs": names} if names else entry)
    return told_anew


def _answers(entry: str, name: str, found: Found, kept: Mapping[str, Mapping[str, Known]]) -> dict[str, str]:
    told_by_it = {place for place, point in kept[name].items() if point.entry == entry}
    own = [point for place, point in found.get(name, {}).items() if place in told_by_it]
    if not own:
        return {}
    point = telling(own, topics()[name] in IN_ORDER)
    return {"spark": told(point.spark), "sail": told(point.other), "kind": point.kind}


def write(entries: list[dict[str, Any]]) -> None:
    """Write the table, an entry's signs on one line."""
    order = ("key", "area", "what", "spark", "sail", "kind", "programs", "signs")
    blocks = []
    for entry in sorted(entries, key=lambda entry: entry["area"]):
        lines = [f"   {json.dumps(name)}: {json.dumps(entry[name], ensure_ascii=False)}" for name in order]
        blocks.append("  {\n" + ",\n".join(lines) + "\n  }")
    PATH.write_text('{\n "version": 1,\n "differences": [\n' + ",\n".join(blocks) + "\n ]\n}\n", "utf-8")
