"""Values of parameters, and their types.

A value is what Python makes of it (``int``, ``datetime.date``, ``pathlib.Path``, …). It crosses processes *encoded* as
plain JSON, and comes from a person as text or from YAML. One function converts, one encodes, one decodes; whoever holds
a value and a type calls these.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

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

_WORDS = {"true": True, "false": False}
_INT = re.compile(r"[+-]?[0-9]+\Z")
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\Z|[+-]?\.?(inf|infinity)\Z|\.?nan\Z", re.IGNORECASE)
_DURATION = re.compile(r"([+-]?)(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?\s*(?:(\d+(?:\.\d+)?)s)?\Z")


def convert(value: Any, to: ValueType) -> Any:
    """``value``, as text from a person or as a value from YAML, JSON or Python, converted to the type ``to``.

    The type decides, never the look of the value: ``007`` stays text for a ``str`` and is 7 for an ``int``. Raises
    ``ValueError`` with a sentence that says what was expected.
    """
    if value is None or (to.optional and value in ("null", "None", "")):
        if to.optional or to.name == "any":
            return None
        msg = f"expected {_EXPECTED[to.name]}, got nothing"
        raise ValueError(msg)
    try:
        return _CONVERT[to.name](value, to.items)
    except (TypeError, ValueError, OverflowError, InvalidOperation) as error:
        reason = str(error) if isinstance(error, _Explained) else f"expected {_EXPECTED[to.name]}, got {shown(value)}"
        raise _Explained(reason) from None


class _Explained(ValueError):
    """A conversion error whose text is already a sentence for people."""


def shown(value: Any) -> str:
    """``value`` as an error message shows it: its ``repr``, cut at 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _to_str(value: Any, _: tuple[ValueType, ...]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, date, time, Decimal, Path)):
        return str(value)
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    raise TypeError


def _to_int(value: Any, _: tuple[ValueType, ...]) -> int:
    if isinstance(value, str) and _INT.match(value.strip()):
        return int(value)
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) and value == int(value):
        return int(value)
    raise TypeError


def _to_float(value: Any, _: tuple[ValueType, ...]) -> float:
    if isinstance(value, str) and _FLOAT.match(value.strip()):
        return float(value.strip().replace(".inf", "inf").replace(".nan", "nan").replace(".Inf", "inf").replace(".NaN", "nan"))
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return float(value)
    raise TypeError


def _to_bool(value: Any, _: tuple[ValueType, ...]) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    raise TypeError


def _to_date(value: Any, _: tuple[ValueType, ...]) -> date:
    if isinstance(value, datetime):
        if value.time() == time(0):
            return value.date()
        raise TypeError
    return value if isinstance(value, date) else date.fromisoformat(_stripped(value))


def _to_datetime(value: Any, _: tuple[ValueType, ...]) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return datetime.fromisoformat(re.sub(r"[zZ]\Z", "+00:00", _stripped(value)))


def _to_time(value: Any, _: tuple[ValueType, ...]) -> time:
    return value if isinstance(value, time) else time.fromisoformat(_stripped(value))


def _to_timedelta(value: Any, _: tuple[ValueType, ...]) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return timedelta(seconds=value)
    text = _stripped(value)
    if _FLOAT.match(text):
        return timedelta(seconds=float(text))
    found = _DURATION.match(text)
    if not found or not any(found.groups()[1:]):
        raise TypeError
    sign, days, hours, minutes, seconds = found.groups()
    whole = timedelta(days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(seconds or 0))
    return -whole if sign == "-" else whole


def _to_decimal(value: Any, _: tuple[ValueType, ...]) -> Decimal:
    if isinstance(value, (bool, list, dict)):
        raise TypeError
    if isinstance(value, int):
        return Decimal(value)
    return value if isinstance(value, Decimal) else Decimal(str(value).strip())


def _to_path(value: Any, _: tuple[ValueType, ...]) -> Path:
    if isinstance(value, (str, Path)) and str(value):
        return Path(value)
    raise TypeError


def _stripped(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.strip()


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


def _to_list(value: Any, items: tuple[ValueType, ...]) -> list[Any]:
    return [convert(item, items[0] if items else ANY) for item in _items(value)]


def _to_tuple(value: Any, items: tuple[ValueType, ...]) -> tuple[Any, ...]:
    parts = _items(value)
    if len(items) > 1:
        if len(items) != len(parts):
            msg = f"expected {len(items)} items, got {len(parts)}"
            raise _Explained(msg)
        return tuple(convert(part, item) for part, item in zip(parts, items))
    return tuple(_to_list(parts, items))


def _to_set(value: Any, items: tuple[ValueType, ...]) -> set[Any]:
    return set(_to_list(value, items))


def _to_dict(value: Any, items: tuple[ValueType, ...]) -> dict[Any, Any]:
    if isinstance(value, str):
        value = json.loads(value)
    if not isinstance(value, dict):
        raise TypeError
    key_type, value_type = items if len(items) == 2 else (ANY, ANY)
    return {convert(key, key_type): convert(item, value_type) for key, item in value.items()}


def _to_any(value: Any, _: tuple[ValueType, ...]) -> Any:
    """The value itself; numbers that remember how they were written become plain ones."""
    if isinstance(value, list):
        return [_to_any(item, ()) for item in value]
    if isinstance(value, dict):
        return {key: _to_any(item, ()) for key, item in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return float(value) if isinstance(value, float) else value


_CONVERT: dict[str, Callable[[Any, tuple[ValueType, ...]], Any]] = {
    "str": _to_str,
    "int": _to_int,
    "float": _to_float,
    "bool": _to_bool,
    "date": _to_date,
    "datetime": _to_datetime,
    "time": _to_time,
    "timedelta": _to_timedelta,
    "decimal": _to_decimal,
    "path": _to_path,
    "list": _to_list,
    "tuple": _to_tuple,
    "set": _to_set,
    "dict": _to_dict,
    "any": _to_any,
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
        return value.total_seconds()
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


def decode(value: Any, of: ValueType) -> Any:
    """The value of type ``of`` that ``encode`` made ``value`` from."""
    return convert(value, of)
