"""YAML text as values that know where they stand, by the rules of YAML 1.2.

PyYAML reads the text; what a plain scalar means is decided in ``scalars``, since PyYAML follows YAML 1.1, where ``NO`` is
false and ``12:30`` a number.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.define.pipeline_files.scalars import plain_scalar
from nbflow.define.pipeline_files.syntax import syntax_mistake
from nbflow.define.text_file import read_text

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_PLAIN = "nbflow:plain"
_YAML = "tag:yaml.org,2002:"
_MERGE = "<<"
_MOST_VALUES = 1_000_000
_DEEPEST = 100
_TAGGED: dict[str, Any] = {f"{_YAML}int": int, f"{_YAML}float": (int, float), f"{_YAML}bool": bool, f"{_YAML}null": type(None)}


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its line (from 1). ``value`` is a scalar, a list of nodes, or a dict of text to nodes.

    ``lines`` holds, for a dict, the line of each key. A value that aliases use in several places is one node.
    """

    value: Any
    line: int
    lines: dict[str, int] | None = None

    @property
    def kind(self) -> str:
        """What a person calls it: ``a map``, ``a list``, ``text``, …"""
        names = {dict: "a map", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
        return next((name for type_, name in names.items() if isinstance(self.value, type_)), "a number")

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def line_of(self, key: str) -> int:
        """The line of a key of this map."""
        return (self.lines or {}).get(key) or self.value[key].line

    def within(self) -> Iterator[Node]:
        """This node and all below it, each once."""
        seen: set[int] = set()
        todo = [self]
        while todo:
            node = todo.pop()
            if id(node) not in seen:
                seen.add(id(node))
                yield node
                todo += node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, list) else ()


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content: its root, and what is wrong in it although it can be read.

    ``anchors`` are those keys of the root in whose values something stands that an alias refers to; true where nothing else does.
    """

    root: Node
    mistakes: tuple[Mistake, ...] = ()
    anchors: Mapping[str, bool] = field(default_factory=dict)


def read_document(path: Path, shown: str | None = None) -> Document:
    """The document in ``path``. ``shown`` is the path for messages.

    Raises ``DefinitionError`` for a file that is no YAML document at all.
    """
    file = shown or str(path)
    text = read_text(path, file)
    try:
        with collector_off():
            return _document(text, file)
    except yaml.YAMLError as error:
        raise DefinitionError([syntax_mistake(error, text, file)]) from None
    except RecursionError:  # of PyYAML's own parser, where libyaml is missing
        raise DefinitionError([_too_deep(file, None)]) from None


@contextmanager
def collector_off() -> Iterator[None]:
    """No garbage collection inside: the tree of a large file makes the collector run over and over, in vain."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _document(text: str, file: str) -> Document:
    nodes = list(islice(yaml.compose_all(text, _Reader), 2))
    if not nodes or nodes[0] is None or (nodes[0].tag == _PLAIN and nodes[0].value == ""):
        raise DefinitionError([Mistake("is empty", file, hint="a pipeline file holds 'tasks:' with a list of tasks")])
    if len(nodes) > 1:
        line = nodes[1].start_mark.line + 1
        marks = [number for number, there in enumerate(text.splitlines()[:line], 1) if there.startswith("---")]
        line = marks[-1] if marks else line
        raise DefinitionError([Mistake("holds more than one document", file, line, hint="keep one, without a second '---'")])
    builder = _Builder(file)
    root = builder.build(nodes[0])
    return Document(root, tuple(builder.mistakes), builder.anchors(root))


def _too_deep(file: str, line: int | None) -> Mistake:
    return Mistake(f"is nested more than {_DEEPEST} levels deep", file, line, hint="nest it less deeply")


class _Reader(_Loader):  # type: ignore[misc]  # PyYAML's loaders have no types
    """A loader that leaves plain scalars to us; explicit tags are kept apart from them."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a node without one."""
        if kind is yaml.ScalarNode and implicit and implicit[0]:
            return _PLAIN
        return super().resolve(kind, value, implicit)


class _Builder:
    """Turns PyYAML's nodes into ours, with merge keys applied and repeated keys told.

    Each node is built once, however many aliases refer to it; how many values there would be without aliases is counted.
    """

    def __init__(self, file: str) -> None:
        self.mistakes: list[Mistake] = []
        self._file = file
        self._path: list[str | int] = []
        self._open: set[int] = set()
        self._built: dict[int, tuple[Node, int, int]] = {}  # with its size, and how many were built before it
        self._aliased: set[int] = set()
        self._shared: set[int] = set()  # the same by the ids of our nodes
        self._homes: dict[str, range] = {}
        self._size = 0  # how many values the node that was built last stands for
        self._line = 1  # of the key that was met last
        self._entries = 0  # how many entries were brought in by merge keys

    def build(self, node: Any) -> Node:
        """Our form of ``node``."""
        known = self._built.get(id(node))
        if known is not None:
            self._size = known[1]
            self._aliased.add(known[2])
            self._shared.add(id(known[0]))
            return known[0]
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            built, self._size = Node(self._scalar(node), line), 1
        else:
            if id(node) in self._open:
                message = "an alias refers to what it stands in"
                raise DefinitionError([Mistake(message, self._file, max(line, self._line), self._key, "remove it")])
            if len(self._open) == _DEEPEST:
                raise DefinitionError([_too_deep(self._file, line)])
            self._open.add(id(node))
            built = self._list(node) if isinstance(node, yaml.SequenceNode) else self._map(node)
            self._open.discard(id(node))
        self._built[id(node)] = built, self._size, len(self._built)
        return built

    def anchors(self, root: Node) -> dict[str, bool]:
        """The keys of ``root`` in whose values something stands that an alias refers to, and whether nothing else does."""
        names = [name for name, home in self._homes.items() if any(number in home for number in self._aliased)]
        return {name: self._is_shared(root.value[name]) for name in names}

    def _is_shared(self, node: Node) -> bool:
        """Whether an alias refers to ``node``, or to each value in it."""
        items = node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, list) else ()
        return id(node) in self._shared or (bool(items) and all(map(self._is_shared, items)))

    @property
    def _key(self) -> str | None:
        """The dotted key of what is being built."""
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self._path)
        return text.removeprefix(".") or None

    def _wrong(self, node: Any, message: str, hint: str | None) -> None:
        self.mistakes.append(Mistake(message, self._file, node.start_mark.line + 1, self._key, hint))

    def _scalar(self, node: Any) -> Any:
        if node.tag == _PLAIN:
            return plain_scalar(node.value)
        if node.tag == f"{_YAML}str":
            return node.value
        value, kinds = plain_scalar(node.value), _TAGGED.get(node.tag)
        if kinds is None:
            self._unknown_tag(node)
        elif not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            self._wrong(node, f"{node.value!r} is no {_short(node.tag)}", "remove the tag, or mend the value")
        return float(value) if kinds == (int, float) and isinstance(value, int) else value

    def _unknown_tag(self, node: Any) -> None:
        self._wrong(node, f"the tag {_short(node.tag)} is not known here", "write a plain value")

    def _list(self, node: Any) -> Node:
        if node.tag != f"{_YAML}seq":
            self._unknown_tag(node)
        size, items = 1, []
        for index, item in enumerate(node.value):
            self._path.append(index)
            items.append(self.build(item))
            self._path.pop()
            size = self._grown(size, node)
        self._size = size
        return Node(items, node.start_mark.line + 1)

    def _grown(self, size: int, node: Any) -> int:
        """``size`` with that of the node built last."""
        size += self._size
        self._limit(size, node)
        return size

    def _limit(self, count: int, node: Any) -> None:
        if count > _MOST_VALUES:
            message = "its aliases expand to more than a million values"
            raise DefinitionError([Mistake(message, self._file, node.start_mark.line + 1, self._key, "use fewer aliases")])

    def _map(self, node: Any) -> Node:
        if node.tag != f"{_YAML}map":
            self._unknown_tag(node)
        own: dict[str, Node] = {}
        lines: dict[str, int] = {}
        merged: list[Node] | None = None
        size = 1
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._wrong(key_node, "a key must be text", "put a value that begins with {{, or a key that begins with [ or {, in quotes")
                continue
            name, line = str(key_node.value), key_node.start_mark.line + 1
            self._line, is_merge = line, name == _MERGE and key_node.tag == _PLAIN
            self._path.append(name)
            if is_merge and merged is not None:
                self._wrong(key_node, "the key '<<' stands twice", "merge several at once: '<<: [*one, *two]'")
            elif is_merge:
                merged, size = self._merged(value_node, size)
            elif name in own:
                self._wrong(key_node, f"the key {name!r} stands twice, first in line {lines[name]}", "keep one of them")
            else:
                before = len(self._built)
                own[name], lines[name] = self.build(value_node), line
                size = self._grown(size, node)
                if len(self._path) == 1:
                    self._homes[name] = range(before, len(self._built))
            self._path.pop()
        for base in merged or ():
            self._merge(base, own, lines, node)
        self._size = size
        return Node(own, node.start_mark.line + 1, lines)

    def _merged(self, node: Any, size: int) -> tuple[list[Node], int]:
        """The maps that a merge key brings in, and ``size`` with theirs."""
        maps = []
        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            built = self.build(part)
            size = self._grown(size, node)
            if isinstance(built.value, dict):
                maps.append(built)
            else:
                self._wrong(part, "'<<' takes a map, or a list of maps", "write '<<: *name'")
        return maps, size

    def _merge(self, base: Node, own: dict[str, Node], lines: dict[str, int], node: Any) -> None:
        """Add the entries of ``base`` that ``own`` does not have."""
        self._entries += len(base.value)
        self._limit(self._entries, node)
        for name, value in base.value.items():
            if name not in own:
                own[name], lines[name] = value, base.line_of(name)


def _short(tag: str) -> str:
    return f"!!{tag.removeprefix(_YAML)}" if tag.startswith(_YAML) else tag
