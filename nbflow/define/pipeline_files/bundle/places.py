"""Lines that know their file: a bundle is put together from several."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from nbflow.define.pipeline_files.document import Node
from nbflow.define.pipeline_files.environments import DEPENDENCIES, is_local

PATHS = ("notebook_path", "notebook", "python_file", "project_directory", "whl", "jar", "requirements")
"""Keys whose relative path starts at the file that it stands in; a ``path`` in ``file`` is another, and so are an environment's wheels and jars."""


class Line(int):
    """A line, from 1, of the file at ``path``, which messages call ``file``."""

    file: str
    path: Path

    def __new__(cls, number: int, file: str, path: Path) -> Line:
        """Line ``number`` of the file."""
        line = super().__new__(cls, number)
        line.file, line.path = file, path
        return line

    def __getnewargs__(self) -> tuple[int, str, Path]:  # type: ignore[override]  # copies need all
        return int(self), self.file, self.path


def place_of(line: int) -> str:
    """File and line, as messages name them; the line alone where its file is not known."""
    return f"{line.file}:{int(line)}" if isinstance(line, Line) else f"line {line}"


def placed(node: Node, file: str, path: Path) -> Node:
    """``node`` with all below it, its lines those of the file at ``path``."""
    lines: dict[str, int] | None = None if node.lines is None else {name: Line(line, file, path) for name, line in node.lines.items()}
    value = node.value
    if isinstance(value, dict):
        value = {name: placed(item, file, path) for name, item in value.items()}
    elif isinstance(value, list):
        value = [placed(item, file, path) for item in value]
    return Node(value, Line(node.line, file, path), lines)


def rebased(node: Node, folder: Path, key: str = "", parent: str = "") -> Node:
    """``node`` with the relative paths in it written as they are from ``folder``; each begins where its file lies."""
    value = node.value
    if isinstance(value, dict):
        return Node({name: rebased(item, folder, name, key) for name, item in value.items()}, node.line, node.lines)
    if isinstance(value, list):
        return Node([rebased(item, folder, key, parent) for item in value], node.line, node.lines)
    is_path = key in PATHS or (key == "path" and parent == "file")
    is_path = is_path or (parent == "spec" and key in DEPENDENCIES and isinstance(value, str) and is_local(value, DEPENDENCIES[key]))
    if not is_path or not isinstance(value, str) or not value or value.startswith(("/", "~")) or "://" in value:
        return node
    if not isinstance(node.line, Line) or node.line.path.parent == folder:
        return node
    return Node(os.path.relpath(node.line.path.parent / value, folder), node.line, node.lines)


def relocated(value: Any) -> Any:
    """``value`` with every place and mistake in it told with the file of its line."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {item.name: getattr(value, item.name) for item in fields(value) if item.init}
        changed = {name: new for name, old in found.items() if (new := relocated(old)) is not old}
        if "file" in found and isinstance(found.get("line"), Line):
            changed.update(file=found["line"].file, line=int(found["line"]))
        return replace(value, **changed) if changed else value
    if isinstance(value, Mapping):
        new = {name: relocated(item) for name, item in value.items()}
        return new if any(new[name] is not item for name, item in value.items()) else value
    if isinstance(value, (list, tuple)):
        items = [relocated(item) for item in value]
        return type(value)(items) if any(one is not other for one, other in zip(items, value)) else value
    return value
