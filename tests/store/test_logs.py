"""Logs of work that is no notebook, as files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.store.logs import LogFile, OwedLogs
from nbflow.store.printed import LogReader


@given(pieces=st.lists(st.binary(max_size=30), max_size=20), limit=st.integers(2, 60))
def test_a_log_keeps_its_beginning_and_its_end(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], limit: int) -> None:
    """All of it within the limit; otherwise both halves, and between them a line that tells how much is missing."""
    path = tmp_path_factory.mktemp("log") / "a.log"
    log = LogFile(path, 1, limit)
    for piece in pieces:
        log.add(piece)
    log.finish()
    whole, half = b"".join(pieces), limit // 2
    missing = len(whole) - 2 * half
    between = f"\n[nbflow left out {missing} bytes here]\n".encode()
    assert path.read_bytes() == (whole if missing <= 0 else whole[:half] + between + whole[len(whole) - half :])


def test_a_former_attempts_log_makes_room(tmp_path: Path) -> None:
    """It is renamed as a notebook is."""
    for attempt in (1, 2):
        log = LogFile(tmp_path / "a.log", attempt)
        log.add(f"attempt {attempt}\n".encode())
        log.finish()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.attempt-1.log": "attempt 1\n", "a.log": "attempt 2\n"}


def test_logs_of_steps_are_settled_together(tmp_path: Path) -> None:
    """Those that hold something, those of former attempts too; one that is gone by then, or whose folder is, stands in nobody's way."""
    owed = OwedLogs()
    for number, text in enumerate((b"one", b"", b"three")):
        log = LogFile(tmp_path / f"loop/{number}.log", 1, owed=owed)
        log.add(text)
        log.finish()
    assert [path.name for path in owed.paths] == ["0.log", "2.log"]
    LogFile(tmp_path / "loop/2.log", 2, owed=owed).finish()
    assert owed.paths[-1].name == "2.attempt-1.log"
    (tmp_path / "loop/0.log").unlink()
    owed.settle()
    assert not owed.paths and (tmp_path / "loop/2.attempt-1.log").read_bytes() == b"three"


def test_two_may_settle_logs_at_a_time(tmp_path: Path) -> None:
    """As a run and the runs that its tasks began do; each returns when nothing is owed that was owed before."""
    owed = OwedLogs()
    for number in range(200):
        (tmp_path / str(number)).write_bytes(b"x")
        owed.add(tmp_path / str(number))
    with ThreadPoolExecutor(4) as pool:
        settled = [pool.submit(owed.settle) for _ in range(4)]
    assert [each.result() for each in settled] == [None] * 4 and not owed.paths


def test_a_log_is_read_while_it_grows(tmp_path: Path) -> None:
    """At once, piece by piece; a character that is not whole yet waits for the rest."""
    log = LogFile(tmp_path / "a.log", 1)
    reader = LogReader(str(tmp_path / "a.log"))
    assert list(reader.pieces()) == []
    log.add("grün".encode()[:3])
    assert [piece.text for piece in reader.pieces()] == ["gr"]
    log.add("grün\nend".encode()[3:])
    assert [(piece.cell, piece.stream, piece.text) for piece in reader.pieces()] == [(0, "stdout", "ün\nend")]
    assert log.last_lines(1) == ["end"]
    reader.close()
    log.finish()
