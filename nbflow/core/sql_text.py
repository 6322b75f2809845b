"""SQL as text, by Spark's lexical rules: its words, its statements, its parameters. Nothing is parsed, and nothing is run.

Who reads a file of SQL before a run, who runs ``%sql`` in a kernel and who looks after paths and names in a statement see the same by these functions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"""(?P<space>\s+|--(?:\\\n|[^\r\n])*)
    |(?P<hint>/\*\+)
    |(?P<comment>/\*)
    |(?P<text>[rR]'[^']*'|[rR]"[^"]*"|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
    |(?P<dollars>(?P<tag>\$[A-Za-z]*\$).*?(?P=tag))
    |(?P<quoted>`(?:[^`]|``)*`)
    |(?P<word>[^\W\d_]+://[\w/\-.?=&\#%]+|\w+)
    |(?P<open>['"`]|\$[A-Za-z]*\$)
    |(?P<sign>::|.)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*(?!\+)|\*/")
_UNCLOSED = {"/*": "comment", "`": "name"}
_BEFORE_A_VALUE = frozenset({
    "ALL", "AND", "BETWEEN", "BY", "CASE", "DISTINCT", "ELSE", "ESCAPE", "HAVING", "ILIKE", "IN", "LIKE", "LIMIT", "NOT", "OF", "OFFSET", "ON",
    "OR", "REGEXP", "RLIKE", "SELECT", "SET", "THEN", "VALUES", "WHEN", "WHERE", "WITH",
})  # fmt: skip
"""Words that may be glued to a parameter (``LIMIT:n``): behind any other word a colon leads to a field of its value."""

_ENDS_OF_OTHERS = frozenset({"IF", "WHILE", "FOR", "LOOP", "REPEAT"})
_BEFORE_A_STATEMENT = frozenset({";", "BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "ATOMIC"})
_FIRST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A ``word``, ``quoted`` name, ``text`` or ``sign`` of SQL, a text between ``dollars`` (``$$…$$``), or what is ``open``: begun and never
    closed, to the end of all. ``word`` is its upper case where it is a plain word.
    """

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == "word" else ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named parameter, ``:day`` or ``:`a day```, and where it stands."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement of a text, from ``start`` to ``end``, without its ``;``, without comments and spaces around it, with its parameters."""

    start: int
    end: int
    parameters: tuple[Parameter, ...] = ()


def tokens_of(text: str) -> Iterator[Token]:
    """The tokens of ``text``; spaces, comments and hints are none."""
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            return
        start, position = position, found.end()
        kind = str(found.lastgroup)
        if kind in ("comment", "hint"):
            position = _after_comment(text, position) if kind == "comment" else _after_hint(text, position)
            if position < 0:
                kind = "open"
        if kind == "open":
            yield Token("open", text[start:], start, len(text))
            return
        if kind not in ("space", "comment", "hint"):
            yield Token(kind, text[start:position], start, position)


def _after_comment(text: str, position: int) -> int:
    """Where the comment ends that began just before ``position``, comments within it included; -1 for one that never does."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, position):
        depth += -1 if edge.group() == "*/" else 1
        if depth == 0:
            return edge.end()
    return -1


def _after_hint(text: str, position: int) -> int:
    """Where the hint ends that began just before ``position``; -1 for one that never does."""
    end = text.find("*/", position)
    return end + 2 if end >= 0 else -1


def unclosed(text: str) -> tuple[str, int] | None:
    """What is begun in ``text`` and never closed (a text, a name, a comment), and where; ``None`` where all is well."""
    for token in tokens_of(text):
        if token.kind == "open":
            return _UNCLOSED.get(token.text[:2]) or _UNCLOSED.get(token.text[0]) or "text", token.start
    return None


def statements_of(text: str) -> Iterator[Piece]:
    """The statements of ``text``, in their order. A ``;`` within a text, a quoted name, a comment, or a script from BEGIN to its END ends none."""
    tokens: list[Token] = []
    script = _Script()
    for token in tokens_of(text):
        script.read(token)
        if token.text != ";" or script.within:
            tokens.append(token)
        else:
            if tokens:
                yield _piece(tokens)
            tokens, script = [], _Script()
    if tokens:
        yield _piece(tokens)


def _piece(tokens: list[Token]) -> Piece:
    return Piece(tokens[0].start, tokens[-1].end, tuple(_parameters(tokens)))


class _Script:
    """Follows the tokens of one statement, and knows whether a ``;`` stands ``within`` it: between a BEGIN and its END."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._before = ""
        self._own: list[str] = []  # the first words of the statement, or of the one within the script that is read now
        self._ends = self._makes = self._opened = False

    @property
    def within(self) -> bool:
        """Whether a block is open."""
        return bool(self._open)

    def read(self, token: Token) -> None:
        """Take the next token into account."""
        word = token.word or token.text
        if self._ends and self._closes(word):
            self._open.pop()
        if self._opened and len(self._open) == 1 and word in ("TRANSACTION", ";"):
            self._open.pop()  # it begins a transaction, no script
        begins = word == "BEGIN" and self._begins_here()
        if begins or (word == "CASE" and self._open and self._before not in (".", "END")):
            self._open.append(word)
        self._ends = word == "END" and self._may_end()
        self._makes = self._makes or (word == "PROCEDURE" and self._own[:1] == ["CREATE"])
        if self._open and word in _BEFORE_A_STATEMENT and (begins or word != "BEGIN"):
            self._own = []
        elif len(self._own) < _FIRST_WORDS:
            self._own.append(word)
        self._before, self._opened = word, begins

    def _may_end(self) -> bool:
        """Whether an END that stands here may end the block that is open; it may as well be a name."""
        if not self._open or self._before == ".":
            return False
        return self._open[-1] == "CASE" or self._opened or (self._before in _BEFORE_A_STATEMENT and self._before != "BEGIN")

    def _begins_here(self) -> bool:
        """Whether a BEGIN that stands here begins a block: a statement, one with a label, a handler's body, a procedure's."""
        return not self._own or self._own[1:] == [":"] or (self._own[0] == "DECLARE" if self.within else self._makes)

    def _closes(self, word: str) -> bool:
        """Whether the END before ``word`` ended the block that is open: END IF ends what began with IF."""
        return word not in _ENDS_OF_OTHERS and (word != "CASE" or self._open[-1] == "CASE")


def parameters_of(text: str) -> list[Parameter]:
    """The named parameters of ``text``: no casts (``x::int``), no fields (``data:field``), nothing in texts and comments."""
    return list(_parameters(list(tokens_of(text))))


def _parameters(tokens: list[Token]) -> Iterator[Parameter]:
    for index, (token, following) in enumerate(zip(tokens, tokens[1:])):
        if token.text != ":" or following.start != token.end or following.kind not in ("word", "quoted") or following.text[0].isdigit():
            continue
        before = tokens[index - 1] if index else None
        if before is None or before.end != token.start or not _is_value(before):
            yield Parameter(unquoted_name(following), token.start, following.end)


def _is_value(token: Token) -> bool:
    """Whether a value may end with ``token``, so that a colon behind it leads to a field."""
    if token.kind == "word":
        return token.word not in _BEFORE_A_VALUE
    return token.kind in ("quoted", "text", "dollars") or token.text in (")", "]")


def unquoted_name(token: Token) -> str:
    """What a word or a name in backticks means."""
    return token.text[1:-1].replace("``", "`") if token.kind == "quoted" else token.text


def with_literals(text: str, values: Mapping[str, Any]) -> str:
    """The statement ``text`` with literals in place of its parameters, for engines that take none in commands.

    Raises ``KeyError`` for a parameter that has no value, ``ValueError`` for a value that has no literal.
    """
    pieces: list[str] = []
    end = 0
    for parameter in parameters_of(text):
        before = text[end : parameter.start]
        gap = "" if not before or before[-1].isspace() else " "  # else 5-:n began a comment where n is negative, and LIMIT:n were a name
        pieces += [before, gap, literal(values[parameter.name])]
        end = parameter.end
    return "".join([*pieces, text[end:]])


def literal(value: Any) -> str:
    """``value`` as SQL writes it. Raises ``ValueError`` for one that has no literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return repr(value)
    if isinstance(value, float) and math.isfinite(value):
        return f"{value!r}D"  # without the letter it were a decimal
    if isinstance(value, str):
        return quoted(value)
    kind = {"date": "DATE", "datetime": "TIMESTAMP"}.get(type(value).__name__)
    if kind is not None:
        return f"{kind}{quoted(str(value))}"
    raise ValueError(f"a value of the type {type(value).__name__} has no literal in SQL; give text or a number")


def quoted(text: str) -> str:
    """``text`` as SQL writes it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
