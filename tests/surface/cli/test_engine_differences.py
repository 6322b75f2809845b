"""``nbflow engine differences``: the table that the conformance suite keeps, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TABLE = json.loads((Path(__file__).parents[3] / "nbflow" / "plan" / "differences.json").read_text("utf-8"))["differences"]


def test_each_difference_is_told_with_both_answers(nbflow: Any) -> None:
    """In a folder that is no workspace, too."""
    done = nbflow("engine", "differences")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    for entry in TABLE:
        mark = {"differs": "", "refused": " (refused)", "crashed": " (breaks the call)"}[entry["kind"]]
        at = next(number for number, line in enumerate(lines) if line.startswith(f"  {entry['key']}{mark}:"))
        assert entry["what"] in lines[at]
        assert [line.split()[0] for line in lines[at + 1 : at + 3]] == ["spark", "sail"]
    differs, refused, crashed = (sum(entry["kind"] == kind for entry in TABLE) for kind in ("differs", "refused", "crashed"))
    assert crashed, "else the next line would say nothing of them"
    assert lines[-1] == f"{len(TABLE)} kinds: {differs} answer otherwise, {refused} are refused, {crashed} break the call"


def test_the_document_is_the_table(nbflow: Any) -> None:
    """With the version of nbflow's documents."""
    document = json.loads(nbflow("engine", "differences", "--json").out)
    assert document["version"] == 1
    assert document["differences"] == TABLE
