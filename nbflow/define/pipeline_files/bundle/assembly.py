"""A bundle put together: its target over all its files, variables replaced, and what the target's mode does to jobs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from nbflow.define.nearest import did_you_mean, there_are
from nbflow.define.pipeline_files.bundle.files import NOTHING, Files
from nbflow.define.pipeline_files.bundle.merging import merged
from nbflow.define.pipeline_files.bundle.names import Names
from nbflow.define.pipeline_files.bundle.prefix import Prefix
from nbflow.define.pipeline_files.bundle.references import References, opened
from nbflow.define.pipeline_files.bundle.variables import VariableReader
from nbflow.define.pipeline_files.choice import Choice
from nbflow.define.pipeline_files.document import Document, Node
from nbflow.define.pipeline_files.objects import ObjectReader
from nbflow.define.pipeline_files.unresolved import Unresolved

_OVERRIDES = ("resources", "workspace", "bundle", "presets", "experimental")
_SKIP = "skip_name_prefix_for_schema"
_SETTINGS = "bundle_settings"
_MAIN_KEYS = ("bundle", "include", "targets", "variables")


def is_bundle(root: Node) -> bool:
    """Whether a file's root is that of a bundle with settings of its own, and not only of resources."""
    return isinstance(root.value, dict) and any(name in root.value for name in _MAIN_KEYS)


class Bundle:
    """The bundle whose main file at ``path``, ``shown`` in messages, holds ``document``. Mistakes go to ``reader``. ``target`` is the
    name of the one that ``root`` has taken."""

    def __init__(self, document: Document, path: Path, shown: str, choice: Choice, reader: ObjectReader) -> None:
        self._folder, self._shown = path.absolute().parent, os.path.dirname(shown)
        self._choice, self._reader = choice, reader
        self._root = Files(document, path, shown, reader).root()
        self._read_settings()
        self._variables = VariableReader(self._root, choice, reader)
        self.target = ""

    def root(self) -> Node:
        """The bundle as one file would hold it whose ``resources`` have the target's values in them."""
        resources = self._resources()
        own = {name: node for name, node in self._root.value.items() if name != "resources"}
        return Node({**own, "resources": resources} if resources.value != {} else own, self._root.line, self._root.lines)

    def _resources(self) -> Node:
        name, target = self._target()
        self.target = name
        values = self._variables.read(name, target, self._folder, self._shown)
        root = self._root if target is None else merged(self._root, _overriding(target), partial(opened, given=values.given))
        names = Names(root, name, self._folder, self._choice.user)
        prefix = self._prefix(root, target, References(values, names, Prefix()), names.short_name)
        found = References(values, names, prefix).replaced(root.value.get("resources", NOTHING), "resources")
        return _named(found, prefix)

    def _read_settings(self) -> None:
        """Tell what is wrong with what the files say of the bundle itself."""
        node = self._root.value.get("bundle", NOTHING)
        if node is NOTHING or not (node.value is None or isinstance(node.value, dict)):
            return
        found = self._reader.object(node, _SETTINGS, "bundle") if node.value else {}
        if "name" not in found and "name" not in (node.value or {}) and not self._reader.is_guessed("bundle", ["name"]):
            self._reader.wrong("'name' is missing", self._root.line_of("bundle"), "bundle", "each bundle has one")

    def _target(self) -> tuple[str, Node | None]:
        """The name and the map of the target that is chosen, else of the default one."""
        node = self._root.value.get("targets", NOTHING)
        targets: Mapping[str, Node] = node.value if isinstance(node.value, dict) else {}
        before = len(self._reader.mistakes)
        for name, target in targets.items():
            if target.value is not None:
                found = self._reader.object(target, "target", f"targets.{name}")
                if "bundle" in found:
                    self._reader.object(found["bundle"], _SETTINGS, f"targets.{name}.bundle")
        wanted = self._choice.target
        if not targets:
            if wanted is not None:
                self._reader.wrong(f"the bundle has no target {wanted!r}", self._root.line, "targets", "it has none: leave --target out")
            return "default", None
        line = self._root.line_of("targets")
        if wanted is None:
            defaults = [name for name, target in targets.items() if _entry(target, "default") is True]
            unsure = len(self._reader.mistakes) > before  # one of them may be the default
            if len(defaults) > 1 or (not defaults and len(targets) > 1 and not unsure):
                said = "several targets are the default" if defaults else "none of the targets is the default"
                self._reader.wrong(f"{said}: {', '.join(defaults or targets)}", line, "targets", "name one with --target")
            wanted = defaults[0] if defaults else next(iter(targets))
        if wanted not in targets:
            hint = did_you_mean(wanted, targets) or there_are(targets)
            self._reader.wrong(f"the bundle has no target {wanted!r}", line, "targets", hint)
            return wanted, None
        return wanted, targets[wanted] if isinstance(targets[wanted].value, dict) else None

    def _prefix(self, root: Node, target: Node | None, references: References, user: str) -> Prefix:
        """What goes before names, by the target's mode and the presets."""
        presets = root.value.get("presets", NOTHING)
        text = ""
        if _entry(presets, "name_prefix"):
            found = references.replaced(presets.value["name_prefix"], "presets.name_prefix")
            text = str(found.value) if self._reader.is_known(found) else ""
        elif target is not None and _entry(target, "mode") == "development":
            text = f"[dev {user}] "
        experimental = root.value.get("experimental", NOTHING)
        for name in experimental.value if isinstance(experimental.value, dict) else ():
            if name != _SKIP:
                self._reader.warn("has no effect here", experimental.line_of(name), f"experimental.{name}")
        return Prefix(text, _entry(experimental, _SKIP) is not True)


def _overriding(target: Node) -> Node:
    """Those entries of a target that go over the bundle's; what it says of git is the bundle's."""
    over = {key: node for key, node in target.value.items() if key in _OVERRIDES and isinstance(node.value, dict)}
    if isinstance(target.value.get("git", NOTHING).value, dict) and "git" in target.value:
        git = Node({"git": target.value["git"]}, target.line, {"git": target.line_of("git")})
        over["bundle"] = merged(over["bundle"], git) if "bundle" in over else git
    return Node(over, target.line, target.lines)


def _named(resources: Node, prefix: Prefix) -> Node:
    """The resources with the names of jobs as the target has them; one without a name has its key's."""
    jobs = resources.value.get("jobs", NOTHING) if isinstance(resources.value, dict) else NOTHING
    if not prefix.text or not isinstance(jobs.value, dict) or jobs is NOTHING:
        return resources
    named = {key: _prefixed(job, key, prefix) for key, job in jobs.value.items()}
    return Node({**resources.value, "jobs": Node(named, jobs.line, jobs.lines)}, resources.line, resources.lines)


def _prefixed(job: Node, key: str, prefix: Prefix) -> Node:
    if not isinstance(job.value, dict):
        return job
    before = job.value.get("name", Node(key, job.line))
    if not isinstance(before.value, str) or isinstance(before.value, Unresolved):
        return job
    name = Node(prefix.put("jobs", "name", before.value), before.line)
    return Node({**job.value, "name": name}, job.line, {"name": name.line, **(job.lines or {})})


def _entry(node: Node, name: str) -> Any:
    """The plain value of an entry; ``None`` where there is none."""
    found = node.value.get(name) if isinstance(node.value, dict) else None
    return None if found is None else found.value
