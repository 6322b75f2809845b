"""Pipelines that run other pipelines: how these are found, what reaches them, and that they do not run in circles."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbflow.core.errors import DefinitionError
from nbflow.plan.plan import Plan
from nbflow.plan.work import RunJobWork
from nbflow.workspace import Workspace

LEAF = "parameters: {day: x, n: 1}\ntasks: [{task_key: t, notebook: n}]\n"
VERBATIM = """
parameters: {free: ""}
tasks:
  - {task_key: t, notebook: free, parameters: {amid: "<{{job.parameters.free}}>"}}
"""
NOTEBOOK = '# %% tags=["parameters"]\nday: str = "x"\nn: int = 3\n'


def plan(root: Path, pipeline: str, **files: str) -> Plan:
    """The plan of ``pipeline``, one of these files of ``pipelines/``; ``leaf`` is there always."""
    (root / "pipelines").mkdir(exist_ok=True)
    (root / "pipelines/n.py").write_text(NOTEBOOK)
    (root / "pipelines/free.py").write_text('# %% tags=["parameters"]\nfree = ""\namid = ""\n')
    for name, text in {"leaf": LEAF, **files}.items():
        (root / f"pipelines/{name}.yml").write_text(text)
    return Workspace.find(root).plan(pipeline, {}, root)


def job(name: str, parameters: str = "{}") -> str:
    """A pipeline with a task that runs another."""
    return f"parameters: {{day: monday, own: 1}}\ntasks:\n  - {{task_key: run, run_job_task: {{job_name: {name}, job_parameters: {parameters}}}}}\n"


def mistakes(root: Path, pipeline: str, **files: str) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(DefinitionError) as caught:
        plan(root, pipeline, **files)
    return list(map(str, caught.value.mistakes))


@pytest.mark.parametrize("name", ["leaf", "leaf.yml", "./leaf.yml", "spoken name"])
def test_a_pipeline_is_found_by_its_file_or_its_name(tmp_path: Path, name: str) -> None:
    """A name in ``pipelines/``, a path from the file, or what ``name`` says in one of them."""
    found = plan(tmp_path, "p", p=job(name), other=f"name: spoken name\n{LEAF}")
    work = found.tasks[0].work
    assert isinstance(work, RunJobWork) and work.plan.pipeline == ("spoken name" if " " in name else "leaf")


def test_the_files_of_a_plan(tmp_path: Path) -> None:
    """The pipeline's own and its tasks', those of pipelines that it runs too, each once, those inside of a for_each as well."""
    loop = "  - {task_key: each, for_each_task: {inputs: [1, 2], task: {task_key: t, notebook: n}}}\n"
    found = plan(tmp_path, "p", p=job("leaf") + loop)
    assert sorted(path.name for path in found.files) == ["leaf.yml", "n.py", "p.yml"]


def test_parameters_reach_the_other_pipeline(tmp_path: Path) -> None:
    """The pipeline's own that the other has as well, over the task's, as on Databricks; what only the run knows is left to it."""
    found = plan(tmp_path, "p", p=job("leaf", '{n: "{{job.run_id}}", day: sunday}'))
    assert [(one.name, one.value, one.origin, one.late) for one in found.tasks[0].arguments] == [
        ("n", "{{job.run_id}}", "task", True), ("day", "monday", "pipeline", False),
    ]  # fmt: skip
    work = found.tasks[0].work
    assert isinstance(work, RunJobWork) and work.plan.parameters == {"day": "monday", "n": 1}
    assert sorted(str(warning) for warning in found.warnings) == [
        "pipelines/p.yml:1: parameters.own: has no effect here: no notebook declares it, and nothing refers to it",
        "pipelines/p.yml:3: tasks[0].run_job_task.job_parameters.day: has no effect here: the pipeline's parameter 'day' replaces it",
    ]


@settings(max_examples=25)
@given(st.recursive(st.sampled_from(["{{job.name}}", "{{nope}}", "{{job.nope}} {{", "{{tasks.t.values.k}}", "x"]), st.lists))
def test_values_that_were_resolved_are_not_resolved_again(value: object) -> None:
    """What looks like a reference in a value that a task hands to another pipeline is text there: in its parameters, and in all that
    refers to these."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        above = plan(root, "p", p=job("leaf", "{free: x}"), leaf=VERBATIM)
        work = above.tasks[0].work
        assert isinstance(work, RunJobWork)
        found = Workspace.find(root)
        found.plan("p", {}, root)
        child = found.child_plan(above, work.job, {"free": value})
    assert child.parameters == {"free": value}
    (task,) = child.tasks
    text = value if isinstance(value, str) else json.dumps(value)
    assert [(each.name, each.value, each.late) for each in task.arguments] == [("free", text, False), ("amid", f"<{text}>", False)]


def test_a_value_that_the_other_pipeline_refuses_is_told_where_it_was_written(tmp_path: Path) -> None:
    """A name that it has not, a value of the wrong type; and what is wrong in its own file, there."""
    assert mistakes(tmp_path, "p", p=job("leaf", "{n: many, dayy: x}")) == [
        "pipelines/p.yml:3: tasks[0].run_job_task.job_parameters.dayy: leaf has no parameter 'dayy' (did you mean 'day'?)",
        "pipelines/p.yml:3: tasks[0].run_job_task.job_parameters.n: parameter 'n': expected a whole number, got 'many'",
    ]
    assert mistakes(tmp_path, "p", p=job("bad"), bad="tasks: [{task_key: t, notebook: gone}]\n")[0].startswith(
        "pipelines/bad.yml:1: tasks[0].notebook: there is no notebook gone"
    )
    assert mistakes(tmp_path, "p", p=job("lief")) == [
        "pipelines/p.yml:3: tasks[0].run_job_task.job_name: lief is no file and no pipeline's name (did you mean 'leaf'?)"
    ]


def test_circles_are_refused_with_their_path(tmp_path: Path) -> None:
    """Also that of a pipeline which runs itself."""
    told = mistakes(tmp_path, "a", a=job("b"), b=job("c"), c=job("a"))
    assert [text.split(": ", 2)[2] for text in told] == [
        "pipelines run one another in a circle: a -> b -> c -> a (remove one of these run_job_task)"
    ]
    assert "circle: p -> p" in mistakes(tmp_path, "p", p=job("p"))[0]


def test_circles_come_with_all_other_mistakes(tmp_path: Path) -> None:
    """Those in the same files, whichever of the pipelines is looked at; a circle is the same mistake seen from any of them."""
    bad = "  - {task_key: bad, notebook: n, parameters: {n: many}}\n  - {task_key: t, notebook: n, max_retries: x}\n"
    for name in "ab":
        told = mistakes(tmp_path, name, a=job("b"), b=job("a", "{zz: '{{nope}}'}") + bad)
        assert sorted(text.split(" (")[0] for text in told) == [
            "pipelines/b.yml:3: tasks[0].run_job_task.job_name: pipelines run one another in a circle: a -> b -> a",
            "pipelines/b.yml:3: tasks[0].run_job_task.job_parameters.zz: {{nope}} is not known",
            "pipelines/b.yml:4: tasks[1].parameters.n: parameter 'n': expected a whole number, got 'many'",
            "pipelines/b.yml:5: tasks[2].max_retries: takes a whole number from -1 on, got 'x'",
        ]
    told = mistakes(tmp_path, "c", c=job("b"), a=job("b"), b=job("a"))
    assert [text.split(" (")[0] for text in told] == [
        "pipelines/b.yml:3: tasks[0].run_job_task.job_name: pipelines run one another in a circle: a -> b -> a"
    ]


def test_three_deep_is_the_most(tmp_path: Path) -> None:
    """As on Databricks: three tasks, each of which runs another pipeline, and no more."""
    files = {f"d{at}": job(f"d{at + 1}") for at in range(1, 5)} | {"d5": LEAF}
    assert plan(tmp_path, "d2", **files).tasks[0].work.plan.pipeline == "d3"  # type: ignore[union-attr]
    assert "more than 3 deep: d1 -> d2 -> d3 -> d4 -> d5" in mistakes(tmp_path, "d1", **files)[0]


def test_a_job_of_a_bundle_runs_another_of_its_file(tmp_path: Path) -> None:
    """Named by its id, as bundles do it."""
    (tmp_path / "n.py").write_text(NOTEBOOK)
    (tmp_path / "b.yml").write_text(
        "resources:\n  jobs:\n    one: {tasks: [{task_key: t, run_job_task: {job_id: '${resources.jobs.two.id}'}}]}\n"
        "    two: {name: second, tasks: [{task_key: t, notebook: n}]}\n"
    )
    work = Workspace.find(tmp_path).plan("b.yml", {}, tmp_path, job="one").tasks[0].work
    assert isinstance(work, RunJobWork) and work.plan.pipeline == "second"


def test_a_job_of_a_bundle_runs_one_of_another_file(tmp_path: Path) -> None:
    """In the same target: what the call says of the bundle holds for the other job, too."""
    (tmp_path / "databricks.yml").write_text(
        "bundle: {name: b}\ninclude: [jobs/*.yml]\nvariables: {word: {default: x}}\ntargets: {dev: {variables: {word: dev}}, prod: {}}\n"
    )
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs/n.py").write_text(NOTEBOOK)
    (tmp_path / "jobs/one.yml").write_text(
        "resources: {jobs: {one: {tasks: [{task_key: t, run_job_task: {job_id: '${resources.jobs.two.id}'}}]}}}"
    )
    (tmp_path / "jobs/two.yml").write_text(
        "resources: {jobs: {two: {tasks: [{task_key: t, notebook: n, parameters: {day: '${var.word}'}}]}}}"
    )
    workspace = Workspace.find(tmp_path)
    plan = workspace.plan("databricks.yml", {}, tmp_path, job="one", target="dev")
    job = plan.tasks[0].work
    assert isinstance(job, RunJobWork)
    for made in (job.plan, workspace.child_plan(plan, job.job, {})):
        assert (made.pipeline, made.tasks[0].arguments[0].value) == ("two", "dev")


def test_the_time_whose_data_a_run_is_for_is_the_other_pipeline_s_too(tmp_path: Path) -> None:
    """A backfill of one day is that of all the pipelines that it runs."""
    plan(tmp_path, "p", p=job("leaf"))
    found = Workspace.find(tmp_path).plan("p", {}, tmp_path, logical_date="2026-01-31")
    work = found.tasks[0].work
    assert isinstance(work, RunJobWork) and work.plan.interval == found.interval is not None


def test_a_file_that_nobody_can_read_hides_no_pipeline(tmp_path: Path) -> None:
    """Where the names in all files are looked through for the one that is meant."""
    found = plan(tmp_path, "p", p=job("spoken name"), broken="a: [", other=f"name: spoken name\n{LEAF}")
    work = found.tasks[0].work
    assert isinstance(work, RunJobWork) and work.plan.pipeline == "spoken name"


MASKED = """
tasks:
  - {task_key: bad, command: "exit 1"}
  - {task_key: clean, depends_on: [bad], run_if: ALL_DONE, command: "true"}
"""
HINT = "(let a last task with run_if ALL_SUCCESS depend on them as well, or take exit code 3 for a failure)"
IN_KID = (
    "pipelines/kid.yml:4: tasks[1].run_if: 'clean' masks failures of bad: "
    f"a run of 'kid' in which only bad fails ends with SUCCESS_WITH_FAILURES, exit code 3 {HINT}"
)


def warnings(root: Path, pipeline: str, **files: str) -> list[str]:
    """What is odd in it."""
    return [str(warning) for warning in plan(root, pipeline, **files).warnings]


def test_what_another_pipeline_masks_is_told(tmp_path: Path) -> None:
    """Once, where the other pipeline says it, however often and however far above it is run, and with the masks of each on the way."""
    twice = (
        "tasks:\n  - {task_key: one, run_job_task: {job_name: kid}}\n"
        "  - {task_key: loop, depends_on: [one], for_each_task: {inputs: [1, 2], task: {task_key: two, run_job_task: {job_name: kid}}}}\n"
    )
    files = {"kid": MASKED, "twice": twice, "top": "tasks: [{task_key: run, run_job_task: {job_name: twice}}]\n"}
    for name in ("kid", "twice", "top"):
        assert warnings(tmp_path, name, **files) == [IN_KID]
    late = "  - {task_key: late, depends_on: [loop], run_if: ALL_DONE, command: 'true'}\n"
    told = warnings(tmp_path, "top", **{**files, "twice": twice + late})
    assert told[0] == IN_KID and len(told) == 2
    assert told[1].startswith("pipelines/twice.yml:4: tasks[2].run_if: 'late' masks failures of one, loop: a run of 'twice' in which")


@pytest.mark.parametrize(
    ("task", "is_told"),
    [
        ("{depends_on: [a]}", True),
        ("{depends_on: [a], run_if: ALL_DONE}", True),
        ("{depends_on: [a], disabled: true}", False),
        ("{depends_on: [off]}", False),
        ("{depends_on: [a], run_if: AT_LEAST_ONE_FAILED}", False),
        ("{depends_on: [{task_key: a, run_if: FAILED}]}", False),
        ("{depends_on: [mend], run_if: ALL_DONE}", False),
        ("{depends_on: [mend, a]}", True),
    ],
)
def test_what_another_pipeline_masks_is_told_where_that_decides(tmp_path: Path, task: str, is_told: bool) -> None:
    """Not where the task that runs it is left out, nor where it only runs after a failure: then the run has failures already."""
    above = (
        "tasks:\n  - {task_key: a, command: 'true'}\n  - {task_key: off, disabled: true, command: 'true'}\n"
        "  - {task_key: mend, depends_on: [a], run_if: ALL_FAILED, command: 'true'}\n"
        f"  - {{task_key: run, run_job_task: {{job_name: kid}}, {task[1:]}\n"
    )
    assert (IN_KID in warnings(tmp_path, "p", p=above, kid=MASKED)) is is_told
