"""The state of a run as its progress shows it, and what a report tells of control flow."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from nbflow.core.events import AttemptEnded, AttemptStarted, ChildStarted, RunStarted, TaskEnded
from nbflow.core.records import RunRecord, TaskRecord
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.surface.cli.board import Board, doing
from nbflow.surface.cli.report import print_tasks
from nbflow.surface.cli.show import print_run
from nbflow.surface.cli.terminal import Out

AT = datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_items_are_counted_as_they_end_and_other_runs_are_named() -> None:
    """A step comes up with its attempt; an item counts once, when all its steps have ended."""
    board = Board(steps={"loop": {"x": (), "y": ("x",)}})
    board.take(RunStarted(1, AT, "p", ("loop", "job"), "spark"))
    assert board.take(AttemptStarted(1, AT, "loop", 1, 1, 0, None, {}, None, 3)) == ["loop: started, 3 items"]
    assert board.take(AttemptStarted(1, AT, "loop/0/x", 5, 1, 4, "n.ipynb")) == ["loop/0/x: started, 4 cells"]
    assert doing(board.task("loop"), AT) == "0 of 3 items done"
    board.take(AttemptEnded(1, AT, "loop/0/x", 5, 1, Result.SUCCESS, None, 1.0))
    board.take(TaskEnded(1, AT, "loop/0/x", 5, Result.SUCCESS))
    assert doing(board.task("loop"), AT) == "0 of 3 items done"
    board.take(TaskEnded(1, AT, "loop/0/y", 6, Result.EXCLUDED))
    assert doing(board.task("loop"), AT) == "1 of 3 items done"
    board.take(AttemptStarted(1, AT, "job", 2, 1, 0, None))
    assert board.take(ChildStarted(1, AT, "job", 2, 1, 9, "inner")) == ["job: begins run 9 of inner"]
    assert doing(board.task("job"), AT) == "run 9 of inner runs"


def test_long_values_are_told_by_their_beginning() -> None:
    """A command line of many items, and a parameter: with how long they are, and where all of it is."""
    items = "n=" + str(list(range(20_000)))
    out = io.StringIO()
    print_run(
        replace(record(), facts={"command": ["nbflow", "run", "-p", items], "how": "cli"}, parameters={"n": items, "day": "x"}), Out(out)
    )
    lines = out.getvalue().splitlines()
    told = f"({len(json.dumps(['nbflow', 'run', '-p', items]))} characters; --json tells all)"
    assert all(len(line) < 280 for line in lines)
    assert "  day  x" in lines and "  how      cli" in lines
    assert next(line for line in lines if line.startswith("  command")).endswith(told)


def record(*tasks: TaskRecord) -> RunRecord:
    """A run of these tasks."""
    return RunRecord(4, "p", Result.FAILED, None, AT, AT, 1.0, "spark", tasks=tasks)


def told(run: RunRecord) -> list[str]:
    """The lines of the table."""
    stream = io.StringIO()
    print_tasks(run, Out(stream))
    return stream.getvalue().splitlines()


def test_of_many_items_those_that_failed_are_told() -> None:
    """And how many there are beside them."""
    plain: dict[str, Any] = {"error": None, "reason": None, "started": AT, "ended": AT, "duration_s": 1.0, "notebook": None}
    loop = TaskRecord("loop", 1, Result.FAILED, **plain)
    items = [TaskRecord(f"loop/{at}", at + 2, Result.SUCCESS, **plain, parent="loop", index=at) for at in range(30)]
    items[7] = replace(items[7], result=Result.FAILED, error=TaskError(ErrorKind.CELL_ERROR, "no"))
    lines = told(record(loop, *items))
    assert [line.split()[0] for line in lines] == ["task", "loop", "loop/7", "loop:"]
    assert lines[-1].startswith("loop: 29 more items")
    assert len(told(record(loop, *items[:10]))) == 12


def test_a_condition_is_told_with_its_operands() -> None:
    """As they were resolved, text in quotes."""
    gate = TaskRecord(
        "gate", 1, Result.SUCCESS, None, None, AT, AT, 0.0, None, {"left": "4", "op": "LESS_THAN", "right": 3}, outcome="false"
    )
    assert told(record(gate))[-1].endswith('"4" < 3 is false')
