"""Files of SQL, cut into statements."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbflow.core.errors import DefinitionError
from nbflow.define.sql_file import Statement, read_sql_file, split_statements


def test_places_and_parameters() -> None:
    """The line where a statement begins, and the names of its parameters: no cast, no slice, no text that looks like one."""
    text = "-- first;\nSELECT :day, a::int, ':no', b[1:2], m:path -- :no\nFROM t WHERE x = :`odd name` AND y = :day;\n\n ; SELECT 2\n"
    assert list(split_statements(text)) == [
        Statement("SELECT :day, a::int, ':no', b[1:2], m:path -- :no\nFROM t WHERE x = :`odd name` AND y = :day", 2, ("day", "odd name")),
        Statement("SELECT 2", 5),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SELECT 1;\nSELECT 'a", "q.sql:2: this text is never closed"),
        ("SELECT `a", "q.sql:1: this name is never closed"),
        ("\n/* a /* b */", "q.sql:2: this comment is never closed"),
        ("SELECT 1;\n\nSELECT $$a", "q.sql:3: this text is never closed"),
        ("-- nothing\n;;", "q.sql: holds no statement"),
    ],
)
def test_what_is_no_sql_is_told(tmp_path: Path, text: str, told: str) -> None:
    """Before anything starts, with its line."""
    (tmp_path / "q.sql").write_text(text)
    with pytest.raises(DefinitionError) as caught:
        read_sql_file(tmp_path / "q.sql", "q.sql")
    assert str(caught.value).startswith(told)
