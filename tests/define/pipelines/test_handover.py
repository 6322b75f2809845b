"""A pipeline handed to another process."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.errors import Mistake
from nbflow.define.pipelines.handover import pipeline_document, pipeline_from_document
from nbflow.define.pipelines.pipeline import Cluster, Pipeline, Place, Task
from nbflow.define.pipelines.task_kinds import NotebookTask, PythonWheelTask, ShellTask, SparkPythonTask, SqlTask, SqlTaskFile

_values = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers()) | st.dictionaries(st.text(), st.text())
_places = st.dictionaries(st.text(), st.builds(Place, st.none() | st.text(), st.none() | st.integers(), st.none() | st.text()))
_clusters = st.builds(
    Cluster,
    engine=st.none() | st.text(),
    spark_conf=st.dictionaries(st.text(), st.text() | st.integers() | st.booleans()),
    num_workers=st.none() | st.integers(0, 9),
    places=_places,
)
_tasks = st.builds(
    Task,
    task_key=st.text(),
    notebook=st.text(),
    parameters=st.dictionaries(st.text(), _values),
    depends_on=st.lists(st.text()),
    max_retries=st.integers(-1, 5),
    retry_on_timeout=st.booleans(),
    timeout_seconds=st.floats(0, 1e6),
    kernel=st.none() | st.text(),
    job_cluster_key=st.none() | st.text(),
    new_cluster=st.none() | _clusters,
    notebook_task=st.none() | st.builds(NotebookTask, st.text(), st.dictionaries(st.text(), _values)),
    python=st.none() | st.text(),
    libraries=st.lists(st.dictionaries(st.text(), st.text())),
    spark_python_task=st.none() | st.builds(SparkPythonTask, st.text(), st.lists(_values)),
    python_wheel_task=st.none()
    | st.builds(PythonWheelTask, st.text(), st.text(), st.lists(_values), st.none() | st.dictionaries(st.text(), _values)),
    sql_task=st.none() | st.builds(SqlTask, st.builds(SqlTaskFile, st.text()), st.dictionaries(st.text(), _values)),
    shell_task=st.none() | st.builds(ShellTask, st.text()),
    unread=st.frozensets(st.text(), max_size=2),
    places=_places,
)
_pipelines = st.builds(
    Pipeline,
    name=st.text(),
    tasks=st.lists(_tasks, max_size=3),
    parameters=st.dictionaries(st.text(), _values),
    engine=st.none() | st.text(),
    job_clusters=st.dictionaries(st.text(), _clusters),
    file=st.none() | st.just(Path("/w/pipelines/p.yml")),
    warnings=st.lists(st.builds(Mistake, st.text(), st.none() | st.text(), st.none() | st.integers())).map(tuple),
)


@given(_pipelines)
def test_a_pipeline_comes_back_as_it_was(pipeline: Pipeline) -> None:
    """Through JSON and back, a pipeline is equal to itself and keeps its places."""
    again = pipeline_from_document(json.loads(json.dumps(pipeline_document(pipeline))))
    assert again == pipeline
    assert [(task.places, task.unread) for task in again.tasks] == [(task.places, task.unread) for task in pipeline.tasks]
    assert again.unread == pipeline.unread
    assert [cluster.places for cluster in again.job_clusters.values()] == [cluster.places for cluster in pipeline.job_clusters.values()]


def test_values_keep_their_types() -> None:
    """Dates, durations and paths arrive as what they are."""
    task = Task("a", Path("n.ipynb"), {"day": date(2026, 1, 2), "wait": timedelta(minutes=2), "where": Path("x/y")})
    [again] = pipeline_from_document(pipeline_document(Pipeline("p", [task]))).tasks
    assert again.parameters == task.parameters
    assert again.notebook == "n.ipynb"
