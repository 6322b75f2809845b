"""Files of SQL: their statements, with the named parameters of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.core.sql_text import statements_of, unclosed
from nbflow.define.text_file import read_text


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement without its ``;``, the line of the file where it begins (from 1), and the names of its parameters (``:day``)."""

    text: str
    line: int
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SqlFile:
    """A file of SQL at ``path``, absolute, with its statements."""

    path: Path
    sha256: str
    statements: tuple[Statement, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of all parameters, each once, in the order of the file."""
        return tuple(dict.fromkeys(name for statement in self.statements for name in statement.parameters))


def read_sql_file(path: Path, shown: str) -> SqlFile:
    """The file at ``path``; ``shown`` is the path for messages. Raises ``DefinitionError``."""
    text = read_text(path, shown)
    try:
        statements = tuple(split_statements(text))
    except ValueError as error:
        message, line = error.args
        raise DefinitionError([Mistake(message, shown, line, hint="close it")]) from None
    if not statements:
        raise DefinitionError([Mistake("holds no statement", shown, hint="statements end with ';'")])
    return SqlFile(path, hashlib.sha256(text.encode()).hexdigest(), statements)


def split_statements(text: str) -> Iterator[Statement]:
    """The statements in ``text``.

    Raises ``ValueError`` with a message and a line for a string, a name or a comment that is never closed.
    """
    open_one = unclosed(text)
    if open_one is not None:
        what, place = open_one
        raise ValueError(f"this {what} is never closed", _line(text, place))
    for piece in statements_of(text):
        names = dict.fromkeys(parameter.name for parameter in piece.parameters)
        yield Statement(text[piece.start : piece.end], _line(text, piece.start), tuple(names))


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
