"""Reading objects of a pipeline file by their tables: unknown keys, wrong kinds, keys that cannot have their effect."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.core.values import shown
from nbflow.define.document import Node
from nbflow.define.nearest import did_you_mean
from nbflow.define.pipeline import Place
from nbflow.define.vocabulary import OBJECTS, REQUIRED, Key, Standing

_PARAMETER_NAME = re.compile(r"[A-Za-z0-9_.\-]+\Z")

_LISTS = ("list", "task_list", "parameter_list", "dependency_list")
_MAPS = ("map", "parameter_map", "job_map", *OBJECTS)
_SAID = {
    "text": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false",
    **dict.fromkeys(_LISTS, "a list"), **dict.fromkeys(_MAPS, "a map"),
}  # fmt: skip


class ObjectReader:
    """Reads the objects of ``file``; what is wrong goes into ``mistakes``, what has no effect into ``warnings``."""

    def __init__(self, file: str, mistakes: list[Mistake]) -> None:
        self.file = file
        self.mistakes = mistakes
        self.warnings: list[str] = []
        self._refused: set[str] = set()

    def wrong(self, message: str, line: int | None, key: str | None, hint: str | None = None) -> None:
        """Keep a mistake."""
        self.mistakes.append(Mistake(message, self.file, line, key or None, hint))

    def refused_in(self, key: str) -> bool:
        """Whether a key that cannot be run stands in the object at ``key``."""
        return key in self._refused

    def object(self, node: Node, kind: str, key: str) -> dict[str, Node]:
        """The entries of ``node`` that are known and of the right kind, by their names; the rest is told."""
        if not isinstance(node.value, dict):
            self.wrong(f"takes a map, got {node.kind}", node.line, key)
            return {}
        table, entries = OBJECTS[kind], {}
        for name, value in node.value.items():
            where, line = f"{key}.{name}" if key else name, (node.lines or {}).get(name, value.line)
            if name not in table:
                self._unknown(name, kind, table, line, where)
            elif self._has_effect(table[name], value, line, where, key) and self._fits(table[name], value, where):
                entries[name] = value
        for name in REQUIRED.get(kind, ()):
            if name not in node.value:
                self.wrong(f"{name!r} is missing", node.line, key)
        return entries

    def _unknown(self, name: str, kind: str, table: Iterable[str], line: int, where: str) -> None:
        others = [other for other, keys in OBJECTS.items() if name in keys and other != kind]
        hint = did_you_mean(name, table)
        if hint is None and others:
            hint = f"it belongs in a {others[0].replace('_', ' ')}"
        self.wrong(f"unknown key {name!r}", line, where, hint)

    def _has_effect(self, key: Key, value: Node, line: int, where: str, parent: str) -> bool:
        if key.standing is Standing.IDLE:
            self.warnings.append(f"{self.file}:{line}: {where} has no effect here")
        if key.standing is Standing.REFUSED and value.value not in key.harmless:
            self._refused.add(parent)
            self.wrong("cannot be run by nbflow", line, where, key.doc)
        return key.standing is Standing.DONE

    def _fits(self, key: Key, node: Node, where: str) -> bool:
        if any(_is_kind(node.value, kind) for kind in key.kinds):
            return True
        wanted = " or ".join(dict.fromkeys(_SAID[kind] for kind in key.kinds))
        got = node.kind if isinstance(node.value, (dict, list, type(None))) else shown(node.value)
        self.wrong(f"takes {wanted}, got {got}", node.line, where)
        return False

    def value(self, node: Node, key: str) -> Any:
        """The plain value of a parameter; a bundle's variable in it is told as a warning, it stays as text."""
        value = node.plain()
        if isinstance(value, str) and "${" in value:
            self.warnings.append(f"{self.file}:{node.line}: {key}: variables of a bundle stay as they are: {shown(value)}")
        return value

    def at_least(self, node: Node | None, least: int, key: str) -> int:
        """A whole number that may not be less than ``least``; 0 where there is none."""
        if node is None:
            return 0
        if node.value < least:
            self.wrong(f"takes a number from {least} on, got {node.value}", node.line, key)
        return int(node.value)

    def seconds(self, node: Node | None, key: str) -> float:
        """A number of seconds, 0 for none."""
        if node is None:
            return 0
        if not 0 <= node.value < float("inf"):
            self.wrong(f"takes a number of seconds from 0 on, got {node.value}", node.line, key)
            return 0
        value: float = node.value
        return value

    def check_parameter_name(self, name: str, place: Place) -> None:
        """Databricks' rule for the names of a job's parameters."""
        if not _PARAMETER_NAME.match(name):
            hint = "letters, digits, '_', '-' and '.'"
            self.wrong(f"{name!r} is no name for a parameter", place.line, place.key, hint)


def _is_kind(value: Any, kind: str) -> bool:
    if kind == "any":
        return True
    if kind == "text":
        return isinstance(value, str) and value != ""
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("number", "integer"):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and (kind == "number" or value == int(value) if value == value and abs(value) != float("inf") else kind == "number")
    return isinstance(value, list if kind in _LISTS else dict)
