"""Parameters read from a notebook's code without running it."""

from __future__ import annotations

import ast
import keyword
import string
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nbflow.define.notebooks.inspector import Inspection, read_parameters
from nbflow.define.notebooks.parameters import Parameter


def read(*sources: str, tagged: tuple[int, ...] = (0,)) -> Inspection:
    cells = [
        {"cell_type": "code", "metadata": {"tags": ["parameters"]} if index in tagged else {}, "source": source}
        for index, source in enumerate(sources)
    ]
    return read_parameters(cells, "nb.ipynb")


def declared(*sources: str) -> dict[str, Parameter]:
    """The parameters by name; there must be no mistake."""
    found = read(*sources)
    assert found.mistakes == ()
    return {parameter.name: parameter for parameter in found.parameters}


def only(source: str) -> Parameter:
    (parameter,) = declared(source).values()
    return parameter


def mistake(*sources: str, tagged: tuple[int, ...] = (0,)) -> str:
    """The one mistake, as people read it."""
    (found,) = read(*sources, tagged=tagged).mistakes
    assert found.file == "nb.ipynb"
    return str(found)


@pytest.mark.parametrize(
    ("line", "name", "kind", "default"),
    [
        ('d = "k=v"', "d", "str", "k=v"),
        ("k = dict(a=1)", "k", "dict", {"a": 1}),
        ('url = "https://example.org/?a=b&c=d#frag"', "url", "str", "https://example.org/?a=b&c=d#frag"),
        ("u: int | None = None", "u", "int?", None),
        ("u: None | str = 'x'", "u", "str?", "x"),
        ("u: Optional[int] = 5", "u", "int?", 5),
        ("u: typing.Union[int, None] = 5", "u", "int?", 5),
        ("when: datetime.date = datetime.date(2020, 1, 31)", "when", "date", date(2020, 1, 31)),
        ('m: Literal["a", "b"] = "a"', "m", "str", "a"),
        ('c = "x # y"', "c", "str", "x # y"),
        ('s = """line = 1\nsecond = 2"""', "s", "str", "line = 1\nsecond = 2"),
        ("j: list[int] = [1, 2]", "j", "list[int]", [1, 2]),
        ('p: dict[str, float] = {"a": 1.5}', "p", "dict[str, float]", {"a": 1.5}),
        ("t: tuple[int, ...] = (1, 2)", "t", "tuple[int]", (1, 2)),
        ("q: 'int' = 4", "q", "int", 4),
        ("n = -5", "n", "int", -5),
        ("f = -float('inf')", "f", "float", float("-inf")),
        ("o = None", "o", "any?", None),
        ("h: float = 3", "h", "float", 3.0),
        ("h: date = '2026-01-31'", "h", "date", date(2026, 1, 31)),
        ("h: Decimal = '1.10'", "h", "decimal", Decimal("1.10")),
        ("a = 1  # type: float", "a", "float", 1.0),
        ("a = [1]  # type: List[int]", "a", "list[int]", [1]),
        ("x = [\n  1,  # one\n  2,\n]", "x", "list", [1, 2]),
    ],
)
def test_a_plain_assignment_is_read_as_python_reads_it(line: str, name: str, kind: str, default: Any) -> None:
    """Each form that regular expressions miss or cut gives its true name, type and default."""
    parameter = only(line)
    assert (parameter.name, str(parameter.type), parameter.default) == (name, kind, default)
    assert type(parameter.default) is type(default)
    assert parameter.widget is None
    assert parameter.assigned
    assert not parameter.default_is_expression


def test_only_names_at_the_top_are_parameters() -> None:
    """What stands in an if, a loop, a function, a class, a text or a tuple is none; several on a line are each one."""
    found = declared(
        "import os\nfrom x import y\nif True:\n    inner = 5\ndef f():\n    local = 3\n    return local\nclass C:\n    x = 1\n"
        'd["k"] = 1\no.p = 2\nfor i in range(3):\n    j = i\ndoc = """line = 1\nother: int = 2"""\nsize = 10; color = "red"\n'
        "a, (b, c) = 1, (2, 3)\ne = g = 4\nsize += 1\nwanted: int\n"
    )
    assert list(found) == ["doc", "size", "color", "wanted"]
    assert [(found[name].default, found[name].line) for name in ("size", "color")] == [(10, 16), ("red", 16)]
    assert (str(found["wanted"].type), found["wanted"].default, found["wanted"].default_source) == ("int", None, "")


def test_the_last_assignment_of_a_plain_name_counts() -> None:
    """A plain name assigned twice has the default that the kernel would see."""
    assert only("a = 1\na = 2").default == 2


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('dsn = "host=db;user=x"  # url = of the database', "url = of the database"),
        ('label = "x # y"  # a comment = with equals # and more', "a comment = with equals # and more"),
        ("x = [\n  1,  # one\n]  # the whole", "the whole"),
        ("x = [\n  1,  # one\n]", ""),
        ("# above\nx = 1", ""),
        ("x = 1  # noqa: E501", ""),
        ("x = 1  # type: ignore[assignment]", ""),
        ("x = 1  # type: int how many", "how many"),
        ("!ls -l\nx = 1  # behind a shell line", "behind a shell line"),
        ("x = 1  #", ""),
        ("name = 'é🐍'  # ünïcode #", "ünïcode #"),
    ],
)
def test_the_comment_behind_a_statement_is_its_help(line: str, text: str) -> None:
    """The whole comment on the statement's last line is the help text; notes to tools are none."""
    assert only(line).help == text


@pytest.mark.parametrize(
    ("imports", "expression", "value"),
    [
        ("from datetime import date", "date(2026, 1, 31)", date(2026, 1, 31)),
        ("import datetime as dt", "dt.date(2026, 1, 31)", date(2026, 1, 31)),
        ("import datetime as dt", "dt.datetime(2026, 1, 31, tzinfo=dt.timezone.utc)", datetime(2026, 1, 31, tzinfo=timezone.utc)),
        ("from datetime import datetime", "datetime(2026, 1, 31, 12, 30)", datetime(2026, 1, 31, 12, 30)),
        ("from datetime import date as D", 'D.fromisoformat("2026-01-31")', date(2026, 1, 31)),
        ("from datetime import timedelta", "timedelta(days=-1, hours=2)", timedelta(days=-1, hours=2)),
        ("from pathlib import Path", 'Path("data/in.csv")', Path("data/in.csv")),
        ("import pathlib", 'pathlib.Path("a", "b")', Path("a/b")),
        ("from decimal import Decimal", 'Decimal("1.10")', Decimal("1.10")),
        ("import math", "math.inf", float("inf")),
        ("", "{(1, 'a'), (2, 'b')}", {(1, "a"), (2, "b")}),
        ("", "set()", set()),
    ],
)
def test_calls_without_effect_are_defaults(imports: str, expression: str, value: Any) -> None:
    """Dates, paths, decimals and durations are read as values, by whatever name they were imported."""
    parameter = only(f"{imports}\nx = {expression}")
    assert parameter.default == value
    assert type(parameter.default) is type(value)
    assert parameter.default_source == expression


def test_a_name_that_the_notebook_makes_itself_is_not_evaluated() -> None:
    """A function of the author's called date is not the standard library's."""
    parameter = declared("def date(*parts):\n    return parts\nx = date(2020, 1, 2)")["x"]
    assert parameter.default_is_expression
    assert str(parameter.type) == "any"


@pytest.mark.parametrize(
    ("expression", "kind", "uses"),
    [
        ("a * 2", "int", ("a",)),
        ("a / 2", "float", ("a",)),
        ('f"{layer}_{a}"', "str", ("layer", "a")),
        ('layer.upper() + "!"', "str", ("layer",)),
        ("layer == 'gold'", "bool", ("layer",)),
        ("60 * 60", "int", ()),
        ("base / layer", "path", ("base", "layer")),
        ("day + timedelta(days=1)", "date", ("day",)),
        ("date.today()", "date", ()),
        ("[a, a]", "list", ("a",)),
        ("5 if a else 6", "int", ("a",)),
        ("compute(a)", "any", ("a",)),
        ("1 + 2j", "any", ()),
        ('b"bytes"', "any", ()),
        ("!ls", "any", ()),
        ("%pwd", "any", ()),
    ],
)
def test_an_expression_is_kept_as_text_with_what_it_depends_on(expression: str, kind: str, uses: tuple[str, ...]) -> None:
    """A default that only the kernel can know keeps its code, its type where that is sure, and the parameters it uses."""
    before = (
        'from pathlib import Path\nfrom datetime import date, timedelta\na = 1\nlayer = "x"\nbase = Path("d")\nday = date(2020, 1, 1)\n'
    )
    parameter = declared(f"{before}x = {expression}")["x"]
    assert parameter.default_is_expression
    assert parameter.default is None
    assert parameter.default_source == expression
    assert str(parameter.type) == kind
    assert parameter.depends_on == uses


def test_widgets_of_every_kind_are_read() -> None:
    """Each nbflow widget gives type, default, choices, limits, label and help; the import may bear any name."""
    found = declared(
        "from nbflow import widgets as w\n"
        'layer = w.dropdown("layer", "bronze", ["bronze", "silver"], label="Layer", help="which")\n'
        'name = w.text("name", "n")  # from the comment\n'
        'combo = w.combobox("combo", 1, [1, 2])\n'
        'multi = w.multiselect("multi", ["p"], choices=("p", "q"))\n'
        'n = w.number("n", 2, 1, 10)\nrate = w.number("rate", 0.5, max=1)\n'
        'flag = w.checkbox("flag", True)\nday = w.date("day", "2026-01-31", min="2026-01-01")\n'
        'src: "Path" = w.path("src", "data/in.csv")\n'
    )
    shapes = {name: (str(item.type), item.default, item.choices, item.minimum, item.maximum) for name, item in found.items()}
    assert shapes == {
        "layer": ("str", "bronze", ("bronze", "silver"), None, None),
        "name": ("str", "n", None, None, None),
        "combo": ("int", 1, None, None, None),
        "multi": ("list", ["p"], ("p", "q"), None, None),
        "n": ("int", 2, None, 1, 10),
        "rate": ("float", 0.5, None, None, 1.0),
        "flag": ("bool", True, None, None, None),
        "day": ("date", date(2026, 1, 31), None, date(2026, 1, 1), None),
        "src": ("path", Path("data/in.csv"), None, None, None),
    }
    assert (found["layer"].label, found["layer"].help, found["name"].help) == ("Layer", "which", "from the comment")
    assert found["combo"].suggestions == (1, 2)
    assert [found[name].widget for name in found] == [
        "dropdown", "text", "combobox", "multiselect", "number", "number", "checkbox", "date", "path",
    ]  # fmt: skip
    assert all(item.assigned for item in found.values())


def test_every_style_may_stand_beside_the_others() -> None:
    """Widgets, Databricks' widgets, plain assignments and magics in one cell, and dbutils in others, are all found."""
    found = declared(
        "%load_ext autoreload\nimport nbflow\n"
        'a = nbflow.widgets.number("a", 2)\nlimit: int = 100  # how many\n!echo hello\n'
        'dbutils.widgets.text("my-layer", "x", "Layer")\nlayer = dbutils.widgets.get("my-layer")\n'
        'b = nbflow.widgets.number("b", a * 2)\nc = f"{b}_x"\nagain = nbflow.widgets.get("a")\nn = int(dbutils.widgets.get("n"))',
        'dbutils.widgets.dropdown("env", "dev", ["dev", "prod"])\nx = 1',
        'dbutils.widgets.text("env", "other")\ndbutils.widgets.removeAll()',
    )
    assert {name: (item.widget, item.assigned, item.cell, item.line) for name, item in found.items()} == {
        "a": ("number", True, 1, 3),
        "limit": (None, True, 1, 4),
        "my-layer": ("text", False, 1, 6),
        "b": ("number", True, 1, 8),
        "c": (None, True, 1, 9),
        "env": ("dropdown", False, 2, 1),
    }
    assert (found["b"].depends_on, found["c"].depends_on) == (("a",), ("b",))
    assert (str(found["b"].type), str(found["c"].type), str(found["my-layer"].type)) == ("int", "str", "str")


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ('w.dropdown("d", "x", ["a", "b"])', ("d: the default 'x' of 'd' is none of its choices", "line 2", "a, b")),
        ('e = w.text("other")', ("the widget 'other' is assigned to 'e'", "line 2", "write other = …")),
        ('w.text("class")', ("'class' is no name for a variable", "line 2")),
        ('w.text("my-name")', ("'my-name' is no name for a variable", "line 2")),
        ('x = w.dropdwn("x", "a", ["a"])', ("there is no widget w.dropdwn", "line 2", "did you mean 'dropdown'?")),
        ("x = w.text(name)", ("the name of text() must stand in the call itself", "line 2")),
        ('x = w.text("x", "a", "L", "H", "more")', ("text() takes at most 4 arguments", "line 2")),
        ('x = w.text("x", colour="red")', ("text() has no argument 'colour'", "line 2")),
        ('x = w.number("x", "many")', ("the default of 'x'", "expected a whole number", "line 2")),
        ('x = w.number("x", 11, 1, 10)', ("the default 11 of 'x' is more than 10", "line 2")),
        ('x = w.date("x", "soon")', ("the default of 'x'", "expected a date", "line 2")),
        ('x = w.dropdown("x", "a")', ("dropdown() of 'x' has no choices", "line 2")),
        ('x = w.dropdown("x", "a", "abc")', ("the choices of 'x' must be a list", "line 2")),
        ('x = w.text("x")\nx = 1', ("the parameter 'x' is declared twice", "line 3")),
        ('dbutils.widgets.dropdown("d", "x", ["a"])', ("the default 'x' of 'd' is none of its choices", "line 2")),
        ('x: int = "many"', ("the default of 'x' does not fit int", "line 2")),
        ('x: Literal["a", "b"] = "c"', ("the default 'c' of 'x' is none of its choices", "line 2", "a, b")),
        ("x = (", ("the parameters cell is no Python", "line 2")),
    ],
)
def test_a_mistake_names_file_cell_and_line(source: str, parts: tuple[str, ...]) -> None:
    """Whatever is wrong with a declaration is told once, with its place and what to do."""
    text = mistake(f"from nbflow import widgets as w\n{source}")
    assert text.startswith("nb.ipynb: ")
    assert "cell 1" in text
    for part in parts:
        assert part in text


def test_a_second_tagged_cell_is_a_mistake() -> None:
    """Two cells tagged parameters would overwrite what was injected between them."""
    text = mistake("a = 1", "b = 2", tagged=(0, 1))
    assert "cell 2 is tagged 'parameters' as well as cell 1" in text
    assert "keep one of the tags" in text


def test_all_mistakes_are_told_at_once() -> None:
    """Three wrong lines give three mistakes, in their order."""
    found = read('from nbflow import widgets\nx: int = "a"\ny = widgets.text("z")\nv = widgets.nothing("v")')
    assert [item.key for item in found.mistakes] == ["x", "z", None]


def test_a_cell_of_another_language_or_without_code_declares_nothing() -> None:
    """A tagged cell of %%bash, an empty one and one of comments hold no parameters and no mistakes."""
    for source in ("%%bash\nx=1\ny = (", "", "# x = 1\n", "\n\n"):
        assert declared(source) == {}
    assert [item.line for item in declared("\n%%time\nx = 1\n").values()] == [3]


def test_a_line_like_a_magic_within_a_text_or_brackets_is_none() -> None:
    """Only a line that begins a statement is a magic."""
    found = declared('!ls\nx = """\n%not a magic\n!nor this\n"""\ny = (7\n% 4)\nz = "it\'s # no"\n%time\nq = [\n"""]""",\n"b"]')
    assert found["x"].default == "\n%not a magic\n!nor this\n"
    assert (found["y"].default_source, found["z"].default, found["q"].default) == ("(7\n% 4)"[1:-1], "it's # no", ["]", "b"])


_names = st.text(string.ascii_letters + "_é", min_size=1, max_size=8).filter(lambda text: not keyword.iskeyword(text))
_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    | st.dates() | st.timedeltas() | st.decimals(allow_nan=False)
)  # fmt: skip
_keys = st.booleans() | st.integers() | st.text()
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4) | st.lists(inner, max_size=4).map(tuple),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(_names, _values, st.text(string.digits + string.ascii_letters + string.punctuation + " é🐍"))
def test_what_repr_writes_is_read_back(name: str, value: Any, comment: str) -> None:
    """For every name and value, ``name = repr(value)`` declares that name with that value, whatever the comment says."""
    source = f"import datetime\nfrom decimal import Decimal\n{name} = {value!r}  # help: {comment}"
    parameter = {item.name: item for item in read(source).parameters}[name]
    assert not parameter.default_is_expression
    assert parameter.default == value
    assert type(parameter.default) is type(value)
    assert parameter.help == f"help: {comment}".strip()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_comment_stands_on_its_line_whatever_ends_lines(end: str) -> None:
    """Lines are counted as Python counts them, also beside letters beyond ASCII."""
    source = end.join(["À = 1  # één", "b = 2", "c = 3  # three"])
    assert [(item.name, item.help) for item in read(source).parameters] == [("À", "één"), ("b", ""), ("c", "three")]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
@example("\rÀ")
def test_no_text_makes_the_inspector_fail(source: str) -> None:
    """Whatever stands in the cell, the answer is parameters and mistakes, never an exception."""
    found = read(source, source)
    assert isinstance(found.parameters, tuple)


_noted = st.one_of(
    st.tuples(st.sampled_from(["", ": int", ": float"]), st.integers(-(10**9), 10**9).map(repr)),
    st.tuples(st.sampled_from(["", ": str"]), st.text(string.ascii_letters + " .,;", max_size=8).map(repr)),
    st.tuples(st.sampled_from(["", ": bool"]), st.booleans().map(repr)),
    st.tuples(st.sampled_from(["", ": list", ": list[int]"]), st.lists(st.integers(), max_size=3).map(repr)),
)
_lines = st.tuples(_names, _noted, st.text(string.ascii_letters + " ", max_size=10).map(str.strip))


@settings(max_examples=60, deadline=None)
@given(st.lists(_lines, min_size=1, max_size=5, unique_by=lambda line: line[0]))
def test_it_agrees_with_papermill_where_papermill_is_right(lines: list[tuple[str, tuple[str, str], str]]) -> None:
    """For plain lines without signs in texts, names, defaults, annotations and help equal papermill's own inspection."""
    from nbformat.v4 import new_code_cell
    from papermill.translators import PythonTranslator

    source = "\n".join(f"{name}{note} = {value}" + (f"  # {text}" if text else "") for name, (note, value), text in lines)
    theirs = {item.name: item for item in PythonTranslator.inspect(new_code_cell(source=source))}
    ours = {item.name: item for item in read(source).parameters}
    assert list(ours) == list(theirs)
    for name, item in ours.items():
        assert ast.literal_eval(theirs[name].default) == item.default
        assert theirs[name].help == item.help
        if theirs[name].inferred_type_name != "None":
            assert theirs[name].inferred_type_name == str(item.type)
