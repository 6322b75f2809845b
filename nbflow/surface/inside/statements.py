"""SQL statements whose names and paths nbflow looks after: where a new schema lies, what a dropped table leaves."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

_COMMENT = r"(?:\s|--[^\n]*\n|/\*.*?\*/)"
_NAME = r"(?:`(?:[^`]|``)+`|\w+)"
_CREATE = re.compile(
    rf"\A{_COMMENT}*CREATE{_COMMENT}+(?:SCHEMA|DATABASE|NAMESPACE){_COMMENT}+(?:IF{_COMMENT}+NOT{_COMMENT}+EXISTS{_COMMENT}+)?"
    rf"(?:spark_catalog{_COMMENT}*\.{_COMMENT}*)?(?P<name>{_NAME})(?P<rest>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_DROP = re.compile(
    rf"\A{_COMMENT}*DROP{_COMMENT}+TABLE{_COMMENT}+(?:IF{_COMMENT}+EXISTS{_COMMENT}+)?(?P<name>{_NAME}(?:{_COMMENT}*\.{_COMMENT}*{_NAME})*)",
    re.IGNORECASE | re.DOTALL,
)
_LOCATION = re.compile(r"\b(?:MANAGED)?LOCATION\b", re.IGNORECASE)
_PARTS = re.compile(r"`((?:[^`]|``)+)`|(\w+)")
_BY_PATH = re.compile(r"\b(delta|parquet|csv|json|orc|text|avro|binaryFile)(\s*\.\s*)`([^`]+)`", re.IGNORECASE)
_LOCATED = re.compile(r"(\bLOCATION\s+)'([^']+)'", re.IGNORECASE)
_LITERALS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


def rewritten(statement: str, warehouse: str, folder: str) -> str:
    """``statement`` with a schema's location where it names none, and relative paths made to start at ``folder``.

    Without a location Spark would put the schema ``bronze`` into ``bronze.db``.
    """
    statement = _absolute_paths(statement, folder)
    found = _CREATE.match(statement)
    if found is None or _LOCATION.search(_LITERALS.sub("''", found.group("rest"))):
        return statement
    name = names(found.group("name"))[0]
    place = str(Path(warehouse) / name).replace("\\", "\\\\").replace("'", "\\'")
    end = found.end("name")
    body, tail = statement[:end], statement[end:]
    return f"{body} LOCATION '{place}'{tail}"


def _absolute_paths(statement: str, folder: str) -> str:
    def by_path(match: re.Match[str]) -> str:
        return f"{match.group(1)}{match.group(2)}`{absolute(match.group(3), folder)}`"

    def located(match: re.Match[str]) -> str:
        return f"{match.group(1)}'{absolute(match.group(2), folder)}'"

    return _LOCATED.sub(located, _BY_PATH.sub(by_path, statement))


def absolute(path: str, folder: str) -> str:
    """``path`` from ``folder`` where it is relative; a URI or an absolute path as it is."""
    if "://" in path or re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:/", path) or os.path.isabs(path) or not path:
        return path
    return os.path.normpath(os.path.join(folder, path))


def names(text: str) -> list[str]:
    """The parts of a dotted name, without backticks."""
    return [(quoted.replace("``", "`") if quoted else plain) for quoted, plain in _PARTS.findall(text)]


def after_statement(statement: str, warehouse: str, spark: Any) -> None:
    """Move what a dropped table left out of the warehouse: Spark keeps the files of tables that it only knows by place."""
    found = _DROP.match(statement)
    if found is None:
        return
    parts = names(found.group("name"))
    if len(parts) == 3 and parts[0].lower() == "spark_catalog":
        parts = parts[1:]
    schema, table = parts if len(parts) == 2 else (spark.catalog.currentDatabase(), parts[-1])
    place = Path(warehouse) / schema.lower() / table.lower()
    if not (place / "_delta_log").is_dir() or spark.catalog.tableExists(f"`{schema}`.`{table}`"):
        return
    shutil.rmtree(place)
