"""A Pipeline written in Python as plain JSON, so that another process can run it as it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, astuple, fields
from pathlib import Path
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.core.natural import type_of
from nbflow.core.values import ANY, ValueType, decode, encode
from nbflow.define.pipelines.flow import Dependency, Expectation
from nbflow.define.pipelines.pipeline import Cluster, Pipeline, Place, Task
from nbflow.define.pipelines.task_kinds import OBJECTS, AnyTask, SqlTaskFile

_VALUES = "parameters"
_OWN_FORM = ("tasks", "places", "warnings", "job_clusters", "new_cluster", "libraries", "depends_on", "expect", _VALUES, *OBJECTS)


def pipeline_document(pipeline: Pipeline) -> dict[str, Any]:
    """``pipeline`` as a JSON object. Parameters' values go with the types they have.

    Raises ``TypeError`` for a value that has no form in JSON.
    """
    document = _document(pipeline)
    document["tasks"] = [_document(task) for task in pipeline.tasks]
    document["job_clusters"] = {key: _cluster_document(cluster) for key, cluster in pipeline.job_clusters.items()}
    document["warnings"] = [list(astuple(warning)) for warning in pipeline.warnings]
    return document


def pipeline_from_document(document: Mapping[str, Any]) -> Pipeline:
    """The pipeline that ``pipeline_document`` wrote."""
    given = _restored(document)
    given["tasks"] = [_task(task) for task in document["tasks"]]
    given["job_clusters"] = {key: _cluster(cluster) for key, cluster in document["job_clusters"].items()}
    for name in ("file", "bundle"):
        given[name] = None if document[name] is None else Path(document[name])
    given["warnings"] = tuple(Mistake(*warning) for warning in document["warnings"])
    return Pipeline(**given)


def _task(document: Mapping[str, Any]) -> Task:
    edges = [item if isinstance(item, str) else Dependency(**item) for item in document["depends_on"]]
    expect = None if document["expect"] is None else Expectation(**document["expect"])
    own = {"new_cluster": _cluster(document["new_cluster"]), "depends_on": edges, "expect": expect}
    return Task(**{**_restored(document), **own, **_works(document)})


def _document(value: Pipeline | Task) -> dict[str, Any]:
    document = {item.name: _plain(getattr(value, item.name)) for item in fields(value) if item.name not in _OWN_FORM}
    if isinstance(value, Task):
        document["new_cluster"] = None if value.new_cluster is None else _cluster_document(value.new_cluster)
        document["libraries"] = [dict(library) for library in value.libraries]
        document["depends_on"] = [item if isinstance(item, str) else asdict(item) for item in value.depends_on]
        document["expect"] = None if value.expect is None else {"tables": dict(value.expect.tables), "values": list(value.expect.values)}
        document |= {name: _work_document(getattr(value, name)) for name in OBJECTS}
    document["places"] = _places(value)
    document[_VALUES] = {name: _typed(given) for name, given in value.parameters.items()}
    return document


def _work_document(work: AnyTask | None) -> dict[str, Any] | None:
    if work is None:
        return None
    return {item.name: _held(getattr(work, item.name)) for item in fields(work)}


def _held(value: Any) -> list[Any]:
    """A field of a work's object: names with values keep the types of these, tasks their own form."""
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, Task) for item in value):
        return ["tasks", [_document(task) for task in value]]
    if isinstance(value, Mapping):
        return ["values", {name: _typed(given) for name, given in value.items()}]
    if isinstance(value, SqlTaskFile):
        return ["file", _plain(value.path)]
    return ["list", [_typed(given) for given in value]] if isinstance(value, (list, tuple)) else ["plain", _plain(value)]


def _works(task: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if task[name] is None else cls(**{field: _given(*held) for field, held in task[name].items()})
        for name, cls in OBJECTS.items()
    }


def _given(form: str, value: Any) -> Any:
    if form == "tasks":
        return [_task(task) for task in value]
    if form == "values":
        return {name: decode(given, ValueType.parse(kind)) for name, (kind, given) in value.items()}
    if form == "file":
        return SqlTaskFile(value)
    return [decode(given, ValueType.parse(kind)) for kind, given in value] if form == "list" else value


def _cluster_document(cluster: Cluster) -> dict[str, Any]:
    own = {item.name: _plain(getattr(cluster, item.name)) for item in fields(cluster) if item.name != "places"}
    return {**own, "places": _places(cluster)}


def _cluster(document: Mapping[str, Any] | None) -> Cluster | None:
    if document is None:
        return None
    return Cluster(**{**document, "places": {key: Place(*place) for key, place in document["places"].items()}})


def _places(value: Pipeline | Task | Cluster) -> dict[str, list[Any]]:
    return {key: [place.file, place.line, place.key] for key, place in value.places.items()}


def _typed(value: Any) -> list[Any]:
    """The type of a value and the value; of one without a type of its own, such as a dict of several kinds, as it is."""
    kind = type_of(value)
    return [str(kind), encode(value)] if kind != ANY else [str(ANY), _plain(value)]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return encode(dict(value))
    return os.fspath(value) if isinstance(value, os.PathLike) else encode(value)


def _restored(document: Mapping[str, Any]) -> dict[str, Any]:
    places = {key: Place(*place) for key, place in document["places"].items()}
    values = {name: decode(value, ValueType.parse(kind)) for name, (kind, value) in document[_VALUES].items()}
    return {**document, "places": places, "unread": frozenset(document["unread"]), _VALUES: values}
