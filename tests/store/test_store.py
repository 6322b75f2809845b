"""Runs, their records, their events, and what people call them."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbflow.core.errors import UsageError
from nbflow.core.events import (
    AttemptEnded,
    AttemptStarted,
    CellStarted,
    Event,
    Noted,
    RetryPlanned,
    RunEnded,
    RunStarted,
    TaskEnded,
)
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.core.writes import TableWrite
from nbflow.store import RunIds, Store
from nbflow.testing import FixedClock

AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone.utc)
ERROR = TaskError(ErrorKind.CELL_ERROR, "a cell raised", 3, "ValueError", "bad \udcff", "raise", "Traceback …")


def begin(store: Store, *tasks: str, pipeline: str = "p") -> RunIds:
    """A run of ``tasks``."""
    return store.begin(pipeline, tasks or ("a",), {"how": "test"}, {"tasks": list(tasks)}, {"x": 1}, "spark")


def end(store: Store, run_id: int, result: Result) -> None:
    """Let the run end, as a run does: told, then let go."""
    with store.hold(run_id):
        store.listener(run_id)(RunEnded(run_id, AT, result, 1.5, None if result is Result.SUCCESS else "a FAILED"))


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """A store in an empty workspace, with a clock that stands still."""
    store = Store.open(tmp_path, Path("runs"), now=FixedClock(AT).now)
    yield store
    store.close()


def test_opening_and_reading_touch_nothing(tmp_path: Path, store: Store) -> None:
    """A workspace where nothing ran stays as it is when it is asked."""
    assert store.runs() == []
    assert store.events(1) == []
    assert store.take_requests(1) == []
    assert not store.is_live(1)
    with pytest.raises(UsageError, match="nothing has been run in this workspace yet"):
        store.resolve("last")
    assert list(tmp_path.iterdir()) == []


def test_folders_are_kept_out_of_git(tmp_path: Path, store: Store) -> None:
    """The folders that a run makes ignore themselves, and the private one is for its owner only."""
    begin(store)
    assert (tmp_path / ".nbflow/.gitignore").read_text() == "*\n"
    assert (tmp_path / "runs/.gitignore").read_text() == "*\n"
    assert (tmp_path / ".nbflow").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "runs/p/1").is_dir()


def test_ids_count_from_one_and_are_never_given_twice(tmp_path: Path, store: Store) -> None:
    """Runs are numbered from 1; a number whose folder is still kept is not given again when the records are gone."""
    assert [begin(store).run_id for _ in range(3)] == [1, 2, 3]
    assert begin(store, "b", "c").task_run_ids == {"b": 4, "c": 5}
    store.close()
    for path in sorted((tmp_path / ".nbflow").glob("nbflow.db*")):
        path.unlink()
    again = Store.open(tmp_path, Path("runs"))
    assert begin(again, pipeline="other").run_id == 5
    again.close()


def test_a_run_told_whole(store: Store) -> None:
    """What the events said is what the record says: attempts, retries, tasks that did not run, and the run itself."""
    ids = begin(store, "a", "b")
    a, b = ids.task_run_ids.values()
    tell = store.listener(1)
    later = [AT + timedelta(seconds=n) for n in range(10)]
    wrote, again = (TableWrite("b.t", version, version, 1, ("WRITE",), 5, 0, 0, None) for version in (2, 4))
    tell(RunStarted(1, AT, "p", ("a", "b"), "spark"))
    tell(AttemptStarted(1, later[0], "a", a, 1, 5, "/r/a.ipynb", {"d": "2026-01-01"}))
    tell(CellStarted(1, later[1], "a", a, 1, 3))
    running = store.run(1)
    assert (running.state, running.tasks[0].cell, running.tasks[0].cells) == ("RUNNING", 3, 5)
    tell(AttemptEnded(1, later[2], "a", a, 1, Result.FAILED, ERROR, 1.75, {}, None, None, "/r/a.ipynb", (wrote,)))
    tell(RetryPlanned(1, later[2], "a", a, 1, 0.5))
    tell(AttemptStarted(1, later[3], "a", a, 2, 5, "/r/a.ipynb", {"d": "2026-01-01"}))
    tell(AttemptEnded(1, later[4], "a", a, 2, Result.FAILED, ERROR, 0.5, {"rows": [1, None]}, "bye", 4, "/r/a.ipynb", (again,)))
    tell(TaskEnded(1, later[5], "a", a, Result.FAILED))
    tell(TaskEnded(1, later[6], "b", b, Result.UPSTREAM_FAILED, "a FAILED"))
    tell(RunEnded(1, later[7], Result.FAILED, 7.25, "a FAILED"))

    run = store.run(1)
    assert (run.pipeline, run.engine, run.parameters, run.facts) == ("p", "spark", {"x": 1}, {"how": "test"})
    assert (run.started, run.ended, run.duration_s) == (AT, later[7], 7.25)
    assert (run.result, run.error, run.definition) == (Result.FAILED, "a FAILED", {"tasks": ["a", "b"]})
    first, second = run.tasks
    assert (first.result, first.error, first.exit_value, first.ended_at_cell) == (Result.FAILED, ERROR, "bye", 4)
    assert (first.started, first.ended, first.duration_s) == (later[0], later[5], 2.25)
    assert (first.values, first.parameters) == ({"rows": [1, None]}, {"d": "2026-01-01"})
    assert [attempt.tables for attempt in first.attempts] == [(wrote,), (again,)]
    assert first.tables == (TableWrite("b.t", 2, 4, 2, ("WRITE",), 10, 0, 0, None),)
    assert [attempt.notebook for attempt in first.attempts] == ["/r/a.attempt-1.ipynb", "/r/a.ipynb"]
    assert [(attempt.started, attempt.ended) for attempt in first.attempts] == [
        (later[0], later[2]),
        (later[3], later[4]),
    ]
    assert (second.result, second.reason, second.started, second.attempts) == (
        Result.UPSTREAM_FAILED,
        "a FAILED",
        None,
        (),
    )
    assert store.runs() == [dataclasses.replace(run, definition={})]


def test_what_ended_does_not_end_again(store: Store) -> None:
    """The first end of a run holds."""
    begin(store)
    end(store, 1, Result.SUCCESS)
    store.listener(1)(RunEnded(1, AT, Result.FAILED, 9.0, "late"))
    assert (store.run(1).result, store.run(1).error) == (Result.SUCCESS, None)


TEXT = st.text(max_size=20)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.dictionaries(TEXT, inner, max_size=3))
OBJECT = st.dictionaries(TEXT, JSON, max_size=3)
ERRORS = st.builds(TaskError, st.sampled_from(ErrorKind), TEXT, st.none() | st.integers(1, 99), *[st.none() | TEXT for _ in range(4)])
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc))
SECONDS = st.floats(0, 1e6)
ONE, NUMBERS, RESULTS, MAYBE = st.just(1), st.integers(1, 3), st.sampled_from(Result), st.none() | TEXT
COUNTS = st.none() | st.integers(0, 9)
OPERATIONS = st.lists(TEXT, max_size=2).map(tuple)
WRITES = st.builds(TableWrite, TEXT, NUMBERS, NUMBERS, NUMBERS, OPERATIONS, COUNTS, COUNTS, COUNTS, COUNTS)
EVENTS = st.one_of(
    st.builds(Noted, ONE, MOMENTS, TEXT, MAYBE),
    st.builds(AttemptStarted, ONE, MOMENTS, TEXT, ONE, NUMBERS, st.integers(0, 9), MAYBE, OBJECT),
    st.builds(CellStarted, ONE, MOMENTS, TEXT, ONE, NUMBERS, st.integers(1, 9)),
    st.builds(
        AttemptEnded, ONE, MOMENTS, TEXT, ONE, NUMBERS, RESULTS, st.none() | ERRORS, SECONDS, OBJECT, MAYBE,
        st.none() | NUMBERS, MAYBE, st.lists(WRITES, max_size=2).map(tuple),
    ),
    st.builds(TaskEnded, ONE, MOMENTS, TEXT, ONE, RESULTS, MAYBE),
    st.builds(RunEnded, ONE, MOMENTS, RESULTS, SECONDS, MAYBE),
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EVENTS, max_size=8))
def test_events_come_back_as_they_were_told(tmp_path_factory: pytest.TempPathFactory, events: list[Event]) -> None:
    """Whatever is told is read back equal, in order, numbered from 1; a reader gets only what is new to it."""
    store = Store.open(tmp_path_factory.mktemp("w"), Path("runs"))
    begin(store)
    tell = store.listener(1)
    for event in events:
        tell(event)
    assert store.events(1) == list(enumerate(events, start=1))
    assert store.events(1, after=2) == list(enumerate(events, start=1))[2:]
    ends = [event for event in events if isinstance(event, RunEnded)]
    assert store.run(1).result == (ends[0].result if ends else None)
    started = {event.attempt for event in events if isinstance(event, AttemptStarted)}
    assert {attempt.number for attempt in store.run(1).tasks[0].attempts} == started
    store.close()


@pytest.mark.parametrize("name", ["über \udcff", "'; DROP TABLE runs; --", "a/b", "\ud800"])
def test_any_name_comes_back(store: Store, name: str) -> None:
    """Names of pipelines and tasks are kept whatever letters they have, and found again."""
    ids = store.begin(name, [name], {"v": name}, {}, {}, "none")
    run = store.runs(pipeline=name)[0]
    assert (run.pipeline, run.tasks[0].task_key, run.facts) == (name, name, {"v": name})
    assert store.notebook_sink(1, name, name, 1, ids.task_run_ids[name]).path.parent.is_dir()


def test_the_newest_runs(store: Store) -> None:
    """A list of runs is as long as was asked for, newest first, and of one pipeline where one is named."""
    for pipeline in ("p", "q", "p", "q", "p"):
        begin(store, pipeline=pipeline)
    assert [run.run_id for run in store.runs(limit=2)] == [5, 4]
    assert [run.run_id for run in store.runs("p")] == [5, 3, 1]
    assert [len(run.tasks) for run in store.runs("q", limit=None)] == [1, 1]


def test_names_for_runs(store: Store) -> None:
    """A run is named by its number, as the last, or as the last that failed."""
    for result in (Result.FAILED, Result.TIMEDOUT, Result.SUCCESS, Result.CANCELED):
        end(store, begin(store).run_id, result)
    assert [store.resolve(name) for name in ("1", "#3", " last ", "last-failed")] == [1, 3, 4, 2]


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("7", "there is no run 7", "the newest is 1"),
        ("0", "there is no run 0", "the newest is 1"),
        ("99999999999999999999", "there is no run 99999999999999999999", "the newest is 1"),
        ("first", "'first' names no run", "a run's number, `last` or `last-failed`"),
        ("-1", "'-1' names no run", "a run's number"),
        ("", "'' names no run", "a run's number"),
        ("last-failed", "no run has failed", "`nbflow runs`"),
    ],
)
def test_names_that_mean_no_run(store: Store, name: str, message: str, hint: str) -> None:
    """A name without a run is refused with what there is instead."""
    end(store, begin(store).run_id, Result.SUCCESS)
    with pytest.raises(UsageError) as refused:
        store.resolve(name)
    assert refused.value.message.startswith(message)
    assert hint in (refused.value.hint or "")


def test_requests_are_taken_once(tmp_path: Path, store: Store) -> None:
    """What another process wants reaches the run once, in order, and stays on record as acknowledged."""
    begin(store)
    other = Store.open(tmp_path, Path("runs"), now=FixedClock(AT).now)
    other.request(1, "cancel", "ann \udcff")
    other.request(1, "cancel", "bob")
    assert [request.by for request in store.take_requests(1)] == ["ann \udcff", "bob"]
    assert store.take_requests(1) == []
    assert [request.acknowledged_at for request in other.requests(1)] == [AT, AT]
    end(store, 1, Result.SUCCESS)
    with pytest.raises(UsageError, match="run 1 is not running"):
        other.request(1, "cancel", "ann")
    other.close()


def test_values_that_json_does_not_know(store: Store) -> None:
    """Dates, sets and numbers like NaN in what is recorded are encoded, and never break the record."""
    store.begin("p", [], {}, {"at": AT, "s": {1}}, {"n": float("nan"), "p": Path("x")}, "none")
    run = store.run(1)
    assert run.parameters == {"n": "nan", "p": "x"}
    assert run.definition == {"at": AT.isoformat(), "s": [1]}


def test_tasks_that_differ_in_case_have_two_files(store: Store) -> None:
    """Two tasks whose keys differ only in case write two notebooks on every system."""
    ids = begin(store, "Load", "load")
    paths = [store.notebook_sink(1, "p", key, 1, ids.task_run_ids[key]).path.name for key in ("Load", "load")]
    assert paths == ["%4Coad.ipynb", "load.ipynb"]


def test_a_workspace_that_was_moved_finds_its_notebooks(tmp_path: Path) -> None:
    """And a copy finds its own, not the original's; what is nowhere keeps the path it had."""
    first = tmp_path / "first"
    store = Store.open(first, first / "runs", now=FixedClock(AT).now)
    run = begin(store, "a", "b")
    tell = store.listener(run.run_id)
    paths = {key: first / "runs" / "p" / str(run.run_id) / f"{key}.ipynb" for key in ("a", "b")}
    paths["a"].write_text("{}")
    for key, path in paths.items():
        tell(AttemptStarted(run.run_id, AT, key, run.task_run_ids[key], 1, 1, str(path), {}))
    store.close()
    second = tmp_path / "second"
    shutil.copytree(first, second)
    copy = Store.open(second, second / "runs", now=FixedClock(AT).now)
    found = {task.task_key: task.notebook for task in copy.run(run.run_id).tasks}
    assert found == {"a": str(second / "runs" / "p" / str(run.run_id) / "a.ipynb"), "b": str(paths["b"])}
    copy.close()


def test_a_token_that_was_recorded_once_is_shown_no_more(tmp_path: Path) -> None:
    """Of command lines that were kept as they were given."""
    store = Store.open(tmp_path, Path("runs"))
    facts = {"how": "cli", "command": ["nbflow", "run", "p", "--engine", "sc://h:1/;token=hush", "--spark-conf=a=hush"]}
    ids = store.begin("p", ["a"], facts, {}, {}, "sc://h:1")
    assert store.run(ids.run_id).facts["command"] == ["nbflow", "run", "p", "--engine", "sc://h:1", "--spark-conf=a=…"]
    assert "hush" not in repr(store.runs())
    store.close()
