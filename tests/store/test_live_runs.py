"""Who is alive: the lock of a live run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from datetime import datetime, timezone
from multiprocessing.synchronize import Event as Signal
from pathlib import Path

import pytest

from nbflow.core.errors import StoreError
from nbflow.core.events import RunEnded
from nbflow.core.results import Result
from nbflow.store import Store
from nbflow.store.live import LiveLock, is_held

SPAWN = multiprocessing.get_context("spawn")


def opened(root: Path) -> Store:
    """The store of the workspace at ``root``."""
    return Store.open(root, Path("runs"))


def begin(store: Store) -> int:
    """A run of one task."""
    return store.begin("p", ["a"], {}, {}, {}, "none").run_id


def test_a_run_is_live_from_its_first_sight_until_it_lets_go(tmp_path: Path) -> None:
    """A run that has begun is running for every reader; once it let go after its end, it has its result."""
    store, reader = opened(tmp_path), opened(tmp_path)
    run_id = begin(store)
    assert reader.is_live(run_id)
    assert reader.run(run_id).state == "RUNNING"
    with store.hold(run_id):
        assert reader.runs()[0].state == "RUNNING"
        store.listener(run_id)(RunEnded(run_id, datetime.now(timezone.utc), Result.SUCCESS, 1.0))
    assert not reader.is_live(run_id)
    assert reader.run(run_id).state == "SUCCESS"
    assert list((tmp_path / ".nbflow/live").glob("[0-9]*")) == []
    store.close()
    reader.close()


def _begin_and_wait(root: Path, begun: Signal) -> None:
    store = opened(root)
    with store.hold(begin(store)):
        begun.set()
        signal.pause()


def test_a_killed_run_is_interrupted(tmp_path: Path) -> None:
    """A run whose process was killed is interrupted at once, however it had no chance to say so."""
    begun = SPAWN.Event()
    process = SPAWN.Process(target=_begin_and_wait, args=(tmp_path, begun))
    process.start()
    assert begun.wait(60)
    store = opened(tmp_path)
    assert store.run(1).state == "RUNNING"
    process.kill()
    process.join()
    assert store.run(1).state == "INTERRUPTED"
    assert store.runs()[0].interrupted
    assert store.run(begin(store)).run_id == 2
    store.close()


def test_children_do_not_keep_a_run_alive(tmp_path: Path) -> None:
    """Neither a program that the run started nor a fork of it holds the run's lock."""
    lock = LiveLock(tmp_path / "1")
    wait = "import sys; print('ready', flush=True); sys.stdin.read()"
    program = subprocess.Popen([sys.executable, "-c", wait], stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False)
    assert program.stdout is not None
    assert program.stdout.readline() == b"ready\n"
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os.read(read, 1)
        lock.release()
        os._exit(0)
    os.close(read)
    assert is_held(tmp_path / "1")
    lock.release()
    lock.release()
    assert not is_held(tmp_path / "1")
    again = LiveLock(tmp_path / "1")
    os.close(write)
    os.waitpid(child, 0)
    assert is_held(tmp_path / "1")
    again.release()
    program.communicate(b"")


def test_one_run_has_one_owner(tmp_path: Path) -> None:
    """A second owner is refused, and looking at a lock from two places does not take it."""
    lock = LiveLock(tmp_path / "7")
    with pytest.raises(StoreError, match="run 7 is alive in another process"):
        LiveLock(tmp_path / "7")
    assert is_held(tmp_path / "7")
    assert is_held(tmp_path / "7")
    lock.release()
    (tmp_path / "8").touch()
    assert not is_held(tmp_path / "8")
    assert not is_held(tmp_path / "none")


def _look(root: Path, stop: Signal, ready: Signal) -> None:
    store = opened(root)
    ready.set()
    while not stop.is_set():
        for run in store.runs(limit=3):
            if run.interrupted:
                raise SystemExit(1)


def test_no_reader_ever_takes_a_live_run_for_dead(tmp_path: Path) -> None:
    """While runs begin and end, a reader that looks all the time never sees one of them as interrupted."""
    stop, ready = SPAWN.Event(), SPAWN.Event()
    reader = SPAWN.Process(target=_look, args=(tmp_path, stop, ready))
    reader.start()
    assert ready.wait(60)
    store = opened(tmp_path)
    for _ in range(150):
        run_id = begin(store)
        with store.hold(run_id):
            store.listener(run_id)(RunEnded(run_id, datetime.now(timezone.utc), Result.SUCCESS, 0.0))
    stop.set()
    reader.join()
    assert reader.exitcode == 0
    store.close()
