"""Single values of each type, made from text, from YAML, JSON or Python; no containers.

Each function takes a value that is not ``None`` and raises ``TypeError``, ``ValueError``, ``OverflowError`` or
``InvalidOperation`` for one that does not fit; ``core.values`` makes a sentence of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from nbflow.core.moments import date_of, datetime_of, duration_of, time_of

_MOST_DIGITS = 4300  # what Python reads and prints of a whole number
_WORDS = {"true": True, "false": False}
_INT = re.compile(r"[+-]?[0-9]+\Z")
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\Z|[+-]?\.?(inf|infinity)\Z|\.?nan\Z", re.IGNORECASE)


def _to_str(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, date, time, Decimal, Path)):
        return str(value)
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    raise TypeError


def _to_int(value: Any) -> int:
    if isinstance(value, str) and _INT.match(value.strip()):
        return int(value)
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() > _MOST_DIGITS:
        raise OverflowError
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) and value == int(value):
        return int(value)
    raise TypeError


def _to_float(value: Any) -> float:
    if isinstance(value, str) and _FLOAT.match(value.strip()):
        return float(value.strip().lower().replace(".inf", "inf").replace(".nan", "nan"))
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return float(value)
    raise TypeError


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    raise TypeError


def _to_date(value: Any) -> date:
    if isinstance(value, datetime):
        if value.time() == time(0):
            return value.date()
        raise TypeError
    return value if isinstance(value, date) else date_of(_stripped(value))


def _to_datetime(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return datetime_of(_stripped(value))


def _to_time(value: Any) -> time:
    return value if isinstance(value, time) else time_of(_stripped(value))


def _to_timedelta(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return timedelta(seconds=value)
    return duration_of(_stripped(value))


def _to_decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, (bool, list, dict)):
        raise TypeError
    if isinstance(value, int):
        return Decimal(value)
    text = str(value).strip()
    if not text.isascii() or "_" in text:  # Python's own Decimal takes both, an int here takes neither
        raise TypeError
    return Decimal(text)


def _to_path(value: Any) -> Path:
    if isinstance(value, (str, Path)) and str(value) and "\0" not in str(value):
        return Path(value)
    raise TypeError


def _to_any(value: Any) -> Any:
    """The value itself; numbers that remember how they were written become plain ones."""
    if isinstance(value, list):
        return [_to_any(item) for item in value]
    if isinstance(value, dict):
        return {key: _to_any(item) for key, item in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return float(value) if isinstance(value, float) else value


def _stripped(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.strip()


SCALAR: Mapping[str, Callable[[Any], Any]] = {
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
    "any": _to_any,
}
"""By the name of the type."""
