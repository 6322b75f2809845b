"""Every key of a Databricks job, held against Databricks' own Python SDK."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from databricks.sdk.service import compute, jobs

from nbflow.define.pipeline_files.vocabulary import OBJECTS
from nbflow.define.pipeline_files.words import Standing

CLASSES = {
    "job": jobs.JobSettings,
    "task": jobs.Task,
    "notebook_task": jobs.NotebookTask,
    "spark_python_task": jobs.SparkPythonTask,
    "python_wheel_task": jobs.PythonWheelTask,
    "sql_task": jobs.SqlTask,
    "sql_file": jobs.SqlTaskFile,
    "dbt_task": jobs.DbtTask,
    "spark_jar_task": jobs.SparkJarTask,
    "condition_task": jobs.ConditionTask,
    "for_each_task": jobs.ForEachTask,
    "run_job_task": jobs.RunJobTask,
    "library": compute.Library,
    "dependency": jobs.TaskDependency,
    "parameter": jobs.JobParameterDefinition,
    "job_cluster": jobs.JobCluster,
    "cluster": compute.ClusterSpec,
    "environment": jobs.JobEnvironment,
    "environment_spec": compute.Environment,
}


OWN = {"shell_task", "expect"}
OF_BUNDLES = {"resources", "bundle", "bundle_part", "variable", "target", "presets", "bundle_settings", "lookup"}


def test_every_object_of_a_job_is_held_against_databricks() -> None:
    """But for nbflow's own, and those of a bundle's files, which the SDK does not know."""
    assert set(OBJECTS) == {*CLASSES, *OWN, *OF_BUNDLES}


@pytest.mark.parametrize("name", CLASSES)
def test_every_key_of_databricks_is_known(name: str) -> None:
    """None is unknown here: it has its effect, is told as without one, or is refused by name."""
    assert {field.name for field in fields(CLASSES[name])} - set(OBJECTS[name]) == set()


def test_each_kind_of_task_of_databricks_is_run_or_refused_by_name() -> None:
    """A kind of task that was ignored would leave a task without work."""
    kinds = [field.name for field in fields(jobs.Task) if field.name.endswith("_task")]
    assert "notebook_task" in kinds
    assert [kind for kind in kinds if OBJECTS["task"][kind].standing is Standing.IDLE] == []


def test_the_list_is_printed(tmp_path: Path) -> None:
    """One line for each key, with its standing."""
    done = subprocess.run(
        [sys.executable, "-m", "nbflow", "schema", "--coverage"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()[1:]]
    assert [name for name, _ in lines] == [f"{name}.{key}" for name, keys in OBJECTS.items() for key in keys]
    told = dict(lines)
    assert told["task.task_key"].startswith("done") and told["job.schedule"].startswith("no effect")
    assert told["job.git_source"].startswith("refused")
