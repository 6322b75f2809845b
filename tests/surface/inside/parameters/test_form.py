"""The form that a person changes a notebook's widgets in: what a change, a wrong value and a reset do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from nbflow.surface.inside.parameters import choices, form, registry
from nbflow.surface.inside.parameters.form import Form
from nbflow.surface.inside.parameters.registry import Opened

CELL = """
from nbflow import dbutils, widgets
layer = widgets.dropdown("layer", "bronze", ["bronze", "silver"], label="Layer", help="which <b>layer</b>")
count = widgets.number("count", 1, min=1, max=9)
share = widgets.number("share", 0.5)
twice = widgets.number("twice", count * 2)
day = widgets.date("day", "2026-01-01", max="2026-12-31")
flag = widgets.checkbox("flag", False)
picks = widgets.multiselect("picks", ["a"], ["a", "b", "c"])
many = widgets.multiselect("many", [3], range(12))
free = widgets.combobox("free", 5, [1, 5])
words = widgets.text("words", "x")
source = widgets.path("source", "data/in.csv")
nothing = widgets.path("nothing")
city = widgets.dropdown("city", layer + "-a", [layer + "-a", layer + "-b"])
table = f"{layer}_{twice}"
dbutils.widgets.dropdown("env", "dev", ["dev", "prod"])
dbutils.widgets.multiselect("zones", "1", ["1", "2"])
zones = dbutils.widgets.get("zones").split(",")
ratio = 10 // (count - 7) if count > 6 else 0
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A shell of IPython's, as a kernel has it, in a folder of its own and without widgets from before."""
    monkeypatch.delenv("NBFLOW_TASK", raising=False)
    monkeypatch.chdir(tmp_path)
    kept: list[Any] = [registry.declared, registry.restored, registry.chosen, registry.opened, registry.touched, form._forms]
    for each in kept:
        each.clear()
    running = InteractiveShell.instance()
    yield running
    for each in kept:
        each.clear()
    InteractiveShell.clear_instance()
    choices._watching.clear()
    from nbflow.surface.inside.parameters.restore import _listener

    _listener.listening = False


@pytest.fixture
def run(shell: InteractiveShell) -> Callable[[str], Any]:
    """Runs a cell; it must succeed."""

    def cell(source: str) -> Any:
        done = shell.run_cell(source, store_history=True)
        done.raise_error()
        return done.result

    return cell


class Hand:
    """A form, and a person's hand on it."""

    def __init__(self, made: Form) -> None:
        self.form = made

    def put(self, name: str, value: Any) -> None:
        """Change a field as a front end does it."""
        self.form._controls[name].watched[0].value = value

    def note(self, name: str) -> str:
        """What stands beside a field."""
        text: str = self.form._notes[name].value
        return text

    def shows(self, name: str) -> Any:
        """The value that a field shows."""
        return self.form._controls[name].read()


@pytest.fixture
def hand(run: Callable[[str], Any]) -> Hand:
    """The form of the cell above."""
    run(CELL)
    made = Form(list(registry.declared))
    form._forms.append(made)
    return Hand(made)


def test_a_change_is_seen_everywhere(hand: Hand, shell: InteractiveShell, run: Callable[[str], Any]) -> None:
    """The variable, ``widgets.get``, ``dbutils.widgets.get``, what derives from it, and the other fields follow at once."""
    run("other = 1")  # the declaring cell is not the newest any more
    hand.put("count", 4)
    assert run("(count, twice, table, widgets.get('count'), dbutils.widgets.get('twice'))") == (4, 8, "bronze_8", 4, "8")
    assert type(shell.user_ns["count"]) is int
    assert hand.shows("twice") == 8
    hand.put("twice", 7)
    hand.put("count", 5)
    assert run("(count, twice, table)") == (5, 7, "bronze_7")  # what was chosen itself does not follow
    hand.put("layer", 1)
    assert run("(layer, city, table)") == ("silver", "silver-a", "silver_7")
    hand.put("city", 1)
    assert run("city") == "silver-b"
    run("import ipywidgets as widgets")
    hand.put("count", 6)
    assert run("(count, twice, widgets.__name__)") == (6, 7, "ipywidgets")  # a later cell's name is neither used nor changed


def test_widgets_of_other_cells_follow(hand: Hand, run: Callable[[str], Any]) -> None:
    """A default that derives from a widget, or from what a widget was made into, of an earlier cell; what else such a cell does is
    not done again."""
    run("done = []")
    run("more = widgets.number('more', twice + 1)\nname = widgets.text('name', table)\ndone.append((more, count))")
    hand.put("count", 3)
    assert run("(more, name, done)") == (7, "bronze_6", [(3, 1)])
    hand.form._reset.click()
    assert run("(more, name, done)") == (3, "bronze_2", [(3, 1)])


def test_a_cell_that_first_takes_all_widgets_away(shell: InteractiveShell, run: Callable[[str], Any]) -> None:
    """As notebooks of Databricks often begin: choices and other widgets stay, whether it runs again whole or in part."""
    source = (
        "from nbflow import dbutils, widgets\ndbutils.widgets.removeAll()\ndbutils.widgets.dropdown('env', 'dev', ['dev', 'prod'])\n"
        "dbutils.widgets.text('base', dbutils.widgets.get('env') + '_db')\nn = widgets.number('n', 1)\nbase = dbutils.widgets.get('base')"
    )
    run(source)
    form._forms.append(Form(["env", "base", "n"]))
    Hand(form._forms[0]).put("env", 1)
    assert run("(base, dbutils.widgets.get('env'), widgets.get('n'))") == ("prod_db", "prod", 1)
    run(source)
    assert run("(base, dbutils.widgets.getAll())") == ("prod_db", {"env": "prod", "base": "prod_db", "n": "1"})


def test_each_kind_of_field_gives_values_of_its_type(hand: Hand, run: Callable[[str], Any], tmp_path: Path) -> None:
    """Text, numbers, dates, boxes, choices and paths come as what the widget's type says."""
    for name, value in (
        ("share", 0.25), ("day", date(2026, 3, 4)), ("flag", True), ("many", (5, 1)), ("free", "7"), ("words", ""),
        ("source", "other/x.csv"), ("nothing", str(tmp_path / "y")), ("env", 1),
    ):  # fmt: skip
        hand.put(name, value)
    hand.form._controls["picks"].watched[2].value = True
    hand.form._controls["zones"].watched[1].value = True
    found = run("(share, day, flag, many, free, words, source, nothing, picks, dbutils.widgets.get('env'), zones)")
    expected = (
        0.25, date(2026, 3, 4), True, [1, 5], 7, "", tmp_path / "other/x.csv", tmp_path / "y", ["a", "c"], "prod", ["1", "2"],
    )  # fmt: skip
    assert found == expected
    hand.put("nothing", "")
    assert run("nothing") is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("count", 0, "0 is less than 1; it stays 1"),
        ("count", 10, "10 is more than 9; it stays 1"),
        ("count", 1.5, "expected a whole number, got 1.5"),
        ("day", None, "expected a date such as 2026-01-31, got nothing; it stays 2026-01-01"),
        ("day", date(2027, 1, 1), "2027-01-01 is more than 2026-12-31"),
        ("free", "many", "expected a whole number, got &#x27;many&#x27;"),
        ("source", "", "expected a path, got nothing; it stays data/in.csv"),
        ("count", 7, "what derives from it fails: ZeroDivisionError"),
    ],
)
def test_a_wrong_value_is_told_beside_its_field(hand: Hand, run: Callable[[str], Any], name: str, value: Any, words: str) -> None:
    """The field keeps it, the notebook keeps the former value, and a right value or *Reset* takes the message away."""
    before = run("(count, twice, day, free, source, table, ratio)")
    hand.put(name, value)
    assert words in hand.note(name)
    assert run("(count, twice, day, free, source, table, ratio)") == before
    assert hand.shows(name) == (value or None if name != "count" else value)
    hand.form._reset.click()
    assert words not in hand.note(name)
    assert run("(count, twice, day, free, source, table, ratio)") == before


@pytest.mark.parametrize(("items", "picked"), [(["a"], ["a"]), ([], [])])
def test_boxes_of_one_choice_or_of_none(run: Callable[[str], Any], items: list[str], picked: list[str]) -> None:
    """A multiselect whose choices came to one, or to none, has its row in the form as any other."""
    run(f"from nbflow import widgets\npicks = widgets.multiselect('picks', {picked}, {items})")
    shown = Form(["picks"])
    assert [box.value for box in shown._controls["picks"].watched] == [True] * len(items)
    label, boxes = shown._controls["picks"].view.children
    assert (label.value, len(boxes.children)) == ("picks", len(items))


def test_reset_gives_the_defaults_back(hand: Hand, run: Callable[[str], Any]) -> None:
    """Also those that derive from others; the button is there when something was chosen."""
    before = run("(layer, count, twice, day, picks, city, table, zones)")
    assert hand.form._reset.disabled
    for name, value in (("layer", 1), ("count", 4), ("twice", 3), ("day", date(2026, 5, 5)), ("env", 1)):
        hand.put(name, value)
    assert run("(layer, count, twice, table)") == ("silver", 4, 3, "silver_3")
    assert not hand.form._reset.disabled
    hand.form._reset.click()
    assert run("(layer, count, twice, day, picks, city, table, zones)") == before
    assert (hand.shows("twice"), hand.shows("layer"), registry.chosen) == (2, "bronze", {})


def test_a_second_run_of_the_cell_keeps_what_was_chosen(hand: Hand, run: Callable[[str], Any]) -> None:
    """As long as it fits: a choice that the edited cell does not allow is given up, with a note."""
    hand.put("layer", 1)
    hand.put("count", 3)
    run(CELL.replace('["bronze", "silver"]', '["bronze", "gold"]'))
    assert run("(layer, count, twice)") == ("bronze", 3, 6)
    assert "none of the choices bronze, gold" in Hand(Form(["layer"])).note("layer")


def test_labels_and_help_are_the_author_s_words_not_markup(hand: Hand) -> None:
    """What stands in them is text; so is a message about a wrong value."""
    assert "which &lt;b&gt;layer&lt;/b&gt;" in hand.note("layer")
    hand.put("free", "<b>x</b>")
    assert "&lt;b&gt;x" in hand.note("free")


def test_what_an_injected_cell_gives_wins_over_the_form(hand: Hand, run: Callable[[str], Any]) -> None:
    """By the order of values: the field shows it and cannot be changed."""
    run("# Parameters\ncount = 6\n")
    assert run("(count, twice)") == (6, 12)
    form.refresh()
    assert hand.shows("count") == 6
    assert hand.form._controls["count"].watched[0].disabled
    assert "given by the injected cell" in hand.note("count")


def test_opened_as_a_task_the_form_shows_its_values_with_their_origin(
    hand: Hand, run: Callable[[str], Any], shell: InteractiveShell
) -> None:
    """They rank below a choice of the form's and above the defaults; *Reset* gives them back, plain variables get them too."""
    run("limit: int = 100\nname = 'x'")
    task = Opened("p/t", {"count": 8, "layer": "silver", "limit": 9}, {"count": "task", "layer": "pipeline"}, frozenset({"limit"}))
    assert choices.open_as(task, shell.user_ns) == ""
    form.refresh()
    assert run("(count, twice, layer, limit, table)") == (8, 16, "silver", 9, "silver_16")
    assert ("task" in hand.note("count"), "pipeline" in hand.note("layer"), "default" in hand.note("day")) == (True, True, True)
    assert "opened as <b>p/t</b>" in hand.form._head.value
    hand.put("count", 2)
    assert (run("twice"), "chosen here" in hand.note("count")) == (4, True)
    hand.form._reset.click()
    assert run("count") == 8
    run("limit: int = 100")
    assert run("limit") == 9  # as after the injected cell of a run
    run(CELL)
    assert run("(count, layer)") == (8, "silver")
    choices.open_as(None, shell.user_ns)
    form.refresh()
    assert (run("(count, layer)"), hand.form._head.value) == ((1, "bronze"), "")


def test_values_of_other_tasks_come_from_the_opened_task(shell: InteractiveShell, run: Callable[[str], Any]) -> None:
    """``taskValues.get`` gives the last run's where there are some, ``debugValue`` otherwise."""
    choices.open_as(Opened("p/t", task_values={"bronze": {"rows": 5}}), shell.user_ns)
    run("from nbflow import dbutils")
    assert run("dbutils.jobs.taskValues.get('bronze', 'rows', debugValue=1)") == 5
    assert run("dbutils.jobs.taskValues.get('bronze', 'other', debugValue=1)") == 1


def test_the_variable_that_was_assigned_is_the_one_that_follows(run: Callable[[str], Any], shell: InteractiveShell) -> None:
    """Whatever it is called, and what derives from it; a widget that was assigned to none makes none."""
    run(
        "from nbflow import widgets\nb = widgets.text('a', 'x')\nupper = b.upper()\nwidgets.number('n', 1)\n"
        "size = int(widgets.text('width', '3')) * 2\nfirst, second = widgets.text(name='one', default='1'), widgets.text('two', '2')\n"
        "from types import SimpleNamespace as Some\nlines = Some(read=Some(text=str.split)).read.text('a')"
    )
    made = Form(list(registry.declared))
    form._forms.append(made)
    hand = Hand(made)
    for name, value in (("a", "y"), ("n", 5), ("width", "4"), ("one", "11"), ("two", "22")):
        hand.put(name, value)
    assert run("(b, upper, size, first, second, widgets.get_all())") == (
        "y", "Y", 8, "11", "22", {"a": "y", "n": 5, "width": "4", "one": "11", "two": "22"},
    )  # fmt: skip
    made._reset.click()
    assert run("(b, upper, size, first, lines)") == ("x", "X", 6, "1", ["a"])
    assert not {"a", "n", "width", "one", "two", "__nbflow_call__", "__nbflow_fill__"} & set(shell.user_ns)


EFFECTS = """
from nbflow import dbutils, widgets
from datetime import date, timedelta
from pathlib import Path
n = widgets.number("n", 3)
b = widgets.text("b", "x")
run = start(n)
log.append(b)
print(b, n)
size = log.pop() if log else b
path = Path(b)
path.with_suffix(".txt").touch()
moved = path.with_suffix(".moved").write_text(b)
frame = Frame().count(n)
cleaned = clean(b)
both = cleaned + b
length = list(map(start, [n]))
key = sorted([n], key=lambda each: start(each))
total = 0
for each in range(n):
    total += 1
def doubled(of=n): return of * 2
twice = doubled()
shared["n"] = n
alias = shared
alias["again"] = n
share = 10 // (n - 7)
until = date(2026, 1, 1) + timedelta(days=n)
folder = (path.parent / b.strip()).with_suffix(".csv").name
names = [b]
names.append(b.upper())
names += [f"{b:>3}"]
options = {"b": b}
options["n"] = max(n, 2)
if n > 5:
    size_word = "big"
else:
    size_word = "small"
step = n
step += 1
"""


def test_only_plain_derivations_are_computed_again(run: Callable[[str], Any], shell: InteractiveShell, tmp_path: Path) -> None:
    """A change in the form starts nothing a second time: runs, calls for their effect, the author's functions and all that is made of them stay
    as they were when the cell ran, also where the value is refused; what Python's own values give follows."""
    run(
        "started, log, shared = [], ['first'], {}\ndef start(n):\n    started.append(n)\n    return n\nclean = start\n"
        "class Frame:\n    def count(self, n):\n        return start(n)"
    )
    run(EFFECTS)
    made = Form(list(registry.declared))
    form._forms.append(made)
    hand = Hand(made)
    effects = "(list(started), list(log), run, frame, cleaned, both, length, key, total, twice, size, dict(shared))"
    before, files = run(effects), sorted(tmp_path.iterdir())
    hand.put("n", 8)
    hand.put("b", "yy")
    after = "(share, until.day, folder, names, options, size_word, step)"
    assert run(after) == (10, 9, "yy.csv", ["yy", "YY", " yy"], {"b": "yy", "n": 8}, "big", 9)
    hand.put("n", 7)
    assert "ZeroDivisionError" in hand.note("n")
    assert (run(after), run("n")) == ((10, 9, "yy.csv", ["yy", "YY", " yy"], {"b": "yy", "n": 8}, "big", 9), 8)
    assert (run(effects), sorted(tmp_path.iterdir())) == (before, files)
