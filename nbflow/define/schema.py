"""The JSON Schema of pipeline files, made from the vocabulary, so that editors complete and check.

``python -m nbflow.define.schema`` writes the shipped file anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbflow.define.vocabulary import OBJECTS, REQUIRED, Key, Standing

FILE = Path(__file__).with_name("pipeline.schema.json")

_SIMPLE: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "minLength": 1},
    "number": {"type": "number", "minimum": 0},
    "integer": {"type": "integer", "minimum": -1},
    "boolean": {"type": "boolean"},
    "list": {"type": "array"},
    "map": {"type": "object"},
    "any": {},
    "parameter_map": {"type": "object"},
    "task_list": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/task"}},
    "parameter_list": {"type": "array", "items": {"$ref": "#/$defs/parameter"}},
    "dependency_list": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/dependency"}]}},
    "job_map": {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/job"}},
}


def json_schema() -> dict[str, Any]:
    """The schema: a job, or a bundle with jobs in it."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "nbflow pipeline",
        "description": "A pipeline of notebooks, in the vocabulary of Databricks jobs.",
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
    return schema


def _key(entry: Key) -> dict[str, Any]:
    described = {"description": entry.doc}
    if entry.standing is Standing.IDLE:
        return {"description": f"{entry.doc} No effect in nbflow."}
    if entry.standing is Standing.REFUSED:
        allowed: dict[str, Any] = {"enum": list(entry.harmless)} if entry.harmless else {"not": {}}
        return {"description": f"{entry.doc} Cannot be run by nbflow.", **allowed}
    shapes = [_SIMPLE[kind] if kind in _SIMPLE else {"$ref": f"#/$defs/{kind}"} for kind in entry.kinds]
    return {**described, **(shapes[0] if len(shapes) == 1 and "$ref" not in shapes[0] else {"anyOf": shapes})}


def schema_text() -> str:
    """The schema as the shipped file holds it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")
