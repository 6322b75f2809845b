"""Text that is no YAML: what is wrong with it, where, and what to do about it."""

from __future__ import annotations

import re

import yaml

from nbflow.core.errors import Mistake

_HINTS = (
    ("mapping values are not allowed", "put text that holds ': ' in quotes, or look at the indentation"),
    ("found undefined alias", "the anchor '&name' must stand before its alias '*name'"),
    ("unknown escape character", "write '\\\\' for '\\' in double quotes, or use single quotes"),
    ("cannot start any token", "put text that begins with this sign in quotes"),
    ("unexpected end of stream", "the quote in line {line} is never closed, or the file was cut off"),
    ("could not find expected ':'", "the line needs 'key: value', or the file was cut off"),
    ("maximum nesting depth", "nest it less deeply"),
    ("incompatible YAML document", "remove the line that begins with %YAML"),
)


def syntax_mistake(error: yaml.YAMLError, text: str, file: str) -> Mistake:
    """What PyYAML says of ``text``, in our words."""
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else None
    problem = str(getattr(error, "problem", None) or error)
    lines = text.splitlines()
    there = lines[line - 1] if line is not None and line <= len(lines) else ""
    if "\t" in there[: len(there) - len(there.lstrip())]:
        return Mistake("a tab stands where only spaces may", file, line, hint="indent with spaces")
    problem = re.sub(r"character '(.)' that cannot", r"character that cannot", problem)
    return Mistake(f"is no YAML: {problem}", file, line, hint=_hint(error, problem, there))


def _hint(error: yaml.YAMLError, problem: str, there: str) -> str | None:
    if re.search(r":\s*\{\{", there) or re.match(r"\s*-\s*\{\{", there):
        return "put a value that begins with {{ in quotes"
    context, mark = getattr(error, "context", None), getattr(error, "context_mark", None)
    for words, hint in _HINTS:
        if words in problem:
            return hint.replace("{line}", str(mark.line + 1 if mark is not None else 1))
    return f"{context} that begins in line {mark.line + 1}" if context and mark is not None else None
