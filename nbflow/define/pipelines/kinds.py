"""The kinds of values that a key may take: what fits, what a person calls it, and how JSON Schema says it.

The reader, the schema and the checks of pipelines written in Python all use this table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbflow.core.flow import Operator, ParentIf, RunIf
from nbflow.define.pipelines.engines import ENGINES, PATTERN
from nbflow.define.pipelines.task_kinds import OBJECTS

LONGEST_TASK_KEY = 100
ZONE = r"(UTC|[A-Z][A-Za-z_]*(/[A-Za-z0-9_+-]+)+)"
PARAMETER_NAME = "[A-Za-z0-9_.-]+"
_MOST = 2**31 - 1  # Databricks' numbers are 32 bits wide; as seconds that is 68 years


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. ``said`` goes into messages (*takes …*), ``schema`` into the JSON Schema."""

    said: str
    fits: Callable[[Any], bool]
    schema: Mapping[str, Any]


def _text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _number(least: int, whole: bool) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return least <= value <= _MOST and (not whole or value == int(value))

    return fits


def _range(type_: str, least: int) -> dict[str, Any]:
    return {"type": type_, "minimum": least, "maximum": _MOST}


def _list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _map(value: Any) -> bool:
    return isinstance(value, Mapping)


def _one_of(*names: str) -> Kind:
    return Kind(f"one of {', '.join(names)}", lambda value: isinstance(value, str) and value in names, {"enum": list(names)})


def _outcome(value: Any) -> bool:
    return isinstance(value, bool) or value in ("true", "false")


def _operand(value: Any) -> bool:
    return isinstance(value, (str, int, float))


def _listed(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


KINDS: dict[str, Kind] = {
    "text": Kind("text", _text, {"type": "string", "minLength": 1}),
    "prose": Kind("text", lambda value: isinstance(value, str), {"type": "string"}),
    "task_key": Kind("text", _text, {"type": "string", "minLength": 1, "maxLength": LONGEST_TASK_KEY, "pattern": "^[A-Za-z0-9_-]+$"}),
    "parameter_name": Kind("text", _text, {"type": "string", "pattern": f"^{PARAMETER_NAME}$"}),
    "seconds": Kind("a number of seconds from 0 on", _number(0, whole=False), _range("number", 0)),
    "count": Kind("a whole number from 0 on", _number(0, whole=True), _range("integer", 0)),
    "retries": Kind("a whole number from -1 on", _number(-1, whole=True), _range("integer", -1)),
    "boolean": Kind("true or false", lambda value: isinstance(value, bool), {"type": "boolean"}),
    "run_if": _one_of(*map(str, RunIf)),
    "parent_if": _one_of(*map(str, ParentIf)),
    "operator": _one_of(*map(str, Operator)),
    "target_mode": _one_of("development", "production"),
    "variable_type": Kind("complex, or is left out", lambda value: value == "complex", {"enum": ["complex"]}),
    "outcome": Kind("'true' or 'false'", _outcome, {"enum": ["true", "false", True, False]}),
    "operand": Kind("text, a number, true or false", _operand, {"type": ["string", "number", "boolean"]}),
    "concurrency": Kind("a whole number from 1 on", _number(1, whole=True), _range("integer", 1)),
    "name_list": Kind("a list", _list, {"type": "array", "items": {"type": "string", "minLength": 1}}),
    "any": Kind("a value", lambda value: True, {}),
    "zone": Kind(
        "the name of a time zone such as Europe/Berlin",
        lambda value: isinstance(value, str) and re.fullmatch(ZONE, value) is not None,
        {"type": "string", "pattern": f"^{ZONE}$"},
    ),
    "map": Kind("a map", _map, {"type": "object"}),
    "list": Kind("a list", _list, {"type": "array"}),
    "variable_map": Kind("a map", _map, {"type": "object", "additionalProperties": {"$ref": "#/$defs/variable"}}),
    "target_map": Kind(
        "a map", _map, {"type": "object", "additionalProperties": {"anyOf": [{"$ref": "#/$defs/target"}, {"type": "null"}]}}
    ),
    "parameter_map": Kind("a map", _map, {"type": "object", "propertyNames": {"pattern": f"^{PARAMETER_NAME}$"}}),
    "job_map": Kind("a map", _map, {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/job"}}),
    "parameter_list": Kind("a list", _list, _listed("parameter")),
    "value_list": Kind("a list", _list, {"type": "array"}),
    "library_list": Kind("a list", _list, _listed("library")),
    "engine": Kind("the name of an engine", _text, {"type": "string", "pattern": f"^({'|'.join(ENGINES)}|{PATTERN})$"}),
    "job_cluster_list": Kind("a list", _list, _listed("job_cluster")),
    "environment_list": Kind("a list", _list, _listed("environment")),
    "task_list": Kind("a list", _list, {**_listed("task"), "minItems": 1}),
    "dependency_list": Kind(
        "a list", _list, {"type": "array", "items": {"anyOf": [{"type": "string", "minLength": 1}, {"$ref": "#/$defs/dependency"}]}}
    ),
    **{
        name: Kind("a map", _map, {"$ref": f"#/$defs/{name}"})
        for name in (
            *OBJECTS,
            "sql_file",
            "cluster",
            "environment_spec",
            "resources",
            "bundle_settings",
            "lookup",
            "presets",
            "task",
            "expect",
        )
    },
}


def said(kinds: Sequence[str]) -> str:
    """What a key of these kinds takes, in words."""
    return " or ".join(dict.fromkeys(KINDS[kind].said for kind in kinds))


def is_task_key(text: str) -> bool:
    """Whether a task may have this key: letters, digits, ``_`` and ``-``, as on Databricks."""
    return re.match(r"[\w\-]+\Z", text) is not None and len(text) <= LONGEST_TASK_KEY


def is_parameter_name(text: str) -> bool:
    """Whether a pipeline's parameter may have this name, by Databricks' rule."""
    return re.match(rf"{PARAMETER_NAME}\Z", text) is not None
