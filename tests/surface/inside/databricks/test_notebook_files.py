"""Notebooks that others run inside of themselves, whatever is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbflow.core.errors import DefinitionError
from nbflow.define.notebooks.file import read_notebook
from nbflow.surface.inside.databricks.notebook_files import BrokenNotebook, notebook_cells

_EXPORT = "application/vnd.databricks.v1+notebook"
_GOOD: dict[str, Any] = {
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# x\n", "y"]},
        {"cell_type": "code", "id": "b", "metadata": {"tags": ["parameters"]}, "source": ["x: int = 5\n"], "outputs": [
            {"output_type": "stream", "name": "stdout", "text": ["a"]}], "execution_count": 1},
        {"cell_type": "code", "metadata": {"application/vnd.databricks.v1+cell": {"title": ""}}, "outputs": [], "execution_count": None,
         "source": "%sql\nCREATE WIDGET TEXT q DEFAULT 'x'; SELECT 1"},
        {"cell_type": "code", "metadata": {}, "source": "%run ./other $a='x'", "outputs": [], "execution_count": None},
        {"cell_type": "raw", "metadata": {}, "source": "raw"},
    ],
    "metadata": {"kernelspec": {"name": "python3", "language": "python"}, "language_info": {"name": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}  # fmt: skip
_ABSENT = object()
_ODD = [_ABSENT, None, True, 0, 1.5, -1, 10**30, "", "x", "code", "\ud800", [], {}, [None], ["x"], [[]], {"a": 1}, {"cells": 1}]


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from _places(value[key], (*place, key))


@st.composite
def _damaged(draw: st.DrawFn) -> Any:
    """A notebook of nbformat 4 or 3, of Databricks or not, in which something is not as it should be."""
    document = json.loads(json.dumps(_GOOD))
    if draw(st.booleans()):
        document["metadata"][_EXPORT] = {"language": draw(st.sampled_from(["python", "sql", "scala"]))}
    if draw(st.booleans()):
        document = {**document, "nbformat": 3, "worksheets": [{"cells": json.loads(json.dumps(document["cells"]))}]}
    for _ in range(draw(st.integers(1, 3))):
        place, odd = draw(st.sampled_from(list(_places(document)))), draw(st.sampled_from(_ODD))
        if not place:
            if odd is not _ABSENT:
                return odd
            continue
        inside = document
        for key in place[:-1]:
            inside = inside[key]
        if odd is _ABSENT:
            del inside[place[-1]]
        else:
            inside[place[-1]] = json.loads(json.dumps(odd))
    return document


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(_damaged())
def test_a_damaged_notebook_is_told_as_that(tmp_path: Path, document: Any) -> None:
    """Missing keys and wrong types are mistakes with file and cell, never another error; what can be planned can be run inside as well."""
    path = tmp_path / "odd.ipynb"
    path.write_text(json.dumps(document))
    (tmp_path / "other.ipynb").write_text(json.dumps(document))
    told = ""
    try:
        notebook = read_notebook(path, "odd.ipynb")
    except DefinitionError as error:
        told = str(error)
        assert all("ipynb" in str(mistake) for mistake in error.mistakes)
    try:
        cells = notebook_cells(path)
    except BrokenNotebook as error:
        assert (told or document["nbformat"] == 3) and str(path) in str(error)
        return
    assert cells is not None
    if not told and document["nbformat"] == 4:
        assert [cell.source for cell in cells] == [cell["source"] for cell in notebook.document["cells"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"cells": [', "it cannot be read as JSON"),
        ("[]", "it has no list of cells"),
        ('{"cells": [{"cell_type": "raw"}, {"cell_type": "code", "source": 5}]}', "cell 2 of {path}: its source must be text"),
        ('{"cells": [{}]}', "cell 1 of {path}: is no cell"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, words: str) -> None:
    """With the file, and the cell where it is one's."""
    path = tmp_path / "n.ipynb"
    path.write_text(text)
    with pytest.raises(BrokenNotebook) as caught:
        notebook_cells(path)
    assert words.format(path=path) in str(caught.value)
