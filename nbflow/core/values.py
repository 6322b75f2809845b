"""Values of parameters, and their types.

A value is what Python makes of it (``int``, ``datetime.date``, ``pathlib.Path``, …). It crosses processes *encoded* as
plain JSON, and comes from a person as text or from YAML. One function converts, one encodes, one decodes; whoever holds
a value and a type calls these.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from nbflow.core.conversions import SCALAR
from nbflow.core.moments import seconds_of

SCALARS = ("str", "int", "float", "bool", "date", "datetime", "time", "timedelta", "decimal", "path")
CONTAINERS = ("list", "tuple", "set", "dict")


@dataclass(frozen=True, slots=True)
class ValueType:
    """The type of a parameter.

    ``name`` is one of ``SCALARS``, one of ``CONTAINERS`` (``items`` holds the types of what is inside: one for list,
    tuple and set, key and value for dict, empty where the author did not say) or ``any``, which takes every JSON
    value. ``optional`` allows ``None``. Its text form is what a person reads: ``list[int]``, ``date?``.
    """

    name: str
    items: tuple[ValueType, ...] = ()
    optional: bool = False

    def __str__(self) -> str:
        inside = f"[{', '.join(map(str, self.items))}]" if self.items else ""
        return f"{self.name}{inside}{'?' if self.optional else ''}"

    @classmethod
    def parse(cls, text: str) -> ValueType:
        """The type whose text form is ``text``. Raises ``ValueError`` for text that no type has."""
        optional = text.endswith("?")
        head, bracket, rest = text.removesuffix("?").partition("[")
        if head not in (*SCALARS, *CONTAINERS, "any") or (bracket and not rest.endswith("]")):
            msg = f"{text!r} is no type of a parameter"
            raise ValueError(msg)
        items = tuple(cls.parse(part) for part in _split(rest[:-1])) if bracket else ()
        return cls(head, items, optional)


def _split(text: str) -> list[str]:
    """``text`` cut at the commas that stand in no bracket."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


ANY = ValueType("any")
TEXT = ValueType("str")

_NOTHING = ("null", "None", "")


def convert(value: Any, to: ValueType) -> Any:
    """``value``, as text from a person or as a value from YAML, JSON or Python, converted to the type ``to``.

    The type decides, never the look of the value: ``007`` stays text for a ``str`` and is 7 for an ``int``. For an
    optional type the words ``null`` and ``None`` are ``None``, and so is empty text where the type is no text. Raises
    ``ValueError`` with a sentence that says what was expected.
    """
    return _converted(value, to, words=True)


def decode(value: Any, of: ValueType) -> Any:
    """The value of type ``of`` that ``encode`` made ``value`` from."""
    return _converted(value, of, words=False)


def _converted(value: Any, to: ValueType, words: bool) -> Any:
    """``words`` says whether text can stand for nothing."""
    if value is None or (to.optional and isinstance(value, str) and _is_nothing(value, to, words)):
        if to.optional or to.name == "any":
            return None
        msg = f"expected {_EXPECTED[to.name]}, got nothing"
        raise _Explained(msg)
    try:
        if to.name in CONTAINERS:
            return _CONTAINER[to.name](value, to.items, words)
        return SCALAR[to.name](value)
    except (TypeError, ValueError, OverflowError, InvalidOperation, RecursionError) as error:
        reason = str(error) if isinstance(error, _Explained) else f"expected {_EXPECTED[to.name]}, got {shown(value)}"
        raise _Explained(reason) from None


def _is_nothing(text: str, to: ValueType, words: bool) -> bool:
    if to.name in ("str", "any"):
        return words and text != "" and text in _NOTHING
    return text in _NOTHING


class _Explained(ValueError):
    """A conversion error whose text is already a sentence for people."""


def shown(value: Any) -> str:
    """``value`` as an error message shows it: its ``repr``, cut at 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _items(value: Any) -> list[Any]:
    """What a container is made from: a Python container, JSON text of one, or text separated by commas."""
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            value = json.loads(value)
        else:
            value = [part.strip() for part in value.split(",")] if value.strip() else []
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise TypeError
    return list(value)


def _to_list(value: Any, items: tuple[ValueType, ...], words: bool) -> list[Any]:
    return [_converted(item, items[0] if items else ANY, words) for item in _items(value)]


def _to_tuple(value: Any, items: tuple[ValueType, ...], words: bool) -> tuple[Any, ...]:
    parts = _items(value)
    if len(items) > 1:
        if len(items) != len(parts):
            msg = f"expected {len(items)} items, got {len(parts)}"
            raise _Explained(msg)
        return tuple(_converted(part, item, words) for part, item in zip(parts, items))
    return tuple(_to_list(parts, items, words))


def _to_set(value: Any, items: tuple[ValueType, ...], words: bool) -> set[Any]:
    return set(_to_list(value, items, words))


def _to_dict(value: Any, items: tuple[ValueType, ...], words: bool) -> dict[Any, Any]:
    if isinstance(value, str):
        value = json.loads(value)
    if not isinstance(value, dict):
        raise TypeError
    key_type, value_type = items if len(items) == 2 else (ANY, ANY)
    return {_converted(key, key_type, words): _converted(item, value_type, words) for key, item in value.items()}


_CONTAINER: dict[str, Callable[[Any, tuple[ValueType, ...], bool], Any]] = {
    "list": _to_list,
    "tuple": _to_tuple,
    "set": _to_set,
    "dict": _to_dict,
}

_EXPECTED = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "date": "a date such as 2026-01-31",
    "datetime": "a date and time such as 2026-01-31T12:30:00",
    "time": "a time such as 12:30",
    "timedelta": "a duration such as 1h30m or seconds",
    "decimal": "a decimal number",
    "path": "a path",
    "list": "a list (JSON, or separated by commas)",
    "tuple": "a list (JSON, or separated by commas)",
    "set": "a list (JSON, or separated by commas)",
    "dict": "a JSON object",
    "any": "a value",
}


def encode(value: Any) -> Any:
    """``value`` as plain JSON that ``decode`` turns back, given the same type. NaN and infinities become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, timedelta):
        return seconds_of(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, Path)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted((encode(item) for item in value), key=repr)
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {str(encode(key)): encode(item) for key, item in value.items()}
    return value
