"""A bundle's variables: ``${var.catalog}``, ``${bundle.target}``, ``${workspace.root_path}``, replaced in values of any kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.define.nearest import did_you_mean, there_are
from nbflow.define.pipeline_files.document import Node

_REFERENCE = re.compile(r"\$\{([a-zA-Z]+(?:[-_]?[a-zA-Z0-9]+)*(?:\.[a-zA-Z]+(?:[-_]?[a-zA-Z0-9]+)*|\[[0-9]+\])*)\}")
_STEP = re.compile(r"[^.\[\]]+")
_LEFT_AS_WRITTEN = ("resources",)

Wrong = Callable[[str, Node, str, str | None], None]
"""Takes a mistake: the sentence, where it stands, its key, and what to do."""


class Variables:
    """What a bundle's references mean. ``values`` holds each variable's value as a node, ``None`` for one without;
    ``advice`` says what to do about that; ``known`` are the other names, by their dotted text. ``partly`` says that there are
    variables which could not be read."""

    def __init__(
        self, values: Mapping[str, Node | None], advice: Mapping[str, str], partly: bool, known: Mapping[str, Any], mistakes: list[Mistake]
    ) -> None:
        self._values, self._advice, self._partly, self._known, self._mistakes = values, advice, partly, known, mistakes
        self._open: list[str] = []

    def replaced(self, node: Node, key: str = "") -> Node:
        """``node`` with all references in it and below replaced. A text that is one reference becomes the value itself."""
        value = node.value
        if isinstance(value, dict):
            items = {name: self.replaced(item, f"{key}.{name}" if key else name) for name, item in value.items()}
            return Node(items, node.line, node.lines)
        if isinstance(value, list):
            return Node([self.replaced(item, f"{key}[{at}]") for at, item in enumerate(value)], node.line, node.lines)
        if not isinstance(value, str) or "${" not in value:
            return node
        return self._text(node, key)

    def _text(self, node: Node, key: str) -> Node:
        found = list(_REFERENCE.finditer(node.value))
        if len(found) == 1 and found[0].group() == node.value:
            meant = self._meant(found[0][1], node, key)
            return node if meant is None else Node(meant.value, node.line, meant.lines)
        pieces, end = [], 0
        for match in found:
            meant = self._meant(match[1], node, key)
            pieces.append(node.value[end : match.start()])
            end = match.end()
            if meant is None:
                pieces.append(match.group())
            elif isinstance(meant.value, (dict, list)):
                self._wrong(f"{match.group()} is {meant.kind} and cannot stand amid text", node, key, "let it stand alone")
            else:
                pieces.append(str(meant.value).lower() if isinstance(meant.value, bool) else str(meant.value))
        return Node("".join([*pieces, node.value[end:]]), node.line)

    def _meant(self, name: str, node: Node, key: str) -> Node | None:
        """What a reference means; ``None`` where it is told as wrong, or stays as it is."""
        if name.startswith(_LEFT_AS_WRITTEN):
            if not key.endswith("job_id"):  # of run_job_task, whose reader knows what it means
                self._wrong(f"${{{name}}} is not known here", node, key, "resources of Databricks have no ids here: write the value itself")
            return None
        if name in self._known:
            return Node(self._known[name], node.line)
        steps = _STEP.findall(name)
        if steps[0] == "variables" and len(steps) > 2 and steps[-1] == "value":
            steps = ["var", *steps[1:-1]]
        if steps[0] != "var" or len(steps) < 2:
            hint = (
                did_you_mean(name, [*self._known, *(f"var.{one}" for one in self._values)]) or f"known are {', '.join(self._known)}, var.…"
            )
            self._wrong(f"${{{name}}} is not known here", node, key, hint)
            return None
        return self._variable(name, steps[1], steps[2:], node, key)

    def _variable(self, name: str, variable: str, steps: list[str], node: Node, key: str) -> Node | None:
        if variable not in self._values and self._partly:
            self._wrong(f"the variable {variable!r} has no value", node, key, None, "variables")
            return None
        if variable not in self._values:
            hint = did_you_mean(variable, self._values) or (there_are(self._values) if self._values else "the bundle defines none")
            self._wrong(f"the bundle has no variable {variable!r}", node, key, hint)
            return None
        value = self._values[variable]
        if value is None:
            advice = self._advice.get(variable, f"give it with --var {variable}=…")
            self._wrong(f"the variable {variable!r} has no value", node, key, advice, f"variables.{variable}")
            return None
        if variable in self._open:
            circle = " -> ".join([*self._open[self._open.index(variable) :], variable])
            self._wrong(f"the variable {variable!r} refers to itself: {circle}", node, key, None)
            return None
        self._open.append(variable)
        try:
            found = self.replaced(value, key)
        finally:
            self._open.pop()
        for step in steps:
            inside = found.value
            if isinstance(inside, dict) and step in inside:
                found = inside[step]
            elif isinstance(inside, list) and step.isdigit() and int(step) < len(inside):
                found = inside[int(step)]
            else:
                near = did_you_mean(step, inside) or there_are(inside) if isinstance(inside, dict) else None
                self._wrong(f"${{{name}}}: there is no {step!r} in it", node, key, near)
                return None
        return found

    def _wrong(self, message: str, node: Node, key: str, hint: str | None, about: str | None = None) -> None:
        """Keep a mistake; one in the value of a variable is about that, wherever it is used."""
        about = f"variables.{self._open[-1]}" if self._open and about is None else about
        self._mistakes.append(Mistake(message, None, node.line, key or None, hint, about))
