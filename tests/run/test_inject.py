"""The injected cell: papermill's, with values of every type."""

from __future__ import annotations

import copy
import keyword
import math
import string
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill.parameterize import parameterize_notebook

from nbflow.core.values import ANY, TEXT, ValueType
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.notebooks.parameters import Parameter
from nbflow.plan.plan import Argument
from nbflow.run.inject import inject, python_literal


def cell(source: str, *tags: str, kind: str = "code") -> dict[str, Any]:
    made = {"cell_type": kind, "id": f"id-{abs(hash(source))}", "metadata": {"tags": list(tags)}, "source": source}
    return {**made, "outputs": [], "execution_count": 3} if kind == "code" else made


def notebook(*cells: dict[str, Any], language: str = "python", **more: Any) -> Notebook:
    metadata = {"kernelspec": {"name": "python3", "display_name": "x", "language": language}}
    document = {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5, **more}
    tagged = next((at for at, item in enumerate(cells) if "parameters" in item["metadata"]["tags"]), None)
    return Notebook(Path("/nb.ipynb"), document, "", "python3", language, parameters_cell=tagged)


def arguments(**values: Any) -> list[Argument]:
    return [Argument(name, value, ANY, "run") for name, value in values.items()]


def sources(document: dict[str, Any]) -> list[str]:
    return [item["source"] for item in document["cells"]]


def namespace(code: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    exec(code, made)
    return {name: value for name, value in made.items() if name != "__builtins__"}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
_names = st.text(string.ascii_lowercase + "_é", min_size=1, max_size=8).filter(lambda name: not keyword.iskeyword(name))


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(_names, _json, min_size=1, max_size=3))
def test_the_cell_gives_what_papermill_s_gives(values: dict[str, Any]) -> None:
    """For every JSON value, executing our cell and papermill's makes the same names with the same values and types."""
    source = notebook(cell("x = 1", "parameters"), cell("x"))
    theirs = parameterize_notebook(nbformat.from_dict(copy.deepcopy(with_papermill(source))), values)
    ours = inject(source, arguments(**values), "python3", "python")
    made = namespace(ours["cells"][1]["source"])
    assert made == namespace(theirs.cells[1].source) == values
    assert repr(made) == repr(namespace(theirs.cells[1].source))


def with_papermill(source: Notebook) -> dict[str, Any]:
    document = copy.deepcopy(dict(source.document))
    document["metadata"]["papermill"] = {}
    return document


@pytest.mark.parametrize(
    "cells",
    [
        [cell("a", "parameters"), cell("b")],
        [cell("b"), cell("a", "parameters"), cell("c")],
        [cell("a"), cell("b")],
        [cell("a", "parameters"), cell("old", "injected-parameters"), cell("b")],
        [cell("old", "injected-parameters"), cell("b"), cell("a", "parameters")],
        [cell("a", "parameters"), cell("b"), cell("old", "injected-parameters"), cell("older", "injected-parameters")],
        [cell("text", kind="markdown"), cell("a", "other", "parameters")],
        [],
    ],
)
def test_the_cell_stands_where_papermill_puts_it(cells: list[dict[str, Any]]) -> None:
    """In place of an injected one, else after the parameters cell, else at the top; tagged, and alone of its kind."""
    source = notebook(*cells)
    theirs = parameterize_notebook(nbformat.from_dict(with_papermill(source)), {"x": 1})
    ours = inject(source, arguments(x=1), "python3", "python")
    assert sources(ours) == [item.source for item in theirs.cells]
    assert [item["metadata"]["tags"] for item in ours["cells"]] == [item.metadata.tags for item in theirs.cells]


def test_the_document_is_fresh_and_valid_and_the_source_is_as_it_was() -> None:
    """Outputs and counts are cleared in a copy; ids that are missing, twice there or bad are made anew; nbformat agrees."""
    cells = [{**cell("a"), "id": "same"}, {**cell("b"), "id": "same"}, {**cell("c"), "id": "no good id!"}, {**cell("d"), "id": "kept"}]
    del cells[1]["id"]
    source = notebook(*cells, nbformat_minor=4)
    before = copy.deepcopy(dict(source.document))
    made = inject(source, arguments(x=1), "python3", "python")
    assert source.document == before
    nbformat.validate(nbformat.from_dict(made))
    assert made["nbformat_minor"] == 5
    assert len({item["id"] for item in made["cells"]}) == 5
    assert [item["id"] for item in made["cells"]][1::3] == ["same", "kept"]
    assert all(item["execution_count"] is None and item["outputs"] == [] for item in made["cells"])


def test_the_notebook_s_own_defaults_are_not_injected() -> None:
    """Without a value from outside there is no injected cell, and an old one stays."""
    default = Argument("x", 1, ANY, "notebook")
    assert sources(inject(notebook(cell("x = 1", "parameters")), [default], "python3", "python")) == ["x = 1"]
    old = notebook(cell("x = 1", "parameters"), cell("x = 2", "injected-parameters"))
    assert sources(inject(old, [default], "python3", "python")) == ["x = 1", "x = 2"]


def _unfolded(moment: Any) -> Any:
    return moment.replace(fold=0)


_typed = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats() | st.dates() | st.times().map(_unfolded)
    | st.datetimes(timezones=st.none() | st.just(timezone.utc)).map(_unfolded) | st.timedeltas() | st.decimals(allow_nan=False)
    | st.text(string.ascii_letters + "/. '\"\\é", min_size=1).map(Path),
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple)
    | st.dictionaries(st.text() | st.integers() | st.dates(), inner, max_size=3)
    | st.sets(st.integers() | st.text() | st.dates(), max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(_typed)
def test_values_arrive_with_their_type(value: Any) -> None:
    """Dates, times, durations, paths, decimals, sets, tuples, infinities and NaN are themselves, on one line, imports or no."""
    code = python_literal(value)
    assert "\n" not in code
    found = eval(code, {})
    assert type(found) is type(value)
    assert ordered(found) == ordered(value)


def ordered(value: Any) -> str:
    """A text that tells types and values apart, sets in one order."""
    if isinstance(value, (set, frozenset)):
        return f"set{sorted(map(ordered, value))}"
    if isinstance(value, dict):
        return f"dict{sorted((ordered(key), ordered(item)) for key, item in value.items())}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}{[ordered(item) for item in value]}"
    return f"{type(value).__name__} {value!r}"


def test_a_value_that_has_no_form_becomes_text() -> None:
    """What is no parameter's type arrives as its text, as papermill does it, and is never run."""

    class Hostile:
        def __repr__(self) -> str:
            return "__import__('os').getpid()"

    assert eval(python_literal(Hostile()), {}) == "__import__('os').getpid()"
    assert math.isnan(eval(python_literal(float("nan")), {}))


@pytest.mark.parametrize("name", ["a=__import__('os').getpid();b", "class", "my-param", "1x", "", "a\nb", "a b", "__import__('os')"])
@pytest.mark.parametrize("language", ["python", "R", "bash"])
def test_a_hostile_name_never_reaches_the_code(name: str, language: str) -> None:
    """Only names that a variable can bear are written; a widget of any name gets its value as data."""
    source = notebook(cell("x"), language=language)
    kernel = {"python": "python3", "R": "ir", "bash": "bash"}[language]
    made = inject(source, [Argument(name, 1, ANY, "run"), Argument("good", 2, ANY, "run")], kernel, language)
    lines = [line for line in made["cells"][0]["source"].splitlines() if line.strip() and not line.startswith("#")]
    if not (name == "class" and language != "python"):
        assert len(lines) == 1
        assert lines[0].replace(" ", "") in ("good=2", "good<-2")


def test_widgets_get_their_values_before_the_names_are_assigned() -> None:
    """The line that restores widgets stands first, holds what widgets may be asked for, and nothing else."""
    day = Argument("day", date(2026, 1, 31), ValueType("date"), "run", widget=True, declared=Parameter("day", widget="date"))
    free = Argument("my-layer", "x", TEXT, "run", assigned=False, widget=True, declared=Parameter("my-layer", widget="text"))
    plain = Argument("n", 5, ValueType("int"), "run", declared=Parameter("n"))
    other = Argument("other", "y", ANY, "run")
    source = notebook(cell("from nbflow import widgets", "parameters"))
    heading, restoring, *assigned = inject(source, [day, free, plain, other], "python3", "python")["cells"][1]["source"].splitlines()
    assert heading == "# Parameters"
    seen: list[dict[str, str]] = []
    exec(restoring, {"exec": lambda code, given: seen.append(given)})
    assert seen[0]["values"] == '{"day": ["date", "2026-01-31"], "my-layer": ["str", "x"], "other": ["any", "y"]}'
    assert assigned == ["day = __import__('datetime').date.fromisoformat('2026-01-31')", "n = 5", "other = 'y'"]
    without = inject(notebook(cell("n = 1", "parameters")), [plain, other], "python3", "python")
    assert without["cells"][1]["source"] == "# Parameters\nn = 5\nother = 'y'\n"


@pytest.mark.parametrize(("kernel", "language"), [("ir", "R"), ("bash", "bash"), ("julia-1.10", "julia"), ("scala", "scala")])
def test_other_languages_are_papermill_s(kernel: str, language: str) -> None:
    """For other languages the cell is papermill's own, word for word; types they lack go as text."""
    from papermill.translators import translate_parameters

    values = {
        "a": 1,
        "b": "it's",
        "c": 1.5,
        "d": True,
        "e": date(2026, 1, 31),
        "f": datetime(2026, 1, 31),
        "g": time(1),
        "h": Decimal("1.10"),
    }
    texts = {**values, "e": "2026-01-31", "f": "2026-01-31T00:00:00", "g": "01:00:00", "h": "1.10", "i": 60.0}
    made = inject(notebook(cell("x"), language=language), arguments(**values, i=timedelta(minutes=1)), kernel, language)
    assert made["cells"][0]["source"] == translate_parameters(kernel, language, texts, "Parameters")


def test_a_translator_that_a_user_registered_is_used() -> None:
    """Papermill's registry is the law for Python as well."""
    from papermill.translators import PythonTranslator, papermill_translators

    class Shouting(PythonTranslator):
        @classmethod
        def codify(cls, parameters: Any, comment: str = "Parameters") -> str:
            return "".join(f"{name} = {value!r}  # LOUD\n" for name, value in parameters.items())

    papermill_translators.register("loud", Shouting)
    made = inject(notebook(cell("x")), arguments(x=1), "loud", "python")
    assert made["cells"][0]["source"] == "x = 1  # LOUD\n"


def test_a_language_may_be_registered_with_a_translator_of_papermill_s() -> None:
    """A user says by that how a language writes values that papermill does not know, nor nbflow."""
    from papermill.translators import RTranslator, papermill_translators

    papermill_translators.register("like r", RTranslator)
    made = inject(notebook(cell("x"), language="like r"), arguments(x=True), "some kernel", "like r")
    assert made["cells"][0]["source"] == "# Parameters\nx = TRUE\n"
