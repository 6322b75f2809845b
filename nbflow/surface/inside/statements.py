"""SQL statements as far as nbflow looks after them: where a new schema lies, and where relative paths start.

What stands in comments and strings is never taken for words.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

from nbflow.core.sql_text import Token, quoted, tokens_of
from nbflow.surface.inside.context import files_are_elsewhere
from nbflow.surface.inside.places import in_dbfs
from nbflow.surface.inside.task import task

__all__ = ["Token", "absolute", "name_at", "quoted_name", "rewritten", "tokens_of", "unquoted", "with_absolute_table", "with_paths"]

_WORTH_A_LOOK = re.compile(
    r"\b(schema|database|namespace|location|path|directory|inpath|vacuum|optimize|detail|history)\b|\w\s*\.\s*`", re.I
)
_DBFS = "dbfs:/"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:/")
_PATTERN_SIGNS = re.compile(r"([\\{}\[\]*?])")
_FORMATS = ("DELTA", "PARQUET", "CSV", "JSON", "ORC", "TEXT", "AVRO", "BINARYFILE", "XML")
_BEFORE_A_TABLE = (
    "FROM", "JOIN", "INTO", "TABLE", "UPDATE", "USING", "DETAIL", "HISTORY", "OPTIMIZE", "VACUUM", "DELTA", "DESCRIBE", "DESC",
    "OVERWRITE", "CLONE", "EXISTS", "MERGE", "FSCK",
)  # fmt: skip
_BEFORE_A_PATH = ("VACUUM", "OPTIMIZE", "DETAIL", "HISTORY", "DIRECTORY", "INPATH")
_MAKING = ("CREATE", "ALTER", "REPLACE")


def rewritten(statement: str, warehouse: str, folder: str, formatted: bool = False) -> str:
    """``statement`` with a new schema's location where it names none, and relative paths made to start at ``folder``.

    Without a location Spark would put the schema ``bronze`` into ``bronze.db``; without a ``warehouse`` it may. ``formatted`` says that braces in the
    statement have a meaning (``spark.sql("… {df}", df=df)``), so that those of a path are doubled.
    """
    if not isinstance(statement, str) or not _WORTH_A_LOOK.search(statement):
        return statement
    tokens = list(tokens_of(statement))
    changes = [
        *(_schema_locations(tokens, warehouse) if warehouse else ()),
        *_paths(tokens, lambda path, pattern: absolute(path, folder, pattern)),
    ]
    for start, end, text in sorted(changes, reverse=True):
        statement = statement[:start] + (_doubled(text, statement[start:end]) if formatted else text) + statement[end:]
    return statement


def with_paths(text: str, change: Callable[[str, bool], str]) -> str:
    """A statement, or the name of a table, with its paths as ``change`` gives them, which is told of each whether Spark takes it for a pattern."""
    for start, end, new in sorted(_paths(list(tokens_of(text)), change) if _WORTH_A_LOOK.search(text) else (), reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _doubled(text: str, before: str) -> str:
    """``text`` with its braces doubled, but for those that came from the statement itself, at its end."""
    inner = before.strip("'\"`")
    lead = text[: text.rfind(inner)] if inner and inner in text else text
    return lead.replace("{", "{{").replace("}", "}}") + text[len(lead) :]


def _schema_locations(tokens: list[Token], warehouse: str) -> Iterator[tuple[int, int, str]]:
    """A location after the name of each schema that is made without one."""
    for index, token in enumerate(tokens[:-1]):
        if token.word != "CREATE" or tokens[index + 1].word not in ("SCHEMA", "DATABASE", "NAMESPACE"):
            continue
        rest = tokens[index + 2 :]
        if [each.word for each in rest[:3]] == ["IF", "NOT", "EXISTS"]:
            rest = rest[3:]
        parts, last = name_at(rest)
        following = [each.word or each.text for each in rest]
        following = following[: following.index(";")] if ";" in following else following
        if last is None or {"LOCATION", "MANAGEDLOCATION"} & set(following):
            continue
        if len(parts) == 2 and parts[0].lower() == "spark_catalog":
            parts = parts[1:]
        if len(parts) == 1:
            yield last.end, last.end, f" LOCATION {quoted(os.path.join(warehouse, parts[0].lower()))}"


def name_at(tokens: list[Token]) -> tuple[list[str], Token | None]:
    """The parts of the dotted name that the tokens begin with, and its last token."""
    parts: list[str] = []
    last = None
    for index in range(0, len(tokens), 2):
        token = tokens[index]
        if token.kind not in ("word", "quoted"):
            break
        parts.append(unquoted(token))
        last = token
        if index + 1 >= len(tokens) or tokens[index + 1].text != ".":
            break
    if len(parts) == 1 and parts[0].upper() == "IDENTIFIER" and len(tokens) > 1 and tokens[1].text == "(":
        return [], None
    return parts, last


def _paths(tokens: list[Token], change: Callable[[str, bool], str]) -> Iterator[tuple[int, int, str]]:
    """Every path of the statement that ``change`` makes another."""
    making = bool(tokens) and any(token.word in _MAKING for token in tokens[:2])
    in_options = 0
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        if token.text == "(":
            in_options += 1 if in_options or (before is not None and before.word == "OPTIONS") else 0
        elif token.text == ")":
            in_options = max(0, in_options - 1)
        elif token.kind == "quoted" and index >= 2 and _is_table_by_path(tokens, index):
            yield from _changed_table(tokens, index, change)
        elif token.kind == "text" and before is not None and _takes_path(tokens, index, making, in_options > 0):
            shows_files = in_options > 0 and any(each.word == "VIEW" for each in tokens[:6])
            yield from _changed(token, change, quoted, pattern=shows_files)


def _takes_path(tokens: list[Token], index: int, making: bool, in_options: bool) -> bool:
    """Whether the string at ``index`` is a path."""
    before = tokens[index - 1]
    if in_options:
        key = tokens[index - 2] if before.text == "=" and index >= 2 else before
        return unquoted(key).lower() == "path"
    return before.word in _BEFORE_A_PATH or (making and before.word == "LOCATION")


def _is_table_by_path(tokens: list[Token], index: int) -> bool:
    """Whether the name at ``index`` is a path after a format, where a table stands: ``FROM delta.`events```."""
    if tokens[index - 1].text != "." or tokens[index - 2].word not in _FORMATS:
        return False
    if index + 1 < len(tokens) and tokens[index + 1].text == ".":
        return False
    before = tokens[index - 3] if index >= 3 else None
    if before is None or before.word in _BEFORE_A_TABLE:
        return True
    return before.text in (",", "(") and "/" in tokens[index].text  # among columns it could be a field of a struct


def _changed_table(tokens: list[Token], index: int, change: Callable[[str, bool], str]) -> Iterator[tuple[int, int, str]]:
    pattern = tokens[index - 2].word != "DELTA"  # whose paths are no patterns
    yield from _changed(tokens[index], change, quoted_name, pattern)


def _changed(
    token: Token, change: Callable[[str, bool], str], quote: Callable[[str], str], pattern: bool = False
) -> Iterator[tuple[int, int, str]]:
    path = unquoted(token)
    if "\\" in path and token.kind == "text":
        return  # an escape; who writes one writes the whole path
    found = change(path, pattern)
    if found != path:
        yield token.start, token.end, quote(found)


def quoted_name(name: str) -> str:
    """A name, or a path in the place of one, as a statement writes it whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def unquoted(token: Token) -> str:
    """What a name or string means, its quotes taken off."""
    if token.kind == "quoted":
        return token.text[1:-1].replace("``", "`")
    if token.kind == "text":
        mark = token.text[-1]
        return token.text[token.text.index(mark) + 1 : -1].replace(mark * 2, mark)
    return token.text


def absolute(path: str, folder: str, pattern: bool = False) -> str:
    """``path`` from ``folder`` where it is relative; a URI or an absolute path as it is.

    ``pattern`` says that Spark takes the path for a pattern; the signs of one that the folder's name holds are then
    made harmless.
    """
    if path.startswith(_DBFS) and not files_are_elsewhere():
        return in_dbfs(path, task.workspace)
    if not path or os.path.isabs(path) or _SCHEME.match(path) or "://" in path:
        return path
    start, path = folder, os.path.normpath(path)
    while path == ".." or path.startswith("../"):
        # as for the kernel: a link's folder is the one of what it leads to
        start, path = os.path.dirname(os.path.realpath(start) if os.path.islink(start) else start), path[3:]
    return os.path.join(_PATTERN_SIGNS.sub(r"\\\1", start) if pattern else start, "" if path == "." else path).rstrip("/") or "/"


def with_absolute_table(name: str, folder: str) -> str:
    """The name of a table, its path made absolute where it is one by path: ``delta.`events```."""
    tokens = list(tokens_of(name))
    if len(tokens) == 3 and tokens[2].kind == "quoted" and _is_table_by_path(tokens, 2):
        for start, end, text in _changed_table(tokens, 2, lambda path, pattern: absolute(path, folder, pattern)):
            return name[:start] + text + name[end:]
    return name
