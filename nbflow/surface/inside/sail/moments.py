"""A table's timestamps within expressions of SQL: Sail takes them in UTC unless they are cast to what they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.statements import Token, name_at

_OF_ONE = (
    "CAST", "TRY_CAST", "TO_DATE", "DATE", "YEAR", "QUARTER", "MONTH", "WEEKOFYEAR", "DAY", "DAYOFMONTH", "DAYOFWEEK", "DAYOFYEAR", "WEEKDAY", "HOUR",
    "MINUTE", "SECOND", "DATE_FORMAT", "UNIX_TIMESTAMP", "LAST_DAY",
)  # fmt: skip
"""Functions that make something else of a timestamp."""

_GIVE_DATES = (
    "DATE", "TO_DATE", "CURRENT_DATE", "CURDATE", "DATE_ADD", "DATEADD", "DATE_SUB", "LAST_DAY", "NEXT_DAY", "MAKE_DATE", "TRUNC", "ADD_MONTHS",
    "DATE_FROM_UNIX_DATE",
)  # fmt: skip

_BEFORE_A_VALUE = ("CASE", "WHEN", "THEN", "ELSE", "AND", "OR", "NOT", "LIKE", "ILIKE", "RLIKE", "BETWEEN", "DIV", "DISTINCT", "IN")


@dataclass(frozen=True, slots=True)
class Named:
    """A table as a statement names it, and which of its columns are timestamps and dates, in lower case."""

    name: str
    moments: frozenset[str]
    dates: frozenset[str]

    @classmethod
    def of(cls, name: str, fields: Sequence[Any]) -> Named:
        kinds: Mapping[str, str] = {field.name.lower(): field.dataType.typeName() for field in fields}
        return cls(
            name.strip("`").lower(),
            *(frozenset(column for column, kind in kinds.items() if kind == wanted) for wanted in ("timestamp", "date")),
        )

    @property
    def has_times(self) -> bool:
        """Whether it has timestamps."""
        return bool(self.moments)


def zoned(text: str, tokens: Sequence[Token], tables: Sequence[Named]) -> str:
    """An expression, which is the ``tokens`` of ``text``, with the timestamps of the ``tables`` such that all functions take them in the session's zone.
    Raises where they may be compared with a date, which Sail takes in UTC."""
    found = list(_columns(tokens, tables))
    moments = [(first, last) for first, last, kind in found if kind == "timestamp"]
    named = {index for first, last, _ in found for index in range(first, last + 1)}
    dates = [first for first, _, kind in found if kind == "date"]
    dates += [index for index, token in enumerate(tokens) if token.word in _GIVE_DATES and index not in named]
    has_dates = not all(_is_cast(tokens, index) for index in dates)
    start = tokens[0].start if tokens else 0
    pieces = []
    for first, last in moments:
        inner = first > 1 and tokens[first - 1].text == "(" and tokens[first - 2].word in _OF_ONE
        if has_dates and not inner:
            raise refused(
                f"{text[tokens[first].start : tokens[last].end]} beside a date",
                "Sail takes the date in UTC; CAST(… AS TIMESTAMP) of the date works",
            )
        pieces += [text[start : tokens[first].start], f"CAST({text[tokens[first].start : tokens[last].end]} AS TIMESTAMP)"]
        start = tokens[last].end
    return "".join([*pieces, text[start : tokens[-1].end if tokens else 0]])


def _is_cast(tokens: Sequence[Token], first: int) -> bool:
    """Whether what begins with this token is cast to a timestamp."""
    if first < 2 or tokens[first - 2].word != "CAST" or tokens[first - 1].text != "(":  # noqa: PLR2004  (the two before)
        return False
    depth = 0
    for index in range(first, len(tokens)):
        if depth == 0 and tokens[index].word == "AS":
            return [token.word or token.text for token in tokens[index + 1 : index + 3]] == ["TIMESTAMP", ")"]
        depth += (tokens[index].text == "(") - (tokens[index].text == ")")
    return False


def ends_of_cases(tokens: Sequence[Token]) -> set[int]:
    """The indices of each END that is no column's name: it stands behind a value."""
    found, opened = set(), 0
    for index, token in enumerate(tokens):
        opened += token.word == "CASE"
        before = tokens[index - 1] if index else token
        if token.word == "END" and opened and before.word not in _BEFORE_A_VALUE and (before.kind != "sign" or before.text in ")]"):
            found.add(index)
            opened -= 1
    return found


def _columns(tokens: Sequence[Token], tables: Sequence[Named]) -> Iterator[tuple[int, int, str]]:
    """The columns of the tables that an expression names: the indices of the first and the last token, and the kind."""
    index, ends = 0, ends_of_cases(tokens)
    while index < len(tokens):
        if index in ends:
            index += 1
            continue
        parts, last = name_at(list(tokens[index:]))
        end = index if last is None else index + list(tokens[index:]).index(last)
        following = tokens[end + 1].text if end + 1 < len(tokens) else ""
        if last is not None and following != "(" and tokens[index].kind in ("word", "quoted"):
            kind = _kind([part.lower() for part in parts], tables)
            if kind and not (len(parts) == 1 and end + 1 < len(tokens) and tokens[end + 1].kind == "text"):  # TIMESTAMP '…' is no column
                yield index, end, kind
        index = end + 1


def _kind(parts: Sequence[str], tables: Sequence[Named]) -> str:
    meant = [table for table in tables if len(parts) == 1 or parts[-2] == table.name]
    if any(parts[-1] in table.moments for table in meant):
        return "timestamp"
    return "date" if any(parts[-1] in table.dates for table in meant) else ""
