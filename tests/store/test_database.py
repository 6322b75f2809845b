"""The file of the records: its versions, its errors, and many writers at once."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from nbflow.core.errors import NewerStoreError, StoreError
from nbflow.core.events import AttemptEnded, CellStarted, RunEnded, TaskEnded
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.core.writes import TableWrite
from nbflow.store import Store
from nbflow.store.migrations import statements, steps
from nbflow.store.queries import parse, queries

OLD = Path(__file__).with_name("old")
AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone.utc)


def opened(root: Path, patience_seconds: float = 30) -> Store:
    """The store of the workspace at ``root``."""
    return Store.open(root, Path("runs"), patience_seconds=patience_seconds)


def begin(store: Store) -> int:
    """A run of one task."""
    return store.begin("p", ["a"], {}, {}, {}, "none").run_id


def database(root: Path) -> Path:
    """Where the records lie, with the folder made."""
    (root / ".nbflow").mkdir(exist_ok=True)
    return root / ".nbflow" / "nbflow.db"


@pytest.mark.parametrize("version", range(1, len(steps()) + 1))
def test_every_old_version_is_kept(version: int) -> None:
    """For each version that ever was, a database of it is kept beside these tests."""
    assert (OLD / f"version_{version}.sql").exists()


@pytest.mark.parametrize("old", sorted(OLD.glob("version_*.sql")), ids=lambda path: path.stem)
def test_old_records_are_read_and_go_on(tmp_path: Path, old: Path) -> None:
    """Records of every older version are read whole, and new runs are numbered after them."""
    connection = sqlite3.connect(database(tmp_path))
    connection.executescript(old.read_text())
    connection.close()
    store = opened(tmp_path)
    run = store.run(1)
    assert (run.pipeline, run.result, run.duration_s, run.error) == ("medallion", Result.FAILED, 4.0, "bronze FAILED")
    assert (run.started, run.ended, run.parameters) == (AT, AT + timedelta(seconds=4), {"limit": 5})
    assert run.tasks[0].error == TaskError(
        ErrorKind.CELL_ERROR, "a cell raised ValueError", 3, "ValueError", "no", "raise ValueError('no')", "Traceback"
    )
    assert (run.tasks[0].values, run.tasks[1].reason) == ({"rows": 7}, "bronze FAILED")
    assert [seq for seq, _ in store.events(1)] == list(range(1, 8))
    assert store.run(2).state == "INTERRUPTED"
    assert [request.by for request in store.requests(2)] == ["ann"]
    assert begin(store) == 3
    store.close()
    connection = sqlite3.connect(database(tmp_path))
    assert connection.execute("PRAGMA user_version").fetchone() == (len(steps()),)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


WROTE = TableWrite("bronze.events", 3, 4, 2, ("WRITE", "MERGE"), 7, 1, None, 40)


@pytest.mark.parametrize(("version", "tables"), [(1, ()), (2, (WROTE,)), (3, (WROTE,)), (4, (WROTE,))])
def test_tables_of_old_records(tmp_path: Path, version: int, tables: tuple[TableWrite, ...]) -> None:
    """Records from before tables were recorded know of none; later ones give them back, in the record and in the event."""
    connection = sqlite3.connect(database(tmp_path))
    connection.executescript((OLD / f"version_{version}.sql").read_text())
    connection.close()
    store = opened(tmp_path)
    task = store.run(1).tasks[0]
    assert (task.tables, [attempt.tables for attempt in task.attempts]) == (tables, [tables])
    assert [event.tables for _, event in store.events(1) if isinstance(event, AttemptEnded)] == [tables]
    assert [attempt.tables for item in store.run(2).tasks for attempt in item.attempts] == [()] * (version > 1)


def test_newer_records_are_refused(tmp_path: Path) -> None:
    """Records of a newer nbflow are left alone, and the message says what to do."""
    connection = sqlite3.connect(database(tmp_path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = database(tmp_path).read_bytes()
    for use in (Store.runs, begin):
        with pytest.raises(NewerStoreError, match=r"newer nbflow \(their version is 99, .*update nbflow"):
            use(opened(tmp_path))
    assert database(tmp_path).read_bytes() == before


@pytest.mark.parametrize("content", [b"no database at all, but long enough to look like one" * 50, b"SQLite format 3\0" + b"x" * 4096])
def test_damaged_records(tmp_path: Path, content: bytes) -> None:
    """A damaged file is told as damaged, with what to do, and is not written over."""
    database(tmp_path).write_bytes(content)
    for use in (Store.runs, begin):
        with pytest.raises(StoreError, match="damaged: move that file away"):
            use(opened(tmp_path))
    assert database(tmp_path).read_bytes() == content


def test_a_torn_page_in_the_middle(tmp_path: Path) -> None:
    """Damage that shows only in use is told the same way."""
    store = opened(tmp_path)
    begin(store)
    store.close()
    content = bytearray(database(tmp_path).read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    database(tmp_path).write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        opened(tmp_path).runs()


def test_a_file_in_the_way(tmp_path: Path) -> None:
    """A file where a folder must be is named, for each of the folders."""
    (tmp_path / "runs").write_text("")
    with pytest.raises(StoreError, match=r"runs cannot be a folder: a file is in its way"):
        begin(opened(tmp_path))
    (tmp_path / "runs").unlink()
    (tmp_path / ".nbflow").write_text("")
    for use in (Store.runs, begin):
        with pytest.raises(StoreError, match=r"\.nbflow cannot be a folder: a file is in its way"):
            use(opened(tmp_path))


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    """A folder where the database must be is an error, not a crash."""
    database(tmp_path).mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        begin(opened(tmp_path))


def test_locked_for_too_long(tmp_path: Path) -> None:
    """A program that keeps the records locked is told of; progress waits for it, and is written with what ends."""
    store = opened(tmp_path, patience_seconds=0.2)
    run_id = begin(store)
    tell = store.listener(run_id)
    other = sqlite3.connect(database(tmp_path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    tell(CellStarted(run_id, AT, "a", 1, 1, 1))
    with pytest.raises(StoreError, match="locked by another program"):
        tell(RunEnded(run_id, AT, Result.SUCCESS, 1.0))
    with pytest.raises(StoreError, match="locked by another program"):
        begin(opened(tmp_path, patience_seconds=0.2))
    other.execute("INSERT INTO requests (run_id, kind, by, at) VALUES (1, 'cancel', 'ann', 1)")
    other.execute("COMMIT")
    other.execute("BEGIN IMMEDIATE")
    assert store.take_requests(run_id) == []
    other.execute("ROLLBACK")
    other.close()
    assert [request.by for request in store.take_requests(run_id)] == ["ann"]
    tell(CellStarted(run_id, AT, "a", 1, 1, 2))
    assert [type(event).__name__ for _, event in store.events(run_id)] == ["CellStarted", "RunEnded", "CellStarted"]
    assert sorted(path.name for path in (tmp_path / "runs/p").iterdir()) == ["1"]
    store.close()


def as_nobody(work: Callable[[], object]) -> str:
    """What ``work`` raises or returns in a process that no permission is overlooked for."""
    queries(), steps()
    receive, send = multiprocessing.Pipe(duplex=False)

    def child() -> None:
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            send.send(repr(work()))
        except StoreError as error:
            send.send(f"StoreError: {error}")

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    return str(receive.recv()) if receive.poll() else f"ended with {process.exitcode}"


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user may look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_may_not_be_written(shared: Path) -> None:
    """Without the right to make folders, a run does not begin, and the message names the folder."""
    shared.chmod(0o555)
    answer = as_nobody(lambda: begin(opened(shared)))
    assert answer.startswith(f"StoreError: the folder {shared}/runs cannot be made: permission denied; make it writable")


def test_a_workspace_for_reading_only(shared: Path) -> None:
    """Records in a folder that may not be written are read, and writing there is refused with a sentence."""
    store = opened(shared)
    begin(store)
    store.close()
    (shared / ".nbflow").chmod(0o555)
    database(shared).chmod(0o444)
    (shared / "runs/p").chmod(0o777)
    assert as_nobody(lambda: [run.pipeline for run in opened(shared).runs()]) == "['p']"
    assert as_nobody(lambda: begin(opened(shared))).endswith("cannot be used: permission denied")
    refused = as_nobody(lambda: opened(shared).add_steps(1, [("t", 0, "item")]))
    assert "cannot be written: make the file and its folder writable" in refused
    assert [path.name for path in (shared / "runs/p").iterdir()] == ["1"]


def _write_runs(root: Path, count: int) -> None:
    store = opened(root)
    for _ in range(count):
        run_id = begin(store)
        with store.hold(run_id):
            tell = store.listener(run_id)
            for cell in range(1, 11):
                tell(CellStarted(run_id, AT, "a", run_id, 1, cell))
            tell(RunEnded(run_id, AT, Result.SUCCESS, 1.0))
    store.close()


def test_many_processes_write_at_once(tmp_path: Path) -> None:
    """Runs of several processes in one new workspace all succeed, with ids of their own, and no event is lost."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write_runs, args=(tmp_path, 6)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    store = opened(tmp_path)
    runs = store.runs(limit=None)
    assert [run.run_id for run in runs] == list(range(24, 0, -1))
    assert {run.result for run in runs} == {Result.SUCCESS}
    assert [len(store.events(run.run_id)) for run in runs] == [11] * 24
    store.close()


def test_every_statement_is_whole_and_has_a_comment() -> None:
    """Each query of the file has a name of its own, a statement that SQLite accepts, and a comment."""
    connection = sqlite3.connect(":memory:")
    for statement in statements("\n".join(step.read_text() for step in steps())):
        connection.execute(statement)
    for name, statement in queries().items():
        assert connection.execute(f"EXPLAIN {statement}", _Anything()).fetchall(), name
    text = (Path(parse.__code__.co_filename).with_name("queries.sql")).read_text()
    assert text.count("\n-- :: ") == len(queries())
    assert all(part.split("\n", 2)[1].startswith("-- ") for part in text.split("\n-- :: ")[1:])
    connection.close()


class _Anything(dict):  # type: ignore[type-arg]
    """Has a value for every parameter."""

    def __missing__(self, key: str) -> None:
        return None


def test_a_name_stands_once() -> None:
    """Two queries of one name are a mistake that is told."""
    with pytest.raises(ValueError, match="'a' stands twice"):
        parse("-- :: a\nSELECT 1;\n-- :: a\nSELECT 2;\n")


def test_the_end_of_a_task_waits_in_memory_while_the_records_are_locked(tmp_path: Path) -> None:
    """It is written with what comes next, in order; the run meanwhile answers."""
    store = opened(tmp_path, patience_seconds=0.2)
    run_id = begin(store)
    tell = store.listener(run_id)
    other = sqlite3.connect(database(tmp_path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    tell(TaskEnded(run_id, AT, "a", 1, Result.FAILED, None))
    other.execute("ROLLBACK")
    tell(RunEnded(run_id, AT, Result.FAILED, 1.0))
    assert [type(event).__name__ for _, event in store.events(run_id)] == ["TaskEnded", "RunEnded"]
    assert store.run(run_id).tasks[0].result is Result.FAILED


def test_ends_of_steps_are_settled_beside_what_is_written(tmp_path: Path) -> None:
    """In another thread, also where nothing is owed, or no file holds it any more; nothing that was told is lost."""
    store = opened(tmp_path)
    store.settle()
    run_id = begin(store)
    steps = store.add_steps(store.run(run_id).tasks[0].task_run_id, [(f"a/{number}", number, number) for number in range(200)])
    listen, over = store.listener(run_id), threading.Event()

    def settle() -> None:
        while not over.is_set():
            store.settle()

    settling = threading.Thread(target=settle)
    settling.start()
    for key, task_run_id in steps.items():
        listen(TaskEnded(run_id, AT, key, task_run_id, Result.SUCCESS))
    over.set()
    settling.join()
    listen(TaskEnded(run_id, AT, "a/0", steps["a/0"], Result.FAILED))
    store.close()
    store.settle()
    ended = {task.task_key: task.result for task in opened(tmp_path).run(run_id).tasks}
    assert ended == {"a": None, **dict.fromkeys(steps, Result.SUCCESS), "a/0": Result.FAILED}
