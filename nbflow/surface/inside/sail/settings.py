"""``SET`` and ``RESET`` on Sail, which knows neither: done on the session's settings, and answered as Spark answers."""

from __future__ import annotations

import re
from typing import Any

from nbflow.surface.inside.sail.describe import quoted_text

_ASSIGNED = re.compile(r"SET\s+(?P<key>[\w.:-]+|`[^`]+`)\s*=\s*(?P<value>[^;]*?)\s*;*\s*\Z", re.IGNORECASE)
_ASKED = re.compile(r"SET\s+(?P<key>[\w:-]+(?:\.[\w:-]+)+|`[^`]+`)\s*;*\s*\Z", re.IGNORECASE)
_ZONE = re.compile(r"SET\s+TIME\s+ZONE\s+(?P<quote>['\"])(?P<value>[^'\"]+)(?P=quote)\s*;*\s*\Z", re.IGNORECASE)
_RESET = re.compile(r"RESET\s+(?P<key>[\w:-]+(?:\.[\w:-]+)+|`[^`]+`)\s*;*\s*\Z", re.IGNORECASE)
ZONE = "spark.sql.session.timeZone"
_UTC = ("", "UTC", "Etc/UTC", "Etc/UCT", "GMT", "Etc/GMT", "Z", "Zulu", "+00:00")
_IS_ZONE = re.compile(r"[\w+:/-]+\Z")
_NOTHING = "SELECT 1 AS nothing LIMIT 0"


def is_utc(zone: str) -> bool:
    """Whether a session's zone is UTC by one of its names, or none is set."""
    return zone in _UTC


def settled(statement: str, client: Any) -> str:
    """Do what a statement says of one setting; a query that answers it. Empty for any other statement, with which nothing is done."""
    from pyspark.sql.connect import proto

    if found := _ZONE.match(statement):
        return _set(ZONE, found["value"], client)
    if found := _ASSIGNED.match(statement):  # the value is taken as it stands there
        return _set(found["key"].strip("`"), found["value"], client)
    if found := _ASKED.match(statement):
        key = found["key"].strip("`")
        (value,) = client.get_config_with_defaults((key, "<undefined>"))
        return _answer(key, value)
    if found := _RESET.match(statement):
        client.config(proto.ConfigRequest.Operation(unset=proto.ConfigRequest.Unset(keys=[found["key"].strip("`")])))
        return _NOTHING
    return ""


def _set(key: str, value: str, client: Any) -> str:
    from pyspark.sql.connect import proto

    if key == ZONE and not _IS_ZONE.match(value):
        from pyspark.errors.exceptions.connect import IllegalArgumentException

        raise IllegalArgumentException(
            f"[INVALID_CONF_VALUE.TIME_ZONE] Cannot resolve the given timezone: {value}. It stands without quotes."
        )
    pairs = [proto.KeyValue(key=key, value=value)]
    client.config(proto.ConfigRequest.Operation(set=proto.ConfigRequest.Set(pairs=pairs)))
    return _answer(key, value)


def _answer(key: str, value: str) -> str:
    return f"SELECT * FROM VALUES ({quoted_text(key)}, {quoted_text(value)}) AS t(key, value)"
