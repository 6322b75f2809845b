"""Which engines a run has, and which task uses which."""

from __future__ import annotations

from typing import Any

import pytest

from nbflow.define.pipelines.pipeline import Cluster, Pipeline, Task
from nbflow.define.settings import Settings
from nbflow.plan.engines import PlannedEngine, changed_by_itself, plan_engines, settled


def planned(pipeline: Pipeline, **settings: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Key, name and settings of the engine of each task."""
    chosen, engines = plan_engines(pipeline, pipeline.tasks, Settings(**settings))
    by_key = {engine.key: engine for engine in engines}
    assert len(by_key) == len(engines)
    return [
        (chosen[task.task_key], by_key[chosen[task.task_key]].name, dict(by_key[chosen[task.task_key]].spark_conf))
        for task in pipeline.tasks
    ]


PIPELINE = Pipeline(
    "p",
    [
        Task("plain", "n"),
        Task("big", "n", job_cluster_key="big"),
        Task("same", "n", job_cluster_key="idle"),
        Task("own", "n", new_cluster=Cluster("sail")),
    ],
    engine="auto",
    job_clusters={"big": Cluster(spark_conf={"a": 1, "b": 2}, num_workers=8), "idle": Cluster(num_workers=3)},
)


def test_what_wins() -> None:
    """The call over a cluster, that over the pipeline, that over the settings; alike clusters share an engine."""
    assert planned(PIPELINE, engine="spark", spark_conf={"b": 9, "c": 9}) == [
        ("", "auto", {"b": 9, "c": 9}),
        ("big", "auto", {"a": 1, "b": 2, "c": 9}),
        ("", "auto", {"b": 9, "c": 9}),
        ("own.new_cluster", "sail", {"b": 9, "c": 9}),
    ]
    of_call = planned(PIPELINE, engine="none", spark_conf={"b": 9}, of_call=frozenset({"engine", "spark_conf"}))
    assert of_call == [("", "none", {"b": 9}), ("big", "none", {"a": 1, "b": 9}), ("", "none", {"b": 9}), ("", "none", {"b": 9})]


def test_auto_yields_to_a_setting_that_was_given() -> None:
    """What the machine's file or variable says is a choice; a pipeline that says another engine keeps it."""
    assert planned(Pipeline("p", [Task("a", "n")], engine="auto"), engine="sc://h:1", said=frozenset({"engine"})) == [("", "sc://h:1", {})]
    assert planned(Pipeline("p", [Task("a", "n")], engine="sail"), engine="spark", said=frozenset({"engine"})) == [("", "sail", {})]


def test_workers_are_kept_where_engines_are_shared() -> None:
    """Each cluster is known with its own, also where it comes to the engine of others."""
    _, engines = plan_engines(PIPELINE, PIPELINE.tasks, Settings())
    assert [engine.clusters for engine in engines] == [(("idle", 3),), (("big", 8),), (("own.new_cluster", None),)]


def test_without_a_word_the_settings_hold() -> None:
    """A pipeline that names no engine has that of the workspace."""
    assert planned(Pipeline("p", [Task("a", "n")]), engine="sail") == [("", "sail", {})]


def test_a_token_is_never_shown() -> None:
    """An engine's label is without the options of its address."""
    assert PlannedEngine(name="sc://h:1/;token=hush").label == "sc://h:1"


def test_what_was_left_to_the_machine() -> None:
    """Only ``auto`` is replaced."""
    engines = (PlannedEngine("", "auto"), PlannedEngine("x", "spark"))
    assert [engine.name for engine in settled(engines, "sail")[0]] == ["sail", "spark"]


def test_what_comes_to_the_same_engine_shares_it() -> None:
    """A cluster that names the engine which ``auto`` comes to has no driver of its own; one with other settings has."""
    clusters = {"same": Cluster("spark", num_workers=2), "other": Cluster("spark", {"a": 1})}
    tasks = [Task("plain", "n"), Task("same", "n", job_cluster_key="same"), Task("other", "n", job_cluster_key="other")]
    chosen, engines = plan_engines(Pipeline("p", tasks, engine="auto", job_clusters=clusters), tasks, Settings())
    assert len(engines) == 3
    found, stands_for = settled(engines, "spark")
    assert [(engine.key, engine.name, engine.clusters) for engine in found] == [
        ("", "spark", (("same", 2),)), ("other", "spark", (("other", None),)),
    ]  # fmt: skip
    assert [stands_for[chosen[task.task_key]] for task in tasks] == ["", "", "other"]


@pytest.mark.parametrize(
    ("last", "chosen", "changed"),
    [
        (None, "sail", False),
        ("spark", "spark", False),
        ("spark", "sail", True),
        ("sail", "spark", True),
        ("sail, spark", "spark", False),
        ("sc://h:1", "spark", True),
    ],
)
def test_an_engine_never_changes_by_itself(last: str | None, chosen: str, changed: bool) -> None:
    """Another engine than the last successful run had is told."""
    assert changed_by_itself(last, chosen) is changed
