"""Parameters read without running the notebook: every way to declare them, and what is wrong with a declaration."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.errors import Mistake
from nbflow.define.inspector import Inspection, read_parameters
from nbflow.define.parameters import Parameter


def inspect(*cells: str) -> Inspection:
    """What is found in a notebook whose first cell is tagged ``parameters``."""
    document = [
        {"cell_type": "code", "source": source, "metadata": {"tags": [] if index else ["parameters"]}} for index, source in enumerate(cells)
    ]
    return read_parameters(document, "n.ipynb")


def declared(*cells: str) -> dict[str, Parameter]:
    """The parameters by name; there may be no mistake."""
    found = inspect(*cells)
    assert found.mistakes == ()
    return {parameter.name: parameter for parameter in found.parameters}


def mistakes(*cells: str) -> tuple[Mistake, ...]:
    """The mistakes."""
    return inspect(*cells).mistakes


LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3) | st.tuples(inner),
    max_leaves=8,
)


@given(LITERALS)
def test_a_literal_default_is_its_value(value: Any) -> None:
    """``name = <repr>`` declares exactly that value, whatever signs are in it."""
    assert declared(f"x = {value!r}  # help = # more")["x"].default == value


@pytest.mark.parametrize(
    ("source", "kind", "default"),
    [
        ("x = 1", "int", 1), ("x = -1.5", "float", -1.5), ("x = True", "bool", True), ('x = "k=v"', "str", "k=v"), ("x = None", "any?", None),
        ("x: int | None = None", "int?", None), ("x: Optional[str] = 'a'", "str?", "a"), ("x: 'list[int]' = [1]", "list[int]", [1]),
        ("x: dict[str, float] = {'a': 1}", "dict[str, float]", {"a": 1.0}), ("x: float = 1", "float", 1.0),
        ("x: datetime.date = datetime.date(2026, 1, 2)", "date", date(2026, 1, 2)), ("x: date = '2026-01-02'", "date", date(2026, 1, 2)),
        ("x = Path('a/b')", "path", Path("a/b")), ("x: Decimal = '1.10'", "decimal", Decimal("1.10")),
        ("x = timedelta(hours=2)", "timedelta", timedelta(hours=2)), ("x = dict(a=1)", "dict", {"a": 1}), ("x = (1, 2)", "tuple", (1, 2)),
        ("x = datetime(2026, 1, 2, 3)", "datetime", datetime(2026, 1, 2, 3)), ("x: tuple[int, ...] = (1,)", "tuple[int]", (1,)),
        ("x: SomethingOfOurs = 'v'", "any", "v"),
    ],
)  # fmt: skip
def test_types_come_from_annotations_and_else_from_defaults(source: str, kind: str, default: Any) -> None:
    """Each type of the white list, with values of that type."""
    found = declared(source)["x"]
    assert (str(found.type), found.default) == (kind, default)


def test_choices_of_a_literal_annotation() -> None:
    """``Literal`` gives choices and the type of its values."""
    found = declared('x: Literal["a", "b"] = "a"')["x"]
    assert (found.choices, str(found.type)) == (("a", "b"), "str")


def test_only_top_level_single_names_are_parameters() -> None:
    """Nothing inside if, functions and strings; no tuple targets, no attributes, no augmented assignments, no imports."""
    source = (
        'import os\nfrom x import y\nif True:\n    inner = 5\ndef f():\n    local = 3\ntext = """line = 1\nsecond = 2"""\na, b = 1, 2\n'
        "obj = 1\nobj += 1\nos.x = 3\nsize = 10; color = 'red'\nfor i in range(3):\n    j = i"
    )
    assert list(declared(source)) == ["text", "obj", "size", "color"]


def test_help_is_the_comment_on_the_statement_s_last_line() -> None:
    """A hash inside a string is no comment; a note to a tool is no help; several lines are one statement."""
    found = declared('a = "x # y"  # the = sign # twice\nb = 1  # type: ignore\nc = [\n    1,  # first\n]  # whole\nd = 2')
    assert {name: parameter.help for name, parameter in found.items()} == {"a": "the = sign # twice", "b": "", "c": "whole", "d": ""}


def test_an_expression_is_told_with_what_it_depends_on() -> None:
    """A default that must be computed is text, with the parameters in it."""
    found = declared("a = 1\nb = a * 2 + len('x')\nc = f'{a}-{b}'")
    assert (found["b"].default_is_expression, found["b"].default_source, found["b"].depends_on) == (True, "a * 2 + len('x')", ("a",))
    assert found["c"].depends_on == ("a", "b")


def test_widgets_of_every_kind() -> None:
    """Name, type, default, choices, limits, label and help stand in the call."""
    found = declared(
        'from nbflow import widgets as w\nlayer = w.dropdown("layer", "bronze", ["bronze", "silver"], label="Layer", help="which")\n'
        'n = w.number("n", 5, min=1, max=9)\nf = w.number("f", 0.5)\nt = w.text("t")\nc = w.combobox("c", "x", ["x", "y"])\n'
        'm = w.multiselect("m", ["a"], ["a", "b"])\nk = w.checkbox("k", True)\nd = w.date("d", "2026-01-02")\np = w.path("p", "data/x.csv")\n'
        'g = w.number("g", n * 2)'
    )  # fmt: skip
    assert {name: (item.widget, str(item.type), item.default) for name, item in found.items()} == {
        "layer": ("dropdown", "str", "bronze"), "n": ("number", "int", 5), "f": ("number", "float", 0.5), "t": ("text", "str", ""),
        "c": ("combobox", "str", "x"), "m": ("multiselect", "list", ["a"]), "k": ("checkbox", "bool", True),
        "d": ("date", "date", date(2026, 1, 2)), "p": ("path", "path", Path("data/x.csv")), "g": ("number", "float", None),
    }  # fmt: skip
    assert (found["layer"].choices, found["layer"].label, found["layer"].help) == (("bronze", "silver"), "Layer", "which")
    assert (found["n"].minimum, found["n"].maximum, found["c"].choices, found["c"].suggestions) == (1, 9, None, ("x", "y"))
    assert found["g"].default_is_expression and found["g"].depends_on == ("n",)


def test_widgets_of_dbutils_count_in_every_cell_and_make_no_variable() -> None:
    """As on Databricks; a variable that reads a widget is no parameter of its own."""
    found = declared(
        'dbutils.widgets.text("day", "monday", "Day")\nday = dbutils.widgets.get("day")\nlimit = 5', 'dbutils.widgets.dropdown("my env", "a", ["a"])'
    )
    assert {name: (item.widget, item.assigned) for name, item in found.items()} == {
        "day": ("text", False), "limit": (None, True), "my env": ("dropdown", False),
    }  # fmt: skip


def test_magics_do_not_disturb() -> None:
    """Lines of IPython and of the shell, in the parameters cell and elsewhere."""
    assert list(declared("%matplotlib inline\n!ls -l \\\n  -a\nfiles = !ls\na = 1\na?", "%%bash\nif [", "%%time\nx = 1")) == ["files", "a"]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ('from nbflow import widgets\nx = widgets.text("y")', "bears the widget's name"),
        ('from nbflow import widgets\nx = widgets.dropdown("x", "c", ["a", "b"])', "none of its choices"),
        ('from nbflow import widgets\nx = widgets.number("x", "many")', "whole number"),
        ('from nbflow import widgets\nwidgets.text("my-name")', "no name for a variable"),
        ("from nbflow import widgets\nx = widgets.text(name)", "must stand in the call"),
        ('from nbflow import widgets\nx = widgets.text("x", colour="red")', "no argument 'colour'"),
        ("x = 1\nx = 2", "declared twice"),
        ("x: int = 'many'", "does not fit int"),
        ("def broken(:", "no Python"),
    ],
)
def test_what_is_wrong_is_told_with_its_cell_and_line(cell: str, words: str) -> None:
    """File, cell, line, and what to do."""
    found = mistakes(cell)
    assert len(found) == 1, found
    assert words in found[0].message
    assert found[0].file == "n.ipynb" and "cell 1" in found[0].message


def test_two_tagged_cells_are_a_mistake() -> None:
    """Which one is meant?"""
    cell: dict[str, Any] = {"cell_type": "code", "source": "a = 1", "metadata": {"tags": ["parameters"]}}
    assert "as well as cell 1" in read_parameters([cell, {**cell, "source": "b = 1"}], "n").mistakes[0].message
