"""The page of a run, made from records by hand."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from nbflow.core.records import AttemptRecord, RunRecord, TaskRecord
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.core.writes import TableWrite
from nbflow.plan.export.marks import mark_of
from nbflow.store.printed import LogLine
from nbflow.surface.report.page import write_page
from nbflow.surface.report.run_page import run_page
from tests.surface.report.test_report_command import Page

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def a_task(key: str, result: Result | None, **more: Any) -> TaskRecord:
    """A task with one attempt of a second."""
    end = START + timedelta(seconds=1)
    attempt = AttemptRecord(1, result, more.get("error"), START, end if result else None, 1.0, more.get("notebook"))
    return TaskRecord(
        key,
        1,
        result,
        more.pop("error", None),
        None,
        START,
        end if result else None,
        1.0,
        more.pop("notebook", None),
        attempts=(attempt,),
        **more,
    )


def a_run(*tasks: TaskRecord, **more: Any) -> RunRecord:
    """A run of these tasks, of two seconds."""
    values: dict[str, Any] = {"result": Result.FAILED, "ended": START + timedelta(seconds=2), **more}
    return RunRecord(3, "p", values.pop("result"), None, START, values.pop("ended"), 2.0, "spark", tasks=tasks, **values)


def test_work_that_is_no_notebook() -> None:
    """The end of a failed program's log stands with its error, its whole log with the task; the result of SQL is a table."""
    error = TaskError(ErrorKind.EXIT, "it ended with code 3", traceback="\n".join(f"line {at}" for at in range(40)))
    tasks = (
        a_task("program", Result.FAILED, error=error, log="/r/program.log", cells=0),
        a_task(
            "query", Result.SUCCESS, output={"columns": ["day", "<sum>"], "rows": [{"day": 1, "<sum>": 2.5}, {"day": 2, "<sum>": None}]}
        ),
    )
    page = Page(run_page(a_run(*tasks), [LogLine("program", 0, "stdout", "\x1b[31mred\x1b[0m <b>")]))
    assert "it ended with code 3" in page.text and "line 39" in page.text and "line 24" not in page.text
    assert "red <b>" in page.text and "\x1b" not in page.text and "/r/program.log" in page.text
    heads = [attributes for attributes in page.all("th") if attributes.get("scope") == "col"]
    assert heads and "<sum>" in page.text and "2.5" in page.text and "null" in page.text
    assert not page.all("iframe")


def test_how_much_one_page_holds(tmp_path: Path) -> None:
    """At most 100 notebooks, those of failed tasks first; at most 1,000 lines of a log, the last ones; notebooks of some size."""
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": "1", "outputs": [], "execution_count": 1}
    (tmp_path / "n.ipynb").write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}))
    big = {**cell, "source": "x" * 5_000_001}
    (tmp_path / "big.ipynb").write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [big]}))
    error = TaskError(ErrorKind.CELL_ERROR, "no", 1, "ValueError", "no", "raise")
    tasks = [a_task(f"t{at}", Result.SUCCESS, notebook=str(tmp_path / "n.ipynb")) for at in range(100)]
    tasks += [a_task("last", Result.FAILED, error=error, notebook=str(tmp_path / "n.ipynb"), cells=1)]
    tasks += [a_task("big", Result.SUCCESS, notebook=str(tmp_path / "big.ipynb"))]
    page = Page(run_page(a_run(*tasks), [LogLine("t0", 1, "stdout", f"printed {at};") for at in range(1500)]))
    frames = [frame["title"] or "" for frame in page.all("iframe")]
    assert len(frames) == 100 and "Executed notebook of last" in frames and "Executed notebook of t99" not in frames
    assert "is not shown here: this page holds enough" in page.text
    assert "(the last 1000 of 1500 lines)" in page.text and "printed 500;" in page.text and "printed 499;" not in page.text
    only = Page(run_page(a_run(tasks[-1]), []))
    assert "has 5 MB" in only.text and not only.all("iframe")


def test_a_run_that_goes_on_and_one_that_was_killed() -> None:
    """Both have a report: what is known until now, and that nobody knows more. What waits has not run yet; what was cut off is
    not shown as if its time were known."""
    blocked, queued = (replace(a_task(key, None), attempts=(), started=None, duration_s=None) for key in "bc")
    run = replace(a_run(a_task("a", None, cell=2, cells=5), blocked, queued, result=None, ended=None), duration_s=None)
    going = Page(run_page(replace(run, definition={"tasks": [{"task_key": "b", "depends_on": ["a"]}]}), []))
    assert "RUNNING" in going.text and "running for" in going.text and "when this was written" in going.text and "took" not in going.text
    assert "WAITING, has not run yet, waits for a" in going.text and "did not run" not in going.text
    assert "WAITING, has not run yet, waits for its turn, waited" in going.text
    killed = Page(run_page(a_run(a_task("a", None), result=None, ended=None, interrupted=True), []))
    assert "INTERRUPTED" in killed.text and "Its process ended without a word" in killed.text
    assert "when it ended is not known" in killed.text and "all of it" not in killed.text and "RUNNING" not in str(killed.elements)
    again = a_task("a", None)
    first = AttemptRecord(1, Result.TIMEDOUT, None, START, START, 0.0, None)
    again = replace(again, attempts=(first, replace(again.attempts[0], number=2)))
    killed = Page(run_page(a_run(again, result=None, ended=None, interrupted=True), []))
    assert "attempts: 1 TIMEDOUT, 1 INTERRUPTED" in killed.text and "RUNNING" not in killed.text


def test_the_timeline_tells_each_state_by_word_and_shape() -> None:
    """Beside each track stand the shape and the word of its task's state, and of its attempts where they ended otherwise; the key has the
    look of every bar that there is, with its words."""
    said = {
        "good": (Result.SUCCESS, "SUCCESS, ran 1.0 s"),
        "ended": (Result.CANCELED, "CANCELED, ran 1.0 s"),
        "late": (Result.TIMEDOUT, "TIMEDOUT, ran 1.0 s"),
        "going": (None, "RUNNING, ran "),
    }
    tasks = [a_task(key, result) for key, (result, _) in said.items()]
    retried = a_task("retried", Result.SUCCESS)
    failed = AttemptRecord(1, Result.FAILED, None, START, START + timedelta(seconds=1), 1.0, None)
    last = replace(retried.attempts[0], number=2, started=START + timedelta(seconds=1), ended=START + timedelta(seconds=2))
    never = replace(a_task("never", Result.UPSTREAM_FAILED), attempts=(), started=None, duration_s=None)
    run = a_run(*tasks, replace(retried, attempts=(failed, last)), never, result=None, ended=None)
    page = run_page(run, [])
    rows = re.findall(r'<li><a class="name".*?</li>', page, re.DOTALL)
    states = ["SUCCESS", "CANCELED", "TIMEDOUT", "RUNNING", "SUCCESS", "UPSTREAM_FAILED"]
    words = [sentence for _, sentence in said.values()]
    words += ["SUCCESS, ran 2.0 s, attempts: 1 FAILED, 1 SUCCESS", "UPSTREAM_FAILED, did not run"]
    for row, state, sentence in zip(rows, states, words, strict=True):
        assert f'<path d="{mark_of(state).shape}"/></svg> {sentence}' in row, row
    key = re.sub(r"\s+", " ", "".join(re.findall(r'<p class="dim key">.*?</p>', page, re.DOTALL)))
    for kind, told in (("bad", "ran, FAILED or TIMEDOUT"), ("run", "ran, RUNNING"), ("warn", "ran, CANCELED"), ("ok", "ran, SUCCESS")):
        assert f'<span class="bar {kind}"></span> {told}' in key, key


def test_the_steps_of_a_for_each_hang_at_it() -> None:
    """In the graph one box stands for a step in all items and leads to the task of it that failed; each item is a task of the page, with
    where its parameters come from."""
    error = TaskError(ErrorKind.CELL_ERROR, "no", 1, "ValueError", "no", "raise")
    items = [a_task(f"loop/{at}", Result.FAILED if at == 1 else Result.SUCCESS, error=error if at == 1 else None, parent="loop", index=at)
             for at in range(3)]  # fmt: skip
    items[0] = replace(items[0], parameters={"day": "monday"}, input="monday")
    argument = {"name": "day", "type": "str", "value": "{{input}}", "origin": "task", "late": True, "expression": False}
    planned = {"task_key": "loop", "depends_on": [], "steps": [{"task_key": "each", "depends_on": [], "parameters": [argument]}]}
    page = Page(run_page(a_run(a_task("loop", Result.FAILED), *items, definition={"tasks": [planned]}), []))
    boxes = [link["href"] for link in page.all("a") if link["href"] in ("#task-1", "#task-2", "#task-3", "#task-4")]
    assert boxes[:1] == ["#task-3"], "the error comes first"
    assert boxes[1:5] == ["#task-1", "#task-3", "#task-1", "#task-3"], "a box for the loop and one for its step, in two pictures"
    assert "each, for each item of loop: 1 FAILED, 2 SUCCESS, of 3" in page.text and "1 of 3 FAILED" in page.text
    text = " ".join(page.text.split())
    assert "monday task, {{input}}" in text and "loop/0 SUCCESS item monday, 1.0 s" in text


def test_the_graph_goes_downwards_on_narrow_screens_where_that_is_narrower() -> None:
    """A chain stands there in both ways, many tasks that wait for one only from left to right."""
    for parent, count in ((lambda at: at - 1, 1), (lambda _: 0, 0)):
        planned = [{"task_key": f"t{at}", "depends_on": [f"t{parent(at)}"] if at else []} for at in range(4)]
        tasks = [a_task(f"t{at}", Result.SUCCESS) for at in range(4)]
        assert run_page(a_run(*tasks, definition={"tasks": planned}), []).count('<div class="wide graph-down"') == count


def test_tables_and_what_is_not_told_of_them() -> None:
    """Versions, operations and rows as the log tells them; where it does not, so it says."""
    write = TableWrite("gold.daily", 2, 4, 3, ("MERGE", "WRITE"), 7, 1, None, 40)
    text = " ".join(Page(run_page(a_run(a_task("a", Result.SUCCESS, tables=(write,))), [])).text.split())
    assert "gold.daily a 2 to 4 MERGE, WRITE 7 1 not told 40" in text


def test_two_who_write_one_page_at_once(tmp_path: Path) -> None:
    """Each writes it whole: one of them is there afterwards, and nothing else."""
    place = tmp_path / "report.html"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda letter: write_page(letter * 2_000_000, place), "abcd" * 5))
    assert len(set(place.read_text("utf-8"))) == 1 and place.stat().st_size == 2_000_000
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
