"""What a SQL statement does to names: the tables, views and schemas that it makes, changes or drops. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbflow.surface.inside.catalogs import is_own
from nbflow.surface.inside.statements import Token, name_at, tokens_of, unquoted
from nbflow.warehouse.folders import CATALOG

_WORTH_A_LOOK = re.compile(r"\b(create|replace|drop|alter)\b", re.I)
_BEFORE_A_STATEMENT = ("BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT")
_ACTIONS = {"CREATE": "make", "REPLACE": "make", "ALTER": "change", "DROP": "drop"}
_KINDS = {"TABLE": "table", "VIEW": "view", "SCHEMA": "schema", "DATABASE": "schema", "NAMESPACE": "schema"}
_NOISE = ("OR", "REPLACE", "EXTERNAL", "MATERIALIZED")
_OF_THE_SESSION = ("TEMP", "TEMPORARY", "GLOBAL")
_CONDITION = ("IF", "NOT", "EXISTS")


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one name. ``action`` is ``make``, ``change`` or ``drop``; ``kind`` ``table``, ``view`` or ``schema``.

    ``name`` is in parts, as written but without the catalog; empty where it cannot be read. ``new_name`` is that of a
    renaming. ``purge`` says that the files are not wanted any more, ``cascade`` that the schema goes with all it holds.
    """

    action: str
    kind: str
    name: tuple[str, ...]
    new_name: tuple[str, ...] = ()
    purge: bool = False
    cascade: bool = False


def changes_of(statement: str, parameters: Mapping[str, Any] | None = None) -> list[Change]:
    """The changes of names in a statement, or in all statements of a script; those of temporary views are none.

    ``parameters`` are those of ``sql(…, args=…)``, for names that are written ``IDENTIFIER(:name)``.
    """
    if not isinstance(statement, str) or not _WORTH_A_LOOK.search(statement):
        return []
    tokens = list(tokens_of(statement))
    if [token.word for token in tokens[:2]] == ["EXECUTE", "IMMEDIATE"] and tokens[2:3] and tokens[2].kind == "text":
        return changes_of(unquoted(tokens[2]), parameters)
    found = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        if token.word in _ACTIONS and (before is None or before.text == ";" or before.word in _BEFORE_A_STATEMENT):
            ends = (place for place in range(index, len(tokens)) if tokens[place].text == ";")
            change = _change(tokens[index : next(ends, len(tokens))], parameters or {})
            if change is not None:
                found.append(change)
    return found


def name_parts(name: str) -> tuple[str, ...]:
    """The parts of a table's name, without the catalog: ``spark_catalog.`bronze`.events`` is ``("bronze", "events")``."""
    tokens = list(tokens_of(name)) if isinstance(name, str) else []
    parts, last = name_at(tokens)
    return _without_catalog(parts) if last is not None and last is tokens[-1] else ()


def _change(tokens: Sequence[Token], parameters: Mapping[str, Any]) -> Change | None:
    action, rest = _ACTIONS[tokens[0].word], list(tokens[1:])
    while rest and rest[0].word in _NOISE:
        rest = rest[1:]
    if not rest or rest[0].word in _OF_THE_SESSION or rest[0].word not in _KINDS:
        return None
    kind, rest = _KINDS[rest[0].word], rest[1:]
    while rest and rest[0].word in _CONDITION:
        rest = rest[1:]
    name, rest = _named(rest, parameters)
    words = [token.word for token in rest]
    new_name: tuple[str, ...] = ()
    if action == "change" and words[:2] == ["RENAME", "TO"]:
        new_name, _ = _named(rest[2:], parameters)
    return Change(action, kind, name, new_name, purge="PURGE" in words[:1], cascade="CASCADE" in words[:1])


def _named(tokens: list[Token], parameters: Mapping[str, Any]) -> tuple[tuple[str, ...], list[Token]]:
    """The name that the tokens begin with, and what follows it."""
    if [token.word or token.text for token in tokens[:2]] == ["IDENTIFIER", "("]:
        closing = next((place for place, token in enumerate(tokens) if token.text == ")"), len(tokens))
        return name_parts(_value(tokens[2:closing], parameters)), tokens[closing + 1 :]
    parts, last = name_at(tokens)
    return _without_catalog(parts), tokens[tokens.index(last) + 1 :] if last is not None else tokens


def _value(tokens: Sequence[Token], parameters: Mapping[str, Any]) -> str:
    """The text of a literal or of a named parameter; empty for anything else."""
    if len(tokens) == 1 and tokens[0].kind == "text":
        return unquoted(tokens[0])
    if len(tokens) == 2 and tokens[0].text == ":":
        return str(parameters.get(tokens[1].text, ""))
    return ""


def _without_catalog(parts: Sequence[str]) -> tuple[str, ...]:
    return tuple(parts[1:] if len(parts) > 1 and (parts[0].lower() == CATALOG or (len(parts) > 2 and is_own(parts[0]))) else parts)
