"""The environments of serverless tasks: which of their files a task gets."""

from __future__ import annotations

from pathlib import Path

from nbflow.define.pipeline_files.job import parse_job_file
from nbflow.define.pipelines.pipeline import Pipeline

JOBS = """\
resources:
  jobs:
    j:
      environments:
        - environment_key: default
          spec:
            environment_version: "4"
            dependencies:
              - ../dist/*.whl
              - " ./near.whl "
              - simplejson==3.19
              - -r ../requirements.txt
              - shop @ https://example.org/shop.whl
              - https://example.org/shop.whl
            java_dependencies: [../lib/a.jar, "dbfs:/b.jar"]
        - {environment_key: empty}
      tasks:
        - {task_key: wheel, environment_key: default, python_wheel_task: {package_name: p, entry_point: e}, libraries: [{whl: own.whl}]}
        - {task_key: script, environment_key: default, spark_python_task: {python_file: s.py}}
        - {task_key: note, environment_key: default, notebook_task: {notebook_path: n.ipynb}}
        - {task_key: java, environment_key: default, spark_jar_task: {main_class_name: a.B}}
        - {task_key: sql, environment_key: default, sql_task: {file: {path: q.sql}}}
        - {task_key: none, environment_key: empty, spark_python_task: {python_file: s.py}}
        - task_key: each
          for_each_task: {inputs: [1], task: {task_key: step, environment_key: default, spark_python_task: {python_file: s.py}}}
"""


def told(path: Path) -> tuple[Pipeline | None, list[str], list[str]]:
    """The pipeline, the mistakes in it, and its warnings."""
    pipeline, mistakes = parse_job_file(path, shown=path.name)
    return pipeline, list(map(str, mistakes)), [] if pipeline is None else list(map(str, pipeline.warnings))


def test_the_files_of_an_environment_stand_beside_a_tasks_own(tmp_path: Path) -> None:
    """Wheels for Python, jars for Java, in a for_each too, from the folder of the file that names them; packages of an index and
    files that lie elsewhere are told as without effect."""
    (tmp_path / "resources").mkdir()
    (tmp_path / "databricks.yml").write_text("bundle: {name: b}\ninclude: [resources/*.yml]\n")
    (tmp_path / "resources" / "jobs.yml").write_text(JOBS)
    pipeline, mistakes, warnings = told(tmp_path / "databricks.yml")
    assert pipeline is not None and mistakes == []
    found = {task.task_key: [next(iter(library.items())) for library in task.libraries] for task in pipeline.all_tasks}
    wheels = [("whl", "../dist/*.whl"), ("whl", "./near.whl")]
    assert found == {
        "wheel": [("whl", "own.whl"), *wheels], "script": wheels, "note": wheels, "step": wheels,
        "java": [("jar", "../lib/a.jar")], "sql": [], "none": [], "each": [],
    }  # fmt: skip
    spec = "resources.jobs.j.environments[0].spec"
    nothing = "has no effect here: packages belong to the environment that runs nbflow"
    assert warnings == [
        f"resources/jobs.yml:7: {spec}.environment_version: has no effect here",
        *(f"resources/jobs.yml:{11 + number}: {spec}.dependencies[{2 + number}]: {nothing}" for number in range(4)),
        f"resources/jobs.yml:15: {spec}.java_dependencies[1]: {nothing}",
    ]


def test_an_environment_that_another_file_of_the_bundle_defines(tmp_path: Path) -> None:
    """Its files start at that file's folder; the whole is what a target makes of it."""
    (tmp_path / "jobs").mkdir()
    (tmp_path / "databricks.yml").write_text(
        "bundle: {name: b}\ninclude: [jobs/*.yml]\ntargets:\n  dev:\n    resources: {jobs: {j: {environments: "
        "[{environment_key: e, spec: {dependencies: [dist/b.whl]}}]}}}\n"
    )
    (tmp_path / "jobs/j.yml").write_text(
        "resources: {jobs: {j: {environments: [{environment_key: e, spec: {dependencies: [../dist/a.whl]}}],\n"
        "  tasks: [{task_key: t, environment_key: e, spark_python_task: {python_file: s.py}}]}}}\n"
    )
    pipeline, mistakes, _ = told(tmp_path / "databricks.yml")
    assert pipeline is not None and mistakes == []
    assert sorted(library["whl"] for library in pipeline.tasks[0].libraries) == ["../dist/a.whl", "../dist/b.whl"]


def test_libraries_that_lie_on_databricks_have_no_effect(tmp_path: Path) -> None:
    """They are told and refuse nothing, where the task may do without them."""
    path = tmp_path / "p.yml"
    away = ["dbfs:/FileStore/x.whl", "s3://b/x.whl", "/Volumes/main/x.whl", "/Workspace/Shared/x.whl"]
    listed = ", ".join(f"{{whl: '{text}'}}" for text in away)
    path.write_text(f"tasks:\n  - task_key: t\n    notebook: n.ipynb\n    libraries: [{listed}, {{whl: ../dist/x.whl}}]\n")
    pipeline, mistakes, warnings = told(path)
    assert pipeline is not None and mistakes == [] and pipeline.tasks[0].libraries == ({"whl": "../dist/x.whl"},)
    assert warnings == [f"p.yml:4: tasks[0].libraries[{at}].whl: has no effect here" for at in range(4)]


def test_what_is_wrong_in_environments_is_told_once(tmp_path: Path) -> None:
    """Names that are not there, twice there, or of the wrong kind; nothing follows from an environment that could not be read."""
    path = tmp_path / "p.yml"
    task = "tasks:\n  - {task_key: t, environment_key: defualt, script: s.py}\n"
    path.write_text("environments:\n  - {environment_key: default}\n  - {environment_key: default}\n" + task)
    assert told(path)[1] == ["p.yml:3: environments[1]: the environment 'default' stands twice (keep one)"]
    path.write_text("environments:\n  - {environment_key: default}\n" + task)
    assert told(path)[1] == ["p.yml:4: tasks[0].environment_key: there is no environment 'defualt' (did you mean 'default'?)"]
    path.write_text(task)
    place = "p.yml:2: tasks[0].environment_key"
    assert told(path)[1:] == ([], [f"{place}: has no effect here: there is no environment 'defualt', since there are no environments"])
    for wrong, said in {
        "[{spec: {}}]": "p.yml:1: environments[0]: 'environment_key' is missing",
        "[{environment_key: e, spec: {dependencies: [5]}}]": "p.yml:1: environments[0].spec.dependencies[0]: takes text, got a number",
        "[{environment_key: e, spec: {dependencies: a.whl}}]": "p.yml:1: environments[0].spec.dependencies: takes a list, got 'a.whl'",
        "[{environment_key: e, spec: {dependecies: []}}]": "p.yml:1: environments[0].spec.dependecies: unknown key 'dependecies'",
    }.items():
        path.write_text(f"environments: {wrong}\n{task}")
        found = told(path)[1]
        assert len(found) == 1 and found[0].startswith(said), found
