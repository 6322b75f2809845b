"""The comments of a cell, by their tokens: what stands behind a parameter explains it."""

from __future__ import annotations

import io
import re
import tokenize

TYPE_COMMENT = re.compile(r"type:\s*(?P<type>[\w.]+(?:\[[^#]*\])?)\s*")
"""``type: int`` at the beginning of a comment."""

_FOR_TOOLS = re.compile(r"#\s*(type:\s*ignore|noqa\b|pylint:|pragma:|fmt:|isort:|nosec\b|ruff:|mypy:)")


def comments(source: str) -> dict[int, str]:
    """The text of the comment on each line (from 1) that has one, ``#`` and blanks stripped; notes to tools are none."""
    found = {}
    lines = io.StringIO(source, newline=None)  # which takes every end of a line that Python takes, as the tokenizer does not
    try:
        for token in tokenize.generate_tokens(lines.readline):
            if token.type == tokenize.COMMENT and not _FOR_TOOLS.match(token.string):
                found[token.start[0]] = token.string.lstrip("#").strip()
    except (tokenize.TokenError, SyntaxError):
        pass  # what was found before it holds
    return found
