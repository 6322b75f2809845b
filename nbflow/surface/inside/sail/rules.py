"""Rules that a Delta table has for its rows, and that Sail does not check: constraints in UPDATE, MERGE and overwrites, lengths of texts everywhere."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

from nbflow.surface.inside.sail.describe import metadata_of
from nbflow.surface.inside.sail.refusals import refused

_CONSTRAINT = "delta.constraints."
_LENGTH = "__CHAR_VARCHAR_TYPE_STRING"


def refuse_rules(words: Sequence[str], folder: str, operation: str) -> None:
    """Raise where a statement, told by its ``words``, changes the table in ``folder`` in a way in which its rules are not checked."""
    constraints, lengths = _rules(folder) if operation and not operation.endswith(" TABLE") else ({}, [])
    if lengths and operation != "DELETE":
        raise refused(f"{operation} of {lengths[0]}, which has a length,", "Sail does not check the lengths of texts")
    if constraints and (operation in ("UPDATE", "MERGE") or list(words[:2]) == ["INSERT", "OVERWRITE"]):
        raise refused(f"{operation} of a table with the constraint {next(iter(constraints))}", "Sail does not check it")


def guard_rules(operation: Any, folder: str, overwrites: bool, is_any: Callable[[Any, str], bool]) -> None:
    """Raise for a write of a frame whose rows break the rules of the table in ``folder``, as far as Sail would let them; ``is_any`` tells whether a row of a plan
    meets a condition."""
    constraints, lengths = _rules(folder)
    if lengths:
        raise refused(f"a write of {lengths[0]}, which has a length,", "Sail does not check the lengths of texts")
    if any(key.lower() == "overwriteschema" and value.lower() == "true" for key, value in operation.options.items()):
        return
    for name, expression in constraints.items() if overwrites else ():
        if is_any(operation.input, f"NOT coalesce(({expression}), false)"):
            from pyspark.errors.exceptions.connect import AnalysisException

            raise AnalysisException(f"[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES] CHECK constraint {name} ({expression}) violated.")


def _rules(folder: str) -> tuple[dict[str, str], list[str]]:
    """The constraints of a table by name, and those of its columns that have a length."""
    if not folder or not os.path.isdir(os.path.join(folder, "_delta_log")):
        return {}, []
    metadata = metadata_of(folder)
    settings = metadata.get("configuration") or {}
    constraints = {key.removeprefix(_CONSTRAINT): value for key, value in settings.items() if key.startswith(_CONSTRAINT)}
    fields = json.loads(metadata.get("schemaString") or "{}").get("fields", ())
    return constraints, [field["name"] for field in fields if _LENGTH in (field.get("metadata") or {})]
