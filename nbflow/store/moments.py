"""Times and JSON as the records keep them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from nbflow.core.values import encode

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """``moment``, which knows its zone, as whole microseconds since 1970 in UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """The moment in UTC that ``to_microseconds`` made ``number`` from."""
    return _EPOCH + timedelta(microseconds=number)


def to_json(value: Any) -> str:
    """``value`` as ASCII JSON text; what JSON has no form for becomes text."""
    return json.dumps(encode(value), default=str, allow_nan=False, separators=(",", ":"))


def from_json(text: str | None) -> Any:
    """What ``to_json`` wrote; an empty object for nothing."""
    return json.loads(text) if text else {}
