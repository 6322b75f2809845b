"""What tasks printed, while they live and afterwards."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.errors import UsageError
from nbflow.core.events import AttemptEnded, AttemptStarted, RunEnded, TaskEnded
from nbflow.core.ports import NotebookSink
from nbflow.core.results import Result
from nbflow.store import Store
from nbflow.store.journal import Journal, JournalReader, Printed
from nbflow.store.printed import Follower, Lines, read_printed

AT = datetime(2026, 3, 1, tzinfo=timezone.utc)


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    """A stream output."""
    return {"output_type": "stream", "name": name, "text": text}


def notebook(*cells: list[dict[str, Any]]) -> dict[str, Any]:
    """A notebook whose cells have these outputs."""
    made = [{"cell_type": "code", "metadata": {}, "execution_count": 1, "source": "x", "outputs": cell} for cell in cells]
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


class Play:
    """A run of tasks a and b, played by hand."""

    def __init__(self, root: Path) -> None:
        self.store = Store.open(root, Path("runs"))
        self.ids = self.store.begin("p", ["a", "b"], {}, {}, {}, "none").task_run_ids
        self.tell = self.store.listener(1)

    def start(self, key: str, attempt: int = 1) -> NotebookSink:
        """Begin an attempt."""
        sink = self.store.notebook_sink(1, "p", key, attempt, self.ids[key])
        self.tell(AttemptStarted(1, AT, key, self.ids[key], attempt, 2, str(sink.path)))
        return sink

    def ended(self, key: str, sink: NotebookSink, *cells: list[dict[str, Any]], attempt: int = 1, last: bool = True) -> None:
        """End an attempt whose notebook has these cells."""
        sink.finish(notebook(*cells))
        self.tell(AttemptEnded(1, AT, key, self.ids[key], attempt, Result.SUCCESS, None, 1.0, notebook=str(sink.path)))
        if last:
            self.tell(TaskEnded(1, AT, key, self.ids[key], Result.SUCCESS))

    def over(self) -> None:
        """End the run."""
        with self.store.hold(1):
            self.tell(RunEnded(1, AT, Result.SUCCESS, 1.0))

    def lines(self, task_key: str | None = None) -> list[tuple[str, int, str, str, int]]:
        """What was printed."""
        return [(line.task_key, line.cell, line.stream, line.text, line.attempt) for line in self.store.printed(1, task_key)]


@pytest.fixture
def play(tmp_path: Path) -> Any:
    """A run to be played."""
    play = Play(tmp_path)
    yield play
    play.store.close()


def test_from_notebooks(play: Play) -> None:
    """After the end, streams, errors and results are told in the order of tasks, attempts and cells."""
    b = play.start("b")
    play.ended("b", b, [stream("from b")])
    first = play.start("a")
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["line 1", "line 2"]}
    play.ended("a", first, [stream("one\ntwo\n"), stream("warned\n", "stderr")], [error], last=False)
    second = play.start("a", 2)
    result = {"output_type": "execute_result", "data": {"text/plain": "42", "text/html": "<b>"}, "metadata": {}}
    play.ended("a", second, [stream(" 5%\r50%\r100%\r\ndone")], [result], attempt=2)
    play.over()
    assert play.lines() == [
        ("a", 1, "stdout", "one", 1),
        ("a", 1, "stdout", "two", 1),
        ("a", 1, "stderr", "warned", 1),
        ("a", 2, "error", "line 1", 1),
        ("a", 2, "error", "line 2", 1),
        ("a", 1, "stdout", "100%", 2),
        ("a", 1, "stdout", "done", 2),
        ("a", 2, "result", "42", 2),
        ("b", 1, "stdout", "from b", 1),
    ]
    assert play.lines("b") == [("b", 1, "stdout", "from b", 1)]


def test_from_the_journal_while_it_lives(play: Play) -> None:
    """What a live attempt printed is told before any notebook holds it."""
    sink = play.start("a")
    sink.printed(1, "stdout", "one\ntw")
    sink.printed(1, "stdout", "o\n")
    sink.printed(2, "stderr", "end \udcff")
    assert play.lines() == [
        ("a", 1, "stdout", "one", 1),
        ("a", 1, "stdout", "two", 1),
        ("a", 2, "stderr", "end \udcff", 1),
    ]


def test_a_task_that_is_not_there(play: Play) -> None:
    """A wrong task is refused with the run's tasks."""
    with pytest.raises(UsageError, match=r"run 1 has no task 'c' \(its tasks are a, b\)"):
        play.store.printed(1, "c")
    with pytest.raises(UsageError, match="no task"):
        next(play.store.follow_printed(1, "c"))


def test_a_notebook_that_is_gone(play: Play) -> None:
    """A deleted notebook is told as such, and the others are read."""
    play.ended("a", play.start("a"), [stream("x")])
    play.ended("b", play.start("b"), [stream("y")])
    (path,) = (play.store.runs_folder).glob("p/1/a.ipynb")
    path.unlink()
    (_, cell, kind, text, _), (*_, last, _) = play.lines()
    assert (cell, kind) == (0, "note")
    assert f"{path} is not there any more" in text
    assert last == "y"


def test_a_notebook_that_made_room_meanwhile(play: Play) -> None:
    """Where the next attempt begins after the record was read, the former attempt's notebook is read where it is now."""
    play.ended("a", play.start("a"), [stream("first")], last=False)
    before = play.store.run(1)
    play.ended("a", play.start("a", 2), [stream("second")], attempt=2)
    follower = Follower(play.store.live_folder, None)
    assert [line.text for line in follower.lines(before, over=False)] == ["first"]
    assert [line.text for line in read_printed(before, play.store.live_folder, "a")] == ["first"]
    assert [line.text for line in follower.lines(play.store.run(1), over=True)] == ["second"]


def test_a_record_that_misses_the_next_attempt(play: Play) -> None:
    """Where the run was killed after a notebook made room and before the next attempt was recorded, the record tells
    the path at which it lies."""
    play.ended("a", play.start("a"), [stream("first")], last=False)
    sink = play.store.notebook_sink(1, "p", "a", 2, play.ids["a"])
    (attempt,) = play.store.run(1).tasks[0].attempts
    assert attempt.notebook is not None
    assert (Path(attempt.notebook).name, sink.path.name) == ("a.attempt-1.ipynb", "a.ipynb")
    assert play.lines("a") == [("a", 1, "stdout", "first", 1)]


def test_following_a_run(play: Play) -> None:
    """Who follows a run gets each line once, of all attempts and tasks, and is let go when the run is over."""
    got: list[tuple[str, str, int]] = []
    follower = Store.open(play.store.root, Path("runs"))

    def follow() -> None:
        got.extend((line.task_key, line.text, line.attempt) for line in follower.follow_printed(1, poll=0.005))

    thread = threading.Thread(target=follow)
    thread.start()
    for attempt in (1, 2):
        sink = play.start("a", attempt)
        for number in range(50):
            sink.printed(1, "stdout", f"{number}\n" if number % 2 else f"{number} ")
        text = "".join(f"{number} {number + 1}\n" for number in range(0, 50, 2))
        play.ended("a", sink, [stream(text)], attempt=attempt, last=attempt == 2)
    sink = play.start("b")
    sink.printed(1, "stdout", "no end")
    play.ended("b", sink, [stream("no end")])
    play.over()
    thread.join(60)
    assert not thread.is_alive()
    pairs = [f"{number} {number + 1}" for number in range(0, 50, 2)]
    assert got == [("a", pair, 1) for pair in pairs] + [("a", pair, 2) for pair in pairs] + [("b", "no end", 1)]
    assert list(follower.live_folder.glob("*.jsonl")) == []
    follower.close()


def test_following_a_run_that_was_killed(play: Play) -> None:
    """Following an interrupted run tells what its journals hold, and ends."""
    play.start("a").printed(1, "stdout", "last words")
    play.store.close()
    reader = Store.open(play.store.root, Path("runs"))
    assert [line.text for line in reader.follow_printed(1)] == ["last words"]
    reader.close()


def test_a_torn_line_in_a_journal(tmp_path: Path) -> None:
    """A line that was not written whole is left out, and those around it are read."""
    path = tmp_path / "j"
    journal = Journal(path)
    journal.add(Printed(1, "stdout", "a"))
    with path.open("ab") as file:
        file.write(b'[1, "stdout", "torn\n[2]\n7\n')
    journal.add(Printed(1, "stdout", "b"))
    with path.open("ab") as file:
        file.write(b'[1, "stdout", "half')
    reader = JournalReader(path)
    assert [piece.text for piece in reader.pieces()] == ["a", "b"]
    journal.remove()
    assert list(reader.pieces()) == []
    reader.close()


@given(st.lists(st.text(st.sampled_from("ab \n"), max_size=6), max_size=8))
def test_lines_do_not_depend_on_the_pieces(parts: list[str]) -> None:
    """However a text is cut into pieces, its lines are the same."""
    lines = Lines("t", 1)
    got = [line.text for part in parts for line in lines.add(Printed(1, "stdout", part))]
    got += [line.text for line in lines.end()]
    whole = "".join(parts)
    assert got == whole.removesuffix("\n").split("\n") if whole else got == []
