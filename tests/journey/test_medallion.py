"""The pipeline of the repository on messy events, held row by row against a computation that knows only csv and Decimal."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from nbflow.store.tables import Tables

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "notebooks" / "data" / "events.csv"
FORTY = ROOT / "tests" / "data" / "events_40.csv"
LAYERS = ("bronze", "silver", "gold")
KINDS = ("view", "cart", "purchase")
CENT = Decimal("0.01")
ODD_LINES = (
    b"2026-01-20 10:00:00,view,latin-1,p1,books,Gr\xfcn,5.00,u1,s1\r\n"
    b"\r\n" + b"," * 25_000 + b"\n2026-01-20 10:00:00,purchase,no-end-of-line,p1,books,Terra,5.00,u1,s1"
)  # fmt: skip
"""What a text file can hold besides: another encoding, other ends of lines, more fields than Spark's parser takes."""

Row = dict[str, Any]


# --- the independent computation


@dataclass
class Expected:
    """What must stand in the tables, and silver's task values."""

    lines: list[Row]
    events: list[Row]
    quarantine: list[Row]
    counts: dict[str, int]
    daily: list[Row]
    brands: list[Row]


def lines_of(source: Path) -> list[Row]:
    """Every line but the header."""
    lines = re.split(rb"\r\n|\r|\n", source.read_bytes().removesuffix(b"\n"))
    return [{"source_file": str(source), "raw": raw} for raw in lines[1:]]


def fields_of(raw: bytes) -> list[str]:
    """The fields of a line without blanks around them."""
    return [value.strip(" \t") for value in next(csv.reader([raw.decode("utf-8", "replace")]))]


def reason_against(raw: bytes) -> str | None:
    """The first reason why a line is no valid event."""
    fields = fields_of(raw)
    if len(fields) != 9:
        return "wrong number of fields"
    time, kind, event_id, product_id, _, _, price, user_id, session_id = fields
    if "\ufffd" in raw.decode("utf-8", "replace"):
        return "not UTF-8"
    required = {"event_id": event_id, "product_id": product_id, "user_id": user_id, "session_id": session_id}
    if not all(required.values()):
        return next(f"missing {name}" for name, value in required.items() if not value)
    try:
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


def event_of(line: Row) -> Row:
    """The clean event of a valid line."""
    time, kind, event_id, product, category, brand, price, user, session = fields_of(line["raw"])
    moment, amount = datetime.strptime(time, "%Y-%m-%d %H:%M:%S"), Decimal(price).quantize(CENT)
    return {
        "event_id": event_id, "event_time": moment.replace(tzinfo=timezone.utc), "event_date": moment.date(), "event_type": kind.lower(),
        "product_id": product, "category": category.lower() or "unknown", "brand": brand.lower() or "unknown", "price": amount,
        "price_band": "low" if amount < 20 else "medium" if amount < 100 else "high", "user_id": user, "session_id": session,
        "source_file": line["source_file"],
    }  # fmt: skip


def expect(*sources: Path, brands: int = 10) -> Expected:
    """Compute everything from the files, line by line, in the order of the files' names and of the lines' text."""
    lines = [line for source in sorted(sources, key=str) for line in sorted(lines_of(source), key=lambda line: line["raw"])]
    events: dict[str, Row] = {}
    quarantine, duplicates = [], 0
    for line in lines:
        reason = reason_against(line["raw"])
        if reason:
            quarantine.append({**line, "reason": reason, "raw": line["raw"].decode("utf-8", "replace")})
            continue
        event = event_of(line)
        duplicates += event["event_id"] in events
        events.setdefault(event["event_id"], event)
    sessions = defaultdict(list)
    for event in sorted(events.values(), key=lambda event: (event["event_time"], event["event_id"])):
        sessions[event["session_id"]].append(event)
        event["session_order"] = len(sessions[event["session_id"]])
    counts = {"input": len(lines), "valid": len(events), "quarantined": len(quarantine), "duplicates": duplicates}
    return Expected(lines, [*events.values()], quarantine, counts, daily_of(events.values()), brands_of(events.values(), brands))


def daily_of(events: Any) -> list[Row]:
    """The figures of each day and category."""
    groups = defaultdict(list)
    for event in events:
        groups[event["event_date"], event["category"]].append(event)
    figures = []
    for (day, category), members in groups.items():
        sales = [event for event in members if event["event_type"] == "purchase"]
        sessions, buyers = {event["session_id"] for event in members}, {event["session_id"] for event in sales}
        revenue = sum((event["price"] for event in sales), Decimal("0.00"))
        figures.append({
            "event_date": day, "category": category, "sessions": len(sessions), "buying_sessions": len(buyers), "revenue": revenue,
            **{f"{kind}s": sum(event["event_type"] == kind for event in members) for kind in KINDS},
            "conversion": (Decimal(len(buyers)) / len(sessions)).quantize(Decimal("0.0001"), ROUND_HALF_UP),
            "average_basket": (revenue / len(buyers)).quantize(CENT, ROUND_HALF_UP) if buyers else None,
        })  # fmt: skip
    return figures


def brands_of(events: Any, limit: int) -> list[Row]:
    """The brands with the highest revenue."""
    sales = defaultdict(list)
    for event in events:
        if event["event_type"] == "purchase" and event["brand"] != "unknown":
            sales[event["brand"]].append(event["price"])
    ranked = sorted(sales, key=lambda brand: (-sum(sales[brand]), brand))[:limit]
    return [{"rank": n, "brand": brand, "revenue": sum(sales[brand]), "purchases": len(sales[brand])} for n, brand in enumerate(ranked, 1)]


# --- the pipeline itself


class Project:
    """A copy of the repository's notebooks and pipelines, in a folder with a name as people give them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("notebooks", "pipelines"):
            shutil.copytree(ROOT / name, folder / name)

    def run(self, pipeline: str, *options: str) -> tuple[int, dict[str, Any]]:
        """Run a pipeline on a machine whose clocks are those of Berlin: the exit code and the JSON document."""
        command = [sys.executable, "-m", "nbflow", "run", f"pipelines/{pipeline}", "--json", *options]
        berlin = {**os.environ, "TZ": "Europe/Berlin"}
        done = subprocess.run(command, cwd=self.folder, env=berlin, capture_output=True, text=True, timeout=600, check=False)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def versions(self) -> dict[str, int]:
        """The version of each table."""
        logs = (self.folder / "warehouse").glob("*/*/_delta_log")
        return {"/".join(log.parts[-3:-1]): DeltaTable(log.parent).version() for log in logs}

    def rows(self, name: str, version: int) -> list[Row]:
        """The rows of a table, read without an engine. The lines of bronze are bytes: they are what came, text or not."""
        table = DeltaTable(self.folder / "warehouse" / name, version=version).to_pyarrow_table()
        if name == "bronze/events":
            column = table.column_names.index("raw")
            table = table.set_column(column, "raw", table.column("raw").cast("binary"))
        return in_order(table.to_pylist())

    def holds(self, expected: Expected, version: int) -> None:
        """Hold every row of every table against what was computed."""
        came = [{name: row[name] for name in ("source_file", "raw")} for row in self.rows("bronze/events", version)]
        assert in_order(came) == in_order(expected.lines)
        assert self.rows("silver/events", version) == in_order(expected.events)
        assert self.rows("silver/quarantine", version) == in_order(expected.quarantine)
        assert self.rows("gold/daily_category", version) == in_order(expected.daily)
        assert self.rows("gold/top_brands", version) == in_order(expected.brands)


def in_order(rows: list[Row]) -> list[Row]:
    """The rows in an order that depends only on what they hold."""
    return sorted(rows, key=lambda row: [str(row[name]) for name in sorted(row)])


def in_rounds(*rounds: dict[str, Any]) -> str:
    """A pipeline that goes through the layers once for each of ``rounds``, with its parameters: one driver serves them all."""
    keys = [(f"{layer}_{number}", layer, given) for number, given in enumerate(rounds) for layer in LAYERS]
    tasks = [
        {"task_key": key, "notebook": "../notebooks/layer.ipynb", "parameters": {"layer": layer, **given}, "depends_on": before}
        for (key, layer, given), before in zip(keys, [[], *([key] for key, _, _ in keys)])
    ]
    return json.dumps({"tasks": tasks})


@dataclass
class Rounds:
    """A run of three rounds. Round 0 took in the forty rows, rounds 1 and 2 a messy file. Each made a version of each table."""

    project: Project
    messy: Path
    document: dict[str, Any]
    values: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Rounds:
    """The run that these tests look at. The messy file is the sample with a byte order mark, odd lines and a name that is no easy one."""
    project = Project(tmp_path_factory.mktemp("shop ä {1}"))
    messy = project.folder / "notebooks" / "data" / "événements d'été [2026], 1*.csv"
    messy.write_bytes(b"\xef\xbb\xbf" + SAMPLE.read_bytes() + ODD_LINES)
    three = in_rounds({"source": str(FORTY), "brands": 3}, {"source": str(messy)}, {"source": str(messy)})
    (project.folder / "pipelines" / "rounds.yml").write_text(three)
    code, document = project.run("rounds.yml")
    assert (code, document["result"]) == (0, "SUCCESS"), document
    return Rounds(project, messy, document, {task["task_key"]: task["values"] for task in document["tasks"]})


def test_forty_rows_by_hand(rounds: Rounds) -> None:
    """Every oddity of the hand-written file is where it belongs, to the cent."""
    expected = expect(FORTY, brands=3)
    assert expected.counts == {"input": 40, "valid": 17, "quarantined": 21, "duplicates": 2}
    rounds.project.holds(expected, version=0)
    assert (rounds.values["bronze_0"], rounds.values["silver_0"]) == ({"rows": 40}, expected.counts)
    assert rounds.values["gold_0"] == {"revenue": str(sum(row["revenue"] for row in expected.daily))}


def test_the_sample_and_odd_lines_beside_another_source(rounds: Rounds) -> None:
    """Every row of every table is as computed, and the other source's rows stay."""
    expected, sample = expect(FORTY, rounds.messy), expect(SAMPLE)
    reasons = Counter(row["reason"] for row in sample.quarantine)
    assert {*reasons} == {"wrong number of fields", "malformed timestamp", "unknown event type", "missing price", "negative price"}
    assert sample.counts["input"] == 20_000 and min(*reasons.values(), sample.counts["duplicates"]) > 50
    rounds.project.holds(expected, version=1)
    assert (rounds.values["bronze_1"], rounds.values["silver_1"]) == ({"rows": 20_004}, expected.counts)


def test_the_same_source_twice_gives_the_same(rounds: Rounds) -> None:
    """Bronze replaces its own rows, and no others; silver and gold are equal row by row."""
    for name in ("silver/events", "silver/quarantine", "gold/daily_category", "gold/top_brands"):
        assert rounds.project.rows(name, version=2) == rounds.project.rows(name, version=1)
    bronze = [rounds.project.rows("bronze/events", version) for version in (1, 2)]
    before, after = (Counter((row["source_file"], row["raw"]) for row in rows) for rows in bronze)
    assert len(bronze[1]) == 20_044 and after == before
    came = {row["ingested_at"] for row in bronze[0]}
    for row in bronze[1]:
        assert (row["ingested_at"] in came) is (row["source_file"] == str(FORTY))  # the time of ingestion is another, unless it stayed


def test_each_row_says_when_and_by_which_run_it_came(rounds: Rounds) -> None:
    """Ingestion time and run id of each row are the run's."""
    begin, end = (datetime.fromisoformat(rounds.document[name]) for name in ("started", "ended"))
    for row in rounds.project.rows("bronze/events", version=0):
        assert row["run_id"] == rounds.document["run_id"]
        assert begin <= row["ingested_at"] <= end


def test_each_version_of_a_table_tells_who_made_it(rounds: Rounds) -> None:
    """Run and task stand in the commit, so that a table's history is the history of its runs."""
    commits = Tables(rounds.project.folder / "warehouse").history("gold.top_brands")
    assert [(commit.version, commit.run_id, commit.task_key) for commit in commits] == [
        (number, rounds.document["run_id"], f"gold_{number}") for number in (2, 1, 0)
    ]  # fmt: skip


def test_gold_shows_a_table_and_a_plot(rounds: Rounds) -> None:
    """The executed notebook of gold is a report."""
    gold = json.loads(Path(rounds.document["tasks"][2]["notebook"]).read_text("utf-8"))
    kinds = {kind for cell in gold["cells"] for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert {"image/png", "text/html"} <= kinds


def test_the_pipeline_is_one_notebook_in_three_layers(rounds: Rounds) -> None:
    """The pipeline file plans what a round does: each task is a layer, in this order, of the same notebook."""
    command = [sys.executable, "-m", "nbflow", "plan", "medallion", "--format", "json"]
    tasks = json.loads(subprocess.run(command, cwd=rounds.project.folder, capture_output=True, text=True, check=True).stdout)["tasks"]
    assert [(task["task_key"], task["parameters"][0]["value"]) for task in tasks] == [(layer, layer) for layer in LAYERS]
    assert [task["depends_on"] for task in tasks] == [[], ["bronze"], ["silver"]]
    assert {task["notebook"] for task in tasks} == {str(rounds.project.folder / "notebooks" / "layer.ipynb")}


def test_a_source_that_is_not_there_fails_bronze_and_changes_nothing(rounds: Rounds) -> None:
    """The error names the path; nothing after bronze is started; every table has the version it had."""
    before, missing = rounds.project.versions(), rounds.project.folder / "nowhere" / "füe.csv"
    code, document = rounds.project.run("medallion.yml", "-p", f"source={missing}")
    assert code == 1
    bronze, *others = document["tasks"]
    assert bronze["error"]["ename"] == "FileNotFoundError"
    assert str(missing) in bronze["error"]["evalue"]
    assert {task["result"] for task in others} == {"UPSTREAM_FAILED"}
    assert len(before) == 5 and rounds.project.versions() == before


def test_the_sample_is_what_the_generator_makes(tmp_path: Path) -> None:
    """The committed file is the generator's, byte for byte, so that it can be made larger at will."""
    out = tmp_path / "made.csv"
    subprocess.run([sys.executable, str(SAMPLE.with_name("generate.py")), "--out", str(out)], check=True)
    assert out.read_bytes() == SAMPLE.read_bytes()
