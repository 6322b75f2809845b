"""The progress of a run, folded from its events."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from nbflow.core.events import (
    AttemptEnded,
    AttemptStarted,
    CancelRequested,
    CellStarted,
    ChildStarted,
    Event,
    Noted,
    RetryPlanned,
    RunEnded,
    RunStarted,
    TaskEnded,
)
from nbflow.core.progress import RunProgress, TaskProgress
from nbflow.core.records import run_payload
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.store.store import Store

START = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
ERROR = TaskError(ErrorKind.CELL_ERROR, "ValueError: no", 2, "ValueError", "no", "raise ValueError('no')", "Traceback")


def story(run_id: int, a: int, b: int, c: int) -> list[Event]:
    """A run of three tasks: ``a`` fails once and then succeeds, ``b`` fails, ``c`` is not started."""

    def at(seconds: float) -> datetime:
        return START + timedelta(seconds=seconds)

    return [
        RunStarted(run_id, at(0), "p", ("a", "b", "c"), "spark"),
        AttemptStarted(run_id, at(1), "a", a, 1, 3, "/r/a.ipynb", {"x": 1}),
        CellStarted(run_id, at(2), "a", a, 1, 1),
        CellStarted(run_id, at(3), "a", a, 1, 2),
        AttemptEnded(run_id, at(4), "a", a, 1, Result.FAILED, ERROR, 3.0),
        RetryPlanned(run_id, at(4), "a", a, 1, 5.0),
        AttemptStarted(run_id, at(9), "a", a, 2, 3, "/r/a.ipynb", {"x": 1}),
        CellStarted(run_id, at(10), "a", a, 2, 3),
        AttemptEnded(run_id, at(11), "a", a, 2, Result.SUCCESS, None, 2.0),
        TaskEnded(run_id, at(11), "a", a, Result.SUCCESS),
        AttemptStarted(run_id, at(12), "b", b, 1, 2, "/r/b.ipynb", {}),
        CellStarted(run_id, at(12), "b", b, 1, 2),
        AttemptEnded(run_id, at(13), "b", b, 1, Result.FAILED, ERROR, 1.0),
        TaskEnded(run_id, at(13), "b", b, Result.FAILED),
        TaskEnded(run_id, at(13), "c", c, Result.UPSTREAM_FAILED, "task 'b' ended FAILED"),
        RunEnded(run_id, at(14), Result.FAILED, 14.0, "b failed"),
    ]


def test_folding_events_is_reading_the_record(tmp_path: Path) -> None:
    """After each event the progress kept up by events equals the one that the record tells."""
    store = Store.open(tmp_path, Path("runs"), now=lambda: START)
    definition = {
        "tasks": [{"task_key": "a", "depends_on": []}, {"task_key": "b", "depends_on": ["a"]}, {"task_key": "c", "depends_on": ["b"]}]
    }
    given = store.begin("p", ["a", "b", "c"], {}, definition, {}, "spark")
    with store.hold(given.run_id):
        folded = RunProgress.of(run_payload(store.run(given.run_id)))
        tell = store.listener(given.run_id)
        for event in story(given.run_id, *given.task_run_ids.values()):
            tell(event)
            folded.take(event)
            assert folded == RunProgress.of(run_payload(store.run(given.run_id))), event
    assert [task.said for task in folded.tasks.values()] == ["SUCCESS (attempt 2) 5.0 s", "FAILED in cell 2", "UPSTREAM_FAILED"]
    assert folded.edges == {"a": (), "b": ("a",), "c": ("b",)}
    assert folded.counts == {"SUCCESS": 1, "FAILED": 1, "UPSTREAM_FAILED": 1}
    store.close()


def test_the_items_of_a_for_each_are_folded_as_they_are_recorded(tmp_path: Path) -> None:
    """Its steps, the items and those that are done are the same by events and by the record; an item is done with its last step."""
    store = Store.open(tmp_path, Path("runs"), now=lambda: START)
    steps = [{"task_key": "x", "depends_on": []}, {"task_key": "y", "depends_on": ["x"]}]
    given = store.begin("p", ["loop"], {}, {"tasks": [{"task_key": "loop", "depends_on": [], "steps": steps}]}, {}, "spark")
    run_id, loop = given.run_id, given.task_run_ids["loop"]
    with store.hold(run_id):
        folded = RunProgress.of(run_payload(store.run(run_id)))
        tell = store.listener(run_id)
        begun: Event = AttemptStarted(run_id, START, "loop", loop, 1, 0, None, items=2)
        tell(begun)
        folded.take(begun)
        keys = [(f"loop/{at}/{step}", at, at) for at in (0, 1) for step in ("x", "y")]
        ids = store.add_steps(loop, keys)
        done = []
        for key, _, _ in keys:
            for event in (
                AttemptStarted(run_id, START, key, ids[key], 1, 2, None),
                AttemptEnded(run_id, START, key, ids[key], 1, Result.SUCCESS, None, 1.0),
                TaskEnded(run_id, START, key, ids[key], Result.SUCCESS),
            ):
                tell(event)
                folded.take(event)
                known = RunProgress.of(run_payload(store.run(run_id)))
                assert folded.tasks == known.tasks and _plain(folded) == {key: _plain(known)[key] for key in folded.steps}
            done.append(folded.tasks["loop"].said)
    assert done == ["0 of 2 done", "1 of 2 done", "1 of 2 done", "2 of 2 done"]
    assert known.tasks["loop"].steps == {"x": (), "y": ("x",)} and known.steps["loop/1/y"].depends_on == ("loop/1/x",)
    store.close()


def _plain(run: RunProgress) -> dict[str, TaskProgress]:
    """The steps without what only the plan tells."""
    return {key: replace(step, depends_on=()) for key, step in run.steps.items()}


def test_a_run_from_its_first_event_on() -> None:
    """Without a document the first event tells the tasks; what it wrote and the run that a task began come with theirs."""
    run = RunProgress()
    for event in story(4, 1, 2, 3):
        run.take(event)
    assert (run.run_id, run.pipeline, run.engine, run.began, list(run.tasks)) == (4, "p", "spark", START, ["a", "b", "c"])
    run.take(ChildStarted(4, START, "a", 1, 1, 9, "inner"))
    assert run.tasks["a"].child == "run 9 of inner"
    assert list(run.afresh().tasks.values()) == [TaskProgress("a"), TaskProgress("b"), TaskProgress("c")]


def test_what_a_running_task_says() -> None:
    """Where it is, in a few words; from the second attempt on with its number."""
    task = TaskProgress("a")
    run = RunProgress(1, "p", "spark", "RUNNING", START, None, None, {"a": task})
    said = [task.said]
    for event in story(1, 1, 2, 3)[:9]:
        run.take(event)
        said.append(task.said)
    assert said == [
        "waits", "waits", "starts", "cell 1 of 3", "cell 2 of 3", "attempt 1 ended", "attempt 1 ended", "attempt 2, starts",
        "attempt 2, cell 3 of 3", "attempt 2 ended",
    ]  # fmt: skip


def test_the_newest_words_of_a_run() -> None:
    """Notes with the task they are about, the wish to cancel, and no more than five of them."""
    run = RunProgress(1, "p", "spark", "RUNNING", START, None, None, {"a": TaskProgress("a")})
    for number in range(4):
        run.take(Noted(1, START, f"note {number}", None))
    run.take(Noted(1, START, "more", "a"))
    run.take(CancelRequested(1, START, "SIGINT"))
    assert run.notes == ["note 1", "note 2", "note 3", "a: more", "cancelling the run, asked by SIGINT"]


def test_a_run_that_was_killed_has_no_running_tasks(tmp_path: Path) -> None:
    """What ran is interrupted, what waited was not started."""
    store = Store.open(tmp_path, Path("runs"), now=lambda: START)
    given = store.begin("p", ["a", "b"], {}, {}, {}, "spark")
    with store.hold(given.run_id):
        tell = store.listener(given.run_id)
        tell(AttemptStarted(given.run_id, START, "a", given.task_run_ids["a"], 1, 3, None, {}))
    run = RunProgress.of(run_payload(store.run(given.run_id)))
    assert (run.state, run.over, run.counts) == ("INTERRUPTED", True, {"INTERRUPTED": 1, "NOT_STARTED": 1})
    store.close()


def test_steps_of_a_for_each_come_up_while_it_runs() -> None:
    """They are told of beside the tasks, which stay as they are: where each is, and why one failed."""
    run = RunProgress(1, "p", "spark", "RUNNING", START, None, None, {"loop": TaskProgress("loop")})
    for event in (
        AttemptStarted(1, START, "loop", 1, 1, 0, None, items=2),
        AttemptStarted(1, START, "loop/0", 2, 1, 3, "/r/0.ipynb"),
        CellStarted(1, START, "loop/0", 2, 1, 2),
        AttemptEnded(1, START, "loop/0", 2, 1, Result.FAILED, ERROR, 1.0),
        TaskEnded(1, START, "loop/0", 2, Result.FAILED),
        AttemptStarted(1, START, "loop/1", 3, 1, 3, "/r/1.ipynb"),
        CellStarted(1, START, "loop/1", 3, 1, 1),
    ):
        run.take(event)
    assert list(run.tasks) == ["loop"]
    assert {key: (task.said, task.failed) for key, task in run.steps.items()} == {
        "loop/0": ("FAILED in cell 2", True), "loop/1": ("cell 1 of 3", False),
    }  # fmt: skip
