"""What a plan costs grows with its tasks, and no faster: counted in steps of the interpreter, since times tell of the machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from nbflow.define.pipelines.flow import Expectation
from nbflow.define.pipelines.order import check_pipeline
from nbflow.define.pipelines.pipeline import Pipeline, Task
from nbflow.define.settings import Settings
from nbflow.plan.build import Request, build_plan
from tests.bench.plan_of_many_tasks import NOTEBOOK, flow, row, wide


def masked_row(count: int) -> list[Task]:
    """A row of which every task writes one table, and a clean-up at its end that hides every failure."""
    tasks = [replace(task, expect=Expectation({"s.t": 0})) for task in row(count - 1)]
    return [*tasks, Task("tidy", "n", depends_on=[tasks[-1].task_key], run_if="ALL_DONE")]


def steps(work: Callable[[], object]) -> int:
    """How many steps of the interpreter ``work`` takes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("shape", [row, wide, flow, masked_row])
def test_twice_the_tasks_take_twice_the_steps(shape: Callable[[int], list[Task]]) -> None:
    """To check a definition and to plan it, with all that control flow has: so ten thousand tasks cost what a hundred times a hundred do."""

    def planned(count: int) -> int:
        pipeline = Pipeline("p", shape(count))
        sources = {task.task_key: NOTEBOOK if task.notebook else Path("/w") for task in pipeline.all_tasks}
        assert check_pipeline(pipeline) == []
        return steps(lambda: (check_pipeline(pipeline), build_plan(pipeline, sources, Request({}, Path("/w")), Settings(), dict)))

    planned(10)  # what is made once, at the first call
    once, twice = planned(100), planned(200)
    assert once < twice < 2.2 * once
