"""A bundle's files as one: the main file and those that its ``include`` names."""

from __future__ import annotations

import os
import re
from pathlib import Path

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.define.pipeline_files.bundle.merging import merged
from nbflow.define.pipeline_files.bundle.places import placed
from nbflow.define.pipeline_files.document import Document, Node, read_document
from nbflow.define.pipeline_files.objects import ObjectReader

NOTHING = Node({}, 1, {})
"""For a key that is not there."""

_PATTERN = re.compile(r"[*?\[]")
_SUFFIXES = (".yml", ".yaml")


class Files:
    """The files of the bundle whose main file at ``path``, ``shown`` in messages, holds ``document``."""

    def __init__(self, document: Document, path: Path, shown: str, reader: ObjectReader) -> None:
        self._path, self._shown, self._reader = path, shown, reader
        self._root = placed(document.root, shown, path.absolute())

    def root(self) -> Node:
        """The root of all of them together. Mistakes go to the reader."""
        root = self._root
        self._reader.object(root, "bundle", "")
        seen = {os.path.abspath(self._path)}
        for path in self._included():
            if os.path.abspath(path) not in seen:
                seen.add(os.path.abspath(path))
                root = self._with_file(root, path)
        return root

    def _included(self) -> list[Path]:
        listed = self._root.value.get("include", NOTHING).value
        found: list[Path] = []
        for at, item in enumerate(listed if isinstance(listed, list) else ()):
            text = str(item.value)
            paths = sorted(path for path in self._path.parent.glob(text) if path.is_file()) if not text.startswith("/") else []
            if not paths and not _PATTERN.search(text):
                self._reader.wrong(f"there is no file {text}", item.line, f"include[{at}]", f"paths start at {self._path.parent}")
            found += [path for path in paths if path.suffix in _SUFFIXES]
        return found

    def _with_file(self, root: Node, path: Path) -> Node:
        shown = os.path.join(os.path.dirname(self._shown), os.path.relpath(path, self._path.parent))
        try:
            document = read_document(path, shown)
        except DefinitionError as error:
            self._reader.mistakes += error.mistakes
            return root
        self._reader.mistakes += document.mistakes
        other = placed(document.root, shown, path.absolute())
        if not isinstance(other.value, dict):
            self._reader.mistakes.append(Mistake(f"holds {other.kind}, not a part of a bundle", shown, int(other.line)))
            return root
        self._reader.object(other, "bundle_part", "", document.anchors)
        self._tell_twice(root, other)
        return merged(root, other)

    def _tell_twice(self, root: Node, other: Node) -> None:
        """One mistake for each resource that another file defines as well."""
        mine, theirs = (node.value.get("resources", NOTHING).value for node in (root, other))
        for kind in theirs if isinstance(theirs, dict) and isinstance(mine, dict) else ():
            first, second = mine.get(kind, NOTHING), theirs[kind]
            for name in second.value if isinstance(second.value, dict) and isinstance(first.value, dict) else ():
                if name in first.value:
                    line = first.line_of(name)
                    message = f"{name!r} is defined twice, first in {getattr(line, 'file', self._shown)}:{int(line)}"
                    self._reader.wrong(message, second.line_of(name), f"resources.{kind}.{name}", "rename one of them")
