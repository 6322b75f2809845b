"""``INSERT OVERWRITE DIRECTORY`` on Sail, which is the write of a frame in other words and is guarded as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.statements import Token, unquoted

_QUERIES = ("SELECT", "WITH", "VALUES", "FROM", "TABLE")


def written_directory(text: str, tokens: Sequence[Token]) -> Any:
    """The write that a statement is; ``None`` where it is no INSERT OVERWRITE DIRECTORY. Raises for one whose files only Hive knows."""
    words = [token.word for token in tokens]
    start = 4 if words[2:3] == ["LOCAL"] else 3
    if words[:2] != ["INSERT", "OVERWRITE"] or words[start - 1 : start] != ["DIRECTORY"]:
        return None
    from pyspark.sql.connect import proto

    write = proto.WriteOperation(mode=proto.WriteOperation.SAVE_MODE_OVERWRITE)
    rest = list(tokens[start:])
    if rest and rest[0].kind == "text":
        write.path = unquoted(rest.pop(0))
    if [token.word for token in rest[:1]] != ["USING"] or len(rest) < 2:
        raise refused("INSERT OVERWRITE DIRECTORY without USING", "Sail does not know the formats of Hive")
    write.source, rest = unquoted(rest[1]).lower(), rest[2:]
    if [token.word or token.text for token in rest[:2]] == ["OPTIONS", "("]:
        closing = next((at for at, token in enumerate(rest) if token.text == ")"), len(rest))
        for key, value in _options(rest[2:closing]):
            if key.lower() == "path":
                write.path = value
            else:
                write.options[key] = value
        rest = rest[closing + 1 :]
    if not write.path or not rest or (rest[0].word not in _QUERIES and rest[0].text != "("):
        return None  # Sail has an error for it
    write.input.sql.query = text[rest[0].start :].strip().rstrip(";")
    return write


def _options(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """The options of a list, ``key = value`` or ``key value``."""
    pair: list[Token] = []
    for token in [*tokens, None]:
        if token is not None and token.text != ",":
            pair.append(token)
        elif pair:
            at = next((index for index, each in enumerate(pair) if each.text == "="), None)
            key, value = (pair[:-1], pair[-1:]) if at is None else (pair[:at], pair[at + 1 :])
            yield "".join(map(unquoted, key)), "".join(map(unquoted, value))
            pair = []
