"""Reading objects of a pipeline file by their tables: unknown keys, wrong kinds, keys that cannot have their effect."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.core.values import shown
from nbflow.define.nearest import did_you_mean, nearest
from nbflow.define.pipeline_files.document import Node
from nbflow.define.pipeline_files.scalars import plain_scalar
from nbflow.define.pipeline_files.unresolved import Unresolved
from nbflow.define.pipeline_files.vocabulary import HOLDERS, OBJECTS, REQUIRED
from nbflow.define.pipeline_files.words import Key, Standing
from nbflow.define.pipelines.kinds import KINDS, said

_VARIABLE = "${"
_TEXTS = ("text", "prose", "task_key")
_STEP = re.compile(r"[.\[]")
_BUNDLES = ("bundle", "bundle_part")
_MAY_BE_EMPTY = (*_BUNDLES, "bundle_settings", "target")
"""Objects whose keys may have no value, as on Databricks: ``targets:`` above comments alone."""
_NEVER_EMPTY = (("bundle", "resources"), ("bundle_settings", "name"))
_SLIP = 0.8  # ``descriptions`` is a slip, ``definitions`` is not
_OWN_RULE = ("task_key", "notebook", "notebook_path", "script", "python_file", "sql", "path", "depends_on", "job_id")
"""A bundle's variable in these is a mistake that is told elsewhere."""


class ObjectReader:
    """Reads the objects of ``file``; what is wrong goes into ``mistakes``, what has no effect into ``warnings``.

    ``anchors`` are keys of the file's root that hold what aliases refer to, true where they hold nothing else; ``allow_missing`` says that tasks of kinds that only
    Databricks has are left out.
    """

    jobs: Collection[str] = ()
    """The keys of the jobs that stand in the bundle, as far as they are known."""

    def __init__(
        self, file: str, mistakes: list[Mistake], anchors: Mapping[str, bool] = MappingProxyType({}), allow_missing: bool = False
    ) -> None:
        self.file = file
        self.mistakes = mistakes
        self.warnings: list[Mistake] = []
        self._anchors = anchors
        self._refused: set[str] = set()
        self._allow_missing = allow_missing
        self._missing: dict[str, str] = {}
        self._guessed: dict[str, set[str]] = {}

    def wrong(self, message: str, line: int | None, key: str | None, hint: str | None = None) -> None:
        """Keep a mistake."""
        self.mistakes.append(Mistake(message, self.file, line, key or None, hint))

    def warn(self, text: str, line: int, key: str) -> None:
        """Keep a warning."""
        self.warnings.append(Mistake(text, self.file, line, key))

    def refused_in(self, key: str) -> bool:
        """Whether a key that cannot be run stands in the object at ``key``."""
        return key in self._refused

    def missing_in(self, key: str) -> str | None:
        """The kind of the task at ``key``, where it is one that only Databricks has and is left out."""
        return self._missing.get(key)

    def unread(self, before: int, key: str) -> frozenset[str]:
        """The entries of the object at ``key`` in which something is wrong since there were ``before`` mistakes; empty text for
        the object itself."""
        found = [mistake.key[len(key) :] for mistake in self.mistakes[before:] if mistake.key is not None and mistake.key.startswith(key)]
        return frozenset({*(_STEP.split(rest.lstrip("."), maxsplit=1)[0] for rest in found), *self._guessed.get(key, ())})

    def is_guessed(self, key: str, names: Iterable[str]) -> bool:
        """Whether one of ``names`` was suggested for an unknown key of the object at ``key``."""
        return any(name in self._guessed.get(key, ()) for name in names)

    def object(self, node: Node, kind: str, key: str, anchors: Mapping[str, bool] | None = None) -> dict[str, Node]:
        """The entries of ``node`` that are known and of the right kind, by their names; the rest is told.

        A misspelt key counts as the one that was meant, so that nothing else is told because of it. ``anchors`` are those of the
        file whose root ``node`` is, where that is another than the reader's.
        """
        if not isinstance(node.value, dict):
            if self.is_known(node):
                self.wrong(f"takes a map, got {node.kind}", node.line, key, _advice(("map",), node))
            return {}
        table, entries = OBJECTS[kind], {}
        meant: set[str | None] = set()
        strangers = []
        for name, value in node.value.items():
            where, line = f"{key}.{name}" if key else name, node.line_of(name)
            if name not in table:
                if key or not _is_holder(name, kind, self._anchors if anchors is None else anchors):
                    near, taken = _near(name, kind), self._meant(name, kind, value, node)
                    meant.add(near)
                    if near is not None and near not in taken:
                        self._guessed.setdefault(key, set()).add(near)
                    strangers.append((name, near, line, where))
                    entries.update(taken)
            elif value.value is None and kind in _MAY_BE_EMPTY and (kind, name) not in _NEVER_EMPTY:
                continue
            elif (
                self._has_effect(table[name], value, line, where, key)
                and self.is_known(value)
                and self._fits(table[name], value, line, where)
            ):
                entries[name] = value
                if name not in _OWN_RULE and any(text in table[name].kinds for text in _TEXTS):
                    self._tell_variables(value, where)
        missing = [name for name in REQUIRED.get(kind, ()) if name not in node.value and name not in meant]
        odd = [name for name, near, _, _ in strangers if near is None and not _homes(name, kind)]
        if len(missing) == len(odd) == 1:  # the one will stand for the other
            meant.add(missing[0])
            self._guessed.setdefault(key, set()).add(missing[0])
            strangers = [(name, missing[0] if name == odd[0] else near, line, where) for name, near, line, where in strangers]
        for name, near, line, where in strangers:
            self._unknown(name, kind, near, line, where)
        for name in missing:
            if name not in meant:
                self.wrong(f"{name!r} is missing", node.line, key)
        return entries

    def _meant(self, name: str, kind: str, value: Node, node: Node) -> dict[str, Node]:
        """The entry that a slip stands for, where it is surely one."""
        near = _near(name, kind, _SLIP)
        if near is None or near in node.value or OBJECTS[kind][near].standing is not Standing.DONE:
            return {}
        return {near: value} if any(KINDS[one].fits(value.value) for one in OBJECTS[kind][near].kinds) else {}

    def _unknown(self, name: str, kind: str, near: str | None, line: int, where: str) -> None:
        others = _homes(name, kind)
        hint = f"did you mean {near!r}?" if near else None
        if hint is None and others:
            hint = f"it belongs in a {others[0].replace('_', ' ')}"
        self.wrong(f"unknown key {name!r}", line, where, hint)

    def _has_effect(self, key: Key, value: Node, line: int, where: str, parent: str) -> bool:
        if key.standing in (Standing.IDLE, Standing.CLOUD):
            self._warn_of_wrong(value)
        if key.standing is Standing.IDLE:
            self.warn("has no effect here", line, where)
        if key.standing is Standing.CLOUD:
            self.only_there(parent, where, line, key.instead)
        if key.standing is Standing.REFUSED and not any(value.value == one and type(value.value) is type(one) for one in key.harmless):
            self._refused.add(parent)
            if not key.harmless or self.is_known(value):
                self.wrong("cannot be run by nbflow", line, where, key.instead)
        return key.standing is Standing.DONE

    def only_there(self, task: str, where: str, line: int, instead: str) -> None:
        """Tell that the key at ``where`` makes the one at ``task`` a task that only Databricks has: it is left out, or a mistake."""
        self._refused.add(task)
        if self._allow_missing:
            self._missing[task] = where.rpartition(".")[2]
            self.warn("is left out: only Databricks has such tasks", line, where)
        else:
            hint = f"{instead}; --allow-missing leaves such tasks out"
            self.wrong("cannot be run by nbflow: only Databricks has such tasks", line, where, hint)

    def is_known(self, node: Node) -> bool:
        """Whether text, and texts in a list, mean something here; those that do not are told."""
        parts = [node, *(node.value if isinstance(node.value, list) else ())]
        unknown = [part.value for part in parts if isinstance(part.value, Unresolved)]
        self.mistakes += [mistake for text in unknown for mistake in text.mistakes]
        return not unknown

    def _warn_of_wrong(self, node: Node) -> None:
        """Keep as warnings what is wrong on Databricks in a value that has no effect here."""
        for part in node.within():
            if isinstance(part.value, Unresolved):
                self.warnings += part.value.wrong

    def _fits(self, key: Key, node: Node, line: int, where: str) -> bool:
        if any(KINDS[kind].fits(node.value) for kind in key.kinds):
            return True
        got = shown(node.value) if isinstance(node.value, str) else node.kind
        if isinstance(node.value, (int, float)):
            got = shown(node.value).lower()
        self.wrong(f"takes {said(key.kinds)}, got {got}", line if node.value is None else node.line, where, _advice(key.kinds, node))
        return False

    def value(self, node: Node, key: str) -> Any:
        """The plain value of a parameter; a bundle's variable that has no value is told, one that is no bundle's as a warning: it stays as
        text."""
        self._tell_variables(node, key)
        return node.plain()

    def _tell_variables(self, node: Node, key: str) -> None:
        for part in node.within():
            if isinstance(part.value, Unresolved):
                self.mistakes += part.value.mistakes
            elif isinstance(part.value, str) and _VARIABLE in part.value:
                self.warn(f"variables of a bundle stay as they are: {shown(part.value)}", part.line, key)


def _is_holder(name: str, kind: str, anchors: Mapping[str, bool]) -> bool:
    """Whether a key of the root is the author's own: by its name, or since it holds anchors and is no slip."""
    if HOLDERS.search(name) is not None:
        return True
    near = _near(name, kind, _SLIP)
    of_words = near is None or re.search(rf"(^|[_-]){near}([_-]|$)", name) is not None  # ``job_parameters`` is no slip
    return name in anchors and (of_words or (kind in _BUNDLES and anchors[name]))


@lru_cache(maxsize=256)  # one slip is often made in every task
def _near(name: str, kind: str, likeness: float = 0.6) -> str | None:
    return nearest(name, OBJECTS[kind], likeness)


def _homes(name: str, kind: str) -> list[str]:
    """The other objects that know the key ``name``."""
    return [other for other, keys in OBJECTS.items() if name in keys and other != kind]


def _advice(kinds: tuple[str, ...], node: Node) -> str | None:
    """What to do about a value of the wrong kind."""
    value = node.value
    if value is None:
        return "give it a value, or remove the key"
    if isinstance(value, str):
        if _VARIABLE in value:
            return "variables of a bundle are not known here: write the value itself"
        near = did_you_mean(value, [name for kind in kinds for name in KINDS[kind].schema.get("enum", ()) if isinstance(name, str)])
        if near is not None:
            return near
        if value and any(KINDS[kind].fits(plain_scalar(value)) for kind in kinds):
            return "write it without quotes"
    if isinstance(value, (int, float)) and any(kind in _TEXTS for kind in kinds):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f"put it in quotes: '{text}'"
    if not isinstance(value, list) and any(kind.endswith("_list") for kind in kinds):
        return "each item of a list begins with '- '"
    return None
