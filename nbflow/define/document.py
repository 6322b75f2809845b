"""YAML text as values that know where they stand, by the rules of YAML 1.2.

PyYAML reads the text; what a plain scalar means is decided here, since PyYAML follows YAML 1.1, where ``NO`` is false and
``12:30`` a number.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nbflow.core.errors import DefinitionError, Mistake

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_PLAIN = "nbflow:plain"
_MERGE = "<<"
_MOST_VALUES = 1_000_000

_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".nan": float("nan"), ".NaN": float("nan"), ".NAN": float("nan"),
    **{f"{sign}{word}": float(f"{sign}inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its line (from 1). ``value`` is a scalar, a list of nodes, or a dict of text to nodes.

    ``lines`` holds, for a dict, the line of each key.
    """

    value: Any
    line: int
    lines: dict[str, int] | None = None

    @property
    def kind(self) -> str:
        """What a person calls it: ``a map``, ``a list``, ``text``, …"""
        names = {dict: "a map", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
        return names.get(type(self.value), "a number")

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


class _Reader(_Loader):  # type: ignore[misc]  # PyYAML's loaders have no types
    """A loader that leaves plain scalars to us; explicit tags are kept apart from them."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a node without one."""
        if kind is yaml.ScalarNode and implicit and implicit[0]:
            return _PLAIN
        return super().resolve(kind, value, implicit)


def read_document(path: Path, shown: str | None = None) -> tuple[Node, list[Mistake]]:
    """The document in ``path`` with what is wrong in it that does not keep it from being read (repeated keys).

    ``shown`` is the path for messages. Raises ``DefinitionError`` for a file that is no YAML document at all.
    """
    file = shown or str(path)
    text = _text(path, file)
    collecting = gc.isenabled()
    gc.disable()  # the tree of a large file makes the collector run over and over, in vain
    try:
        nodes = list(yaml.compose_all(text, _Reader))
    except yaml.YAMLError as error:
        raise DefinitionError([_syntax(error, file)]) from None
    except RecursionError:
        raise DefinitionError([Mistake("is nested too deeply", file)]) from None
    finally:
        if collecting:
            gc.enable()
    if not nodes or nodes[0] is None or (nodes[0].tag == _PLAIN and nodes[0].value == ""):
        raise DefinitionError([Mistake("is empty", file, hint="a pipeline file holds 'tasks:' with a list of tasks")])
    if len(nodes) > 1:
        line = nodes[1].start_mark.line + 1
        raise DefinitionError([Mistake("holds more than one document", file, line, hint="keep one, without a second '---'")])
    mistakes: list[Mistake] = []
    return _Builder(file, mistakes).build(nodes[0], ""), mistakes


def _text(path: Path, file: str) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DefinitionError([Mistake(f"cannot be read: {error.strerror or error}", file)]) from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DefinitionError([Mistake("is UTF-16, not UTF-8", file, 1, hint="save it as UTF-8")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = f"is not UTF-8: byte {data[error.start]:#04x} at position {error.start}"
        raise DefinitionError([Mistake(message, file, line, hint="save it as UTF-8")]) from None


def _syntax(error: yaml.YAMLError, file: str) -> Mistake:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else None
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    if "\\t" in problem or "'\t'" in problem:
        return Mistake("a tab stands where only spaces may", file, line, hint="indent with spaces")
    if "special characters" in problem or "control characters" in problem:
        return Mistake("holds a control character", file, line, hint="remove it, or write it as an escape in double quotes")
    return Mistake(f"is no YAML: {problem}", file, line)


class _Builder:
    """Turns PyYAML's nodes into ours, with merge keys applied and repeated keys told."""

    def __init__(self, file: str, mistakes: list[Mistake]) -> None:
        self._file, self._mistakes = file, mistakes
        self._open: set[int] = set()
        self._count = 0

    def build(self, node: Any, key: str) -> Node:
        """Our form of ``node``, which stands at the dotted ``key``."""
        line = node.start_mark.line + 1
        self._count += 1
        if self._count > _MOST_VALUES:
            raise DefinitionError([Mistake("its aliases expand to more than a million values", self._file, line)])
        if id(node) in self._open:
            raise DefinitionError([Mistake("an alias refers to what it stands in", self._file, line, key or None)])
        if isinstance(node, yaml.ScalarNode):
            return Node(self._scalar(node, key), line)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return Node([self.build(item, f"{key}[{index}]") for index, item in enumerate(node.value)], line)
            return self._mapping(node, key)
        finally:
            self._open.discard(id(node))

    def _scalar(self, node: Any, key: str) -> Any:
        if node.tag == _PLAIN:
            return plain_scalar(node.value)
        if node.tag.startswith("tag:yaml.org,2002:"):
            return node.value if node.tag.endswith((":str", ":binary")) else plain_scalar(node.value)
        line = node.start_mark.line + 1
        self._mistakes.append(Mistake(f"the tag {node.tag} is not known here", self._file, line, key or None, "write a plain value"))
        return node.value

    def _mapping(self, node: Any, key: str) -> Node:
        own: dict[str, Node] = {}
        lines: dict[str, int] = {}
        merged: list[Node] = []
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            name = self._key(key_node, key)
            if name == _MERGE and key_node.tag == _PLAIN:
                merged += self._merged(value_node, key)
                continue
            where = f"{key}.{name}" if key else name
            if name in own:
                message = f"the key {name!r} stands twice, first in line {lines[name]}"
                self._mistakes.append(Mistake(message, self._file, line, where, "keep one of them"))
                continue
            own[name], lines[name] = self.build(value_node, where), line
        for base in merged:
            for name, value in base.value.items():
                if name not in own:
                    own[name], lines[name] = value, (base.lines or {}).get(name, value.line)
        return Node(own, node.start_mark.line + 1, lines)

    def _key(self, node: Any, key: str) -> str:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        line = node.start_mark.line + 1
        self._mistakes.append(Mistake("a key must be text", self._file, line, key or None))
        return f"line {line}"

    def _merged(self, node: Any, key: str) -> Iterator[Node]:
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for part in parts:
            built = self.build(part, key)
            if isinstance(built.value, dict):
                yield built
            else:
                message = "'<<' takes a map, or a list of maps"
                self._mistakes.append(Mistake(message, self._file, built.line, f"{key}.<<" if key else "<<"))


def plain_scalar(text: str) -> Any:
    """What an unquoted scalar means by YAML 1.2's core schema: null, a boolean, a number, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text)
    if _OCTAL.match(text):
        return int(text[2:], 8)
    if _HEX.match(text):
        return int(text[2:], 16)
    if _FLOAT.match(text):
        return float(text)
    return text
