"""What every keeper of the promise ``NotebookSink`` must do."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.ports import NotebookSink
from nbflow.store.notebooks import NotebookFile
from nbflow.testing import MemorySink


def notebook(*outputs: str) -> dict[str, Any]:
    """A notebook of one cell that printed ``outputs``."""
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": "a",
                "metadata": {},
                "execution_count": 1,
                "source": "print(1)",
                "outputs": [{"output_type": "stream", "name": "stdout", "text": text} for text in outputs],
            }
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def texts(document: dict[str, Any] | None) -> list[str]:
    """What the outputs of ``notebook`` say, whether the lines are cut or not."""
    outputs = document["cells"][0]["outputs"] if document else []
    return ["".join(output["text"]) for output in outputs]


Read = Callable[[NotebookSink], "dict[str, Any] | None"]


def read_file(sink: NotebookSink) -> dict[str, Any] | None:
    """The notebook that a reader of the file sees."""
    return json.loads(sink.path.read_bytes()) if sink.path.exists() else None


def read_memory(sink: NotebookSink) -> dict[str, Any] | None:
    """The notebook that the double holds."""
    assert isinstance(sink, MemorySink)
    return sink.notebook


@pytest.fixture(params=["file", "memory"])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[NotebookSink, Read]:
    """One who keeps the promise, and the way to read what it keeps."""
    if request.param == "file":
        return NotebookFile(tmp_path / "t.ipynb", tmp_path / "j.jsonl", task_run_id=1, attempt=1), read_file
    return MemorySink(tmp_path / "t.ipynb"), read_memory


def until(check: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether ``check`` becomes true in time."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_nothing_before_the_first_change(keeper: tuple[NotebookSink, Read]) -> None:
    """Before anything was told, there is no notebook to read."""
    sink, read = keeper
    assert read(sink) is None


def test_a_change_is_kept_without_a_further_one(keeper: tuple[NotebookSink, Read]) -> None:
    """The newest change is readable soon, also when nothing follows it, and also when others came just before."""
    sink, read = keeper
    for count in range(1, 4):
        sink.changed(notebook(*map(str, range(count))))
    assert until(lambda: texts(read(sink)) == ["0", "1", "2"])
    sink.finish(notebook("end"))


def test_changes_after_the_call_do_not_matter(keeper: tuple[NotebookSink, Read]) -> None:
    """What the caller does to the notebook after a call is not part of what was told."""
    sink, read = keeper
    document = notebook("before")
    sink.changed(document)
    document["cells"][0]["outputs"][0]["text"] = "after"
    document["cells"][0]["metadata"]["late"] = True
    assert until(lambda: read(sink) is not None)
    assert texts(read(sink)) == ["before"]
    document = notebook("last")
    sink.finish(document)
    document["cells"].clear()
    assert texts(read(sink)) == ["last"]


def test_finish_keeps_the_last_form(keeper: tuple[NotebookSink, Read]) -> None:
    """After ``finish`` returned, its form is what is read, whatever was told before or is told later."""
    sink, read = keeper
    sink.changed(notebook("old"))
    sink.finish(notebook("new"))
    assert texts(read(sink)) == ["new"]
    sink.changed(notebook("too late"))
    assert texts(read(sink)) == ["new"]


def test_the_notebook_is_not_touched(keeper: tuple[NotebookSink, Read]) -> None:
    """The sink changes nothing in the caller's notebook."""
    sink, _ = keeper
    document = notebook("a\nb")
    before = copy.deepcopy(document)
    sink.changed(document)
    sink.printed(1, "stdout", "a\nb")
    sink.finish(document)
    assert document == before


class _Lazy(list):  # type: ignore[type-arg]
    """Outputs that are made when somebody looks, as those of a running cell."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def __iter__(self) -> Any:
        return iter([{"output_type": "stream", "name": "stdout", "text": text} for text in self.texts])


def test_outputs_made_on_demand_are_seen(keeper: tuple[NotebookSink, Read]) -> None:
    """Outputs whose list makes its items on demand are kept as they are at the moment of the call."""
    sink, read = keeper
    document = notebook()
    lazy = document["cells"][0]["outputs"] = _Lazy()
    sink.changed(document)
    lazy.texts.append("one")

    def seen() -> bool:
        sink.changed(document)
        return texts(read(sink)) == ["one"]

    assert until(seen)
    sink.finish(notebook("one"))
