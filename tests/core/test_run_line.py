"""``%run`` as Databricks writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbflow.core.run_line import RunLine, notebook_places, run_line
from nbflow.core.widget_statements import WidgetStatement, widget_statement


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%run ./other", RunLine("./other")),
        ("%run /Shared/setup  ", RunLine("/Shared/setup")),
        ('%run "./with a space" $day="2026-01-31" $n=5', RunLine("./with a space", {"day": "2026-01-31", "n": "5"})),
        ("\n%run ./a $x='it is \"so\"'\n", RunLine("./a", {"x": 'it is "so"'})),
        ('%run ./a $x=""', RunLine("./a", {"x": ""})),
        ("%run -i script.py", None),
        ("%run script.py --flag 1", None),
        ("%run ./a\nprint(1)", None),
        ("print('%run ./a')", None),
        ("%run ./a $x", None),
    ],
)
def test_only_databricks_form_is_taken(source: str, expected: RunLine | None) -> None:
    """A path and values of widgets, alone in their cell; what else begins with ``%run`` is IPython's."""
    assert run_line(source) == expected


def test_a_notebook_may_lie_in_the_folder_the_workspace_or_the_machine() -> None:
    """In this order, each with the extensions that may be left out."""
    places = list(map(str, notebook_places("./a", Path("/w/n"), Path("/w"))))
    assert places == ["/w/n/a", "/w/n/a.ipynb", "/w/n/a.py", "/w/n/a.sql"]
    assert list(map(str, notebook_places("/a.py", Path("/w/n"), Path("/w"))))[::4] == ["/w/a.py", "/a.py"]
    assert list(notebook_places(".", Path("/w"), Path("/w"))) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('CREATE WIDGET TEXT day DEFAULT "2026-01-31"', WidgetStatement("text", "day", "2026-01-31")),
        (
            "create widget dropdown `my state` default 'CA' choices select * from t",
            WidgetStatement("dropdown", "my state", "CA", "select * from t"),
        ),
        ("REMOVE WIDGET day", WidgetStatement("remove", "day")),
        ("CREATE TABLE widget (x INT)", None),
    ],
)
def test_widgets_in_sql(statement: str, expected: WidgetStatement | None) -> None:
    """What SQL says of widgets, and nothing else."""
    assert widget_statement(statement) == expected
