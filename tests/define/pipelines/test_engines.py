"""Engines and clusters as their author names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nbflow.core.errors import DefinitionError
from nbflow.define.nearest import nearest
from nbflow.define.pipeline_files.job import read_job_file
from nbflow.define.pipelines.clusters import doubtful_settings
from nbflow.define.pipelines.engines import engine_label, engine_problem
from nbflow.define.pipelines.order import check_pipeline
from nbflow.define.pipelines.pipeline import Cluster, Pipeline, Task
from nbflow.define.pipelines.spark_settings import _KNOWN, _SLIP, setting_problem, setting_slip
from nbflow.define.settings import Settings
from nbflow.plan.engines import plan_engines

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


def test_no_mistake_in_clusters_hides_another() -> None:
    """Of a pipeline in Python all are told at once, also those of a task whose key stands twice and of what is no text."""
    pipeline = Pipeline(
        "p",
        [
            Task("a", "n", new_cluster=Cluster(), job_cluster_key="x"),
            Task("a", "n", new_cluster=Cluster("spank")),
            Task("c", "n", job_cluster_key=["y"]),  # type: ignore[arg-type]
            Task("d", "n", job_cluster_key="z"),
        ],
        job_clusters={"y": Cluster(spark_conf={"spark.sql.shuffle.partitions": "many", "spark": {"a": 1}, "b": None}), "z": {}},  # type: ignore[dict-item]
    )
    assert [mistake.key for mistake in check_pipeline(pipeline)] == [
        "a.task_key", "job_clusters.y.spark_conf.spark.sql.shuffle.partitions", "job_clusters.y.spark_conf.spark",
        "job_clusters.y.spark_conf.b", "job_clusters.z", "a.job_cluster_key", "a.job_cluster_key", "a.new_cluster.engine",
        "c.job_cluster_key",
    ]  # fmt: skip
    plan_engines(pipeline, pipeline.tasks, Settings())  # which the notebooks' mistakes are looked for with


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("spark.sql.shuffle.partitions", "many", "a whole number"),
        ("spark.sql.shuffle.partitions", True, "a whole number"),
        ("spark.driver.memory", "lots", "a size"),
        ("spark.sql.ansi.enabled", "yes", "true or false"),
        ("spark.whatever.enabled", 1, "true or false"),
        ("spark.network.timeout", "soon", "a time"),
        ("spark", {"sql": 1}, "text or a number"),
        ("a", [1], "text or a number"),
        ("a", None, "text or a number"),
    ],
)
def test_values_that_a_setting_of_spark_cannot_take(name: str, value: Any, told: str) -> None:
    """Are told with what it takes; a map with how its names are written."""
    problem = setting_problem(name, value)
    assert problem is not None and told in problem[0]
    assert not isinstance(value, dict) or problem[1] == "write the name whole: 'spark.sql: value'"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spark.sql.shuffle.partitions", 8), ("spark.sql.shuffle.partitions", " 8 "), ("spark.driver.memory", "2g"),
        ("spark.sql.autoBroadcastJoinThreshold", -1), ("spark.sql.ansi.enabled", "TRUE"), ("spark.sql.ansi.enabled", False),
        ("spark.network.timeout", "120s"), ("spark.sql.shuffle.partitions", "${var.n}"), ("spark.mine", "what I like"), ("x", 1.5),
    ],
)  # fmt: skip
def test_values_that_it_can(name: str, value: Any) -> None:
    """Whatever Spark takes for it; of a setting that nobody knows, anything."""
    assert setting_problem(name, value) is None


def test_a_slip_in_the_name_of_a_setting() -> None:
    """The usual name is offered as a warning; names that are like none, or are one, are left alone."""
    assert setting_slip("spark.sql.shuffle.partition") == "spark.sql.shuffle.partitions"
    assert setting_slip("spark.sql.Shuffle.partitions") == "spark.sql.shuffle.partitions"
    known = [name for names in _KNOWN.values() for name in names]
    assert [setting_slip(name) for name in [*known, "spark.mine.own", "mine"]] == [None] * (len(known) + 2)
    assert [name for name in known if nearest(name, [other for other in known if other != name], _SLIP)] == []
    pipeline = Pipeline("p", [Task("a", "n", new_cluster=Cluster(spark_conf={"spark.sql.ansi.enable": True}))])
    assert [(str(each.key), each.hint) for each in doubtful_settings(pipeline)] == [
        ("a.new_cluster.spark_conf.spark.sql.ansi.enable", "did you mean 'spark.sql.ansi.enabled'?")
    ]


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
