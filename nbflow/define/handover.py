"""A Pipeline written in Python as plain JSON, so that another process can run it as it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from nbflow.core.values import encode
from nbflow.define.pipeline import Pipeline, Place, Task


def pipeline_document(pipeline: Pipeline) -> dict[str, Any]:
    """``pipeline`` as a JSON object; values are encoded (``core.values.encode``)."""
    document = _document(pipeline)
    document["tasks"] = [_document(task) for task in pipeline.tasks]
    return document


def pipeline_from_document(document: Mapping[str, Any]) -> Pipeline:
    """The pipeline that ``pipeline_document`` wrote."""
    given = _restored(document)
    given["tasks"] = [Task(**_restored(task)) for task in document["tasks"]]
    given["file"] = None if document["file"] is None else Path(document["file"])
    return Pipeline(**given)


def _document(value: Pipeline | Task) -> dict[str, Any]:
    document = {
        item.name: _plain(getattr(value, item.name)) for item in fields(value) if item.name not in ("tasks", "places")
    }
    document["places"] = {key: [place.file, place.line, place.key] for key, place in value.places.items()}
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return encode(dict(value))
    return os.fspath(value) if isinstance(value, os.PathLike) else encode(value)


def _restored(document: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "places": {key: Place(*place) for key, place in document["places"].items()}}
