"""Checks of a pipeline's clusters and engines, however they were written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.core.values import shown
from nbflow.define.nearest import did_you_mean, there_are
from nbflow.define.pipelines.engines import engine_problem
from nbflow.define.pipelines.kinds import KINDS
from nbflow.define.pipelines.pipeline import Cluster, Pipeline, Place
from nbflow.define.pipelines.spark_settings import setting_problem, setting_slip


def check_clusters(pipeline: Pipeline) -> Iterator[Mistake]:
    """What is wrong with the engines and clusters of ``pipeline``, and with how its tasks name them."""
    if pipeline.engine is not None:
        yield from _check_engine(pipeline.engine, pipeline.place("engine"))
    clusters = pipeline.job_clusters
    if not isinstance(clusters, Mapping):
        yield Mistake(f"job_clusters takes a map of keys to Cluster, got {shown(clusters)}", key="job_clusters")
        clusters = {}
    for name, cluster in clusters.items():
        yield from _check_cluster(cluster, f"job_clusters.{name}")
    for task in pipeline.all_tasks:
        own, named = getattr(task, "new_cluster", None), getattr(task, "job_cluster_key", None)
        if own is not None:
            yield from _check_cluster(own, f"{task.task_key}.new_cluster")
        if named is None:
            continue
        place = task.place("job_cluster_key")
        if own is not None:
            yield Mistake("'job_cluster_key' stands beside new_cluster", place.file, place.line, place.key, "keep one")
        if not isinstance(named, str):
            yield _at(place, f"job_cluster_key takes text, got {shown(named)}")
        elif clusters and named not in clusters:
            hint = did_you_mean(str(named), clusters) or there_are(clusters)
            yield Mistake(f"there is no cluster {named!r}", place.file, place.line, place.key, hint)


def undefined_clusters(pipeline: Pipeline) -> Iterator[Mistake]:
    """Clusters that tasks name although the pipeline defines none: warnings, since another file of a bundle may."""
    for task in pipeline.all_tasks if not pipeline.job_clusters else ():
        if task.job_cluster_key is not None:
            place = task.place("job_cluster_key")
            message = f"there is no cluster {task.job_cluster_key!r}, since there are no job_clusters: the pipeline's engine is used"
            yield Mistake(message, place.file, place.line, place.key)


def doubtful_settings(pipeline: Pipeline) -> Iterator[Mistake]:
    """Settings of Spark whose names are nearly those of usual ones: warnings, since Spark takes any."""
    named = [(f"job_clusters.{key}", cluster) for key, cluster in pipeline.job_clusters.items()]
    own = [(f"{task.task_key}.new_cluster", task.new_cluster) for task in pipeline.tasks if task.new_cluster is not None]
    for where, cluster in [*named, *own]:
        for name in cluster.spark_conf:
            if (meant := setting_slip(name)) is not None:
                place = cluster.places.get(f"spark_conf.{name}") or Place(key=f"{where}.spark_conf.{name}")
                yield Mistake(f"Spark may not know the setting {name}", place.file, place.line, place.key, f"did you mean {meant!r}?")


def _check_cluster(cluster: Any, where: str) -> Iterator[Mistake]:
    if not isinstance(cluster, Cluster):
        yield Mistake(f"takes a Cluster, got {shown(cluster)}", key=where)
        return

    def place(key: str) -> Place:
        return cluster.places.get(key) or Place(key=f"{where}.{key}")

    if cluster.engine is not None:
        yield from _check_engine(cluster.engine, place("engine"))
    if cluster.num_workers is not None and not KINDS["count"].fits(cluster.num_workers):
        yield _at(place("num_workers"), f"num_workers takes {KINDS['count'].said}, got {shown(cluster.num_workers)}")
    if not isinstance(cluster.spark_conf, Mapping):
        yield _at(place("spark_conf"), f"spark_conf takes a map, got {shown(cluster.spark_conf)}")
        return
    for name, value in cluster.spark_conf.items():
        if (problem := setting_problem(name, value)) is not None:
            where_it_stands = place(f"spark_conf.{name}")
            yield Mistake(problem[0], where_it_stands.file, where_it_stands.line, where_it_stands.key, problem[1])


def _check_engine(name: Any, place: Place) -> Iterator[Mistake]:
    problem = engine_problem(name) if isinstance(name, str) else f"engine takes text, got {shown(name)}"
    if problem is not None:
        yield _at(place, problem)


def _at(place: Place, message: str) -> Mistake:
    return Mistake(message, place.file, place.line, place.key)
