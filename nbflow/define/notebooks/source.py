"""Python as notebooks hold it: parsed although it has IPython's magics and top-level await in it."""

from __future__ import annotations

import ast
import re
import warnings

_FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_MAGIC = re.compile(r"^(\s*)([%!?].*|[\w.]+\?{1,2}\s*)$")
_ASSIGNED_MAGIC = re.compile(r"^(\s*[\w., ]+=\s*)([%!].*)$")
_PYTHON_CELL_MAGICS = ("time", "timeit", "capture", "prun", "python", "python3")
_MARK = re.compile(r"#|\"\"\"|'''|\"|'|[\[({]|[\])}]")

MAGIC_VALUE = "__magic__"
"""The name that stands in the tree for the value of ``x = !command`` and ``x = %magic``."""


def parse_cell(source: str) -> ast.Module:
    """The syntax tree of a cell; lines keep their numbers. Raises ``SyntaxError`` for what no Python kernel takes either.

    A cell of another language (``%%bash``) is an empty module.
    """
    return _parse(plain_source(source))


def plain_source(source: str) -> str:
    """A cell's source as plain Python, line for line: magics and shell commands do nothing in it."""
    head, _, body = source.lstrip().partition("\n")
    if head.startswith("%%"):
        if head[2:].split(" ")[0].strip() not in _PYTHON_CELL_MAGICS:
            return ""
        source = "\n" * (source[: len(source) - len(source.lstrip())].count("\n") + 1) + body
    try:
        _parse(source)
    except (SyntaxError, ValueError):
        return _without_magics(source)
    return source


def _parse(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in somebody's text is his own affair, and told by his kernel
        tree = compile(source, "<cell>", "exec", _FLAGS, dont_inherit=True)
    if not isinstance(tree, ast.Module):
        msg = "no module"
        raise SyntaxError(msg)
    return tree


def _without_magics(source: str) -> str:
    """``source`` with each magic or shell line replaced by one that does nothing, its continuation lines with it."""
    lines, continued, quote, depth = [], False, "", 0
    for line in source.split("\n"):
        inside = quote or depth > 0
        magic = None if inside else _MAGIC.match(line)
        assigned = None if inside else _ASSIGNED_MAGIC.match(line)
        if continued:
            lines.append("")
            continued = line.endswith("\\")
        elif magic:
            lines.append(f"{magic.group(1)}pass")
            continued = line.endswith("\\")
        elif assigned:
            lines.append(f"{assigned.group(1)}{MAGIC_VALUE}")
            continued = line.endswith("\\")
        else:
            lines.append(line)
            quote, depth = _open_after(line, quote, depth)
    return "\n".join(lines)


def _open_after(line: str, quote: str, depth: int) -> tuple[str, int]:
    """The quotes of the text, and the number of brackets, that are still open where ``line`` ends."""
    at = 0
    while True:
        if quote:
            end = re.compile(r"(?:\\.|(?!" + quote + r").)*" + quote).match(line, at)
            if end is None:
                return (quote if len(quote) == 3 or line.endswith("\\") else ""), depth
            at, quote = end.end(), ""
        mark = _MARK.search(line, at)
        if mark is None or mark.group() == "#":
            return "", depth
        at = mark.end()
        if mark.group()[0] in "\"'":
            quote = mark.group()
        else:
            depth = max(0, depth + (1 if mark.group() in "[({" else -1))
