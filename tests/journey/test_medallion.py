"""The pipeline of the repository on its sample, held against a computation that knows only csv and Decimal."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "notebooks" / "data" / "events.csv"
FORTY = ROOT / "tests" / "data" / "events_40.csv"
KINDS = ("view", "cart", "purchase")
CENT = Decimal("0.01")


# --- the independent computation


@dataclass
class Expected:
    """What must come out: rows of each table as tuples, and the task values of silver."""

    lines: list[str]
    events: set[tuple[Any, ...]]
    quarantine: set[tuple[str, str]]
    counts: dict[str, int]
    daily: dict[tuple[date, str], dict[str, Any]]
    brands: list[tuple[str, Decimal, int]]


def reason_against(fields: list[str]) -> str | None:
    """The first reason why a row is invalid."""
    if len(fields) != 9:
        return "wrong number of fields"
    time, kind, event_id, _, _, _, price, _, _ = fields
    if not event_id:
        return "missing event id"
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", time, re.ASCII):
            return "malformed timestamp"
        datetime.strptime(time, "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return "malformed timestamp"
    if kind.lower() not in KINDS:
        return "unknown event type"
    if not price:
        return "missing price"
    if not re.fullmatch(r"-?\d{1,10}(\.\d{1,2})?", price, re.ASCII):
        return "malformed price"
    return "negative price" if Decimal(price) < 0 else None


def expect(source: Path) -> Expected:
    """Compute everything from the file, row by row."""
    lines = source.read_text("utf-8").split("\n")[1:]
    lines = lines[:-1] if lines[-1] == "" else lines
    events: list[dict[str, Any]] = []
    quarantine, seen, duplicates = set(), set(), 0
    for number, line in enumerate(lines):
        fields = [value.strip(" ") for value in next(csv.reader([line]))]
        reason = reason_against(fields)
        if reason:
            quarantine.add((reason, line))
        elif fields[2] in seen:
            duplicates += 1
        else:
            seen.add(fields[2])
            events.append(event_of(fields, number))
    invalid = sum(1 for line in lines if reason_against([value.strip(" ") for value in next(csv.reader([line]))]))
    counts = {"input": len(lines), "valid": len(events), "quarantined": invalid, "duplicates": duplicates}
    number_in_sessions(events)
    return Expected(lines, {as_tuple(event) for event in events}, quarantine, counts, daily_of(events), brands_of(events))


def event_of(fields: list[str], number: int) -> dict[str, Any]:
    """A clean event."""
    time, kind, event_id, product, category, brand, price, user, session = fields
    moment, amount = datetime.strptime(time, "%Y-%m-%d %H:%M:%S"), Decimal(price).quantize(CENT)
    band = "low" if amount < 20 else "medium" if amount < 100 else "high"
    return {
        "event_id": event_id, "event_time": moment, "event_date": moment.date(), "event_type": kind.lower(),
        "product_id": product, "category": category.lower(), "brand": brand.lower() or "unknown", "price": amount,
        "price_band": band, "user_id": user, "session_id": session, "number": number,
    }  # fmt: skip


def number_in_sessions(events: list[dict[str, Any]]) -> None:
    """Number the events of each session in the order of time, then of the file."""
    sessions = defaultdict(list)
    for event in events:
        sessions[event["session_id"]].append(event)
    for members in sessions.values():
        for place, event in enumerate(sorted(members, key=lambda event: (event["event_time"], event["number"])), 1):
            event["session_order"] = place


COLUMNS = (
    "event_id", "event_time", "event_date", "event_type", "product_id", "category", "brand", "price", "price_band", "user_id",
    "session_id", "session_order",
)  # fmt: skip


def as_tuple(event: dict[str, Any]) -> tuple[Any, ...]:
    """The columns of silver.events in a fixed order."""
    return tuple(event[column] for column in COLUMNS)


def daily_of(events: list[dict[str, Any]]) -> dict[tuple[date, str], dict[str, Any]]:
    """The figures of each day and category."""
    groups = defaultdict(list)
    for event in events:
        groups[event["event_date"], event["category"]].append(event)
    figures = {}
    for key, members in groups.items():
        sales = [event for event in members if event["event_type"] == "purchase"]
        sessions, buyers = {event["session_id"] for event in members}, {event["session_id"] for event in sales}
        revenue = sum((event["price"] for event in sales), Decimal("0.00"))
        figures[key] = {
            **{f"{kind}s": sum(event["event_type"] == kind for event in members) for kind in KINDS},
            "sessions": len(sessions),
            "buying_sessions": len(buyers),
            "revenue": revenue,
            "conversion": (Decimal(len(buyers)) / len(sessions)).quantize(Decimal("0.0001"), ROUND_HALF_UP),
            "average_basket": (revenue / len(buyers)).quantize(CENT, ROUND_HALF_UP) if buyers else None,
        }
    return figures


def brands_of(events: list[dict[str, Any]]) -> list[tuple[str, Decimal, int]]:
    """The ten brands with the highest revenue."""
    revenue: dict[str, Decimal] = defaultdict(Decimal)
    purchases: dict[str, int] = defaultdict(int)
    for event in events:
        if event["event_type"] == "purchase":
            revenue[event["brand"]] += event["price"]
            purchases[event["brand"]] += 1
    ranked = sorted(revenue, key=lambda brand: (-revenue[brand], brand))[:10]
    return [(brand, revenue[brand], purchases[brand]) for brand in ranked]


# --- the pipeline itself


class Project:
    """A copy of the repository's notebooks and pipelines, in a folder with a name as people give them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("notebooks", "pipelines"):
            shutil.copytree(ROOT / name, folder / name)

    def run(self, source: Path, *options: str) -> tuple[int, dict[str, Any]]:
        """Run the medallion on ``source``; the exit code and the JSON document."""
        command = [sys.executable, "-m", "nbflow", "run", "medallion", "--json", "-p", f"source={source}", *options]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=240, check=False)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, read without an engine."""
        rows: list[dict[str, Any]] = DeltaTable(str(self.folder / "warehouse" / table)).to_pyarrow_table().to_pylist()
        return rows

    def versions(self) -> dict[str, int]:
        """The version of each table."""
        logs = (self.folder / "warehouse").glob("*/*/_delta_log")
        return {str(log.parent): DeltaTable(str(log.parent)).version() for log in logs}

    def check(self, expected: Expected, source: Path) -> None:
        """Hold every row of every table against what was computed."""
        bronze = [row for row in self.rows("bronze/events") if row["source_file"] == str(source)]
        assert [row["raw"] for row in sorted(bronze, key=lambda row: row["row_id"])] == expected.lines
        assert {tuple(self._plain(row[column]) for column in COLUMNS) for row in self.rows("silver/events")} == expected.events
        assert {(row["reason"], row["raw"]) for row in self.rows("silver/quarantine")} == expected.quarantine
        daily = {(row.pop("event_date"), row.pop("category")): row for row in self.rows("gold/daily_category")}
        assert daily == expected.daily
        ranking = sorted(self.rows("gold/top_brands"), key=lambda row: row["rank"])
        assert [(row["brand"], row["revenue"], row["purchases"]) for row in ranking] == expected.brands

    @staticmethod
    def _plain(value: Any) -> Any:
        return value.replace(tzinfo=None) if isinstance(value, datetime) else value

    def digest(self, *tables: str) -> str:
        """One digest of all rows of some tables."""
        rows = [sorted(json.dumps(row, default=str, sort_keys=True) for row in self.rows(table)) for table in tables]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for all tests of this file; they use it in their order."""
    return Project(tmp_path_factory.mktemp("shop ä {1}"))


RESULTS = ("silver/events", "silver/quarantine", "gold/daily_category", "gold/top_brands")


def test_forty_rows_by_hand(project: Project) -> None:
    """Every oddity of the hand-written file is where it belongs, to the cent."""
    code, document = project.run(FORTY)
    assert (code, document["result"]) == (0, "SUCCESS"), document
    expected = expect(FORTY)
    assert expected.counts == {"input": 40, "valid": 21, "quarantined": 16, "duplicates": 3}
    project.check(expected, FORTY)
    silver = document["tasks"][1]
    assert silver["values"] == expected.counts
    assert document["tasks"][0]["values"] == {"rows": 40}
    assert document["tasks"][0]["parameters"]["source"] == str(FORTY)


def test_the_same_source_twice_gives_the_same(project: Project) -> None:
    """Bronze replaces its own rows; silver and gold are equal row by row."""
    before = project.digest(*RESULTS)
    code, _ = project.run(FORTY)
    assert code == 0
    assert project.digest(*RESULTS) == before
    assert len(project.rows("bronze/events")) == 40


def test_a_source_that_is_not_there_fails_bronze_and_changes_nothing(project: Project) -> None:
    """The error names the path; silver and gold are not started; every table has the version it had."""
    before = project.versions()
    code, document = project.run(project.folder / "nowhere" / "füe.csv")
    assert code == 1
    bronze, silver, gold = document["tasks"]
    assert bronze["error"]["ename"] == "FileNotFoundError"
    assert str(project.folder / "nowhere" / "füe.csv") in bronze["error"]["evalue"]
    assert (silver["result"], gold["result"]) == ("UPSTREAM_FAILED", "UPSTREAM_FAILED")
    assert project.versions() == before


def test_the_sample(tmp_path: Path) -> None:
    """Twenty thousand rows: every row of every table is what csv and Decimal say; gold shows a plot."""
    project = Project(tmp_path / "p")
    source = project.folder / "notebooks" / "data" / "events.csv"
    code, document = project.run(source)
    assert code == 0, document
    expected = expect(source)
    assert expected.counts["input"] == 20_000 and min(expected.counts.values()) > 100
    project.check(expected, source)
    assert document["tasks"][1]["values"] == expected.counts
    gold = json.loads(Path(document["tasks"][2]["notebook"]).read_text("utf-8"))
    kinds = {kind for cell in gold["cells"] for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert {"image/png", "text/html"} <= kinds


def test_the_sample_is_what_the_generator_makes(tmp_path: Path) -> None:
    """The committed file is the generator's, byte for byte, so that it can be made larger at will."""
    out = tmp_path / "made.csv"
    subprocess.run([sys.executable, str(SAMPLE.with_name("generate.py")), "--out", str(out)], check=True)
    assert out.read_bytes() == SAMPLE.read_bytes()
