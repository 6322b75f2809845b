"""Columns on Sail: which take no null, and whether values of one type fit into a column of another, as Spark has it.

A type is here what its ``json()`` says: a name, or an object for a struct, an array or a map.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Sequence
from typing import Any

from nbflow.surface.inside.statements import quoted_name

_WIDER = {
    "byte": ("short", "integer", "long"), "short": ("integer", "long"), "integer": ("long",), "float": ("double",),
}  # fmt: skip
_DECIMAL = re.compile(r"decimal\((\d+),(-?\d+)\)\Z")
_NULLS = ("nullable", "containsNull", "valueContainsNull")


def fits(given: Any, stored: Any, merges: bool) -> bool:
    """Whether values of the type ``given`` can be written to a column ``stored`` and be the same there. ``merges`` says that fields may be
    added within it, and left out. Only at the top may a number be of a narrower type."""
    one, other = _without_nulls(json.loads(given.json())), _without_nulls(json.loads(stored.json()))
    if isinstance(one, str) and isinstance(other, str):
        digits = _DECIMAL.match(one), _DECIMAL.match(other)
        if digits[0] and digits[1]:
            (precision, scale), (room, places) = (tuple(map(int, found.groups())) for found in digits if found)
            return bool(places >= scale and room - places >= precision - scale)
        return one in (other, "void") or other in _WIDER.get(one, ())
    return _same(one, other, merges)


def _same(one: Any, other: Any, merges: bool) -> bool:
    if isinstance(one, str) or isinstance(other, str) or one["type"] != other["type"]:
        return bool(one == other)
    if one["type"] == "array":
        return _same(one["elementType"], other["elementType"], merges)
    if one["type"] == "map":
        return _same(one["keyType"], other["keyType"], merges=False) and _same(one["valueType"], other["valueType"], merges)
    if one["type"] != "struct":
        return bool(one == other)
    known = {field["name"]: field["type"] for field in other["fields"]}
    spelled = {name.lower() for name in known}
    for field in one["fields"]:
        name = field["name"]
        if name in known:
            if not _same(field["type"], known[name], merges):
                return False
        elif not merges or name.lower() in spelled:
            return False
    return merges or len(one["fields"]) == len(known)


def adds_fields(given: Any, stored: Any) -> bool:
    """Whether ``given``, which fits, has a field somewhere within that ``stored`` has not."""
    return not fits(given, stored, merges=False) and bool(_names(json.loads(given.json())) - _names(json.loads(stored.json())))


def left_out(given: Any, stored: Any) -> bool:
    """Whether ``given`` lacks fields somewhere within that ``stored`` has, and differs in nothing else."""
    return not fits(given, stored, merges=False) and fits(given, stored, merges=True) and not adds_fields(given, stored)


def holds_structs(kind: Any) -> bool:
    """Whether a type is a struct, or has one in it."""
    return '"type":"struct"' in kind.json().replace(" ", "")


def swaps_fields(given: Any, stored: Any) -> bool:
    """Whether a struct of both types, or one in it, has the same fields in another order."""
    return _swapped(json.loads(given.json()), json.loads(stored.json()))


def _swapped(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str) or one["type"] != other["type"]:
        return False
    if one["type"] == "struct":
        ours, theirs = ([field["name"].lower() for field in kind["fields"]] for kind in (one, other))
        if ours != theirs and set(ours) & set(theirs):
            return True
        return any(_swapped(mine["type"], your["type"]) for mine, your in zip(one["fields"], other["fields"]))
    return any(_swapped(one[key], other[key]) for key in ("elementType", "keyType", "valueType") if key in one)


def _names(kind: Any, path: str = "") -> set[str]:
    """The paths of all fields within a type."""
    if isinstance(kind, dict) and kind.get("type") == "struct":
        return {
            name for field in kind["fields"] for name in ({f"{path}.{field['name']}"} | _names(field["type"], f"{path}.{field['name']}"))
        }
    inner = [kind.get("elementType"), kind.get("valueType")] if isinstance(kind, dict) else []
    return {name for each in inner for name in _names(each, f"{path}[]")}


def takes_no_null(schema: Any) -> bool:
    """Whether a column, or something in one, takes no null."""
    return bool(_without_nulls(json.loads(schema.json())) != json.loads(schema.json()))


def nullable(schema: Any) -> Any:
    """``schema`` with columns that take nulls, and what is in them as well."""
    return type(schema).fromJson(_without_nulls(json.loads(schema.json())))


def _without_nulls(kind: Any) -> Any:
    """A type in which everything takes nulls."""
    if isinstance(kind, dict):
        return {key: True if key in _NULLS else value if key == "metadata" else _without_nulls(value) for key, value in kind.items()}
    return [_without_nulls(item) for item in kind] if isinstance(kind, list) else kind


def empty(schema: Any, client: Any) -> Any:
    """A frame of these columns without rows."""
    import pyarrow
    from pyspark.sql.connect.plan import LocalRelation
    from pyspark.sql.pandas.types import to_arrow_schema

    zone = {"timezone": "UTC"} if "timezone" in inspect.signature(to_arrow_schema).parameters else {}  # older ones take UTC
    table = pyarrow.Table.from_batches([], schema=to_arrow_schema(schema, **zone))
    return LocalRelation(table, schema.json()).plan(client)


def fields_of(parts: Sequence[str], client: Any) -> Any:
    """The columns of the table of this name, as they are now."""
    from pyspark.sql.connect import proto

    plan = proto.Plan()
    plan.root.sql.query = "SELECT * FROM " + ".".join(map(quoted_name, parts))
    return client._analyze(method="schema", plan=plan).schema.fields
