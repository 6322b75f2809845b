"""``%sql`` as far as it needs no Spark: statements, values of widgets, tables as they are shown."""

from __future__ import annotations

import pytest

from nbflow.surface.inside.databricks.display import table
from nbflow.surface.inside.databricks.sql_magic import parameter_marks, statements_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT ';' ; -- a; b\nSELECT `a;b` /* ; */;;", ["SELECT ';'", "-- a; b\nSELECT `a;b` /* ; */"]),
        ("BEGIN SELECT 1; SELECT 2; END;", ["BEGIN SELECT 1; SELECT 2; END;"]),
        ("-- nothing", []),
        ("", []),
    ],
)
def test_a_cell_is_cut_into_its_statements(text: str, expected: list[str]) -> None:
    """At semicolons that stand in no text, name or comment; a script is one."""
    assert list(statements_in(text)) == expected


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("SELECT :a, :b FROM IDENTIFIER(:t) WHERE x=:c AND y IN (:d,:e) LIMIT :n", ["a", "b", "t", "c", "d", "e", "n"]),
        ("SELECT x::int, raw:owner, ':no', ts >= '10:30' -- :no", []),
        ("SELECT a :b", ["b"]),
        ("SELECT :a || :a", ["a", "a"]),
    ],
)
def test_parameters_are_found(statement: str, names: list[str]) -> None:
    """No casts, no fields of JSON, nothing in texts and comments; each mark is where it stands."""
    marks = list(parameter_marks(statement))
    assert [name for _, _, name in marks] == names
    assert [statement[start:end] for start, end, _ in marks] == [f":{name}" for name in names]


def test_a_table_is_shown_as_html_and_as_text() -> None:
    """Whatever stands in it cannot become HTML; a cut one says so."""
    shown = table(["a<b", "n"], [["<script>", None], ["x", 5]], more=True)
    assert "<script>" not in shown["text/html"] and "<td>&lt;script&gt;</td><td>null</td>" in shown["text/html"]
    assert shown["text/plain"] == "a<b       n\n<script>  null\nx         5\n(first 2 rows)"
    assert table([], [], more=False)["text/plain"] == "\n(0 rows)"
