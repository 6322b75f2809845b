"""Names of Unity Catalog as names of the workspace, in SQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbflow.surface.inside import catalogs
from nbflow.surface.inside.catalogs import foreign_catalog, take_catalogs, with_own_catalog
from nbflow.surface.inside.changes import Change, changes_of


@pytest.fixture(autouse=True)
def mapped() -> Iterator[None]:
    """``main`` means the workspace."""
    take_catalogs(["Main"])
    yield
    catalogs._mapped.clear()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT * FROM main.bronze.events", "SELECT * FROM spark_catalog.bronze.events"),
        ("SELECT `MAIN`.bronze.t.id FROM main.bronze.t", "SELECT spark_catalog.bronze.t.id FROM spark_catalog.bronze.t"),
        ("SELECT main.a.b FROM people main", "SELECT main.a.b FROM people main"),
        ("SELECT main.id FROM main", "SELECT main.id FROM main"),
        ("SELECT * FROM main.events", "SELECT * FROM main.events"),
        ("CREATE SCHEMA IF NOT EXISTS main.silver", "CREATE SCHEMA IF NOT EXISTS spark_catalog.silver"),
        ("USE main.silver", "USE spark_catalog.silver"),
        ("USE CATALOG main", "SET CATALOG spark_catalog"),
        ("SHOW TABLES IN main.silver", "SHOW TABLES IN spark_catalog.silver"),
        ("ALTER TABLE main.b.t RENAME TO main.b.u", "ALTER TABLE spark_catalog.b.t RENAME TO b.u"),
        ("SELECT 'main.a.b' -- main.a.b\nFROM main.a.b", "SELECT 'main.a.b' -- main.a.b\nFROM spark_catalog.a.b"),
        ("SELECT * FROM other.a.b", "SELECT * FROM other.a.b"),
    ],
)
def test_a_mapped_catalog_is_sparks_own(statement: str, expected: str) -> None:
    """Where it is a catalog: no alias, no table, no schema of that name, nothing in texts and comments."""
    assert with_own_catalog(statement) == expected


def test_what_a_statement_makes_is_known_by_its_name_here() -> None:
    """So that it is kept, dropped and restored as any other."""
    assert changes_of("DROP TABLE main.bronze.events") == [Change("drop", "table", ("bronze", "events"))]


@pytest.mark.parametrize(
    ("statement", "found"),
    [("SELECT * FROM dev.a.b", "dev"), ("INSERT INTO x.a.b VALUES (1)", "x"), ("SELECT a.b.c FROM main.a.b JOIN spark_catalog.a.c", None)],
)
def test_another_catalog_is_told_with_the_setting(statement: str, found: str | None) -> None:
    """What to write instead, and what to set."""
    said = foreign_catalog(statement)
    assert (said is None) == (found is None)
    assert found is None or f"There is no catalog '{found}' here" in said and f'catalogs = ["{found}"] in nbflow.toml' in said
