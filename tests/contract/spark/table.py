"""The table of differences as the engines answer now, for the test that holds it and for who refreshes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.contract.spark.compare import Point, judged, told
from tests.contract.spark.register import topics

PATH = Path(__file__).parents[3] / "nbflow" / "plan" / "differences.json"
IN_ORDER = ("writing", "writing_values", "writing_files", "changing", "tables", "zones")
"""The topics whose programs change something and then look at it: after a refusal all else follows from that."""


def stored() -> list[dict[str, Any]]:
    """The entries of the table."""
    entries: list[dict[str, Any]] = json.loads(PATH.read_text("utf-8"))["differences"]
    return entries


def points(spark: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Point]:
    """The telling point of each program that does not answer as Spark does."""
    found = {}
    for name, topic in topics().items():
        if name in spark and name in other:
            point = judged(spark[name], other[name], topic in IN_ORDER)
            if point is not None:
                found[name] = point
    return found


def unlisted(found: Mapping[str, Point], entries: list[dict[str, Any]]) -> list[str]:
    """The programs that differ and stand in no entry."""
    listed = {name for entry in entries for name in entry["programs"]}
    return [name for name in found if name not in listed]


def outdated(found: Mapping[str, Point], entries: list[dict[str, Any]]) -> list[str]:
    """The programs that stand in the table and no longer differ."""
    return [name for entry in entries for name in entry["programs"] if name not in found]


def refreshed(found: Mapping[str, Point], entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries with the answers of now; what no program shows any more is left as it is."""
    return [{**entry, **_answers([found[name] for name in entry["programs"] if name in found])} for entry in entries]


def _answers(points_of_entry: list[Point]) -> dict[str, str]:
    if not points_of_entry:
        return {}
    first = points_of_entry[0]
    return {"spark": told(first.spark), "sail": told(first.other), "kind": first.kind}


def write(entries: list[dict[str, Any]]) -> None:
    """Write the table, an entry's signs on one line."""
    order = ("key", "area", "what", "spark", "sail", "kind", "programs", "signs")
    blocks = []
    for entry in sorted(entries, key=lambda entry: entry["area"]):
        lines = [f"   {json.dumps(name)}: {json.dumps(entry[name], ensure_ascii=False)}" for name in order]
        blocks.append("  {\n" + ",\n".join(lines) + "\n  }")
    PATH.write_text('{\n "version": 1,\n "differences": [\n' + ",\n".join(blocks) + "\n ]\n}\n", "utf-8")
