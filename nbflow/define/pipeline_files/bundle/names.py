"""The names beside variables that a bundle's references may use: of the bundle, the workspace, the resources."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from nbflow.define.git import ask_git
from nbflow.define.nearest import did_you_mean, nearest, there_are
from nbflow.define.pipeline_files.bundle.files import NOTHING
from nbflow.define.pipeline_files.document import Node

_ROOTS = ("bundle", "workspace", "resources")
_FOLDERS = ("root_path", "file_path", "artifact_path", "resource_path", "state_path")
_GIT: Mapping[str, tuple[Sequence[str], Callable[[str], str]]] = {
    "branch": (("symbolic-ref", "--quiet", "--short", "HEAD"), str),
    "commit": (("rev-parse", "--quiet", "--verify", "HEAD"), str),
    "origin_url": (("config", "--get", "remote.origin.url"), str),
    "bundle_root_path": (("rev-parse", "--show-prefix"), lambda text: text.rstrip("/") or "."),
}
_PARTS = {
    "catalogs": ("name",),
    "schemas": ("catalog_name", "name"),
    "volumes": ("catalog_name", "schema_name", "name"),
    "registered_models": ("catalog_name", "schema_name", "name"),
}
"""Kinds of resources whose ids are their full names."""
_SLIP = 0.8  # other fields are known to Databricks
_OF_DEPLOYMENT = re.compile(r"(^|_)(id|url)$")


class Names:
    """What is known of the bundle in ``folder``, whose files with those of the target in them have ``root``, when ``user`` calls."""

    def __init__(self, root: Node, target: str, folder: Path, user: str) -> None:
        self._root, self._folder = root, folder
        short = re.sub(r"[^A-Za-z0-9]", "_", user.partition("@")[0])
        self.short_name = short
        named = {"userName": user, "user_name": user, "short_name": short, "domain_friendly_name": short}
        self._fixed = {
            "bundle.target": target,
            "bundle.environment": target,
            **{f"workspace.{name}": str(folder) for name in _FOLDERS},  # the files lie here, wherever they go on Databricks
            **{f"workspace.current_user.{name}": value for name, value in named.items()},
        }
        self._asked: dict[str, str] = {}

    @property
    def known(self) -> list[str]:
        """The dotted names of which something is known in any bundle or in this one."""
        git = [f"bundle.git.{name}" for name in _GIT]
        own = [f"{name}.{key}" for name in ("bundle", "workspace") for key in self._map(name) if f"{name}.{key}" not in self._fixed]
        return list(dict.fromkeys([*self._fixed, "bundle.name", *git, *own]))

    def find(self, steps: Sequence[str]) -> Node | None:
        """What a dotted name means, as it is written; ``None`` where that is not known here."""
        fixed = self._fixed.get(".".join(steps))
        if fixed is not None:
            return Node(fixed, 1)
        found: Node | None = self._root if steps[0] in _ROOTS else None
        for step in steps:
            found = inside(found, step) if found is not None else None
        if found is not None and found.value is not None:
            return found
        text = self._of_resource(steps[1:]) if steps[0] == "resources" else self._of_bundle(steps)
        return None if text is None else Node(text, 1)

    def advice(self, steps: Sequence[str]) -> tuple[str, bool]:
        """What to do about a dotted name that is not known, and whether Databricks would not know it either."""
        if steps[0] != "resources":
            lead = ".".join([*steps[:-1], ""]) if steps[0] in _ROOTS else ""  # else all of them would be like another of that root
            near = nearest(".".join(steps).removeprefix(lead), [name.removeprefix(lead) for name in self.known if name.startswith(lead)])
            if near is not None:
                return f"did you mean {lead + near!r}?", True
            return f"known are {', '.join(self.known)}, var.…", False
        resources = [f"{kind}.{name}" for kind, node in self._map("resources").items() for name in _entries(node)]
        named = ".".join(steps[1:3])
        if named not in resources:
            hint = did_you_mean(named, resources) or (there_are(resources) if resources else "it defines none")
            return f"the bundle has no resource {named!r}: {hint}", "python" not in self._root.value
        if len(steps) == 4:
            fields = dict.fromkeys([*_entries(self._map("resources")[steps[1]].value[steps[2]]), "id", "name"])
            near = nearest(steps[3], fields, _SLIP) if steps[3] not in fields else None
            if near is not None:
                return f"did you mean {'.'.join([*steps[:3], near])!r}?", True
        if _OF_DEPLOYMENT.search(steps[-1]):
            return "resources of Databricks have no ids here: write the value itself", False
        return "the bundle does not say it: write the value itself", False

    def _map(self, name: str) -> Mapping[str, Node]:
        return _entries(self._root.value.get(name, NOTHING))

    def _of_bundle(self, steps: Sequence[str]) -> str | None:
        """What Databricks knows of a bundle that does not say it itself. Of no repository, git's part is empty, as there."""
        if list(steps) == ["bundle", "name"]:
            return self._folder.name
        if list(steps[:2]) != ["bundle", "git"] or len(steps) != 3 or steps[2] not in _GIT:
            return None
        if steps[2] not in self._asked:
            words, made = _GIT[steps[2]]
            answer = ask_git(self._folder, *words)
            self._asked[steps[2]] = "" if answer is None else made(answer.strip())
        return self._asked[steps[2]]

    def _of_resource(self, steps: Sequence[str]) -> str | None:
        """What follows from other fields of a resource: text that refers to them."""
        kind, name, field = steps if len(steps) == 3 else ("", "", "")
        if name not in _entries(self._map("resources").get(kind, NOTHING)):
            return None
        if (kind, field) == ("jobs", "name"):
            return name
        if field == "id" and kind in _PARTS:
            return ".".join(f"${{resources.{kind}.{name}.{part}}}" for part in _PARTS[kind])
        if (kind, field) == ("volumes", "volume_path"):
            return "/".join(["/Volumes", *(f"${{resources.{kind}.{name}.{part}}}" for part in _PARTS[kind])])
        return None


def inside(node: Node, step: str) -> Node | None:
    """What stands in ``node`` under a key or at an index."""
    if isinstance(node.value, dict):
        return node.value.get(step)
    if isinstance(node.value, list) and step.isdigit() and int(step) < len(node.value):
        found: Node = node.value[int(step)]
        return found
    return None


def _entries(node: Node) -> Mapping[str, Node]:
    return node.value if isinstance(node.value, dict) else {}
