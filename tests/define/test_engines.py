"""Engines and clusters as their author names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbflow.core.errors import DefinitionError
from nbflow.define.engines import engine_label, engine_problem
from nbflow.define.job_file import read_job_file
from nbflow.define.order import check_pipeline
from nbflow.define.pipeline import Cluster, Pipeline, Task

FILE = """\
engine: auto
job_clusters:
  - job_cluster_key: big
    new_cluster:
      spark_version: 15.4.x-scala2.12
      node_type_id: i3.xlarge
      num_workers: 8
      spark_conf:
        spark.sql.shuffle.partitions: 400
        spark.speculation: true
  - job_cluster_key: far
    new_cluster: {engine: 'sc://spark.example:15002/;token=hush'}
tasks:
  - {task_key: a, notebook: n, job_cluster_key: big}
  - {task_key: b, notebook: n, new_cluster: {engine: sail}}
"""


def test_the_clusters_of_a_file(tmp_path: Path) -> None:
    """Databricks' fields are read: settings are kept with their types, workers are kept, the cloud's own keys are warned of."""
    path = tmp_path / "p.yml"
    path.write_text(FILE)
    pipeline = read_job_file(path, shown="p.yml")
    big = pipeline.job_clusters["big"]
    assert (pipeline.engine, big.engine, big.num_workers) == ("auto", None, 8)
    assert big.spark_conf == {"spark.sql.shuffle.partitions": 400, "spark.speculation": True}
    assert pipeline.job_clusters["far"].engine == "sc://spark.example:15002/;token=hush"
    assert [task.job_cluster_key for task in pipeline.tasks] == ["big", None]
    assert pipeline.tasks[1].new_cluster == Cluster("sail")
    assert [(warning.line, warning.key) for warning in pipeline.warnings] == [
        (5, "job_clusters[0].new_cluster.spark_version"), (6, "job_clusters[0].new_cluster.node_type_id"),
    ]  # fmt: skip


def test_every_mistake_in_clusters_at_once(tmp_path: Path) -> None:
    """Each with its line and key, and no token in any."""
    path = tmp_path / "p.yml"
    path.write_text(
        "engine: sprak\njob_clusters:\n  - job_cluster_key: big\n    new_cluster: {engine: 'sc:/x;token=hush', num_workers: -2}\n"
        "  - job_cluster_key: big\n    new_cluster:\n      spark_conf: {a: [1]}\n      spark_env_vars: {}\n"
        "tasks:\n  - {task_key: a, notebook: n, job_cluster_key: bgi}\n  - {task_key: b, notebook: n, new_cluster: {}, job_cluster_key: big}\n"
    )
    with pytest.raises(DefinitionError) as caught:
        read_job_file(path, shown="p.yml")
    assert [(mistake.line, mistake.key) for mistake in caught.value.mistakes] == [
        (1, "engine"), (4, "job_clusters[0].new_cluster.num_workers"), (5, "job_clusters[1]"),
        (7, "job_clusters[1].new_cluster.spark_conf.a"), (8, "job_clusters[1].new_cluster.spark_env_vars"),
        (10, "tasks[0].job_cluster_key"), (11, "tasks[1].job_cluster_key"),
    ]  # fmt: skip
    assert "did you mean 'spark'?" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_the_same_rules_for_pipelines_in_python() -> None:
    """What a file may not hold, Python may not either."""
    pipeline = Pipeline(
        "p",
        [Task("a", "n", job_cluster_key="x"), Task("b", "n", new_cluster=Cluster("spank"))],
        engine="sc://h:99999",
        job_clusters={"y": Cluster(num_workers=-1), "z": {}},  # type: ignore[dict-item]
    )
    assert [mistake.key for mistake in check_pipeline(pipeline)] == [
        "engine", "job_clusters.y.num_workers", "job_clusters.z", "a.job_cluster_key", "b.new_cluster.engine",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("spark", "spark"),
        ("sc://h", "sc://h:15002"),
        ("sc://h:7/", "sc://h:7"),
        ("sc://a.b-c:7/;token=t;use_ssl=true", "sc://a.b-c:7"),
        ("sc://[::1]:7/;user_id=x;", "sc://[::1]:7"),
    ],
)
def test_names_that_are_good(name: str, label: str) -> None:
    """An address is shown without what stands behind its port."""
    assert engine_problem(name) is None
    assert engine_label(name) == label


@pytest.mark.parametrize(
    "name", ["", "Spark", "sc://", "sc://h:70000", "sc://h:x", "sc://h/token=t", "sc://h/;token", "local[*]", "spark://h:7"]
)
def test_names_that_are_none(name: str) -> None:
    """Each is refused in a sentence that lists what there is."""
    problem = engine_problem(name)
    assert problem is not None
    assert "sc://host:port" in problem


@pytest.mark.parametrize(
    "name",
    [
        "sc://h:15002/token=HUSH", "sc://h:15002/?token=HUSH", "sc://token:HUSH@h", "SC://h/;token=HUSH", "https://h;token=HUSH",
        "sc:h/;token=HUSH", "sc//h:1/;token=HUSH", " sc://h:1/;token=HUSH", "sc://h:99999/;token=HUSH",
    ],
)  # fmt: skip
def test_a_slip_in_an_address_shows_no_token(name: str) -> None:
    """What is wrong is told without what stands behind the host."""
    problem = engine_problem(name)
    assert problem is not None
    assert "HUSH" not in problem
