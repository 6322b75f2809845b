"""Python as notebooks hold it: parsed although it has IPython's magics and top-level await in it."""

from __future__ import annotations

import ast
import re

_FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_MAGIC = re.compile(r"^(\s*)([%!?].*|[\w.]+\?{1,2}\s*)$")
_ASSIGNED_MAGIC = re.compile(r"^(\s*[\w., ]+=\s*)[%!].*$")
_PYTHON_CELL_MAGICS = ("time", "timeit", "capture", "prun", "python", "python3")


def parse_cell(source: str) -> ast.Module:
    """The syntax tree of a cell; lines keep their numbers. Raises ``SyntaxError`` for what no Python kernel takes either.

    A cell of another language (``%%bash``) is an empty module.
    """
    head, _, body = source.lstrip().partition("\n")
    if head.startswith("%%"):
        if head[2:].split(" ")[0].strip() not in _PYTHON_CELL_MAGICS:
            return ast.Module(body=[], type_ignores=[])
        source = "\n" * (source[: len(source) - len(source.lstrip())].count("\n") + 1) + body
    try:
        return _parse(source)
    except SyntaxError:
        return _parse(_without_magics(source))


def _parse(source: str) -> ast.Module:
    tree = compile(source, "<cell>", "exec", _FLAGS, dont_inherit=True)
    if not isinstance(tree, ast.Module):
        msg = "no module"
        raise SyntaxError(msg)
    return tree


def _without_magics(source: str) -> str:
    """``source`` with each magic or shell line replaced by one that does nothing, its continuation lines with it."""
    lines, continued = [], False
    for line in source.split("\n"):
        magic = _MAGIC.match(line)
        assigned = _ASSIGNED_MAGIC.match(line)
        if continued:
            lines.append("")
            continued = line.endswith("\\")
        elif magic:
            lines.append(f"{magic.group(1)}pass")
            continued = line.endswith("\\")
        elif assigned:
            lines.append(f"{assigned.group(1)}None")
            continued = line.endswith("\\")
        else:
            lines.append(line)
    return "\n".join(lines)
