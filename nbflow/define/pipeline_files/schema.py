"""The JSON Schema of pipeline files, made from the vocabulary, so that editors complete and check.

``python -m nbflow.define.pipeline_files.schema`` writes the shipped file anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbflow.define.pipeline_files.vocabulary import HOLDERS, OBJECTS, REQUIRED
from nbflow.define.pipeline_files.words import Key, Standing
from nbflow.define.pipeline_files.work import SHORT
from nbflow.define.pipelines.kinds import KINDS
from nbflow.define.pipelines.task_kinds import KINDS_OF_FIELD
from nbflow.define.pipelines.task_kinds import OBJECTS as OBJECTS_OF_WORK

FILE = Path(__file__).with_name("pipeline.schema.json")


def json_schema() -> dict[str, Any]:
    """The schema: a job, or a bundle with jobs in it."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "nbflow pipeline",
        "description": "A pipeline of tasks, in the vocabulary of Databricks jobs.",
        "anyOf": [{"$ref": "#/$defs/bundle"}, {"$ref": "#/$defs/job"}],
        "$defs": {name: _object(name, keys) for name, keys in OBJECTS.items()},
    }


def _object(name: str, keys: dict[str, Key]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {key: _key(entry) for key, entry in keys.items()},
        "additionalProperties": False,
    }
    if name in REQUIRED:
        schema["required"] = list(REQUIRED[name])
    if name in ("job", "bundle"):
        schema["patternProperties"] = {HOLDERS.pattern: {"description": "Holds what YAML anchors share."}}
    if name == "bundle":
        schema["anyOf"] = [{"required": [key]} for key in ("resources", "include", "targets", "variables")]
    if name == "task":
        schema["oneOf"] = [{"required": [name]} for name in (*SHORT, *OBJECTS_OF_WORK)]
        named = {"properties": {"parameters": {"type": "object"}}}
        schema["dependencies"] = {
            "notebook": named,
            "sql": named,
            "script": {"properties": {"parameters": {"type": "array"}}},
            **{field: {"anyOf": [{"required": [name]} for name in _forms(field)]} for field in KINDS_OF_FIELD},
            "job_cluster_key": {"not": {"required": ["new_cluster"]}},
        }
    if name == "for_each_task":
        schema["oneOf"] = [{"required": ["task"]}, {"required": ["tasks"]}]
    if name == "run_job_task":
        schema["oneOf"] = [{"required": ["job_name"]}, {"required": ["job_id"]}]
    return schema


def _forms(field: str) -> list[str]:
    """The keys of the kinds of work that ``field`` has a meaning beside; ``parameters`` beside the short forms alone."""
    short = [name for name, whole in SHORT.items() if whole in KINDS_OF_FIELD[field]]
    return short if field == "parameters" else [*short, *KINDS_OF_FIELD[field]]


def _key(entry: Key) -> dict[str, Any]:
    described = {"description": entry.doc}
    if entry.standing is Standing.IDLE:
        return {"description": f"{entry.doc} No effect in nbflow."}
    if entry.standing in (Standing.REFUSED, Standing.CLOUD):
        allowed: dict[str, Any] = {"enum": list(entry.harmless)} if entry.harmless else {"not": {}}
        return {"description": f"{entry.doc} Cannot be run by nbflow.", **allowed}
    shapes = [KINDS[kind].schema for kind in entry.kinds]
    if len(shapes) == 1 and "$ref" not in shapes[0]:  # a draft-07 validator looks at nothing beside "$ref"
        return {**described, **shapes[0]}
    return {**described, "anyOf": shapes}


def schema_text() -> str:
    """The schema as the shipped file holds it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")
