"""A bundle's references: ``${var.catalog}``, ``${bundle.target}``, ``${resources.schemas.s.name}``, replaced in values of any kind."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nbflow.core.errors import Mistake
from nbflow.define.nearest import did_you_mean, there_are
from nbflow.define.pipeline_files.bundle.names import Names, inside
from nbflow.define.pipeline_files.bundle.places import Line
from nbflow.define.pipeline_files.bundle.prefix import Prefix
from nbflow.define.pipeline_files.bundle.variables import Values
from nbflow.define.pipeline_files.document import Node
from nbflow.define.pipeline_files.unresolved import Unmerged, Unresolved

_NAME = r"[a-zA-Z][a-zA-Z0-9]*(?:[-_]+[a-zA-Z0-9]+)*"
_REFERENCE = re.compile(rf"\$\{{({_NAME}(?:\.{_NAME}|\[[0-9]+\])*)\}}")
_ROOT = "workspace.root_path"
_FILES = re.compile(r"/files(?=/|\Z)")
_JOB_ID = ".run_job_task.job_id"
_STEP = re.compile(r"[^.\[\]]+")


class References:
    """What a bundle's references mean: the ``values`` of its variables, other ``names``, and the ``prefix`` that names of resources
    get. Text that means nothing here becomes ``Unresolved``."""

    def __init__(self, values: Values, names: Names, prefix: Prefix) -> None:
        self._values, self._names, self._prefix = values, names, prefix
        self._open: list[str] = []

    def replaced(self, node: Node, key: str = "") -> Node:
        """``node`` with all references in it and below replaced. A text that is one reference becomes the value itself."""
        value = node.value
        if isinstance(value, dict):
            items = {name: self.replaced(item, f"{key}.{name}" if key else name) for name, item in value.items()}
            return Node(items, node.line, node.lines)
        if isinstance(value, list):
            return Node([self.replaced(item, f"{key}[{at}]") for at, item in enumerate(value)], node.line, node.lines)
        if isinstance(value, Unmerged):
            found = self.replaced(Node(str(value), node.line), key)
            unknown = isinstance(found.value, Unresolved)
            return found if unknown else self._nothing(value.message, node, key, value.hint, wrong=True)
        return self._text(node, key) if isinstance(value, str) and "${" in value else node

    def _text(self, node: Node, key: str) -> Node:
        found = list(_REFERENCE.finditer(node.value))
        if len(found) == 1 and found[0].group() == node.value:
            if found[0][1].startswith("resources.") and key.endswith(_JOB_ID):
                return node  # whose reader knows what it means
            meant = self._meant(found[0][1], node, key)
            return Node(meant.value, node.line, meant.lines)
        pieces, end, unknown = [], 0, []
        for match in found:
            value = self._meant(match[1], node, key).value
            if isinstance(value, (dict, list)):
                message = f"{match.group()} is {Node(value, 1).kind} and cannot stand amid text"
                value = self._nothing(message, node, key, "let it stand alone", wrong=True).value
            if isinstance(value, Unresolved):
                unknown.append(value)
            pieces += [node.value[end : match.start()], str(value).lower() if isinstance(value, bool) else str(value)]
            end = match.end()
            files = _FILES.match(node.value, end) if self._is_root(match[1]) else None
            end = files.end() if files is not None else end
        if unknown:
            told = [mistake for each in unknown for mistake in each.mistakes]
            return Node(Unresolved(node.value, told, [mistake for each in unknown for mistake in each.wrong]), node.line)
        return Node("".join([*pieces, node.value[end:]]), node.line)

    def _is_root(self, name: str) -> bool:
        """Whether a reference means the folder in whose ``files`` Databricks has those of the bundle."""
        seen: set[str] = set()
        while name not in seen and name != _ROOT:
            seen.add(name)
            steps = _steps(name)
            given = self._values.given.get(steps[1]) if len(steps) == 2 and steps[0] == "var" else None
            match = _REFERENCE.fullmatch(given.value) if given is not None and isinstance(given.value, str) else None
            name = match[1] if match is not None else name
        return name == _ROOT

    def _meant(self, name: str, node: Node, key: str) -> Node:
        """What a reference in ``node`` means."""
        steps = _steps(name)
        if steps[0] == "var" and len(steps) > 1:
            return self._variable(name, steps[1], steps[2:], node, key)
        found = self._names.find(steps)
        if found is None:
            hint, wrong = self._names.advice(steps)
            if steps[0] != "resources" and not wrong:
                near = did_you_mean(name, [f"var.{one}" for one in self._values.given])
                hint, wrong = near or hint, near is not None
            return self._nothing(f"${{{name}}} is not known here", node, key, hint, wrong=wrong)
        found = self._opened(name, found, node, key)
        if steps[0] == "resources" and len(steps) == 4 and isinstance(found.value, str) and not isinstance(found.value, Unresolved):
            return Node(self._prefix.put(steps[1], steps[3], found.value), found.line)
        return found

    def _variable(self, name: str, variable: str, steps: list[str], node: Node, key: str) -> Node:
        about = f"variables.{variable}"
        given = self._values.given
        if variable not in given and self._values.partly:
            return self._nothing(f"the variable {variable!r} has no value", node, key, None, "variables")
        if variable not in given:
            hint = did_you_mean(variable, given) or (there_are(given) if given else "the bundle defines none")
            return self._nothing(f"the bundle has no variable {variable!r}", node, key, hint, wrong=True)
        value = given[variable]
        if value is None or value.value is None:
            advice = self._values.advice.get(variable, f"give it with --var {variable}=…")
            return self._nothing(f"the variable {variable!r} has no value", node, key, advice, about)
        found = self._opened(about, value, node, key)
        for step in steps:
            if isinstance(found.value, Unresolved):
                return found
            next_one = inside(found, step)
            if next_one is None:
                near = did_you_mean(step, found.value) or there_are(found.value) if isinstance(found.value, dict) else None
                return self._nothing(f"${{{name}}}: there is no {step!r} in it", node, key, near, wrong=True)
            found = next_one
        return found

    def _opened(self, about: str, value: Node, node: Node, key: str) -> Node:
        """The ``value`` of what stands at ``about``, replaced; one that is needed for itself is unknown."""
        if about in self._open:
            circle = [one.removeprefix("variables.") for one in (*self._open[self._open.index(about) :], about)]
            what = f"the variable {circle[-1]!r}" if about.startswith("variables.") else f"${{{about}}}"
            return self._nothing(f"{what} refers to itself: {' -> '.join(circle)}", node, key, None, wrong=True)
        if not isinstance(value.line, Line):  # it stands in no file
            value = Node(value.value, node.line, value.lines)
        self._open.append(about)
        try:
            return self.replaced(value, key)
        finally:
            self._open.pop()

    def _nothing(self, message: str, node: Node, key: str, hint: str | None, about: str | None = None, *, wrong: bool = False) -> Node:
        """Text that means nothing, and why. What is wrong in the value of a variable is about that, wherever it is used."""
        about = self._open[-1] if self._open and about is None else about
        mistakes = [Mistake(message, None, node.line, key or None, hint, about)]
        return Node(Unresolved(str(node.value), mistakes, mistakes if wrong else ()), node.line)


def opened(node: Node, given: Mapping[str, Node | None], seen: frozenset[str] = frozenset()) -> Node:
    """The map or the list of text that is one reference to such a value among those ``given`` to variables, as it is written there;
    anything else, and what refers to itself, as it is. ``seen`` are references on the way to ``node``."""
    closed = not isinstance(node.value, str) or isinstance(node.value, Unmerged) or node.value in seen
    match = None if closed else _REFERENCE.fullmatch(node.value)
    steps = _steps(match[1]) if match is not None else []
    found = given.get(steps[1]) if len(steps) > 1 and steps[0] == "var" else None
    for step in [*steps[2:], ""]:
        found = opened(found, given, seen | {node.value}) if found is not None else None
        found = inside(found, step) if found is not None and step else found
    return Node(found.value, node.line, found.lines) if found is not None and isinstance(found.value, (dict, list)) else node


def _steps(name: str) -> list[str]:
    """The parts of a dotted name; ``variables.x.value`` is ``var.x``."""
    steps = _STEP.findall(name)
    return ["var", steps[1], *steps[3:]] if steps[0] == "variables" and steps[2:3] == ["value"] else steps
