"""nbflow's widgets: each call gives the parameter's value at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nbflow.surface.inside.parameters import registry, widgets
from nbflow.surface.inside.parameters.restore import injected_values, restore


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No widgets from before, and no run around the test."""
    monkeypatch.delenv("NBFLOW_TASK", raising=False)
    for kept in (registry.declared, registry.restored, registry.chosen):
        kept.clear()
    yield
    for kept in (registry.declared, registry.restored, registry.chosen):
        kept.clear()


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes this process a task's that was given these parameters, each with its type."""

    def give(**parameters: tuple[str, Any]) -> None:
        facts = {"run_id": 1, "task_run_id": 1, "pipeline": "p", "task_key": "t", "attempt": 1, "started": "2026-01-01T00:00:00+00:00"}
        values = {name: {"type": kind, "value": value} for name, (kind, value) in parameters.items()}
        context = {**facts, "workspace": "/w", "notebook": "/n/n.ipynb", "folder": "/n", "parameters": values}
        (tmp_path / "context.json").write_text(json.dumps(context))
        monkeypatch.setenv("NBFLOW_TASK", str(tmp_path))

    return give


def declare_all() -> dict[str, Any]:
    return {
        "text": widgets.text("t", "x"),
        "dropdown": widgets.dropdown("d", 2, [1, 2, 3]),
        "combobox": widgets.combobox("c", "a", ["a", "b"]),
        "multiselect": widgets.multiselect("m", [1], [1, 2, 3]),
        "whole": widgets.number("w", 2, 1, 10),
        "number": widgets.number("n", 0.5),
        "checkbox": widgets.checkbox("k", False),
        "date": widgets.date("y", "2026-01-31"),
        "path": widgets.path("p", "data/in.csv"),
    }


def test_by_hand_each_kind_gives_its_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are of their Python type; a path starts at the notebook's folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    expected = {
        "text": "x", "dropdown": 2, "combobox": "a", "multiselect": [1], "whole": 2, "number": 0.5, "checkbox": False,
        "date": date(2026, 1, 31), "path": tmp_path / "data/in.csv",
    }  # fmt: skip
    found = declare_all()
    assert found == expected
    assert {name: type(value) for name, value in found.items()} == {name: type(value) for name, value in expected.items()}
    assert widgets.get_all() == dict(zip("tdcmwnkyp", expected.values(), strict=True))
    assert widgets.get("p") == tmp_path / "data/in.csv"


def test_in_a_run_the_run_s_values_come(given: Any) -> None:
    """Each kind gives the run's value, of the widget's type, and defaults that derive from it follow."""
    given(
        t=("str", "z"), d=("int", 3), c=("str", "free"), m=("list[int]", [2, 3]), w=("int", 7), n=("float", 1.5), k=("bool", True),
        y=("date", "2026-02-03"), p=("path", "/abs/x.csv"), extra=("any", [1]),
    )  # fmt: skip
    assert list(declare_all().values()) == ["z", 3, "free", [2, 3], 7, 1.5, True, date(2026, 2, 3), Path("/abs/x.csv")]
    assert widgets.number("derived", widgets.get("w") * 2) == 14
    assert widgets.get("extra") == [1]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: widgets.dropdown("d", "x", ["a", "b"]), "widget 'd': 'x' is none of the choices a, b"),
        (lambda: widgets.multiselect("m", ["a", "x"], ["a", "b"]), "widget 'm': 'x' is none of the choices"),
        (lambda: widgets.number("n", 11, 1, 10), "widget 'n': 11 is more than 10"),
        (lambda: widgets.number("n", 0, 1, 10), "widget 'n': 0 is less than 1"),
        (lambda: widgets.date("y", "soon"), "widget 'y': expected a date"),
        (lambda: widgets.date("y", "2026-01-01", min=date(2026, 1, 2)), "widget 'y': 2026-01-01 is less than 2026-01-02"),
        (lambda: widgets.text("my-name"), "'my-name' is no name for a widget"),
        (lambda: widgets.text("class"), "'class' is no name for a widget"),
    ],
)
def test_what_does_not_fit_is_told_with_the_widget_s_name(call: Any, words: str) -> None:
    """A default outside of choices or limits, and a name that no variable can bear, are refused."""
    with pytest.raises(ValueError, match=words):
        call()


def test_an_unknown_name_is_told_with_those_that_are_there() -> None:
    """``get`` of a widget that nobody declared lists the declared ones."""
    widgets.text("a")
    with pytest.raises(KeyError, match="no widget 'b' was declared; there are a"):
        widgets.get("b")


def test_the_order_of_sources(given: Any) -> None:
    """The run's context, then what was restored, then the form's choice, then the default."""
    registry.chosen.update(a="form", b="form", c="form")
    registry.restored.update(a="restored", b="restored")
    given(a=("str", "run"))
    assert [widgets.text(name, "default") for name in "abcd"] == ["run", "restored", "form", "default"]


def test_restored_values_reach_widgets_variables_and_what_derives_from_them() -> None:
    """Before or after the declaration, values come with their type; a value that does not fit is refused."""
    registry.declare(registry.Widget("n", "number", registry.ValueType("int"), 1, cell="n = 1\nm = n * 2\nk = 5"))
    namespace = {"n": 1, "m": 2, "k": "by hand"}
    restore('{"n": ["int", 7], "later": ["date", "2026-01-31"]}', namespace)
    assert (namespace["n"], namespace["m"], namespace["k"], widgets.get("n")) == (1, 2, "by hand", 7)
    assert widgets.date("later") == date(2026, 1, 31)


def test_executed_notebooks_find_what_restores_by_the_name_that_they_hold() -> None:
    """The line stands in notebooks that are there already: another name would leave their widgets at the defaults, in silence."""
    found: dict[str, Any] = {}
    exec("from nbflow.surface.inside.restore import restore", found)
    assert found["restore"] is restore


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("# Parameters\na = 1\nb = [float('nan')]\n", ["a", "b"]),
        ("# Parameters\na = None\nd = {'x': -1.5}\n", ["a", "d"]),
        ("a = 1\n", []),
        ("# Parameters\na = widgets.text('a')\n", []),
        ("# Parameters\nprint(1)\n", []),
        ("# Parameters\na = (\n", []),
        ("", []),
    ],
)
def test_only_papermill_s_own_cell_is_taken_for_an_injected_one(source: str, values: list[str]) -> None:
    """A heading and plain values are; the author's own cell under the same heading is not."""
    assert list(injected_values(source)) == values


def test_a_kind_of_widget_that_there_is_not() -> None:
    """The error says which there are, or the one that may be meant."""
    for name, told in (("slider", "there are checkbox, combobox, date, dropdown"), ("dropdwon", "did you mean 'dropdown'?")):
        with pytest.raises(AttributeError, match=re.escape(told)):
            getattr(widgets, name)
    assert not hasattr(widgets, "__path__")
