"""Catalogs whose names mean the workspace's own: with ``catalogs = ["main"]``, ``main.bronze.events`` is ``bronze.events``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nbflow.surface.inside.statements import Token, name_at, tokens_of, unquoted
from nbflow.warehouse.folders import CATALOG

_SCHEMA = ("SCHEMA", "DATABASE", "NAMESPACE", "SCHEMAS", "DATABASES", "USE", "TABLES", "VIEWS")
_BEFORE_A_TABLE = ("FROM", "JOIN", "INTO", "TABLE", "UPDATE", "OVERWRITE")
_BETWEEN = ("IF", "NOT", "EXISTS")

_mapped: set[str] = set()


def take_catalogs(names: Iterable[str]) -> None:
    """Let these names mean the workspace's own catalog, in this process."""
    _mapped.update(name.lower() for name in names)


def mapped_catalogs() -> list[str]:
    """The names beside Spark's own."""
    return sorted(_mapped)


def is_own(catalog: str) -> bool:
    """Whether a catalog of that name is the workspace's."""
    return catalog.lower() == CATALOG or catalog.lower() in _mapped


def unknown_catalog(catalog: str, rest: str) -> str:
    """The sentence for a catalog that is not there."""
    setting = f'catalogs = ["{catalog}"] in nbflow.toml'
    return f"There is no catalog {catalog!r} here: use {rest} or {CATALOG}.{rest}, or say that it means this workspace, by {setting}."


def foreign_catalog(statement: str) -> str | None:
    """The sentence for the first table of a catalog that is not the workspace's; ``None`` where there is none."""
    tokens = list(tokens_of(statement))
    for at, token in enumerate(tokens[:-1]):
        parts, _ = name_at(tokens[at + 1 :]) if token.word in _BEFORE_A_TABLE else ([], None)
        if len(parts) == 3 and not is_own(parts[0]):
            return unknown_catalog(parts[0], ".".join(parts[1:]))
    return None


def with_own_catalog(statement: str) -> str:
    """``statement`` with Spark's own catalog in place of those that mean it.

    A name that stands alone somewhere is a table's, an alias or a column, and stays; so does ``main.events``, whose ``main`` is a
    schema, unless a schema is what it names. ``USE CATALOG``, which Spark does not know, becomes ``SET CATALOG``.
    """
    if not isinstance(statement, str) or not _mapped or not any(name in statement.lower() for name in (*_mapped, "catalog")):
        return statement
    tokens = list(tokens_of(statement))
    changes = list(_of_catalog(tokens)) or list(_leading(tokens))
    for start, end, text in sorted(changes, reverse=True):
        statement = statement[:start] + text + statement[end:]
    return statement


def _of_catalog(tokens: list[Token]) -> Iterator[tuple[int, int, str]]:
    """``USE CATALOG main``, ``SET CATALOG main``."""
    words = [token.word for token in tokens[:2]]
    if words in (["USE", "CATALOG"], ["SET", "CATALOG"]) and len(tokens) > 2 and is_own(unquoted(tokens[2])):
        yield tokens[0].start, tokens[2].end, f"SET CATALOG {CATALOG}"


def _leading(tokens: list[Token]) -> Iterator[tuple[int, int, str]]:
    """What stands in place of each catalog that means the workspace's own; behind ``RENAME TO`` Spark takes none."""
    names = {"word", "quoted"}
    found: list[tuple[Token, int, int]] = []
    alone: set[str] = set()
    at = 0
    while at < len(tokens):
        if tokens[at].kind not in names:
            at += 1
            continue
        start, parts = at, 1
        while at + 2 < len(tokens) and tokens[at + 1].text == "." and tokens[at + 2].kind in names:
            at, parts = at + 2, parts + 1
        name = unquoted(tokens[start]).lower()
        if name in _mapped:
            if parts == 1 and not _names_a_schema(tokens, start):
                alone.add(name)
            else:
                found.append((tokens[start], parts, start))
        at += 1
    for token, parts, start in found:
        if unquoted(token).lower() not in alone and (parts > 2 or _names_a_schema(tokens, start)):
            renamed = [each.word for each in tokens[max(0, start - 2) : start]] == ["RENAME", "TO"]
            yield (token.start, tokens[start + 2].start, "") if renamed else (token.start, token.end, CATALOG)


def _names_a_schema(tokens: list[Token], at: int) -> bool:
    """Whether what stands at ``at`` is the name of a schema, or of a catalog that schemas are listed of."""
    before = at - 1
    while before >= 0 and tokens[before].word in (*_BETWEEN, "IN", "FROM"):
        before -= 1
    return before >= 0 and tokens[before].word in _SCHEMA
