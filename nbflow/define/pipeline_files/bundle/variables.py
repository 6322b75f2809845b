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
from nbflow.define.pipeline_files.bundle_words import LOOKUP
from nbflow.define.pipeline_files.choice import Choice
from nbflow.define.pipeline_files.document import Node
from nbflow.define.pipeline_files.objects import ObjectReader
from nbflow.define.pipeline_files.scalars import plain_scalar

_DEFINITION = frozenset({"default", "description", "type", "lookup"})


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
        self._untyped: set[str] = set()
        for name, node in defined.items() if isinstance(defined, dict) else ():
            if node.value is None:
                self._values[name] = None
            else:
                self._define(name, node, f"variables.{name}")

    def read(self, name: str, target: Node | None, folder: Path, shown: str) -> Values:
        """The values for the target of that ``name``; ``shown`` is the path of the bundle's ``folder`` for messages."""
        self._of_target(target, f"targets.{name}")
        overrides = os.path.join(shown, overrides_file(name))
        self._of_file(name, folder, overrides)
        self._advice.update(dict.fromkeys(self._complex, _written_into(overrides)))
        for variable, text in self._choice.variables.items():
            self._of_call(variable, text, overrides)
        return Values(self._values, self._advice, self._partly)

    def _of_call(self, name: str, text: str, overrides: str) -> None:
        asked = name in self._choice.asked
        if name not in self._values:
            if asked:
                hint = did_you_mean(name, self._values) or there_are(self._values) if self._values else "it defines none"
                self._reader.mistakes.append(Mistake(_unknown(name), key=f"--var {name}", hint=hint))
        elif name in self._complex and "${" not in text:
            key, means = (f"--var {name}", "--var") if asked else (f"BUNDLE_VAR_{name}",) * 2
            message = f"the variable {name!r} takes a map or a list, which {means} cannot give"
            self._reader.mistakes.append(Mistake(message, key=key, hint=_written_into(overrides)))
        else:
            value = plain_scalar(text)
            self._values[name] = Node(text if value is None else value, 1)

    def _define(self, name: str, node: Node, key: str) -> None:
        """Take the definition at ``key`` of a variable."""
        entry = self._reader.object(node, "variable", key)
        if "type" in entry:
            self._complex.add(name)
        elif isinstance(node.value, dict) and "type" in node.value:
            self._untyped.add(name)  # what is meant is not known
        if "lookup" in entry:
            self._look_up(name, entry["lookup"], f"{key}.lookup")
        self._values[name] = self._fitting(name, entry.get("default"), f"{key}.default")

    def _of_target(self, target: Node | None, key: str) -> None:
        over = target.value.get("variables", NOTHING).value if target is not None else {}
        for name, node in over.items() if isinstance(over, dict) else ():
            where = f"{key}.variables.{name}"
            if name not in self._values and not self._partly:
                self._reader.wrong(_unknown(name), node.line, where, self._near(name))
            if isinstance(node.value, dict) and set(node.value) <= _DEFINITION and {"default", "lookup"} & set(node.value):
                self._define(name, node, where)
            elif (
                isinstance(node.value, dict) and {*node.value} and set(node.value) <= {"description", "type"} and name not in self._complex
            ):
                continue  # it says more of the variable, and nothing of its value
            else:
                self._values[name] = self._fitting(name, node, where) if name in self._values else node

    def _fitting(self, name: str, node: Node | None, key: str) -> Node | None:
        """``node``, which a file of the bundle gives to a variable; where that takes none such, this is told."""
        wrong = self._misfit(name, node) if node is not None and not (isinstance(node.value, str) and "${" in node.value) else None
        if node is not None and wrong is not None:
            self._reader.wrong(wrong[0], node.line, key, wrong[1])
        return node

    def _misfit(self, name: str, node: Node) -> tuple[str, str | None] | None:
        """What is wrong with a value for a variable, and what to do; ``None`` where nothing is."""
        is_group = isinstance(node.value, (dict, list))
        if node.value is None or name in self._untyped or is_group == (name in self._complex):
            return None
        if is_group:
            hint = "give it text, a number, true or false; or define it with 'type: complex'"
            return f"the variable {name!r} takes no {node.kind.split()[-1]}", hint
        return f"the variable {name!r} takes a map or a list, got {node.kind}", None

    def _of_file(self, target: str, folder: Path, shown: str) -> None:
        given, mistakes = read_overrides(folder, target, shown)
        for name, node in given.items():
            if name not in self._values:
                if not self._partly:
                    mistakes.append(Mistake(_unknown(name), shown, int(node.line), name, self._near(name)))
                continue
            wrong = self._misfit(name, node)
            if wrong is not None:
                mistakes.append(Mistake(wrong[0], shown, int(node.line), name, wrong[1]))
            elif node.value is not None:
                self._values[name] = node
        self._reader.mistakes += mistakes

    def _look_up(self, name: str, node: Node, key: str) -> None:
        self._advice[name] = f"it is looked up on Databricks: give it with --var {name}=…"
        before = len(self._reader.mistakes)
        found = self._reader.object(node, "lookup", key)
        if len(self._reader.mistakes) == before and len(found) != 1:
            hint = "keep one" if found else there_are(LOOKUP)
            self._reader.wrong(f"takes one thing to look up, got {', '.join(found) or 'none'}", node.line, key, hint)

    def _near(self, name: str) -> str:
        return did_you_mean(name, self._values) or there_are(self._values) if self._values else "the bundle defines none"


def _unknown(name: str) -> str:
    return f"the bundle has no variable {name!r}"


def _written_into(overrides: str) -> str:
    """What to do about a variable whose value no call can give."""
    return f"write it into {overrides}, or into the bundle"
