"""References as they are written: ``{{job.parameters.day}}``, found in texts and taken apart.

Databricks' form is one dotted name. nbflow's own additions stand where Databricks has no form: ``a ?? b`` is the first of
several that has a value, ``a | minus_days(1)`` a change of a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_PART = re.compile(r"`((?:[^`]|``)*)`|\[([^\]]*)\]|([\w-]+)")
_ORDINARY = re.compile(r"\{\{\s*([A-Za-z_][\w-]*(?:\.[\w-]+)+)\s*\}\}")
"""Databricks' form without escapes, which nearly all have."""

_PLAIN = re.compile(r"[A-Za-z0-9_]+\Z")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?![\w.])")
_TEXT = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_WORD = re.compile(r"(true|false|null)(?![\w.`\[-])")
_STEP = re.compile(r"(\w+)\s*\(\s*(?:\"([^\"]*)\"|'([^']*)'|([^()\"']*?))\s*\)")
_SPACE = re.compile(r"\s*")
_SUSPECT = re.compile(r"\{\{\s*(?:job|task|tasks|input|workspace|backfill|secrets)\b[^}]*\}?\}?")

_WORDS = {"true": True, "false": False, "null": None}


_NAMESPACES = ("job", "task", "tasks", "input", "workspace", "backfill", "secrets")


class ReferenceProblem(ValueError):
    """A reference that cannot be replaced; the text is a sentence for people, ``hint`` says what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.hint = hint
        super().__init__(message)


class NoReference(ReferenceProblem):
    """Text that looks like a reference and is none: Databricks leaves it as it is."""


def is_namespace(name: str) -> bool:
    """Whether references begin with ``name``; what follows it then is one of its names, or a mistake on Databricks too."""
    return name.partition("/")[0] in _NAMESPACES


class Verbatim(str):
    """Text that a reference was resolved to already: what looks like one in it is none."""

    __slots__ = ()


def verbatim(value: Any) -> Any:
    """``value`` with every text in it, in lists and in dicts too, as one in which nothing is a reference."""
    if isinstance(value, str):
        return Verbatim(value)
    if isinstance(value, Mapping):
        return {key: verbatim(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [verbatim(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Step:
    """A change of a time, ``minus_days(1)``: its name, and what stands in the brackets, as text."""

    name: str
    argument: str


@dataclass(frozen=True, slots=True)
class Term:
    """One of the values that ``??`` chooses from: a name in its parts (``("tasks", "a", "values", "k")``), or, without
    parts, a ``literal``; and the changes that it goes through."""

    parts: tuple[str, ...]
    literal: Any = None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference in a text: how it is written, what it chooses from, and where it stands."""

    text: str
    terms: tuple[Term, ...]
    start: int
    end: int

    @property
    def names(self) -> list[tuple[str, ...]]:
        """The names in it, each in its parts."""
        return [term.parts for term in self.terms if term.parts]


def find_references(text: str, *, strict: bool = False) -> Iterator[Reference]:
    """The references in ``text``, in order. With ``strict`` raises ``NoReference`` for text that begins like one and is none."""
    at = -1 if isinstance(text, Verbatim) else text.find("{{")
    while at >= 0:
        ordinary = _ORDINARY.match(text, at)
        if ordinary is not None:
            found: Reference | None = Reference(ordinary.group(), (Term(tuple(ordinary[1].split("."))),), at, ordinary.end())
        else:
            found = _Reader(text, at).reference()
        if found is not None:
            yield found
            at = text.find("{{", found.end)
            continue
        suspect = _SUSPECT.match(text, at) if strict else None
        if suspect is not None:
            hint = "write {{job.parameters.name}}; names with other characters stand in `backticks`"
            raise NoReference(f"{suspect.group()} is no reference", hint)
        at = text.find("{{", at + 1)


def references_in(value: Any) -> Iterator[Reference]:
    """The references anywhere in ``value``: in text, in lists and in dicts."""
    if isinstance(value, str):
        yield from find_references(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from references_in(item)


def escaped(part: str) -> str:
    """``part`` as it stands in a reference: in backticks where it holds more than letters, digits and ``_``."""
    return part if _PLAIN.match(part) else "`" + part.replace("`", "``") + "`"


class _Reader:
    """Reads the reference that begins at ``start``."""

    def __init__(self, text: str, start: int) -> None:
        self._text, self._start, self._at = text, start, start + 2

    def reference(self) -> Reference | None:
        """The reference; ``None`` where there is none."""
        terms = []
        while True:
            term = self._term()
            if term is None:
                return None
            terms.append(term)
            if not self._sign("??"):
                break
        if not self._sign("}}") or not any(term.parts for term in terms):
            return None
        return Reference(self._text[self._start : self._at], tuple(terms), self._start, self._at)

    def _term(self) -> Term | None:
        self._match(_SPACE)
        literal = self._literal()
        parts = () if literal else self._parts()
        if not literal and not parts:
            return None
        steps = []
        while self._sign("|"):
            self._match(_SPACE)
            found = self._match(_STEP)
            if found is None:
                return None
            steps.append(Step(found.group(1), next((part for part in found.groups()[1:] if part is not None), "")))
        return Term(parts, literal[0] if literal else None, tuple(steps))

    def _literal(self) -> tuple[Any] | None:
        found = self._match(_TEXT)
        if found is not None:
            return (found.group(1) if found.group(1) is not None else found.group(2),)
        found = self._match(_NUMBER)
        if found is not None:
            return (float(found.group()) if "." in found.group() else int(found.group()),)
        found = self._match(_WORD)
        return (_WORDS[found.group()],) if found is not None else None

    def _parts(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            found = self._match(_PART)
            if found is None:
                return ()
            quoted, bracketed, plain = found.groups()
            parts.append(quoted.replace("``", "`") if quoted is not None else bracketed if bracketed is not None else plain)
            if not self._text.startswith(".", self._at):
                return tuple(parts)
            self._at += 1

    def _sign(self, sign: str) -> bool:
        self._match(_SPACE)
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
        return found
