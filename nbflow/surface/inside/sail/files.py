"""Files that are written on Sail: what would not stand in them as it should is refused."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from nbflow.surface.inside.sail.places import is_elsewhere
from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.sail.targets import paths_read
from nbflow.surface.inside.statements import quoted_name

_NOT_HEEDED = {
    "csv": ("dateFormat", "timestampFormat", "timestampNTZFormat", "emptyValue", "lineSep", "encoding", "charset", "quoteAll"),
    "json": ("dateFormat", "timestampFormat", "timestampNTZFormat", "ignoreNullFields", "lineSep", "encoding", "charset"),
}
"""Options of writers of files without which others stand in them."""

_AS_SAIL_HAS_IT = {
    "encoding": "utf-8",
    "charset": "utf-8",
    "linesep": "\n",
    "ignorenullfields": "true",
    "quoteall": "false",
    "emptyvalue": "",
}


def guard_files(operation: Any, kind: str, schema: Any, is_any: Callable[[Any, str], bool]) -> None:
    """Raise for a write of files of the format ``kind`` that Sail would write otherwise; ``is_any`` tells whether a row of a plan meets a condition."""
    unknown = {name.lower(): name for name in _NOT_HEEDED.get(kind, ())}
    for key, value in operation.options.items():
        if key.lower() in unknown and value.lower() != _AS_SAIL_HAS_IT.get(key.lower()):
            raise refused(f"the option {unknown[key.lower()]} of {kind.upper()} files", "Sail writes them without heeding it")
    names = [name.lower() for name in schema.names]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise refused(f"writing {kind} files with two columns {twice}", "nobody can tell them apart when they are read")
    if kind == "csv" and any(key.lower() == "nullvalue" and value for key, value in operation.options.items()):
        return  # empty texts are told from nulls by that
    wrong = {"csv": _empty_texts, "json": _no_numbers}.get(kind)
    condition = " OR ".join(wrong(schema)) if wrong is not None else ""
    if condition and is_any(operation.input, condition):
        what = "an empty text in CSV files" if kind == "csv" else "NaN or an infinity in JSON files"
        raise refused(what, "Sail writes null for it")


def refuse_overwritten(operation: Any, shown: Iterable[str]) -> None:
    """Raise where files would be written over a table, or over those that are being read, by themselves or ``shown`` by views: Sail deletes them
    first."""
    there = is_elsewhere(operation.path)
    path = operation.path.rstrip("/") if there else os.path.realpath(operation.path)
    if not there and os.path.isdir(os.path.join(path, "_delta_log")):
        raise refused(f"files at {operation.path}", "a Delta table lies there, whose log Sail would leave")
    if operation.mode == operation.SAVE_MODE_OVERWRITE:
        for read in (*paths_read(operation.input), *shown):
            found = read if is_elsewhere(read) else os.path.realpath(read)
            if found == path or found.startswith(path.rstrip("/") + "/"):
                raise refused(f"overwriting {operation.path}, which is being read,", "Sail deletes the files before it has read them")


def _empty_texts(schema: Any) -> list[str]:
    return [f"{quoted_name(field.name)} = ''" for field in schema.fields if field.dataType.typeName() == "string"]


def _no_numbers(schema: Any) -> list[str]:
    columns = [quoted_name(field.name) for field in schema.fields if field.dataType.typeName() in ("double", "float")]
    return [f"(isnan({name}) OR abs({name}) = CAST('Infinity' AS DOUBLE))" for name in columns]
