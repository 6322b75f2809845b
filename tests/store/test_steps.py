"""Records of control flow: the steps of a for_each, runs that a task began, values of earlier runs."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.errors import UsageError
from nbflow.core.events import AttemptEnded, AttemptStarted, ChildStarted, Event, RunEnded, TaskEnded
from nbflow.core.records import run_payload
from nbflow.core.results import Result
from nbflow.store import RunIds, Store

AT = datetime(2026, 3, 1, tzinfo=timezone.utc)


def begin(store: Store, *tasks: str, parent: int | None = None) -> RunIds:
    """A run of ``tasks``."""
    return store.begin("p", tasks, {}, {}, {}, "spark", parent)


def tell(store: Store, run_id: int, *events: Event) -> None:
    """Record these events."""
    for event in events:
        store.listener(run_id)(event)


def attempt(run_id: int, key: str, task_run_id: int, number: int = 1, result: Result = Result.SUCCESS, **about: Any) -> list[Event]:
    """The events of one attempt at a task that ends with it."""
    return [
        AttemptStarted(run_id, AT, key, task_run_id, number, 0, about.pop("notebook", None)),
        AttemptEnded(run_id, AT, key, task_run_id, number, result, None, 1.0, **about),
        TaskEnded(run_id, AT, key, task_run_id, result),
    ]


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """A store in an empty workspace."""
    store = Store.open(tmp_path, Path("runs"))
    yield store
    store.close()


def test_steps_stand_behind_their_for_each(store: Store) -> None:
    """In the order of items and steps, with item and index; also in the document of ``--json``, and in a list of runs."""
    run = begin(store, "first", "loop", "last")
    new = [(f"loop/{at}/{step}", at, item) for at, item in enumerate([{"a": 1}, None]) for step in ("x", "y")]
    ids = store.add_steps(run.task_run_ids["loop"], new)
    assert len({*ids.values(), *run.task_run_ids.values()}) == 7
    assert store.add_steps(run.task_run_ids["loop"], []) == {}
    for record in (store.run(1), store.runs()[0]):
        found = [(task.task_key, task.parent, task.index, task.input) for task in record.tasks]
        assert found == [
            ("first", None, None, None), ("loop", None, None, None), ("loop/0/x", "loop", 0, {"a": 1}), ("loop/0/y", "loop", 0, {"a": 1}),
            ("loop/1/x", "loop", 1, None), ("loop/1/y", "loop", 1, None), ("last", None, None, None),
        ]  # fmt: skip
    assert run_payload(store.run(1))["tasks"][2]["input"] == {"a": 1}


def test_steps_have_a_folder_of_their_own(tmp_path: Path, store: Store) -> None:
    """Of the name of the for_each; found again where the workspace was moved to."""
    run = begin(store, "Loop", "loop")
    ids = store.add_steps(run.task_run_ids["loop"], [("loop/0", 0, 1), ("loop/1/x", 1, 2)])
    paths = {key: store.notebook_sink(1, "p", key, 1, task_run_id).path for key, task_run_id in ids.items()}
    folder = paths["loop/0"].parent
    assert folder.parent == tmp_path / "runs/p/1" and folder != store.notebook_sink(1, "p", "Loop", 1, 1).path.with_suffix("")
    assert (paths["loop/0"].name, paths["loop/1/x"].relative_to(folder)) == ("0.ipynb", Path("1/x.ipynb"))
    paths["loop/1/x"].write_text("{}")
    tell(store, 1, *attempt(1, "loop/1/x", ids["loop/1/x"], notebook=str(paths["loop/1/x"])))
    store.close()
    (tmp_path / "moved").mkdir()
    for name in (".nbflow", "runs"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    moved = Store.open(tmp_path / "moved", Path("runs"))
    found = {task.task_key: task.notebook for task in moved.run(1).tasks}
    assert found["loop/1/x"] == str(tmp_path / "moved" / paths["loop/1/x"].relative_to(tmp_path))
    moved.close()


def test_outcomes_and_child_runs_are_kept_with_the_attempt(store: Store) -> None:
    """And with the task; the child's record names its parent."""
    run = begin(store, "gate", "job")
    child = begin(store, "t", parent=1)
    gate, job = run.task_run_ids["gate"], run.task_run_ids["job"]
    tell(store, 1, *attempt(1, "gate", gate, outcome="false"))
    tell(store, 1, AttemptStarted(1, AT, "job", job, 1, 0, None), ChildStarted(1, AT, "job", job, 1, child.run_id, "p"))
    record = store.run(1)
    assert [(task.outcome, task.child_run_id, task.attempts[0].outcome) for task in record.tasks] == [
        ("false", None, "false"),
        (None, 2, None),
    ]
    assert (record.parent_run_id, store.run(2).parent_run_id) == (None, 1)
    assert [type(event).__name__ for _, event in store.events(1)][-1] == "ChildStarted"


def test_the_last_run_is_one_that_no_task_began(store: Store) -> None:
    """Neither ``last`` nor ``last-failed`` is a run of another pipeline that a task began."""
    for parent in (None, 1):
        run_id = begin(store, "t", parent=parent).run_id
        with store.hold(run_id):
            tell(store, run_id, RunEnded(run_id, AT, Result.FAILED, 1.0))
    assert [store.resolve(name) for name in ("last", "last-failed")] == [1, 1]


def test_values_of_earlier_runs(store: Store) -> None:
    """Of each task those of its newest success; where it never had one, of its newest end; of what was never done none."""
    told = [("a", Result.SUCCESS, 1), ("a", Result.FAILED, 2), ("b", Result.FAILED, 3), ("b", Result.FAILED, 4), ("c", Result.SUCCESS, 5)]
    for key, result, value in told:
        run = begin(store, key)
        tell(store, run.run_id, *attempt(run.run_id, key, run.task_run_ids[key], result=result, values={"k": value}))
    begin(store, "d")
    found = store.last_values("p", "abcd", of_file=False, bundle_job=None)
    assert {key: (left.run_id, left.values, left.result) for key, left in found.items()} == {
        "a": (1, {"k": 1}, "SUCCESS"), "b": (4, {"k": 4}, "FAILED"), "c": (5, {"k": 5}, "SUCCESS"),
    }  # fmt: skip
    assert store.last_values("q", "a", of_file=False, bundle_job=None) == {}

    with pytest.raises(UsageError):
        store.run(99)


def test_a_task_that_a_condition_left_out_since_has_no_values(store: Store) -> None:
    """It counts as left out, until it is done again: branches of two runs never come together."""
    for number, result in enumerate([Result.SUCCESS, Result.EXCLUDED, Result.FAILED, Result.SUCCESS], 1):
        run = begin(store, "a")
        if result is Result.EXCLUDED:
            tell(store, run.run_id, TaskEnded(run.run_id, AT, "a", run.task_run_ids["a"], result))
        else:
            tell(store, run.run_id, *attempt(run.run_id, "a", run.task_run_ids["a"], result=result, values={"k": number}))
        left = store.last_values("p", "a", of_file=False, bundle_job=None)["a"]
        expected = [(1, {"k": 1}, "SUCCESS"), (2, {}, "EXCLUDED"), (1, {"k": 1}, "SUCCESS"), (4, {"k": 4}, "SUCCESS")][number - 1]
        assert (left.run_id, left.values, left.result) == expected


def test_jobs_and_targets_of_a_bundle_are_kept_apart(store: Store) -> None:
    """Whatever the name that they bear: neither values nor the engine of one count for another."""
    jobs = [None, "k@dev", "k@prod", "j@dev"]
    for number, job in enumerate(jobs, 1):
        definition = {"file": "/w/p.yml", "bundle_job": job, "uses_spark": True}
        run = store.begin("p", ["a"], {}, definition, {}, "spark", None)
        tell(store, run.run_id, *attempt(run.run_id, "a", run.task_run_ids["a"], values={"k": number}))
        with store.hold(run.run_id):
            tell(store, run.run_id, RunEnded(run.run_id, AT, Result.SUCCESS, 1.0))
    for number, job in enumerate(jobs, 1):
        assert store.last_values("p", "a", of_file=True, bundle_job=job)["a"].values == {"k": number}
        assert store.last_success("p", of_file=True, bundle_job=job) == (number, "spark")
    assert store.last_values("p", "a", of_file=True, bundle_job="k@test") == {}


def test_the_rows_of_sql_of_an_earlier_run(store: Store) -> None:
    """They stand beside its values; of what is no SQL there are none."""
    rows = {"columns": ["n"], "rows": [{"n": 3}]}
    run = begin(store, "q", "t")
    tell(store, run.run_id, *attempt(run.run_id, "q", run.task_run_ids["q"], output=rows), *attempt(run.run_id, "t", run.task_run_ids["t"]))
    assert {key: left.output for key, left in store.last_values("p", "qt", of_file=False, bundle_job=None).items()} == {"q": rows, "t": {}}


def test_whose_values_count(store: Store) -> None:
    """Not those of a run that a task of another began, and for a pipeline of a file not those of a notebook of its name, whatever they
    are; attempts are counted."""
    notebook = {"file": None, "tasks": [{"task_key": "a", "kind": "notebook", "source": "/w/p.ipynb"}]}
    for value, (definition, parent) in enumerate((({"file": "/w/p.yml"}, None), (notebook, None), ({"file": "/w/p.yml"}, 1))):
        run = store.begin("p", ["a"], {}, definition, {}, "spark", parent)
        events = [event for number in (1, 2) for event in attempt(run.run_id, "a", run.task_run_ids["a"], number, values={"k": value})]
        tell(store, run.run_id, *events)
    for of_file, run_id in ((True, 1), (False, 2)):
        left = store.last_values("p", "a", of_file=of_file, bundle_job=None)["a"]
        assert (left.run_id, left.values, left.executions) == (run_id, {"k": run_id - 1}, 2)


def test_a_notebook_run_by_itself_is_told_from_a_pipeline_of_its_name(store: Store) -> None:
    """In the record and in lists, which can be of either; a part of a pipeline made in Python is none."""
    told = {"file": None, "tasks": [{"task_key": "a", "kind": "notebook", "source": "/w/p.ipynb"}]}
    other = {"file": None, "tasks": [{"task_key": "a", "kind": "notebook", "source": "/w/a.ipynb"}]}
    for definition in ({"file": "/w/p.yml", "tasks": []}, told, other, {}):
        store.begin("p", ["a"], {}, definition, {}, "spark")
    assert [store.run(run_id).title for run_id in (1, 2, 3, 4)] == ["p", "p.ipynb", "p", "p"]
    assert [run.title for run in store.runs("p")] == ["p", "p", "p.ipynb", "p"]
    assert [run.run_id for run in store.runs("p", source="p.ipynb")] == [2]
    assert [run.run_id for run in store.runs("p", source="")] == [4, 3, 1]
    assert store.runs("p", source="w") == [] and store.runs("p", source="x.ipynb") == []


def test_the_engine_of_the_last_success(store: Store) -> None:
    """Is that of a run of the pipeline, not of a notebook of its name."""
    for engine, file in (("sail", "/w/p.yml"), ("spark", None)):
        run = store.begin("p", ["a"], {}, {"file": file, "uses_spark": True}, {}, engine)
        tell(store, run.run_id, RunEnded(run.run_id, AT, Result.SUCCESS, 1.0))
    assert [store.last_success("p", of_file=of_file, bundle_job=None) for of_file in (True, False)] == [(1, "sail"), (2, "spark")]
