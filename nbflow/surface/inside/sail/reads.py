"""Tables that are read on Sail in a zone other than UTC: their timestamps are cast, so that functions take them in the session's zone as in Spark."""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterator, Sequence
from typing import Any

from nbflow.surface.inside.sail.describe import metadata_of
from nbflow.surface.inside.sail.names import Names
from nbflow.surface.inside.statements import Token, name_at, quoted_name, tokens_of, unquoted
from nbflow.warehouse.folders import CATALOG

_BEGINNINGS = ("SELECT", "WITH", "FROM", "INSERT", "CREATE", "REPLACE", "EXPLAIN", "UPDATE", "DELETE", "MERGE", "")
_WITH_FROM = ("EXTRACT", "TRIM", "SUBSTRING", "SUBSTR", "OVERLAY", "POSITION")
_NO_ALIAS = (
    "WHERE", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "SEMI", "ANTI", "NATURAL", "ON", "USING", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET",
    "UNION", "INTERSECT", "EXCEPT", "MINUS", "WINDOW", "LATERAL", "SORT", "CLUSTER", "DISTRIBUTE", "SELECT", "WHEN", "QUALIFY", "",
)  # fmt: skip
_LEFT_ALONE = ("VERSION", "TIMESTAMP", "FOR", "TABLESAMPLE", "PIVOT", "UNPIVOT", "SYSTEM_VERSION", "SYSTEM_TIME")
_ENDS_OF_TABLES = (
    "SELECT", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "UNION", "INTERSECT", "EXCEPT", "MINUS", "WINDOW", "SORT", "CLUSTER", "DISTRIBUTE",
    "QUALIFY", "VIEW",
)  # fmt: skip
"""Behind these a comma leads to no other table; ``VIEW`` is that of LATERAL VIEW, whose names may be several."""

_OF_A_VERSION = ("versionasof", "timestampasof")


def read_in_zone(text: str, names: Names, views: Container[str]) -> str:
    """A statement in which each table that it reads by its name has its timestamps cast. ``views`` are the temporary views, which are left alone."""
    tokens = [token for token in tokens_of(text) if token.text != ";"]
    if not tokens or tokens[0].word not in _BEGINNINGS:
        return text
    inner, found = set(_of_with(tokens)), list(_read(tokens))
    last_parts = [name_at(tokens[index:])[0][-1:] for index in found]
    changes: list[tuple[int, int, str]] = []
    for index in found:
        parts, last = name_at(tokens[index:])
        folder = names.place(parts)
        if last is None or not folder or (len(parts) == 1 and (parts[0].lower() in views or parts[0].lower() in inner)):
            continue
        behind = tokens[tokens.index(last, index) + 1 :][:1]
        word = behind[0].word if behind else ""
        has_alias = bool(behind) and (behind[0].kind == "quoted" or word not in _NO_ALIAS)
        whole = [(start, end, "") for at, start, end in _before_columns(tokens, parts) if at not in found]
        if word in _LEFT_ALONE or (behind and behind[0].text == "(") or (whole and (has_alias or last_parts.count(parts[-1:]) > 1)):
            continue
        columns = _columns(folder)
        if columns:
            alias = "" if has_alias else f" AS {quoted_name(parts[-1])}"
            start, end = tokens[index].start, last.end
            changes += [(start, end, f"(SELECT {', '.join(columns)} FROM {text[start:end]}){alias}"), *whole]
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _before_columns(tokens: Sequence[Token], table: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Where columns are named with the whole name of their ``table``, of several parts: the index of the first token, and from where to where
    all stands that comes before the last part of that name."""
    wanted = _without_catalog(table)
    for index, token in enumerate(tokens):
        if len(wanted) > 1 and token.kind in ("word", "quoted") and (not index or tokens[index - 1].text != "."):
            parts, _ = name_at(list(tokens[index:]))
            own = _without_catalog(parts)
            if len(own) > len(wanted) and own[: len(wanted)] == wanted:
                yield index, token.start, tokens[index + 2 * (len(parts) - len(own) + len(wanted) - 1)].start


def _without_catalog(parts: Sequence[str]) -> list[str]:
    lower = [part.lower() for part in parts]
    return lower[1:] if lower[:1] == [CATALOG] else lower


def _of_with(tokens: Sequence[Token]) -> Iterator[str]:
    """The names that stand before ``AS (``, with columns in brackets or without, in lower case: those of queries of WITH are among them."""
    for index, token in enumerate(tokens[:-1]):
        if token.word == "AS" and tokens[index + 1].text == "(" and index:
            at = index - 1
            if tokens[at].text == ")":
                at = max((place for place in range(at) if tokens[place].text == "("), default=0) - 1
            yield unquoted(tokens[at]).lower()


def _read(tokens: Sequence[Token]) -> Iterator[int]:
    """Where names of tables stand that are read: behind FROM, JOIN and the commas between tables, but of what is deleted from, and not
    within functions."""
    opened, listed = [""], [False]  # what stands before each bracket that is open, and whether a comma within leads to a table
    for index, token in enumerate(tokens[:-1]):
        before = tokens[index - 1].word if index else ""
        if token.text == "(":
            opened.append(before)
            listed.append(False)
        elif token.text == ")" and len(opened) > 1:
            opened.pop()
            listed.pop()
        reads = token.word == "JOIN" or (token.word == "FROM" and before not in ("DISTINCT", "DELETE"))
        reads = reads and opened[-1] not in _WITH_FROM
        listed[-1] = reads or (listed[-1] and token.word not in _ENDS_OF_TABLES)
        if (reads or (token.text == "," and listed[-1])) and tokens[index + 1].kind in ("word", "quoted"):
            yield index + 1


def wrap_reads(message: Any, names: Names, views: Container[str]) -> None:
    """Cast the timestamps of each table that a plan reads, in place."""
    for relation in list(_relations(message)):
        folder = _folder(relation.read, names, views)
        columns = _moments(folder) if folder else []
        if columns:
            inner = type(relation)()
            inner.CopyFrom(relation)
            relation.ClearField("read")
            inner.common.ClearField("plan_id")
            relation.with_columns.input.CopyFrom(inner)
            for column in columns:
                alias = relation.with_columns.aliases.add()
                alias.name.append(column)
                alias.expr.expression_string.expression = _cast(column)


def _relations(message: Any) -> Iterator[Any]:
    """The reads within a plan that are not wrapped yet."""
    if message.DESCRIPTOR.name == "Relation":
        if message.HasField("read"):
            yield message
        if message.HasField("with_columns") and message.with_columns.input.HasField("read"):
            aliases = message.with_columns.aliases
            if all(alias.expr.expression_string.expression == _cast(alias.name[0]) for alias in aliases if alias.name):
                return
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for item in [value] if hasattr(value, "ListFields") else value:
                yield from _relations(item)


def _folder(read: Any, names: Names, views: Container[str]) -> str:
    """Where the Delta table lies that is read as it is now; empty for anything else."""
    source = read.data_source if read.HasField("data_source") else read.named_table
    if read.is_streaming or any(key.lower() in _OF_A_VERSION for key in source.options):
        return ""
    if read.HasField("data_source"):
        return str(source.paths[0]) if source.format.lower() == "delta" and len(source.paths) == 1 else ""
    parts, last = name_at(tokens := list(tokens_of(source.unparsed_identifier)))
    if last is None or last is not tokens[-1] or (len(parts) == 1 and parts[0].lower() in views):
        return ""
    return names.place(parts)


def _fields(folder: str) -> list[dict[str, Any]]:
    there = os.path.isdir(os.path.join(folder, "_delta_log"))
    fields: list[dict[str, Any]] = json.loads((metadata_of(folder) if there else {}).get("schemaString") or "{}").get("fields", [])
    return fields


def _moments(folder: str) -> list[str]:
    return [field["name"] for field in _fields(folder) if field["type"] == "timestamp"]


def _columns(folder: str) -> list[str]:
    """What selects all columns of a table with its timestamps cast; nothing where it has none."""
    fields = _fields(folder)
    named = [
        f"{_cast(field['name'])} AS {quoted_name(field['name'])}" if field["type"] == "timestamp" else quoted_name(field["name"])
        for field in fields
    ]
    return named if any(field["type"] == "timestamp" for field in fields) else []


def _cast(name: str) -> str:
    return f"CAST({quoted_name(name)} AS TIMESTAMP)"
