"""Tables between engines: what Spark's driver and Sail make and change in one warehouse is right in the other, in delta-rs and in DuckDB."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable

from nbflow.core.errors import UsageError
from nbflow.run.delta_log import rows_at
from nbflow.run.engines.sail import SailEngine
from nbflow.store.tables import Tables
from tests.journey.conftest import Bench

pytestmark = pytest.mark.long

ASKED = """
spark = session()

def rows(query):
    return [[None if value is None else str(value) for value in row] for row in spark.sql(query).collect()]

for line in sys.stdin:
    try:
        code = json.loads(line)
        found = rows(code) if code[:6] == "SELECT" else exec(code) if "\\n" in code else spark.sql(code) and None
        tell({"rows": found and sorted(found, key=str)})
    except Exception as error:
        tell({"error": f"{type(error).__name__} {error}"[:3000]})
"""


class Session:
    """A session on an engine that does what it is told."""

    def __init__(self, bench: Bench) -> None:
        self._client = bench.client(ASKED)

    def ask(self, code: str) -> dict[str, Any]:
        """What a statement, or Python of several lines, comes to: ``rows`` as texts, in order, or an ``error``."""
        self._client.process.stdin.write(json.dumps(code) + "\n")  # type: ignore[union-attr]
        self._client.process.stdin.flush()  # type: ignore[union-attr]
        return dict(self._client.told())

    def do(self, *statements: str) -> None:
        """Statements that succeed."""
        for statement in statements:
            told = self.ask(statement)
            assert "error" not in told, (statement, told)

    def rows(self, query: str) -> list[list[str | None]]:
        """The rows of a query."""
        told = self.ask(query)
        assert "error" not in told, (query, told)
        return list(told["rows"])


Engines = dict[str, Session]


@pytest.fixture(scope="module")
def warehouse(shared_bench: Bench) -> Path:
    """Where both engines have their tables."""
    return shared_bench.warehouse


@pytest.fixture(scope="module")
def engines(shared_bench: Bench) -> Iterator[Engines]:
    """A session on Spark's driver and one on Sail, over one warehouse."""
    sail = Bench(shared_bench.root, lambda settings, warehouse, state, announce: SailEngine(settings, warehouse, state / "sail", announce))
    try:
        yield {"spark": Session(shared_bench), "sail": Session(sail)}
    finally:
        shared_bench.clear()
        sail.close()


DIRECTIONS = pytest.mark.parametrize(("maker", "reader"), [("spark", "sail"), ("sail", "spark")])


def contents(table: Path, version: int | None = None) -> list[list[str | None]]:
    """The rows of a table as delta-rs has them."""
    found = DeltaTable(table, version=version).to_pyarrow_table().to_pylist()
    return sorted(([None if value is None else str(value) for value in row.values()] for row in found), key=str)


@functools.lru_cache
def reads_delta() -> bool:
    """Whether DuckDB has, or can fetch, its extension for Delta."""
    with duckdb.connect() as connection:
        try:
            connection.execute("INSTALL delta")
            connection.execute("LOAD delta")
        except duckdb.Error:
            return False
    return True


def in_duckdb(table: Path) -> list[list[str | None]]:
    """The same as DuckDB has them: by its extension for Delta, or, where that cannot be fetched, from the Parquet files that
    delta-rs says are the table's."""
    with duckdb.connect() as connection:
        if reads_delta():
            connection.execute("LOAD delta")
            query = f"SELECT * FROM delta_scan('{table}')"
        else:
            files = [uri.removeprefix("file://") for uri in DeltaTable(table).file_uris()]
            query = f"SELECT * FROM read_parquet({files}, union_by_name=true, hive_partitioning=true)"
        return sorted(([None if value is None else str(value) for value in row] for row in connection.execute(query).fetchall()), key=str)


def sorted_by_text(row: list[str | None]) -> list[str]:
    """A row whose columns may stand in any order."""
    return sorted(map(str, row))


def protocols(table: Path) -> set[tuple[int, int]]:
    """All protocols that a table's log names, reader and writer."""
    actions = [json.loads(line) for log in sorted((table / "_delta_log").glob("*.json")) for line in log.read_text().splitlines()]
    return {(action["protocol"]["minReaderVersion"], action["protocol"]["minWriterVersion"]) for action in actions if "protocol" in action}


@DIRECTIONS
def test_what_one_engine_does_to_tables_is_right_in_the_other(engines: Engines, warehouse: Path, maker: str, reader: str) -> None:
    """Renamed, dropped, made again with other columns, given more of them, changed by both in turn, and as it was at an earlier version; the
    reader has read them before. Each has the oldest protocol, which every reader of Delta knows."""
    made, read, s = engines[maker], engines[reader], f"from_{maker}"
    made.do(
        f"CREATE SCHEMA {s}",
        f"CREATE TABLE {s}.a (id BIGINT, v STRING)",
        f"INSERT INTO {s}.a VALUES (1, 'x'), (2, NULL)",
        f"CREATE TABLE {s}.anew (id BIGINT)",
        f"""
from datetime import date
from decimal import Decimal
kinds = "id BIGINT, day DATE, price DECIMAL(10,2)"
spark.createDataFrame([(1, date(2026, 1, 2), Decimal("1.50")), (2, None, None)], kinds).write.partitionBy("day").saveAsTable("{s}.grown")
more = spark.createDataFrame([(3, date(2026, 1, 3), Decimal("2.00"), "new")], kinds + ", more STRING")
""",
    )
    assert (read.rows(f"SELECT * FROM {s}.a"), read.rows(f"SELECT * FROM {s}.anew")) == ([["1", "x"], ["2", None]], [])
    made.do(f"ALTER TABLE {s}.a RENAME TO {s}.b", f"DROP TABLE {s}.anew")
    for name in ("a", "anew"):
        assert "TABLE_OR_VIEW_NOT_FOUND" in read.ask(f"SELECT * FROM {s}.{name}")["error"]
    made.do(
        f"CREATE TABLE {s}.anew (word STRING, d DOUBLE)",
        f"INSERT INTO {s}.anew VALUES ('w', NULL)",
        f'more.write.mode("append").option("mergeSchema", "true").saveAsTable("{s}.grown")\n',
    )
    read.do(
        f"INSERT INTO {s}.b VALUES (3, 'z')",
        f"MERGE INTO {s}.b t USING (SELECT 2L AS id, 'y' AS v UNION ALL SELECT 4L, 'n') n ON t.id = n.id "
        "WHEN MATCHED THEN UPDATE SET v = n.v WHEN NOT MATCHED THEN INSERT *",
    )
    made.do(f"DELETE FROM {s}.b WHERE id = 1")
    expected: dict[str, list[list[str | None]]] = {
        "b": [["2", "y"], ["3", "z"], ["4", "n"]],
        "anew": [["w", None]],
        "grown": [["1", "2026-01-02", "1.50", None], ["2", None, None, None], ["3", "2026-01-03", "2.00", "new"]],
    }
    for name, rows in expected.items():
        columns = "id, day, price, more" if name == "grown" else "*"  # each engine has the partitions where it wants
        assert read.rows(f"SELECT {columns} FROM {s}.{name}") == rows
        place = warehouse / s / name
        assert [sorted(map(sorted_by_text, found)) for found in (contents(place), in_duckdb(place))] == [
            sorted(map(sorted_by_text, rows))
        ] * 2
        assert protocols(place) == {(1, 2)}
    assert made.rows(f"SELECT * FROM {s}.b") == expected["b"]
    first, second = [["1", "x"], ["2", None]], [["1", "x"], ["2", None], ["3", "z"]]
    assert read.rows(f"SELECT * FROM {s}.b VERSION AS OF 2") == second
    assert [contents(warehouse / s / "b", version) for version in (0, 1, 2)] == [[], first, second]


@DIRECTIONS
def test_a_log_that_begins_with_a_checkpoint(engines: Engines, warehouse: Path, maker: str, reader: str) -> None:
    """Where the commits before it are gone, as after the time for which a table keeps them: both engines read the table and write on, and the
    rows are told at each version that is left."""
    made, read, s = engines[maker], engines[reader], f"long_from_{maker}"
    table, log = warehouse / s / "t", warehouse / s / "t" / "_delta_log"
    properties = " TBLPROPERTIES ('delta.checkpointInterval' = '3')" if maker == "spark" else ""
    made.do(f"CREATE SCHEMA {s}", f"CREATE TABLE {s}.t (id BIGINT){properties}")
    made.do(*(f"INSERT INTO {s}.t VALUES ({number})" for number in range(4)))
    if maker == "sail":  # so early it makes none
        DeltaTable(table).create_checkpoint()
    last = json.loads((log / "_last_checkpoint").read_text())["version"]
    assert last == {"spark": 3, "sail": 4}[maker]
    for file in [*log.glob("0*.json"), *log.glob("0*.crc")]:
        if int(file.name[:20]) < last:
            file.unlink()
    assert read.rows(f"SELECT * FROM {s}.t") == [["0"], ["1"], ["2"], ["3"]]
    read.do(f"INSERT INTO {s}.t VALUES (20)")
    left = made.rows(f"SELECT * FROM {s}.t")
    assert left == contents(table) == in_duckdb(table) == [["0"], ["1"], ["2"], ["20"], ["3"]]
    assert [rows_at(str(log), version) for version in range(last, 6)] == list(range(last, 6))


def test_tables_of_later_protocols_are_shown_right(engines: Engines, warehouse: Path) -> None:
    """Which Spark makes where it is asked to: a column that was renamed, rows that are marked as deleted, and a type that was widened, which
    is refused by its name. On Sail they are right, or refused: no row is null that is not, and none is there that is gone."""
    spark, sail = engines["spark"], engines["sail"]
    spark.do(
        "CREATE SCHEMA later",
        "CREATE TABLE later.renamed (id BIGINT, v STRING)",
        "INSERT INTO later.renamed VALUES (1, 'a'), (2, NULL)",
        "ALTER TABLE later.renamed SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name', 'delta.minReaderVersion' = '2', 'delta.minWriterVersion' = '5')",
        "ALTER TABLE later.renamed RENAME COLUMN v TO w",
        "INSERT INTO later.renamed VALUES (3, 'c')",
        "CREATE TABLE later.marked (id BIGINT, v STRING) TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')",
        "INSERT INTO later.marked SELECT id, 'v' FROM range(0, 6, 1, 1)",
        "DELETE FROM later.marked WHERE id IN (1, 4)",
        "CREATE TABLE later.widened (id INT) TBLPROPERTIES ('delta.enableTypeWidening' = 'true')",
        "INSERT INTO later.widened VALUES (1)",
        "ALTER TABLE later.widened ALTER COLUMN id TYPE BIGINT",
        "INSERT INTO later.widened VALUES (5000000000)",
    )
    expected: dict[str, list[list[str | None]]] = {
        "renamed": [["1", "a"], ["2", None], ["3", "c"]],
        "marked": [[number, "v"] for number in ("0", "2", "3", "5")],
        "widened": [["1"], ["5000000000"]],
    }
    tables = Tables(warehouse)
    for name, rows in expected.items():
        told = sail.ask(f"SELECT * FROM later.{name}")
        assert told.get("rows") == rows or "error" in told
        if name != "widened":
            view = tables.view(f"later.{name}")
            assert sorted([None if value is None else str(value) for value in row.values()] for row in view.preview) == rows
            assert view.record.rows == len(rows)
    with pytest.raises(UsageError, match="typeWidening"):
        tables.view("later.widened")
    assert tables.view("later.renamed", version=1).columns[1].name == "v"
