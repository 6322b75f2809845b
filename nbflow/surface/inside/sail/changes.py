"""What SQL makes and drops on Sail, done to the folders as Spark's driver does it; what only the driver keeps is refused by name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nbflow.surface.inside.changes import Change, changes_of
from nbflow.surface.inside.context import current_mark
from nbflow.surface.inside.sail.names import Names, Table
from nbflow.surface.inside.sail.places import is_elsewhere, ready, real
from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.sail.targets import refused_there
from nbflow.surface.inside.statements import Token, name_at, quoted_name, unquoted
from nbflow.warehouse import trash
from nbflow.warehouse.folders import DEFAULT_SCHEMA, StoredSchema, contents

_QUERIES = ("SELECT", "WITH", "FROM", "VALUES", "TABLE")
_BEFORE_A_LIST = ("OPTIONS", "BY", "TBLPROPERTIES", "SERDEPROPERTIES")
"""Behind these a bracket opens a list."""


class Changes:
    """The changes of names that one statement makes. ``parameters`` are those of ``sql(…, args=…)``."""

    def __init__(self, text: str, tokens: Sequence[Token], names: Names, parameters: Mapping[str, Any]) -> None:
        self._names, self._tokens = names, tokens
        self._changes = changes_of(text, parameters) if names.warehouse is not None else []
        self._tables = {change: names.table(change.name) for change in self._changes if change.kind != "schema" and change.name}
        self._stored: dict[Change, StoredSchema] = {}

    def check(self, default: str) -> None:
        """Before the statement is sent: refuse what would be done to names and files that the session does not know, and to make what no
        later task would know, and tables in another file system. ``default`` is the format of a table where none is said."""
        provider, place = self._said("USING") or self._stored_as() or default, self._said("LOCATION")
        if is_elsewhere(place) and (provider == "delta" or self._tokens[1].word in ("SCHEMA", "DATABASE", "NAMESPACE")):
            raise refused_there(f"LOCATION '{place}'")
        if place and any(change.kind == "schema" for change in self._changes) and not self._is_in_the_warehouse(place):
            raise refused(
                f"a schema at {real(place)}", "its tables were none of the warehouse's, whose log nbflow looks at before each write"
            )
        ready(place)
        for change, table in self._tables.items():
            self._names.refuse_kept(table, f"the {change.action} of {'.'.join(change.name)}")
            if change.action == "make":
                self._names.refuse_making(table, "view" if change.kind == "view" else provider)
        for change in self._changes:
            if change.action == "make":
                self._names.refuse_new(change.name, change.kind)
            if change.kind == "table" and not change.new_name:  # a renaming is done on the folders
                self._names.refuse_spelling(change.name, f"to {change.action}")
            if change.kind == "schema" and change.action == "drop" and len(change.name) == 1:
                self._check_schema(change, change.name[0].lower())

    def _is_in_the_warehouse(self, place: str) -> bool:
        warehouse = self._names.warehouse
        return warehouse is not None and os.path.realpath(os.path.dirname(os.path.normpath(real(place)))) == os.path.realpath(warehouse)

    def spelled(self) -> str:
        """A drop of a table with its name as it is, where that stood in a text: ``DROP TABLE IDENTIFIER(…)``, which Sail does not know."""
        change = self._changes[0] if len(self._changes) == 1 else None
        if change is None or change.kind != "table" or not change.name:
            return ""
        name = ".".join(map(quoted_name, change.name))
        return f"DROP TABLE {'IF EXISTS ' if [token.word for token in self._tokens[2:4]] == ['IF', 'EXISTS'] else ''}{name}"

    def _said(self, word: str) -> str:
        """What stands behind a word of a statement that makes a table, before its query; a text without its quotes."""
        depth = 0
        made = self._tokens[: query_at(self._tokens)]
        for token, following in zip(made, made[1:]):
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0 and token.word == word:
                return unquoted(following) if following.kind != "word" else following.text.lower()
        return ""

    def _stored_as(self) -> str:
        """The format of a table that is made as Hive has it."""
        return "hive" if self._said("STORED") or self._said("ROW") else ""

    def _check_schema(self, change: Change, schema: str) -> None:
        from pyspark.errors.exceptions.connect import AnalysisException

        if schema == DEFAULT_SCHEMA:
            raise AnalysisException("[UNSUPPORTED_FEATURE.DROP_DATABASE] The default schema cannot be dropped.")
        stored = contents(self._names.warehouse).get(schema) if self._names.warehouse is not None else None
        if stored is None:
            return
        if stored.kept and not change.cascade:
            raise AnalysisException(f"[SCHEMA_NOT_EMPTY] Cannot drop a schema `{schema}` because it contains objects: use CASCADE.")
        self._stored[change] = stored

    def follow(self) -> None:
        """When the statement has succeeded: do to the folders what it says."""
        for change in self._changes:
            table = self._tables.get(change)
            if change.kind == "schema" and len(change.name) == 1:
                self._follow_schema(change, change.name[0].lower())
            elif change.action == "drop" and change.kind == "table" and table is not None:
                self._drop(table, change.purge)
            elif change.action == "make" and table is not None:
                self._names.made(table, self._said("LOCATION"))

    def _follow_schema(self, change: Change, schema: str) -> None:
        warehouse, stored = self._names.warehouse, self._stored.get(change)
        if change.action == "make":
            words = [token.word for token in self._tokens]
            place = self._tokens[words.index("LOCATION") + 1 :][:1] if "LOCATION" in words else []
            for token in place:
                self._names.made_schema(schema, Path(unquoted(token)))
        elif change.action == "drop":
            if stored is not None and warehouse is not None:
                trash.throw_away_schema(warehouse, stored, _mark())
            self._names.forget_schema(schema)

    def _drop(self, table: Table, purge: bool) -> None:
        """Move the folder of a table that was dropped to the trash, or delete it; Sail leaves it where it is."""
        warehouse, folder = self._names.warehouse, Path(self._names.folder(table))
        if warehouse is not None and not self._names.elsewhere(table) and (folder / "_delta_log").is_dir():
            item = trash.throw_away(warehouse, folder, ".".join(table), _mark())
            if purge:
                trash.destroy(item)
                trash.clean(warehouse)
        self._names.forget(table)


def query_at(tokens: Sequence[Token]) -> int:
    """Where the query begins of a statement that makes a table, with the AS before it where one stands there; the number of ``tokens`` where it
    has none."""
    words = [token.word or token.text for token in tokens]
    if "TABLE" not in words[:4]:
        return words.index("AS") if "AS" in words else len(words)
    start = words.index("TABLE") + 1
    start += 3 if words[start : start + 3] == ["IF", "NOT", "EXISTS"] else 0
    _, last = name_at(list(tokens[start:]))
    start = start + 4 if last is None else tokens.index(last, start) + 1  # IDENTIFIER('name')
    depth = 0
    for index, (word, following) in enumerate(zip(words[start:], words[start + 1 :]), start):
        if depth == 0 and _begins(word, following, words[index - 1] if index > start else ""):
            return index
        depth += (word == "(") - (word == ")")
    return len(words)


def _begins(word: str, following: str, before: str) -> bool:
    """Whether a query begins with this word of a statement that makes a table; ``before`` is the one before it, empty behind the table's name: a
    bracket opens a list of columns there, whose names may be words of a query."""
    if word == "AS":
        return following in (*_QUERIES, "(")
    if word == "(":
        return following in ("(", *(_QUERIES if before else ["SELECT"])) and before not in _BEFORE_A_LIST
    return word in _QUERIES and following != "SERDEPROPERTIES"


def _mark() -> dict[str, Any]:
    """By which run and task something is dropped, where that is known."""
    mark = current_mark()
    return {} if mark is None else asdict(mark)
