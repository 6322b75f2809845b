"""The values of a bundle's variables: the call's, those of this machine's file, the target's, the defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nbflow.core.errors import Mistake
from nbflow.define.nearest import did_you_mean, there_are
from nbflow.define.pipeline_files.bundle.files import NOTHING
from nbflow.define.pipeline_files.bundle.overrides import overrides_file, read_overrides
from nbflow.define.pipeline_files.choice import Choice
from nbflow.define.pipeline_files.document import Node
from nbflow.define.pipeline_files.objects import ObjectReader
from nbflow.define.pipeline_files.scalars import plain_scalar

_DEFINITION = frozenset({"default", "description", "type", "lookup"})
_COMPLEX = "complex"


@dataclass(frozen=True, slots=True)
class Values:
    """``given`` holds each variable's value, ``None`` for one without; ``advice`` says what to do about that. ``partly``: there
    are variables that could not be read."""

    given: Mapping[str, Node | None]
    advice: Mapping[str, str]
    partly: bool


class VariableReader:
    """Reads the variables of the bundle whose files have ``root``, for one of its targets. Mistakes go to ``reader``."""

    def __init__(self, root: Node, choice: Choice, reader: ObjectReader) -> None:
        self._choice, self._reader = choice, reader
        defined = root.value.get("variables", NOTHING).value
        self._partly = defined is not None and not isinstance(defined, dict)
        self._values: dict[str, Node | None] = {}
        self._advice: dict[str, str] = {}
        self._complex: set[str] = set()
        for name, node in defined.items() if isinstance(defined, dict) else ():
            entry = reader.object(node, "variable", f"variables.{name}") if node.value is not None else {}
            self._values[name] = entry.get("default")
            if "lookup" in entry:
                self._look_up(name)
            if "type" in entry and entry["type"].value == _COMPLEX:
                self._complex.add(name)

    def read(self, name: str, target: Node | None, folder: Path, shown: str) -> Values:
        """The values for the target of that ``name``; ``shown`` is the path of the bundle's ``folder`` for messages."""
        self._of_target(target)
        self._of_file(name, folder, os.path.join(shown, overrides_file(name)))
        for variable, text in self._choice.variables.items():
            if variable in self._values:
                self._values[variable] = Node(plain_scalar(text), 1)
            elif variable in self._choice.asked:
                hint = did_you_mean(variable, self._values) or there_are(self._values) if self._values else "it defines none"
                self._reader.mistakes.append(Mistake(_unknown(variable), key=f"--var {variable}", hint=hint))
        return Values(self._values, self._advice, self._partly)

    def _of_target(self, target: Node | None) -> None:
        over = target.value.get("variables", NOTHING).value if target is not None else {}
        for name, node in over.items() if isinstance(over, dict) else ():
            if name not in self._values and not self._partly:
                self._reader.wrong(_unknown(name), node.line, f"targets.*.variables.{name}", self._near(name))
            if isinstance(node.value, dict) and set(node.value) <= _DEFINITION and {"default", "lookup"} & set(node.value):
                self._values[name] = node.value.get("default")
                if "lookup" in node.value:
                    self._look_up(name)
            else:
                self._values[name] = node

    def _of_file(self, target: str, folder: Path, shown: str) -> None:
        given, mistakes = read_overrides(folder, target, shown)
        for name, node in given.items():
            if name not in self._values:
                if not self._partly:
                    mistakes.append(Mistake(_unknown(name), shown, int(node.line), name, self._near(name)))
                continue
            is_complex = isinstance(node.value, (dict, list))
            if is_complex and name not in self._complex:
                hint = "give it text, a number, true or false; or define it with 'type: complex'"
                mistakes.append(Mistake(f"the variable {name!r} takes no {node.kind.split()[-1]}", shown, int(node.line), name, hint))
            elif not is_complex and name in self._complex and node.value is not None:
                mistakes.append(Mistake(f"the variable {name!r} takes a map or a list, got {node.kind}", shown, int(node.line), name))
            elif node.value is not None:
                self._values[name] = node
        self._reader.mistakes += mistakes

    def _look_up(self, name: str) -> None:
        self._advice[name] = f"it is looked up on Databricks: give it with --var {name}=…"

    def _near(self, name: str) -> str:
        return did_you_mean(name, self._values) or there_are(self._values) if self._values else "the bundle defines none"


def _unknown(name: str) -> str:
    return f"the bundle has no variable {name!r}"
