"""Executed notebooks on the disk: whole at every moment, whatever dies."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbflow.store.journal import JournalReader
from nbflow.store.notebooks import NotebookFile

SPAWN = multiprocessing.get_context("spawn")


def notebook(text: str, cells: int = 1) -> dict[str, Any]:
    """A notebook whose cells all printed ``text``."""
    output = {"output_type": "stream", "name": "stdout", "text": text}
    cell = {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": "print()", "outputs": [output]}
    return {"cells": [dict(cell) for _ in range(cells)], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def texts(path: Path) -> list[str]:
    """What the cells of the notebook at ``path`` printed."""
    return ["".join(cell["outputs"][0]["text"]) for cell in json.loads(path.read_bytes())["cells"]]


def sink(folder: Path, attempt: int = 1) -> NotebookFile:
    """The file of an attempt at task t."""
    return NotebookFile(folder / "t.ipynb", folder / f"j{attempt}.jsonl", 1, attempt)


def until(check: Callable[[], bool]) -> bool:
    """Whether ``check`` becomes true in time."""
    deadline = time.monotonic() + 20
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_new_attempt_keeps_the_former(tmp_path: Path) -> None:
    """The newest attempt has the plain name; each former one keeps its notebook under its number."""
    for attempt in (1, 2, 3):
        file = sink(tmp_path, attempt)
        file.changed(notebook(f"began {attempt}"))
        file.finish(notebook(f"attempt {attempt}"))
    assert {path.name: texts(path) for path in tmp_path.iterdir()} == {
        "t.ipynb": ["attempt 3"],
        "t.attempt-1.ipynb": ["attempt 1"],
        "t.attempt-2.ipynb": ["attempt 2"],
    }


def test_nothing_is_left_beside_the_notebook(tmp_path: Path) -> None:
    """After the end the folder holds the notebook alone; what a killed attempt left is swept by the next."""
    (tmp_path / ".1-1.saving").write_text("half")
    (tmp_path / ".2-1.saving").write_text("another task's")
    file = sink(tmp_path, 2)
    file.printed(1, "stdout", "x")
    file.finish(notebook("x"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".2-1.saving", "t.ipynb"]


def test_the_mode_follows_the_umask(tmp_path: Path) -> None:
    """An executed notebook is as readable as any file that its owner makes."""
    before = os.umask(0o027)
    try:
        sink(tmp_path).finish(notebook("x"))
    finally:
        os.umask(before)
    assert (tmp_path / "t.ipynb").stat().st_mode & 0o777 == 0o640


def test_a_folder_that_was_deleted_meanwhile(tmp_path: Path) -> None:
    """Whoever deletes the folder of a live run still finds the last form there."""
    file = NotebookFile(tmp_path / "runs/t.ipynb", tmp_path / "j.jsonl", 1, 1)
    (tmp_path / "runs").rmdir()
    file.finish(notebook("x"))
    assert texts(tmp_path / "runs/t.ipynb") == ["x"]


def test_failures_on_the_way_are_told_at_the_end_only(tmp_path: Path) -> None:
    """What cannot be saved or journalled does not stop the run; the end tells it, and can be tried again."""
    file = NotebookFile(tmp_path / "t.ipynb", tmp_path / "none/j.jsonl", 1, 1)
    (tmp_path / "t.ipynb").mkdir()
    file.printed(1, "stdout", "x")
    file.changed(notebook("a"))
    with pytest.raises(OSError, match=r"t\.ipynb"):
        file.finish(notebook("b"))
    assert [path.name for path in tmp_path.iterdir()] == ["t.ipynb"]
    (tmp_path / "t.ipynb").rmdir()
    file.finish(notebook("c"))
    assert texts(tmp_path / "t.ipynb") == ["c"]


FULL = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from test_notebook_files import notebook, sink
file = sink(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
file.printed(1, "stdout", "y" * 50_000)
file.changed(notebook("y" * 50_000))
try:
    file.finish(notebook("y" * 50_000))
except OSError as error:
    print(type(error).__name__)
"""


def test_no_room_for_the_last_form(tmp_path: Path) -> None:
    """Where the last form does not fit on the disk, the end says so, and the former file stays valid."""
    first = sink(tmp_path)
    first.finish(notebook("small"))
    answer = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "OSError\n"
    assert texts(tmp_path / "t.ipynb") == ["small"]
    assert [path.name for path in tmp_path.glob(".*")] == []


def _save_for_ever(folder: Path) -> None:
    number = 0
    while True:
        number += 1
        file = sink(folder)
        file.changed(notebook(f"{number}\n" * 20_000, cells=3))
        file.finish(notebook(f"{number}\n" * 20_000, cells=3))


def test_a_reader_never_sees_a_torn_notebook(tmp_path: Path) -> None:
    """While a process saves without a pause and is killed at random moments, the file is always one whole form."""
    chance = random.Random(7)
    reads = 0
    for _ in range(4):
        process = SPAWN.Process(target=_save_for_ever, args=(tmp_path,))
        process.start()
        assert until((tmp_path / "t.ipynb").exists)
        stop = time.monotonic() + 0.2 + chance.random()
        while time.monotonic() < stop or process.is_alive():
            if time.monotonic() >= stop:
                process.kill()
            printed = texts(tmp_path / "t.ipynb")
            assert len(printed) == 3
            assert len(set(printed)) == 1
            assert len(set(printed[0].splitlines())) == 1
            assert len(printed[0].splitlines()) == 20_000
            reads += 1
        process.join()
    assert reads > 4
    assert {path.name for path in tmp_path.iterdir()} <= {"t.ipynb", ".1-1.saving"}


def test_many_changes_make_few_saves(tmp_path: Path) -> None:
    """A flood of changes is saved a few times, not each time, and nothing of the last one is lost."""
    file = sink(tmp_path)
    document = notebook("")
    seen = set()
    for number in range(3000):
        document["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": str(number)}]
        file.changed(document)
        if file.path.exists():
            seen.add(file.path.stat().st_ino)
    assert until(lambda: file.path.exists() and texts(file.path) == ["2999"])
    assert len(seen) < 50
    file.finish(document)


def test_the_journal_takes_no_more_of_a_cell_than_its_limit(tmp_path: Path) -> None:
    """A cell that prints without end does not fill the disk; the next cell has room again."""
    journal = tmp_path / "j.jsonl"
    kept = NotebookFile(tmp_path / "n.ipynb", journal, 1, 1, limit=1000)
    for _ in range(100):
        kept.printed(1, "stdout", "x" * 90 + "\n")
    kept.printed(2, "stdout", "next\n")
    reader = JournalReader(journal)
    pieces = list(reader.pieces())
    reader.close()
    text = {cell: "".join(piece.text for piece in pieces if piece.cell == cell) for cell in (1, 2)}
    assert text[1].startswith("x" * 90 + "\n") and text[1].count("x") < 1000 < len(text[1])
    assert "shows no more of cell 1" in text[1] and text[2] == "next\n"
    kept.finish(notebook("end"))
