"""Files of SQL: cut into statements by Spark's lexical rules, with the named parameters of each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.define.text_file import read_text

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*)
    |(?P<comment>/\*)
    |(?P<text>[rR]'[^']*'|[rR]"[^"]*"|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<name>`(?:[^`]|``)*`)
    |(?P<word>\w+)
    |(?P<cast>::)
    |(?P<parameter>(?<![\w\])]):(?:[A-Za-z_]\w*|`(?:[^`]|``)*`))
    |(?P<open>['"`])
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_OPENING = ("BEGIN", "CASE")
_ENDS_OF_OTHERS = ("IF", "WHILE", "FOR", "LOOP", "REPEAT")
_WHAT = {"'": "text", '"': "text", "`": "name"}


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
    """The statements in ``text``. A ``;`` within a string, a quoted name, a comment, or between BEGIN and its END ends none.

    Raises ``ValueError`` with a message and a line for a string, a name or a comment that is never closed.
    """
    begin: int | None = None
    names: list[str] = []
    end = depth = 0
    before = ""
    for kind, start, stop in _tokens(text):
        word = text[start:stop].upper() if kind == "word" else ""
        if kind == "sign" and text[start] == ";" and depth == 0:
            if begin is not None:
                yield _statement(text, begin, end, names)
            begin, names = None, []
            continue
        if kind == "parameter":
            names.append(_name(text[start:stop]))
        if word == "BEGIN" and begin is None or word in _OPENING and depth:
            depth += 1
        elif before == "END" and depth and word not in _ENDS_OF_OTHERS:
            depth -= 1  # what was seen before ended BEGIN or CASE
            if kind == "sign" and text[start] == ";" and depth == 0:
                yield _statement(text, begin or 0, end, names)
                begin, names, before = None, [], ""
                continue
        begin, end, before = start if begin is None else begin, stop, word
    if begin is not None:
        yield _statement(text, begin, end, names)


def with_literals(text: str, values: Mapping[str, Any]) -> str:
    """The statement ``text`` with literals in place of its named parameters, for engines that take none in commands.

    Raises ``ValueError`` for a value that has no literal.
    """
    pieces, end = [], 0
    for kind, start, stop in _tokens(text):
        if kind == "parameter":
            pieces += [text[end:start], _literal(values[_name(text[start:stop])])]
            end = stop
    return "".join([*pieces, text[end:]])


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)) and value == value and abs(value) != float("inf"):
        return repr(value)
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    raise ValueError(f"a value of the type {type(value).__name__} has no literal in SQL; give text or a number")


def _name(parameter: str) -> str:
    return parameter[1:].strip("`").replace("``", "`")


def _statement(text: str, begin: int, end: int, names: list[str]) -> Statement:
    return Statement(text[begin:end], text.count("\n", 0, begin) + 1, tuple(dict.fromkeys(names)))


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """The kind of each token with its start and its end; spaces and comments are left out."""
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            return
        kind, position = str(found.lastgroup), found.end()
        if kind == "comment":
            position = _after_comment(text, found.start())
        elif kind == "open":
            raise ValueError(f"this {_WHAT[found.group()]} is never closed", text.count("\n", 0, found.start()) + 1)
        elif kind != "space":
            yield kind, found.start(), found.end()


def _after_comment(text: str, start: int) -> int:
    """Where the comment ends that begins at ``start``: comments stand within one another. Raises ``ValueError``."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise ValueError("this comment is never closed", text.count("\n", 0, start) + 1)
