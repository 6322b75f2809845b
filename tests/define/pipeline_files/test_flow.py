"""Control flow in pipeline files and in Python: what is read, what is wrong in it, and that both mean the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.errors import DefinitionError
from nbflow.define.pipeline_files.job import read_job_file
from nbflow.define.pipelines.flow import ConditionTask, Dependency, Expectation, ForEachTask, RunJobTask
from nbflow.define.pipelines.handover import pipeline_document, pipeline_from_document
from nbflow.define.pipelines.order import check_pipeline
from nbflow.define.pipelines.pipeline import Pipeline, Task

TEXT = """
tasks:
  - task_key: silver
    notebook: n
    expect: {tables: {silver.events: 10, silver.bad: 0}, values: [rows]}
  - {task_key: gate, depends_on: silver, condition_task: {op: LESS_THAN, left: "{{tasks.silver.values.rows}}", right: 3.10}}
  - task_key: loop
    depends_on: [{task_key: gate, outcome: true}, silver]
    for_each_task:
      inputs: [{a: 1}, {a: 2}]
      concurrency: 4
      tasks:
        - {task_key: one, notebook: n, parameters: {x: "{{input.a}}"}, max_retries: 2}
        - {task_key: two, notebook: n, depends_on: one, run_if: ALL_DONE}
  - task_key: other
    depends_on: [{task_key: gate, outcome: "false"}]
    run_job_task: {job_name: clean, job_parameters: {day: x}}
  - {task_key: mend, depends_on: [{task_key: loop, run_if: FAILED}], notebook: n, expect: {tables: [a.b]}}
  - {task_key: off, notebook: n, disabled: true, run_if: NONE_FAILED, depends_on: [loop]}
"""
TASKS = (
    Task("silver", "n", expect=Expectation({"silver.events": 10, "silver.bad": 0}, ("rows",))),
    Task("gate", depends_on=("silver",), condition_task=ConditionTask("LESS_THAN", "{{tasks.silver.values.rows}}", 3.1)),
    Task(
        "loop",
        depends_on=(Dependency("gate", "true"), "silver"),
        for_each_task=ForEachTask(
            [{"a": 1}, {"a": 2}],
            (Task("one", "n", {"x": "{{input.a}}"}, max_retries=2), Task("two", "n", depends_on=("one",), run_if="ALL_DONE")),
            4,
        ),
    ),
    Task("other", depends_on=(Dependency("gate", "false"),), run_job_task=RunJobTask("clean", {"day": "x"})),
    Task("mend", "n", depends_on=(Dependency("loop", run_if="FAILED"),), expect=Expectation({"a.b": 0})),
    Task("off", "n", disabled=True, run_if="NONE_FAILED", depends_on=("loop",)),
)


def read(tmp_path: Path, text: str, job: str | None = None) -> Pipeline:
    """The pipeline in a file with this text."""
    (tmp_path / "p.yml").write_text(text)
    return read_job_file(tmp_path / "p.yml", job, shown="p.yml")


def test_a_file_and_python_mean_the_same(tmp_path: Path) -> None:
    """Every form of control flow, with nothing wrong in either."""
    pipeline = read(tmp_path, TEXT)
    assert tuple(pipeline.tasks) == TASKS
    assert check_pipeline(Pipeline("p", TASKS)) == []
    assert str(pipeline.tasks[1].condition_task.right) == "3.10"  # type: ignore[union-attr]


def test_a_for_each_does_one_item_at_a_time_unless_it_says_otherwise(tmp_path: Path) -> None:
    """As Databricks does where the file does not say."""
    text = "tasks: [{task_key: loop, for_each_task: {inputs: [1, 2], task: {task_key: one, notebook: n}}}]"
    assert read(tmp_path, text).tasks[0].for_each_task == ForEachTask([1, 2], (Task("one", "n"),), concurrency=1)


def test_control_flow_is_handed_over_to_another_process(tmp_path: Path) -> None:
    """As JSON and back, with the places of the tasks inside."""
    for pipeline in (Pipeline("p", TASKS), read(tmp_path, TEXT)):
        back = pipeline_from_document(json.loads(json.dumps(pipeline_document(pipeline))))
        assert [repr(task) for task in back.all_tasks] == [repr(_listed(task)) for task in pipeline.all_tasks]
        assert back.all_tasks[3].places == pipeline.all_tasks[3].places


def _listed(task: Task) -> Task:
    """``task`` with lists in place of tuples, as JSON has them."""
    from dataclasses import replace

    each = task.for_each_task and replace(task.for_each_task, tasks=[_listed(step) for step in task.for_each_task.tasks])
    expect = task.expect and replace(task.expect, values=list(task.expect.values))
    return replace(task, depends_on=list(task.depends_on), libraries=[], for_each_task=each, expect=expect)


def test_a_job_of_the_same_bundle_is_named_by_its_id(tmp_path: Path) -> None:
    """As bundles do it; without a warning about a variable."""
    other = "b: {tasks: [{task_key: y, notebook: n}]}"
    text = f"resources: {{jobs: {{a: {{tasks: [{{task_key: x, run_job_task: {{job_id: '${{resources.jobs.b.id}}'}}}}]}}, {other}}}}}"
    pipeline = read(tmp_path, text, "a")
    assert pipeline.tasks[0].run_job_task == RunJobTask("", {}, "b")
    assert pipeline.warnings == ()


MISTAKES = [
    ("run_if: ALL_SUCESS", "takes one of ALL_SUCCESS, AT_LEAST_ONE_SUCCESS"),
    ("depends_on: [{task_key: b, outcome: true}]", "task 'b' has no outcome (only a condition_task has one"),
    ("depends_on: [{task_key: b, run_if: FAILD}]", "takes one of SUCCESS, FAILED, DONE, got 'FAILD' (did you mean 'FAILED'?)"),
    ("depends_on: [{task_key: b, run_if: FAILED, outcome: true}]", "'run_if' stands beside outcome"),
    ("depends_on: [{task_key: b, outcome: maybe}]", "takes 'true' or 'false', got 'maybe'"),
    ("expect: {tables: [events]}", "'events' names no table (write schema.table)"),
    ("expect: {tables: {a.b: many}}", "takes a whole number from 0 on, got text"),
    ("expect: {min_rows: 1}", "unknown key 'min_rows'"),
]


@pytest.mark.parametrize(("line", "told"), MISTAKES)
def test_a_wrong_word_is_told_with_what_is_right(tmp_path: Path, line: str, told: str) -> None:
    """At its line."""
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, f"tasks:\n  - {{task_key: b, notebook: n}}\n  - task_key: a\n    notebook: n\n    {line}\n")
    assert caught.value.mistakes[0].line == 5
    assert told in str(caught.value)


BY_NAME = "name the pipeline with job_name, or a job of this bundle with ${resources.jobs.<key>.id}"


@pytest.mark.parametrize("bundle", ["", "bundle: {name: b}\nvariables: {v: {default: '${resources.jobs.kk.id}'}}\n"])
@pytest.mark.parametrize(
    ("job_id", "said"),
    [
        ("${resources.jobs.kk.id}", "there is no job 'kk' beside this one (did you mean 'k'?)"),
        ("${resources.jobs.other.id}", "there is no job 'other' beside this one (there are j, k)"),
        ("${resources.jobs.k.idd}", "is no job beside this one (did you mean '${resources.jobs.k.id}'?)"),
        ("${resources.job.k.id}", "is no job beside this one (did you mean '${resources.jobs.k.id}'?)"),
        ("${resources.jobs.k}", "is no job beside this one (did you mean '${resources.jobs.k.id}'?)"),
        ("123", f"is the number of a job on Databricks, which is not known here ({BY_NAME})"),
        ("${resources.pipelines.p.id}", f"is no job beside this one ({BY_NAME})"),
    ],
)
def test_a_job_that_is_not_there_is_told_where_it_is_named(tmp_path: Path, bundle: str, job_id: str, said: str) -> None:
    """With the near one, in a bundle and in a file of jobs alone."""
    jobs = f"resources:\n  jobs:\n    j:\n      tasks:\n        - task_key: x\n          run_job_task: {{job_id: '{job_id}'}}\n"
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, f"{bundle}{jobs}    k: {{tasks: [{{task_key: y, notebook: n}}]}}\n", "j")
    assert str(caught.value) == f"p.yml:{bundle.count(chr(10)) + 6}: resources.jobs.j.tasks[0].run_job_task.job_id: {said}"


LOOPS = [
    ("for_each_task: {inputs: []}", "there is no task to do for each item"),
    ("for_each_task: {inputs: [], task: {task_key: x, notebook: n}, tasks: []}", "'tasks' stands beside task"),
    ("for_each_task: {inputs: {a: 1}, task: {task_key: x, notebook: n}}", "takes text or a list, got a map"),
    ("for_each_task: {inputs: [], concurrency: 0, task: {task_key: x, notebook: n}}", "takes a whole number from 1 on, got 0"),
    ("max_retries: 1\n    for_each_task: {inputs: [], task: {task_key: x, notebook: n}}", "max_retries stands on a for_each (it belongs to the task inside"),
    ("min_retry_interval_millis: 5\n    for_each_task: {inputs: [], task: {task_key: x, notebook: n}}", "min_retry_interval_millis stands on a for_each (it belongs to the task inside"),
    ("retry_on_timeout: true\n    for_each_task: {inputs: [], task: {task_key: x, notebook: n}}", "retry_on_timeout stands on a for_each (it belongs to the task inside"),
    ("for_each_task: {inputs: [], task: {task_key: b, notebook: n}}", "the task key 'b' stands twice, first in line 2"),
    ("for_each_task: {inputs: [], task: {task_key: x, notebook: n, depends_on: b}}", "there is no task 'b' inside of 'a'"),
    ("for_each_task: {inputs: [], task: {task_key: x, for_each_task: {inputs: [], task: {task_key: y, notebook: n}}}}", "a for_each stands inside of a for_each"),
    ("for_each_task: {inputs: [], tasks: [{task_key: x, notebook: n, depends_on: y}, {task_key: y, notebook: n, depends_on: x}]}", "in a circle: x -> y -> x"),
    ("condition_task: {op: EQUALS, left: 1, right: 2}", "takes one of EQUAL_TO, NOT_EQUAL"),
    ("condition_task: {op: EQUAL_TO, left: [1], right: 2}", "takes text, a number, true or false, got a list"),
    ("condition_task: {op: EQUAL_TO, left: 1}", "'right' is missing"),
    ("run_job_task: {job_parameters: {}}", "names no pipeline (add 'job_name: <name of a pipeline>')"),
    ("run_job_task: {job_id: 123}", "is the number of a job on Databricks"),
    ("run_job_task: {job_name: x, python_params: []}", "cannot be run by nbflow (write job_parameters)"),
    ("condition_task: {op: EQUAL_TO, left: 1, right: 1}\n    expect: {values: [x]}", "only a task that runs something can promise anything"),
]  # fmt: skip


@pytest.mark.parametrize(("work", "told"), LOOPS)
def test_wrong_control_flow_is_told_before_anything_starts(tmp_path: Path, work: str, told: str) -> None:
    """Whatever is wrong in it."""
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, f"tasks:\n  - {{task_key: b, notebook: n}}\n  - task_key: a\n    {work}\n")
    assert told in str(caught.value)


WRITTEN: list[tuple[Any, str]] = [
    (Task("a", "n", run_if="NEVER"), "run_if takes one of ALL_SUCCESS"),
    (Task("a", "n", disabled="yes"), "disabled takes true or false, got 'yes'"),  # type: ignore[arg-type]
    (Task("a", "n", depends_on=[3]), "depends_on takes a list of task keys"),  # type: ignore[list-item]
    (Task("a", "n", depends_on=[Dependency("b", outcome="maybe")]), "outcome takes 'true' or 'false', got 'maybe'"),
    (Task("a", "n", expect={"tables": []}), "expect takes an Expectation"),  # type: ignore[arg-type]
    (Task("a", "n", expect=Expectation({"a.b": -1})), "tables takes a map of names to the rows"),
    (Task("a", condition_task=ConditionTask("==", 1, 1)), "op takes one of EQUAL_TO"),
    (Task("a", condition_task=ConditionTask("EQUAL_TO", [], 1)), "left takes text, a number, true or false"),
    (Task("a", for_each_task=ForEachTask([], ())), "there is no task to do for each item"),
    (Task("a", for_each_task=ForEachTask([], ["x"])), "tasks takes a list of Task"),
    (Task("a", for_each_task=ForEachTask(5, (Task("x", "n"),))), "inputs takes a list, or text, got 5"),
    (Task("a", run_job_task=RunJobTask()), "run_job_task names no pipeline"),
]


@pytest.mark.parametrize(("task", "told"), WRITTEN)
def test_what_is_written_in_python_is_checked_as_well(task: Task, told: str) -> None:
    """Wrong words and wrong types, without a traceback."""
    assert told in "\n".join(map(str, check_pipeline(Pipeline("p", [Task("b", "n"), task]))))
