"""A bundle's values of one machine: ``.databricks/bundle/<target>/variable-overrides.json``, which git does not keep."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.define.pipeline_files.bundle.places import placed
from nbflow.define.pipeline_files.document import Node
from nbflow.define.text_file import read_text

_DEEPEST = 100
_SPACE = re.compile(r"[ \t\r\n]*")


def overrides_file(target: str) -> str:
    """The file's path from the bundle's folder."""
    return f".databricks/bundle/{target}/variable-overrides.json"


def read_overrides(folder: Path, target: str, shown: str) -> tuple[dict[str, Node], list[Mistake]]:
    """The values in the file of the bundle in ``folder``, by their variables, and what is wrong with it; nothing where there is no
    such file. ``shown`` is its path for messages. Relative paths in the values start at ``folder``."""
    path = folder / overrides_file(target)
    if not path.is_file():
        return {}, []
    try:
        return _read(read_text(path, shown), shown, folder)
    except DefinitionError as error:
        return {}, list(error.mistakes)
    except json.JSONDecodeError as error:
        return {}, [Mistake(f"is no JSON: {error.msg}", shown, error.lineno, hint='write {"name": "value"}')]
    except RecursionError:
        return {}, [Mistake("is nested too deep", shown, hint="nest it less deeply")]
    except ValueError as error:  # of a number
        return {}, [Mistake(f"is no JSON: {error}", shown, hint='write {"name": "value"}')]


def _read(text: str, shown: str, folder: Path) -> tuple[dict[str, Node], list[Mistake]]:
    if not isinstance(json.loads(text, parse_constant=_refused), dict):
        return {}, [Mistake("holds no JSON object", shown, 1, hint='write {"name": "value"}, with the names of variables')]
    values: dict[str, Node] = {}
    mistakes = []
    for name, value, line in _entries(text):
        if name in values:
            mistakes.append(Mistake(f"the key {name!r} stands twice", shown, line, name, "keep one of them"))
        values[name] = placed(_node(value, line), shown, folder / "databricks.yml")
    return values, mistakes


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is no value of JSON")


def _entries(text: str) -> Iterator[tuple[str, Any, int]]:
    """The entries of the JSON object that ``text`` is known to be, each with the line of its key."""
    decoder = json.JSONDecoder()
    at = _next(text, text.index("{") + 1)
    while text[at] != "}":
        name, end = decoder.raw_decode(text, at)
        value, end = decoder.raw_decode(text, _next(text, _next(text, end) + 1))
        yield name, value, text.count("\n", 0, at) + 1
        at = _next(text, end)
        at = _next(text, at + 1) if text[at] == "," else at


def _next(text: str, at: int) -> int:
    """Where the next sign stands that is no space."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _node(value: Any, line: int, depth: int = 0) -> Node:
    """``value`` with its place. Raises ``RecursionError`` where it is nested deeper than a bundle's file may be."""
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, dict):
        return Node({name: _node(item, line, depth + 1) for name, item in value.items()}, line, dict.fromkeys(value, line))
    return Node([_node(item, line, depth + 1) for item in value] if isinstance(value, list) else value, line)
