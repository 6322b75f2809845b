"""Which Spark engines a run has, and which task uses which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nbflow.define.pipelines.engines import engine_label
from nbflow.define.pipelines.pipeline import Cluster, Pipeline, Task
from nbflow.define.settings import Settings

DEFAULT = ""
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class PlannedEngine:
    """A Spark engine as a run will have it: ``name`` as ``define.pipelines.engines`` knows it, an address with its token;
    ``spark_conf`` all settings of Spark that are given to it; ``key`` that of its cluster (empty: of tasks that name none).
    ``clusters`` are the keys of the clusters that come to it, each with the workers that it has on Databricks."""

    key: str = DEFAULT
    name: str = "spark"
    spark_conf: Mapping[str, Any] = field(default_factory=dict)
    clusters: tuple[tuple[str, int | None], ...] = ()

    @property
    def label(self) -> str:
        """Its name as it may be shown and kept."""
        return engine_label(self.name)


def plan_engines(pipeline: Pipeline, tasks: Sequence[Task], settings: Settings) -> tuple[dict[str, str], tuple[PlannedEngine, ...]]:
    """The key of each task's engine by the task's key, and the engines, that of tasks without a cluster first.

    What the call says wins over a cluster, that over the pipeline, that over the settings; but ``auto`` leaves the choice to
    who knows the machine, and a setting that was given wins over it. Clusters that come to the same engine with the same
    settings share it.
    """
    engines = [_engine(DEFAULT, Cluster(), pipeline, settings)]
    clusters = pipeline.job_clusters if isinstance(pipeline.job_clusters, Mapping) else {}
    chosen = {}
    for task in tasks:
        named = task.job_cluster_key if isinstance(task.job_cluster_key, str) else None
        key = named or (f"{task.task_key}.new_cluster" if task.new_cluster else DEFAULT)
        cluster = _whole(clusters.get(named or "") or task.new_cluster)
        wanted = _engine(key, cluster, pipeline, settings)
        alike = (at for at, engine in enumerate(engines) if (engine.name, engine.spark_conf) == (wanted.name, wanted.spark_conf))
        at = next(alike, len(engines))
        if at == len(engines):
            engines.append(wanted)
        engines[at] = replace(engines[at], clusters=tuple(dict.fromkeys((*engines[at].clusters, *wanted.clusters))))
        chosen[task.task_key] = engines[at].key
    return chosen, tuple(engines)


def _whole(cluster: Any) -> Cluster:
    """``cluster`` where it is one as it should be; else one that says nothing, so that what is wrong hides no other mistake."""
    good = isinstance(cluster, Cluster) and isinstance(cluster.spark_conf, Mapping) and isinstance(cluster.engine, (str, type(None)))
    return cluster if good else Cluster()


def _engine(key: str, cluster: Cluster, pipeline: Pipeline, settings: Settings) -> PlannedEngine:
    name = settings.engine if "engine" in settings.of_call else cluster.engine or pipeline.engine or settings.engine
    if name == AUTO and "engine" in settings.said:
        name = settings.engine
    over = [cluster.spark_conf, settings.spark_conf] if "spark_conf" in settings.of_call else [settings.spark_conf, cluster.spark_conf]
    return PlannedEngine(key, name, {**over[0], **over[1]}, ((key, cluster.num_workers),) if key else ())


def settled(engines: Sequence[PlannedEngine], chosen: str) -> tuple[tuple[PlannedEngine, ...], dict[str, str]]:
    """``engines`` with ``chosen`` wherever the choice was left to the machine, those that come to the same as one; and which
    of them, by its key, stands for each of the former."""
    found: list[PlannedEngine] = []
    stands_for: dict[str, str] = {}
    for engine in engines:
        engine = replace(engine, name=chosen) if engine.name == AUTO else engine
        at = next((at for at, one in enumerate(found) if (one.name, one.spark_conf) == (engine.name, engine.spark_conf)), len(found))
        if at == len(found):
            found.append(engine)
        else:
            found[at] = replace(found[at], clusters=tuple(dict.fromkeys((*found[at].clusters, *engine.clusters))))
        stands_for[engine.key] = found[at].key
    return tuple(found), stands_for


def changed_by_itself(last: str | None, chosen: str) -> bool:
    """Whether ``auto`` comes to another engine than the last successful run had: ``last`` as its record tells it. Of a run with
    several nothing can be said."""
    return last is not None and ", " not in last and last != chosen
