"""``UPDATE``, ``DELETE`` and ``MERGE`` on Sail in a zone other than UTC: what they give to columns of times, and by which times they choose
rows, is in the session's zone as in Spark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nbflow.surface.inside.sail.columns import fields_of
from nbflow.surface.inside.sail.inserts import TIMES, schema_of, value_for
from nbflow.surface.inside.sail.moments import Named, ends_of_cases, zoned
from nbflow.surface.inside.sail.names import Names
from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.statements import Token, name_at, quoted_name, unquoted

_WORDS = {"UPDATE": ("UPDATE", "SET", "WHERE"), "DELETE": ("FROM", "WHERE"), "MERGE": ("INTO", "USING", "ON", "WHEN", "THEN")}
_PAIRS = {")": "(", "]": "[", "END": "CASE"}

_Change = tuple[int, int, str]
"""Where a part of a text begins and ends, and what shall stand there."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Tokens of a statement, and the word that they follow."""

    word: str
    tokens: Sequence[Token]

    def text(self, statement: str) -> str:
        """The part as it stands there."""
        return statement[self.place[0] : self.place[1]] if self.tokens else ""

    @property
    def place(self) -> tuple[int, int]:
        """Where it begins and ends."""
        return self.tokens[0].start, self.tokens[-1].end


def in_the_zone(text: str, tokens: Sequence[Token], names: Names, client: Any) -> str:
    """The statement with its times made such as they are in the session's zone. ``tokens`` begin with UPDATE, DELETE or MERGE.
    Raises where that cannot be."""
    parts = list(_split(tokens, _WORDS[tokens[0].word]))
    said = [part for part in parts if part.word in ("UPDATE", "FROM", "INTO", "USING") and part.tokens]
    name, _ = name_at(list(said[0].tokens)) if said else ([], None)
    if not name or not names.place(name):
        return text
    fields = fields_of(name, client)
    given = schema_of(f"SELECT * FROM {said[1].text(text)}", client).fields if len(said) > 1 else []
    tables = [Named.of(_name_of(part).rpartition(".")[2], each) for part, each in zip(said, (fields, given))]
    if not any(table.has_times for table in tables):
        return text
    changes = [(*part.place, zoned(text, part.tokens, tables)) for part in parts if part.word in ("WHERE", "ON", "WHEN") and part.tokens]
    values = [each for part in parts for each in _given(part)]
    into = {field.name.lower(): field for field in fields if field.dataType.typeName() in TIMES}
    query = ", ".join(f"({value.text(text)}) AS c{at}" for at, (column, value) in enumerate(values) if column in into)
    kinds = iter(schema_of(f"SELECT {query} FROM {', '.join(part.text(text) for part in said)}", client).fields if query else ())
    for column, value in values:
        new = zoned(text, value.tokens, tables)
        changes.append((*value.place, value_for(f"({new})", next(kinds), into[column], []) if column in into else new))
    if stars := [part for part in parts if part.word == "THEN" and part.tokens and part.tokens[-1].text == "*"]:
        evolves = "EVOLUTION" in [token.word for token in parts[0].tokens]
        changes += _starred(stars, _name_of(said[1]), fields, {field.name.lower(): field for field in given}, evolves)
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _starred(stars: Sequence[_Part], source: str, fields: Sequence[Any], given: dict[str, Any], evolves: bool) -> Iterator[_Change]:
    """``UPDATE SET *`` and ``INSERT *`` with each column named, where one of them is to be cast."""
    ours = {field.name: given.get(field.name.lower()) for field in fields}
    if None in ours.values() and not evolves:
        return  # Sail has an error for it
    pairs = [(field, one) for field, one in ((field, ours[field.name]) for field in fields) if one is not None]
    named = {field.name: f"{source}.{quoted_name(one.name)}" for field, one in pairs}
    values = {field.name: value_for(named[field.name], one, field, []) for field, one in pairs}
    if values == named:
        return
    if evolves or not source:
        raise refused(
            "MERGE of times of another type with a star", "Sail takes them in UTC; columns that are named, or cast in the source, work"
        )
    for part in stars:
        if part.tokens[0].word == "UPDATE":
            new = "UPDATE SET " + ", ".join(f"{quoted_name(name)} = {value}" for name, value in values.items())
        else:
            new = f"INSERT ({', '.join(map(quoted_name, values))}) VALUES ({', '.join(values.values())})"
        yield part.tokens[0].start, part.tokens[-1].end, new


def _name_of(table: _Part) -> str:
    """By what the columns of a table of a statement are named; empty where it has no name."""
    last = table.tokens[-1]
    name, end = name_at(list(table.tokens))
    if name and end is last:
        return ".".join(map(quoted_name, name))
    return last.text if last.kind in ("word", "quoted") else ""


def _given(part: _Part) -> Iterator[tuple[str, _Part]]:
    """The columns that a part gives a value, in lower case, and the expressions of the values."""
    tokens = list(part.tokens)
    if part.word == "SET" or [token.word for token in tokens[:2]] == ["UPDATE", "SET"]:
        for each in _listed(tokens if part.word == "SET" else tokens[2:]):
            at = next((index for index, token in enumerate(each) if token.text == "="), 0)
            if 0 < at < len(each) - 1:
                yield unquoted(each[at - 1]).lower(), _Part("=", each[at + 1 :])
    elif [token.word or token.text for token in tokens[:2]] == ["INSERT", "("] and part.word == "THEN":
        closed = next((index for index, depth in enumerate(_depths(tokens)) if depth == 0 and tokens[index].text == ")"), 0)
        for head, value in zip(_listed(tokens[2:closed]), _listed(tokens[closed + 3 : -1])):
            yield unquoted(head[-1]).lower(), _Part("VALUES", value)


def _split(tokens: Sequence[Token], words: Sequence[str]) -> Iterator[_Part]:
    """The parts of a statement that begin with these words, each at its top; the first is what stands before all."""
    start, word = 0, ""
    for index, depth in enumerate(_depths(tokens)):
        if depth == 0 and tokens[index].word in words:
            yield _Part(word, tokens[start:index])
            start, word = index + 1, tokens[index].word
    yield _Part(word, tokens[start:])


def _listed(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The parts of a list that commas separate."""
    start = 0
    for index, depth in enumerate(_depths(tokens)):
        if depth == 0 and tokens[index].text == ",":
            yield list(tokens[start:index])
            start = index + 1
    if tokens[start:]:
        yield list(tokens[start:])


def _depths(tokens: Sequence[Token]) -> Iterator[int]:
    """In how many brackets and CASEs each token stands; those that open and close stand outside of their own."""
    opened: list[str] = []
    ends = ends_of_cases(tokens)
    for index, token in enumerate(tokens):
        sign = "" if token.word == "END" and index not in ends else token.word or token.text
        if opened and _PAIRS.get(sign) == opened[-1]:
            opened.pop()
        yield len(opened)
        if sign in _PAIRS.values():
            opened.append(sign)
