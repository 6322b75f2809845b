"""Statements that tell of a table, answered on Sail from the table itself: of one that it did not make its catalog has no columns."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbflow.core.sql_text import quoted
from nbflow.surface.inside.sail.columns import fields_of
from nbflow.surface.inside.sail.names import Names
from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.statements import Token, name_at

_OF_VERSION = re.compile(r"\d{20}\.")
"""Begins the names of a log's commits and checkpoints; others (``_last_checkpoint``) stand behind all of them, whatever comes."""


def described(tokens: Sequence[Token], names: Names, client: Any) -> str:
    """A query that answers ``DESCRIBE [TABLE] name``; empty where that is none of a table of the warehouse. Raises where Sail cannot."""
    rest = list(tokens[2 if [token.word for token in tokens[1:2]] == ["TABLE"] else 1 :])
    extended = bool(rest) and rest[0].word in ("EXTENDED", "FORMATTED")
    parts, last = name_at(rest[1:] if extended else rest)
    table = names.table(parts) if last is not None else None
    if table is None or (last is not rest[-1] and not extended):
        return ""
    if extended:
        raise refused("DESCRIBE EXTENDED", "Sail does not know it ('nbflow tables show' shows much of it)")
    rows = {field.name: [field.name, field.dataType.simpleString(), field.metadata.get("comment")] for field in fields_of(parts, client)}
    folder = names.folder(table)
    partitions = [rows[name] for name in partitions_of(folder) if name in rows] if os.path.isdir(folder) else []
    heads = [["# Partition Information", "", ""], ["# col_name", "data_type", "comment"]] if partitions else []
    return _values([*rows.values(), *heads, *partitions], "col_name, data_type, comment")


def shown_columns(tokens: Sequence[Token], names: Names, client: Any) -> str:
    """A query that answers ``SHOW COLUMNS IN name``; empty where that is none of a table of the warehouse."""
    parts, last = name_at(list(tokens[3:]))
    if last is not tokens[-1] or names.table(parts) is None:
        return ""
    return _values(([field.name] for field in fields_of(parts, client)), "col_name")


def partitions_of(folder: str) -> list[str]:
    """The columns by which a Delta table is partitioned, as its log says last."""
    return list(metadata_of(folder).get("partitionColumns") or ())


def metadata_of(folder: str) -> dict[str, Any]:
    """What a Delta table's log says last of its columns and settings, as ``metaData`` of the protocol; empty where there is none.

    What was found is kept, so that the next time only later commits are read, as long as the file is there in which it stood: who
    drops a table and makes it anew begins with other files.
    """
    log = os.path.join(folder, "_delta_log")
    files, known = sorted(filter(_OF_VERSION.match, os.listdir(log)), reverse=True), _found.get(folder)
    if known is not None and _state(os.path.join(log, known.file)) != known.state:
        known = None
    for name in files:
        if known is not None and name <= known.last:
            break
        read = _of_commit if name.endswith(".json") else _of_checkpoint if ".checkpoint" in name and name.endswith(".parquet") else None
        state, found = _state(os.path.join(log, name)), _tried(read, os.path.join(log, name)) if read is not None else None
        if found is not None:
            known = _Found(name, state, files[0], found)
            break
    if known is None:
        return {}
    _found[folder] = replace(known, last=files[0])
    return known.metadata


@dataclass(frozen=True, slots=True)
class _Found:
    """What a table's log said: the ``file`` in which it stood and the ``state`` of that, and the ``last`` file that was looked at."""

    file: str
    state: tuple[int, int] | None
    last: str
    metadata: dict[str, Any]


_found: dict[str, _Found] = {}
"""What was found of each table, by its folder."""


def _state(path: str) -> tuple[int, int] | None:
    """What tells a file from another that bears its name later; ``None`` where it is not there."""
    with contextlib.suppress(OSError):
        found = os.stat(path)
        return found.st_ino, found.st_mtime_ns
    return None


def _tried(read: Callable[[str], dict[str, Any] | None], path: str) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError):
        return read(path)
    return None


def _of_commit(path: str) -> dict[str, Any] | None:
    with open(path, "rb") as lines:
        for line in lines:
            if b'"metaData"' in line and (metadata := json.loads(line).get("metaData")):
                return dict(metadata)
    return None


def _of_checkpoint(path: str) -> dict[str, Any] | None:
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(path, columns=["metaData"])["metaData"].to_pylist()
    found = next(filter(None, rows), None)
    return None if found is None else {**found, "configuration": dict(found.get("configuration") or ())}


def _values(rows: Iterable[Sequence[str | None]], columns: str) -> str:
    listed = ", ".join(f"({', '.join(map(quoted_text, row))})" for row in rows)
    return f"SELECT * FROM VALUES {listed} AS t({columns})"


def quoted_text(value: str | None) -> str:
    """A text as a literal of SQL; null for ``None``."""
    return "CAST(NULL AS STRING)" if value is None else quoted(value)
