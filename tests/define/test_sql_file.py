"""Files of SQL, cut into statements."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.errors import DefinitionError
from nbflow.define.sql_file import Statement, read_sql_file, split_statements, with_literals

_pieces = st.sampled_from(
    [
        "SELECT",
        " 1",
        "\n",
        "'a;b'",
        "'it''s;'",
        r"'\';'",
        '"x;y"',
        "`q;``w`",
        "/* ; /* ; */ ; */",
        "-- ;\n",
        " a::int",
        " r'\\'",
        " END",
        " CASE",
    ]
)
"""None of them holds a ``;`` that ends a statement."""


@given(st.lists(st.lists(_pieces, min_size=1, max_size=6), max_size=5))
def test_a_statement_ends_where_it_does(statements: list[list[str]]) -> None:
    """Whatever strings, names and comments hold: of texts that were joined by semicolons each comes back, but for those of
    comments and spaces alone."""
    texts = ["SELECT " + " ".join(pieces) for pieces in statements]
    found = [statement.text for statement in split_statements("\n;\n".join(texts))]
    assert len(found) == len(texts)
    for text, statement in zip(texts, found):
        assert text.startswith(statement)
        assert not text[len(statement) :].replace("/* ; /* ; */ ; */", "").replace("-- ;\n", "").strip()


def test_places_and_parameters() -> None:
    """The line where a statement begins, and the names of its parameters: no cast, no slice, no text that looks like one."""
    text = "-- first;\nSELECT :day, a::int, ':no', b[1:2], m:path -- :no\nFROM t WHERE x = :`odd name` AND y = :day;\n\n ; SELECT 2\n"
    assert list(split_statements(text)) == [
        Statement("SELECT :day, a::int, ':no', b[1:2], m:path -- :no\nFROM t WHERE x = :`odd name` AND y = :day", 2, ("day", "odd name")),
        Statement("SELECT 2", 5),
    ]


def test_a_script_with_begin_is_one_statement() -> None:
    """Up to its END, whatever stands within; CASE has an END of its own wherever it is."""
    script = "BEGIN\n  DECLARE x INT;\n  IF x = 1 THEN SET x = CASE WHEN true THEN 2 END; END IF;\n  BEGIN SELECT 1; END;\nEND"
    found = [statement.text for statement in split_statements(f"SELECT CASE WHEN a THEN 1 END; {script}; SELECT 3")]
    assert found == ["SELECT CASE WHEN a THEN 1 END", script, "SELECT 3"]


def test_literals_take_the_place_of_parameters() -> None:
    """Where they are ones; a quote or a backslash in a value ends no text."""
    text = "SELECT :a, ':a', :`b c`, :n, :f, x::int FROM t"
    values = {"a": "it's \\ x", "b c": None, "n": 5, "f": True}
    assert with_literals(text, values) == "SELECT 'it\\'s \\\\ x', ':a', NULL, 5, true, x::int FROM t"
    with pytest.raises(ValueError, match="list has no literal"):
        with_literals(":a", {"a": [1]})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SELECT 1;\nSELECT 'a", "q.sql:2: this text is never closed"),
        ("SELECT `a", "q.sql:1: this name is never closed"),
        ("\n/* a /* b */", "q.sql:2: this comment is never closed"),
        ("-- nothing\n;;", "q.sql: holds no statement"),
    ],
)
def test_what_is_no_sql_is_told(tmp_path: Path, text: str, told: str) -> None:
    """Before anything starts, with its line."""
    (tmp_path / "q.sql").write_text(text)
    with pytest.raises(DefinitionError) as caught:
        read_sql_file(tmp_path / "q.sql", "q.sql")
    assert str(caught.value).startswith(told)
