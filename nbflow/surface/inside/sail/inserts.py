"""``INSERT`` on Sail, whose values become those of the table's columns as in Spark: times take the session's zone, empty texts of partitions are null."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbflow.surface.inside.sail.columns import fields_of, holds_structs, swaps_fields
from nbflow.surface.inside.sail.describe import partitions_of
from nbflow.surface.inside.sail.names import Names
from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.statements import Token, name_at, quoted_name, unquoted

TIMES = ("timestamp", "timestamp_ntz", "date")
_QUERIES = ("SELECT", "WITH", "VALUES", "FROM", "TABLE")


def inserted(text: str, tokens: Sequence[Token], names: Names, client: Any) -> str:
    """The statement with its query's columns made those of the table; as it is where they are. ``tokens`` begin with INSERT."""
    rest = [token for token in tokens[1:] if token.word not in ("INTO", "OVERWRITE")]
    rest = rest[1:] if rest and rest[0].word == "TABLE" else rest
    parts, last = name_at(rest)
    folder = names.place(parts)
    if not folder or last is None:
        return text
    rest = rest[rest.index(last) + 1 :]
    columns, rest = _listed(rest)
    by_name = [token.word for token in rest[:2]] == ["BY", "NAME"]
    rest = rest[2:] if by_name else rest
    if not rest or (rest[0].word not in _QUERIES and rest[0].text != "("):
        return text
    known = fields_of(parts, client)
    partitions = partitions_of(folder)
    if not any(field.dataType.typeName() in TIMES or field.name in partitions or holds_structs(field.dataType) for field in known):
        return text
    query = text[rest[0].start :].strip().rstrip(";")
    given = schema_of(query, client)
    if by_name:
        columns = given.names
    targets = {field.name.lower(): field for field in known}
    into = [targets.get(name.lower()) for name in columns] if columns else list(known)
    if len(into) != len(given.fields) or None in into:
        return text  # Sail has an error for it
    for one, field in zip(given.fields, into):
        if field is not None:
            refuse_swapped(one, field)
    changed = [value_for(f"c{at}", one, field, partitions) for at, (one, field) in enumerate(zip(given.fields, into))]
    if changed == [f"c{at}" for at in range(len(changed))]:
        return text
    listed = ", ".join(f"{value} AS {quoted_name(field.name)}" for value, field in zip(changed, into) if field is not None)
    inner = ", ".join(f"c{at}" for at in range(len(changed)))
    return f"{text[: rest[0].start]}SELECT {listed} FROM ({query}) AS q({inner})"


def refuse_swapped(given: Any, into: Any) -> None:
    """Raise where a column goes into one of a table by its place and has structs with other fields at their places."""
    if swaps_fields(given.dataType, into.dataType):
        raise refused(
            f"INSERT of {into.name}, whose fields stand in another order than the table's,", "Sail goes by their names, Spark by place"
        )


def _listed(tokens: list[Token]) -> tuple[list[str], list[Token]]:
    """The columns in brackets that the tokens begin with, and what follows them."""
    if not tokens or tokens[0].text != "(" or (len(tokens) > 1 and tokens[1].word in (*_QUERIES, "")) and tokens[1].kind != "quoted":
        return [], tokens
    closing = next((at for at, token in enumerate(tokens) if token.text == ")"), len(tokens))
    return [unquoted(token) for token in tokens[1:closing] if token.text != ","], tokens[closing + 1 :]


def value_for(name: str, given: Any, into: Any, partitions: Sequence[str]) -> str:
    """An expression of the type of ``given`` as the column ``into`` of a table holds it."""
    kind, wanted = given.dataType.typeName(), into.dataType.typeName()
    if wanted in TIMES and kind != wanted and kind != "void":
        if kind == "timestamp":
            name = f"CAST({name} AS TIMESTAMP)"  # in the session's zone: one of a table is in UTC
            name = f"CAST({name} AS STRING)" if wanted == "timestamp_ntz" else name
        return f"CAST({name} AS {into.dataType.simpleString()})"
    return f"nullif({name}, '')" if into.name in partitions and wanted == kind == "string" else name


def schema_of(query: str, client: Any) -> Any:
    """The columns of a query."""
    from pyspark.sql.connect import proto

    plan = proto.Plan()
    plan.root.sql.query = query
    return client._analyze(method="schema", plan=plan).schema
