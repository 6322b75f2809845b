"""What ``run_pipeline`` returns, made from a document."""

from __future__ import annotations

from typing import Any

import pytest

from nbflow.core.errors import RunFailedError
from nbflow.core.results import Result
from nbflow.core.writes import TableWrite
from nbflow.surface.jupyter.run import Run

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
    html = run._repr_html_()
    for foreign in ("<script>", "<b>no", "a<b>"):
        assert foreign not in html
    assert "&lt;b&gt;no&lt;/b&gt;" in html
    assert "a%20%26%20b.ipynb" in html
    assert set(run._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert repr(run).splitlines()[0] == "p: run 7 FAILED in 2.5 s"
    assert "cell 3: ValueError" in repr(run)


def test_a_run_that_goes_on() -> None:
    """Without a result nothing is claimed: not ok, no duration, and asking for the result is an error."""
    document = _document("SUCCESS", None)
    run = Run({**document, "result": None, "state": "RUNNING", "duration_s": None})
    assert (run.result, run.ok, run.state) == (None, False, "RUNNING")
    assert "RUNNING" in repr(run)
    with pytest.raises(RunFailedError, match="RUNNING"):
        run.raise_for_result()
