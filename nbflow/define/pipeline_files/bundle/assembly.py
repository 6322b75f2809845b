"""A bundle put together: its target over all its files, variables replaced, and what the target's mode does to jobs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.define.nearest import did_you_mean, there_are
from nbflow.define.pipeline_files.bundle.files import NOTHING, Files
from nbflow.define.pipeline_files.bundle.merging import merged
from nbflow.define.pipeline_files.bundle.variables import Variables
from nbflow.define.pipeline_files.choice import Choice
from nbflow.define.pipeline_files.document import Document, Node
from nbflow.define.pipeline_files.objects import ObjectReader
from nbflow.define.pipeline_files.scalars import plain_scalar

_OVERRIDES = ("resources", "workspace", "bundle", "presets")
_DEFINITION = frozenset({"default", "description", "type", "lookup"})
_MAIN_KEYS = ("bundle", "include", "targets", "variables")


def is_bundle(root: Node) -> bool:
    """Whether a file's root is that of a bundle with settings of its own, and not only of resources."""
    return isinstance(root.value, dict) and any(name in root.value for name in _MAIN_KEYS)


class Bundle:
    """The bundle whose main file at ``path``, ``shown`` in messages, holds ``document``. Mistakes go to ``reader``."""

    def __init__(self, document: Document, path: Path, shown: str, choice: Choice, reader: ObjectReader) -> None:
        self._folder, self._choice, self._reader = path.absolute().parent, choice, reader
        self._root = Files(document, path, shown, reader).root()

    def root(self) -> Node:
        """The bundle as one file would hold it whose ``resources`` have the target's values in them."""
        resources = self._resources()
        own = {name: node for name, node in self._root.value.items() if name != "resources"}
        return Node({**own, "resources": resources} if resources.value != {} else own, self._root.line, self._root.lines)

    def _resources(self) -> Node:
        root, name, target = self._root, *self._target()
        if target is not None:
            over = {key: node for key, node in target.value.items() if key in _OVERRIDES and isinstance(node.value, dict)}
            root = merged(root, Node(over, target.line, target.lines))
        names = self._names(root, name)
        variables = Variables(*self._values(target), names, self._reader.mistakes)
        found = variables.replaced(root.value.get("resources", NOTHING), "resources")
        return self._in_mode(found, target, root, names) if isinstance(found.value, dict) else found

    def _target(self) -> tuple[str, Node | None]:
        """The name and the map of the target that is chosen, else of the default one."""
        node = self._root.value.get("targets", NOTHING)
        targets: Mapping[str, Node] = node.value if isinstance(node.value, dict) else {}
        before = len(self._reader.mistakes)
        for name, target in targets.items():
            if target.value is not None:
                self._reader.object(target, "target", f"targets.{name}")
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

    def _values(self, target: Node | None) -> tuple[dict[str, Node | None], dict[str, str], bool]:
        """Each variable's value, what to do about those without one (the call's values, the target's, the defaults), and whether
        there are others that could not be read."""
        defined = self._root.value.get("variables", NOTHING).value
        partly = not isinstance(defined, dict)
        over = target.value.get("variables", NOTHING).value if target is not None else {}
        values: dict[str, Node | None] = {}
        advice = {}
        for name, node in defined.items() if isinstance(defined, dict) else ():
            entry = self._reader.object(node, "variable", f"variables.{name}") if node.value is not None else {}
            values[name] = entry.get("default")
            if "lookup" in entry:
                advice[name] = f"it is looked up on Databricks: give it with --var {name}=…"
        for name, node in over.items() if isinstance(over, dict) else ():
            if name not in values and not partly:
                hint = did_you_mean(name, values) or there_are(values) if values else "the bundle defines none"
                self._reader.wrong(f"the bundle has no variable {name!r}", node.line, f"targets.*.variables.{name}", hint)
            values[name] = _given(node)
        for name, text in self._choice.variables.items():
            if name in values:
                values[name] = Node(plain_scalar(text), 1)
            elif name in self._choice.asked:
                hint = did_you_mean(name, values) or there_are(values) if values else "it defines none"
                self._reader.mistakes.append(Mistake(f"the bundle has no variable {name!r}", key=f"--var {name}", hint=hint))
        return values, advice, partly

    def _names(self, root: Node, target: str) -> dict[str, Any]:
        """The names beside variables that references may use."""
        user = self._choice.user
        short = re.sub(r"[^A-Za-z0-9]", "_", user.partition("@")[0])
        workspace = root.value.get("workspace", NOTHING).value
        own = {name: node.value for name, node in workspace.items() if isinstance(node.value, str)} if isinstance(workspace, dict) else {}
        folders = ("root_path", "file_path", "artifact_path", "resource_path", "state_path")
        named = {"userName": user, "user_name": user, "short_name": short, "domain_friendly_name": short}
        return {
            "bundle.target": target,
            "bundle.environment": target,
            "bundle.name": _entry(root.value.get("bundle", NOTHING), "name") or self._folder.name,
            **{f"workspace.{name}": value for name, value in own.items() if "${" not in value},
            **{f"workspace.{name}": str(self._folder) for name in folders},  # the files lie here, wherever they go on Databricks
            **{f"workspace.current_user.{name}": value for name, value in named.items()},
        }

    def _in_mode(self, resources: Node, target: Node | None, root: Node, names: Mapping[str, Any]) -> Node:
        """The resources as the target's mode and presets have them: the names of jobs with a prefix."""
        prefix = _entry(root.value.get("presets", NOTHING), "name_prefix")
        if prefix is None and target is not None and _entry(target, "mode") == "development":
            prefix = f"[dev {names['workspace.current_user.short_name']}] "
        jobs = resources.value.get("jobs")
        if not prefix or jobs is None or not isinstance(jobs.value, dict):
            return resources
        named = {name: _prefixed(job, name, str(prefix)) for name, job in jobs.value.items()}
        return Node({**resources.value, "jobs": Node(named, jobs.line, jobs.lines)}, resources.line, resources.lines)


def _prefixed(job: Node, key: str, prefix: str) -> Node:
    if not isinstance(job.value, dict):
        return job
    before = job.value.get("name")
    name = Node(f"{prefix}{before.value if before is not None else key}", before.line if before is not None else job.line)
    return Node({**job.value, "name": name}, job.line, {"name": name.line, **(job.lines or {})})


def _given(node: Node) -> Node | None:
    """What a target gives to a variable: the value itself, or a definition with it."""
    if isinstance(node.value, dict) and set(node.value) <= _DEFINITION and {"default", "lookup"} & set(node.value):
        return node.value.get("default")
    return node


def _entry(node: Node, name: str) -> Any:
    """The plain value of an entry; ``None`` where there is none."""
    found = node.value.get(name) if isinstance(node.value, dict) else None
    return None if found is None else found.value
