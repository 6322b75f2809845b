"""What every keeper of the promise ``LogSink`` must do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nbflow.core.ports import LogSink
from nbflow.store.logs import LogFile
from nbflow.testing import MemoryLog


def read(sink: LogSink) -> bytes:
    """What a reader of it sees now."""
    return sink.content if isinstance(sink, MemoryLog) else sink.path.read_bytes()


@pytest.fixture(params=["file", "memory"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], LogSink]:
    """Makes one who keeps the promise."""
    return (lambda: LogFile(tmp_path / "runs/a.log", 1)) if request.param == "file" else MemoryLog


def test_what_is_added_is_seen_at_once(make: Callable[[], LogSink]) -> None:
    """By readers, before the attempt is over, and whatever bytes they are."""
    sink = make()
    for piece in (b"one\ntw", b"o\n\xff\x00", b""):
        sink.add(piece)
    assert read(sink) == b"one\ntwo\n\xff\x00"
    sink.finish()
    assert read(sink) == b"one\ntwo\n\xff\x00"


def test_the_last_lines_are_at_hand(make: Callable[[], LogSink]) -> None:
    """As text, without their ends; the last one may have none."""
    sink = make()
    assert sink.last_lines(3) == []
    sink.add(b"one\ntwo\nthr")
    sink.add("eé".encode())
    assert sink.last_lines(2) == ["two", "threé"]
    sink.finish()
    assert sink.last_lines(9) == ["one", "two", "threé"]
