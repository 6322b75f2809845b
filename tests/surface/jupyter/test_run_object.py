"""What ``run_pipeline`` returns, made from a document."""

from __future__ import annotations

import json
import os
import re
import shutil
import xml.etree.ElementTree as ET
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from nbflow.core.errors import RunFailedError, UsageError
from nbflow.core.progress import RunProgress
from nbflow.core.results import Result
from nbflow.core.writes import TableWrite
from nbflow.plan.export.graph import graph_svg
from nbflow.surface.jupyter.run import Run
from nbflow.surface.jupyter.where import Where

WROTE = TableWrite("bronze.events", 3, 3, 1, ("WRITE",), 42, 0, 0, None)


def _document(result: str, error: dict[str, Any] | None) -> dict[str, Any]:
    task = {
        "task_key": "a<b>", "task_run_id": 1, "result": result, "error": error, "reason": None,
        "started": None, "ended": None, "duration_s": 1.25,
        "notebook": "/w/runs/p/7/a & b.ipynb",
        "parameters": {"x": 1}, "values": {"k": "<script>"}, "exit_value": None, "ended_at_cell": None,
        "attempts": [{}, {}], "tables": [WROTE.to_json()],
    }  # fmt: skip
    return {
        "version": 1, "run_id": 7, "pipeline": "p", "result": result, "state": result,
        "error": error and "a FAILED", "engine": "spark",
        "started": None, "ended": None, "duration_s": 2.5, "parameters": {"x": 1}, "tasks": [task],
    }  # fmt: skip


ERROR = {"kind": "CELL_ERROR", "cell": 3, "ename": "ValueError", "evalue": "<b>no</b>", "message": "ValueError: no"}


def test_a_run_that_succeeded() -> None:
    """Results, values, notebooks and times are there by task; asking for a result returns the run."""
    run = Run(_document("SUCCESS", None))
    assert (run.run_id, run.result, run.ok, run.duration, run.errors) == (7, Result.SUCCESS, True, 2.5, {})
    assert run.values == {"a<b>": {"k": "<script>"}}
    assert run.notebooks["a<b>"].name == "a & b.ipynb"
    assert (run.tasks["a<b>"].attempts, run.tasks["a<b>"].tables) == (2, (WROTE,))
    assert run.raise_for_result() is run


def test_a_run_that_failed_raises_on_request() -> None:
    """``raise_for_result`` raises with the run, its result, and each failed task's cell and error."""
    run = Run(_document("FAILED", ERROR))
    assert (run.ok, run.error, run.errors) == (False, "a FAILED", {"a<b>": ERROR})
    with pytest.raises(RunFailedError, match=r"run 7 of p: FAILED\na<b> in cell 3: ValueError: <b>no</b>") as caught:
        run.raise_for_result()
    assert (caught.value.run_id, caught.value.result) == (7, Result.FAILED)


def test_it_shows_itself_escaped() -> None:
    """The table holds every task, a link to its notebook, and no markup of foreign origin."""
    run = Run(_document("FAILED", ERROR))
    html = run._repr_html_() or ""
    for foreign in ("<script>", "<b>no", "a<b>"):
        assert foreign not in html
    assert "&lt;b&gt;no&lt;/b&gt;" in html
    assert "a%20%26%20b.ipynb" in html
    assert set(run._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert repr(run).splitlines()[0] == "p: run 7 FAILED in 2.5 s, Spark engine: spark"
    assert "cell 3: ValueError" in repr(run)
    assert "FAILED (attempt 2)" in repr(run) and ">FAILED (attempt 2)<" in html


def test_foreign_text_bears_no_escapes_of_terminals() -> None:
    """Neither in the table, the text and the frame nor in what is raised, which tells a long one by its beginning."""
    error = {**ERROR, "evalue": "\x1b[31mred\x1b[0m\x07 " + "x" * 1000}
    document = {**_document("FAILED", error), "notes": ["\x1b]0;title\x07said"]}
    document["tasks"].append({**document["tasks"][0], "task_key": "after", "error": None, "reason": "\x1b[1mbold"})
    run = Run(document)
    with pytest.raises(RunFailedError) as caught:
        run.raise_for_result()
    for text in (repr(run), run._repr_html_() or "", run.to_frame().to_string(), str(caught.value)):
        assert not re.search(r"[\x00-\x08\x0b-\x1f]|\[31m|\[1m|title", text)
    assert "ValueError: red xxx" in str(caught.value) and len(str(caught.value)) < 400
    assert "ValueError: red xxx" in repr(run) and "bold" in repr(run) and "said" in repr(run)
    svg = graph_svg(RunProgress.of(document))
    ET.fromstring(svg)  # no character of XML is one of a terminal's


def test_a_result_and_a_time_stand_on_one_line() -> None:
    """Of few tasks by the style of their columns, of many by spaces that do not break."""
    few = Run(_document("FAILED", ERROR))._repr_html_() or ""
    assert re.search(r"<td style=[^> ]*white-space:nowrap><span[^>]*>FAILED \(attempt 2\)</span><td style=white-space:nowrap>1\.2 s", few)
    document = _document("FAILED", ERROR)
    document["tasks"] = [{**document["tasks"][0], "task_key": f"t{at}"} for at in range(20)]
    many = Run(document)._repr_html_() or ""
    assert many.count(">FAILED\u00a0(attempt\u00a02)</span>") == many.count("<td>1.2\u00a0s") == 20


def test_what_is_told_beside_the_tasks() -> None:
    """The engine in the first line, whether it was needed or not, and below the table the report, warnings and notes, escaped and not too
    long; of many notes how many there are."""
    document = {**_document("SUCCESS", None), "engine": "sail", "uses_spark": True, "warnings": ["tags: </div>" + "x" * 999]}
    run = Run({**document, "notes": ["s.t changed\nmeanwhile"], "report": "/w/runs/p/7/report.html"})
    html, lines = run._repr_html_() or "", repr(run).splitlines()
    assert (run.engine, run.report) == ("sail", Path("/w/runs/p/7/report.html"))
    assert lines[0] == "p: run 7 SUCCESS in 2.5 s, Spark engine: sail" and "Spark engine: sail</b>" in html
    assert lines[-2].startswith("  warning: tags: </div>xxx") and len(lines[-2]) < 320 and lines[-1] == "  s.t changed meanwhile"
    assert "tags: &lt;/div&gt;xxx" in html and html.index("</table>") < html.index("report.html'>report.html</a>") < html.index(
        "changed meanwhile"
    )
    none = Run({**document, "engine": "none", "uses_spark": False, "notes": [f"n{at}" for at in range(20)]})
    assert (repr(none).splitlines()[0], none.report) == ("p: run 7 SUCCESS in 2.5 s, Spark engine: none (not needed)", None)
    assert "and 13 more notes" in repr(none)


def test_a_run_that_goes_on() -> None:
    """Without a result nothing is claimed: not ok, no duration, and asking for the result is an error, which is no failure."""
    document = _document("SUCCESS", None)
    run = Run({**document, "result": None, "state": "RUNNING", "duration_s": None})
    assert (run.result, run.ok, run.state) == (None, False, "RUNNING")
    assert "RUNNING" in repr(run)
    with pytest.raises(RunFailedError, match=r"run 7 of p: RUNNING\nit has not ended yet: run\.wait\(\)") as caught:
        run.raise_for_result()
    assert caught.value.result is None


@pytest.fixture
def wrote(tmp_path: Path) -> Run:
    """A run that wrote version 0 of a table, in a workspace where somebody wrote version 1 since."""
    from deltalake import write_deltalake

    place = tmp_path / "warehouse/gold/daily"
    write_deltalake(place, pa.table({"day": [1, 2], "sum": [Decimal("1.50"), None]}))
    write_deltalake(place, pa.table({"day": [9], "sum": [Decimal("9.99")]}), mode="overwrite")
    (tmp_path / "pipelines").mkdir()
    write = TableWrite("gold.daily", 0, 0, 1, ("WRITE",), 2, 0, 0, 2)
    document = _document("SUCCESS", None)
    document["tasks"][0]["tables"] = [write.to_json()]
    return Run(document, Where(tmp_path))


def test_tables_as_the_run_left_them(wrote: Run) -> None:
    """A preview is a data frame of the version that the run wrote, read without any engine; the one table of a task has a short name."""
    frame = wrote.tables["gold.daily"]
    assert frame["day"].tolist() == [1, 2] and frame["sum"].tolist() == [Decimal("1.50"), None]
    assert wrote.tables["Gold.Daily"].equals(frame) and wrote.tasks["a<b>"].table.equals(frame)
    assert (list(wrote.tables), len(wrote.tables), repr(wrote.tables)) == (["gold.daily"], 1, "tables: gold.daily")
    assert wrote.tables.get("gold.nothing") is None and "gold.daily" in wrote.tables


def test_tables_that_there_are_not(wrote: Run) -> None:
    """A name that is near is suggested; a task with no table or with several says so; a table that was removed since is told."""
    with pytest.raises(UsageError, match=r"the run wrote no table 'gold.dayly' \(did you mean 'gold.daily'\?\)"):
        wrote.tables["gold.dayly"]
    document = _document("SUCCESS", None)
    document["tasks"][0]["tables"] = []
    with pytest.raises(UsageError, match="task 'a<b>' wrote no table"):
        _ = Run(document).tasks["a<b>"].table
    document["tasks"][0]["tables"] = [WROTE.to_json(), {**WROTE.to_json(), "table": "silver.events"}]
    with pytest.raises(UsageError, match=r'wrote bronze.events, silver.events \(run.tables\["bronze.events"\] reads one'):
        _ = Run(document).tasks["a<b>"].table
    shutil.rmtree(wrote._where.root / "warehouse/gold")
    with pytest.raises(UsageError, match="there is no table 'gold.daily'"):
        wrote.tables["gold.daily"]


def test_a_name_that_is_not_there() -> None:
    """Is a ``KeyError`` that says what is not there, and what may be meant: for tasks, values, parameters, errors, notebooks, tables."""
    run = Run(_document("SUCCESS", None))
    with pytest.raises(KeyError) as caught:
        run.tasks["a<>"]
    assert str(caught.value) == "run 7 has no task 'a<>' (did you mean 'a<b>'?)"
    for look, told in (
        (lambda: run.values["zzz"], "no values were set in run 7 by a task 'zzz' (there are a<b>)"),
        (lambda: run.values["a<b>"]["kk"], "task 'a<b>' set no value 'kk' (did you mean 'k'?)"),
        (lambda: run.tasks["a<b>"].values["z"], "task 'a<b>' set no value 'z' (there are k)"),
        (lambda: run.tasks["a<b>"].parameters["z"], "task 'a<b>' has no parameter 'z' (there are x)"),
        (lambda: run.parameters["z"], "run 7 has no parameter 'z' (there are x)"),
        (lambda: run.errors["a<b>"], "no error was left in run 7 by a task 'a<b>' (there are none)"),
        (lambda: run.notebooks["z"], "no notebook was executed in run 7 by a task 'z' (there are a<b>)"),
        (lambda: run.tables["z"], "the run wrote no table 'z' (there are bronze.events)"),
    ):
        with pytest.raises(KeyError) as caught:
            look()
        assert str(caught.value) == told and isinstance(caught.value, UsageError)
    assert run.tasks.get("z") is None and "z" not in run.values and json.loads(json.dumps(run.values)) == {"a<b>": {"k": "<script>"}}


def test_a_table_that_several_tasks_wrote_is_as_the_last_one_left_it(tmp_path: Path) -> None:
    """Not as the last one that is listed did: of tasks at the same time the newest version counts, of one after the other the later
    one, whose table may have been made anew."""
    clock = "2026-01-01T00:00:{}+00:00".format

    def task(key: str, began: int, ended: int | None, **versions: int) -> dict[str, Any]:
        writes = [TableWrite(f"b.{name}", last, last, 1, ("WRITE",), 1, 0, 0, None).to_json() for name, last in versions.items()]
        times = {"started": clock(f"{began:02}"), "ended": None if ended is None else clock(f"{ended:02}")}
        return {**_document("SUCCESS", None)["tasks"][0], "task_key": key, "tables": writes, **times}

    tasks = [task("late", 50, None, shared=9, anew=0), task("one", 10, 30, shared=7, anew=3, same=5), task("two", 20, 40, shared=6, same=8)]
    run = Run({**_document("SUCCESS", None), "tasks": tasks}, Where(tmp_path))
    assert {name: write.last_version for name, write in run.tables._writes.items()} == {"b.shared": 9, "b.anew": 0, "b.same": 8}


def test_a_frame_of_its_tasks() -> None:
    """A row for each task, with times as times and errors in a line; a run without tasks has no rows."""
    document = _document("FAILED", ERROR)
    document["tasks"][0] |= {"started": "2026-01-01T00:00:00.000001+00:00", "reason": "task 'b' ended FAILED"}
    frame = Run(document).to_frame()
    assert frame.index.tolist() == ["a<b>"]
    row = frame.loc["a<b>"]
    assert (row["result"], row["duration_s"], row["attempts"], row["error"]) == ("FAILED", 1.25, 2, "ValueError: <b>no</b>")
    assert row["reason"] == "task 'b' ended FAILED"
    assert row["started"].isoformat() == "2026-01-01T00:00:00.000001+00:00" and row["values"] == {"k": "<script>"}
    assert len(Run({**document, "tasks": []}).to_frame()) == 0


def test_of_very_many_tasks_those_that_failed_are_shown() -> None:
    """In the text as in the table: some of them, and how many there are besides; of a run that goes on the state of each."""
    one = {**_document("SUCCESS", None)["tasks"][0], "values": {}, "tables": []}
    tasks = [{**one, "task_key": f"t{at}"} for at in range(300)]
    tasks[250] = {**tasks[250], "result": "FAILED", "error": ERROR}
    run = Run({**_document("FAILED", ERROR), "tasks": tasks})
    lines = repr(run).splitlines()
    assert (len(lines), lines[1].split()[:2], lines[-2]) == (203, ["t250", "FAILED"], "  and 100 more tasks")
    kept = run._repr_mimebundle_()["text/plain"].splitlines()
    assert (len(kept), kept[1], kept[-2]) == (28, lines[1], "  and 275 more tasks"), "beside HTML it is shorter"
    assert lines[-1] == kept[-1] and kept[-1].startswith("  notebooks and logs: ") and kept[-1].endswith("w/runs/p/7")
    html = run._repr_html_() or ""
    assert html.count("<tr>") == 201 and "and 100 more tasks" in html
    goes_on = [{**one, "task_key": key, "result": None, "attempts": attempts} for key, attempts in (("a", [{"result": None}]), ("b", []))]
    told = repr(Run({**_document("SUCCESS", None), "result": None, "state": "RUNNING", "duration_s": None, "tasks": goes_on}))
    assert [line.split()[:2] for line in told.splitlines()[1:]] == [["a", "RUNNING"], ["b", "WAITING"]]


def _ordinary(count: int) -> list[dict[str, Any]]:
    """Tasks in layers of ten: keys of 30 letters, three parents and four values each, an executed notebook in the workspace."""
    keys = [f"load_customer_orders_regio_{at:03}" for at in range(count)]
    tasks = []
    for at, key in enumerate(keys):
        above = (at // 10 - 1) * 10
        values = {"rows": 123456 + at, "table": f"silver.orders_{at:03}", "day": "2026-01-31", "rejected": at * 17}
        notebook = os.path.abspath(f"../runs/daily_orders/123/{key}.ipynb")
        parents = [keys[above + (at * 7 + step) % 10] for step in (0, 3, 6)] if above >= 0 else []
        own = {"task_key": key, "values": values, "notebook": notebook, "depends_on": parents, "tables": [], "duration_s": 12.25 + at}
        tasks.append({**_document("SUCCESS", None)["tasks"][0], **own, "attempts": [{}]})
    return tasks


def test_what_it_leaves_in_a_notebook_stays_small() -> None:
    """The picture, the table and the text of 100 ordinary tasks take well below 60 kB; all of them stand in the table, with a link."""
    assert len({len(task["task_key"]) for task in _ordinary(100)}) == 1 and len(_ordinary(1)[0]["task_key"]) == 30
    bundle = Run({**_document("SUCCESS", None), "tasks": _ordinary(100)})._repr_mimebundle_()
    assert len(json.dumps(bundle)) <= 52_000
    assert bundle["text/html"].count("<tr>") == 101 and bundle["text/html"].count("<a href='../runs/daily_orders/123/load_") == 100
    assert bundle["text/html"].count("rows = 123") == 100
