"""Tasks joined by their dependencies: what is disabled before anything starts is what ends so, whatever happens."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.flow import RunIf
from nbflow.core.results import Result
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.pipelines.flow import Dependency
from nbflow.define.pipelines.pipeline import Task
from nbflow.plan.joined import join
from nbflow.plan.outcome import upstream_verdict
from nbflow.plan.plan import PlannedTask
from nbflow.plan.work import NotebookWork

WORK = NotebookWork(Notebook(Path("/n.ipynb"), {}, "0"))


@st.composite
def pipelines(draw: st.DrawFn) -> list[Task]:
    """Tasks with all kinds of dependencies, some of them disabled."""
    tasks: list[Task] = []
    for number in range(draw(st.integers(1, 8))):
        keys = [task.task_key for task in tasks]
        parents = draw(st.lists(st.sampled_from(keys), unique=True, max_size=3)) if keys else []
        asked = [draw(st.sampled_from([None, None, "SUCCESS", "FAILED", "DONE"])) for _ in parents]
        edges = [Dependency(parent, run_if=word) if word else parent for parent, word in zip(parents, asked)]
        rule = draw(st.sampled_from(list(RunIf))).value
        tasks.append(Task(f"t{number}", "n", depends_on=edges, run_if=rule, disabled=draw(st.integers(0, 3)) == 0))
    return tasks


@given(pipelines(), st.data())
def test_what_is_disabled_before_the_start_is_what_ends_disabled(tasks: list[Task], data: st.DataObject) -> None:
    """However the tasks that run come to end."""
    planned = {task.task_key: PlannedTask(task.task_key, WORK) for task in tasks}
    parents = {task.task_key: list(task.parents) for task in tasks}
    joined = join(tasks, planned, parents, list(parents), ())
    ends = st.sampled_from([Result.SUCCESS, Result.FAILED, Result.TIMEDOUT])
    results: dict[str, Result] = {}
    for task, made in zip(tasks, joined):
        verdict = upstream_verdict({parent: results[parent] for parent in task.parents}, made.run_if, made.edges)
        if task.disabled:
            results[task.task_key] = Result.DISABLED
        else:
            results[task.task_key] = data.draw(ends) if verdict is None else verdict[0]
        assert (made.disabled is not None) == (results[task.task_key] is Result.DISABLED)


def test_a_disabled_task_that_is_named_is_none() -> None:
    """Nor is what follows it."""
    tasks = [Task("a", "n", disabled=True), Task("b", "n", depends_on=["a"])]
    planned = {task.task_key: PlannedTask(task.task_key, WORK) for task in tasks}
    for named, expected in (((), ["the task is disabled", "task 'a' is disabled"]), (("a",), [None, None])):
        assert [task.disabled for task in join(tasks, planned, {"a": [], "b": ["a"]}, ["a", "b"], named)] == expected
