"""Tables as of a moment on Sail, which takes one after the last version for that: the version is looked up in the table's log, by the rules of Delta."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from nbflow.surface.inside.sail.describe import metadata_of
from nbflow.surface.inside.sail.names import Names, names_in
from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.sail.settings import ZONE
from nbflow.surface.inside.sail.writes import setting
from nbflow.surface.inside.statements import Token, name_at, tokens_of, unquoted

_COMMIT = re.compile(r"(\d{20})\.json\Z")
_MOMENT = re.compile(
    r"\s*(\d{4})-(\d\d?)-(\d\d?)(?:[ T](\d\d?):(\d\d?)(?::(\d\d?)(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d\d:\d\d|[A-Za-z]+/[A-Za-z_/]+|UTC)?)?\s*\Z"
)
_WORTH_A_LOOK = re.compile(r"\bof\b|timestampasof", re.IGNORECASE)
_WORDS = ("TIMESTAMP", "SYSTEM_TIME")
_OPTION, _VERSION = "timestampasof", "versionAsOf"
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def by_version(text: str, names: Names, views: Container[str], zone: str) -> str:
    """A statement with the version of each table that it reads as of a moment. ``views`` are the temporary views. Raises as Spark does where a
    table has none, and where the version cannot be told."""
    tokens = list(tokens_of(text)) if _WORTH_A_LOOK.search(text) else []
    changes = []
    for index, token in enumerate(tokens):
        if token.word in _WORDS and [each.word for each in tokens[index + 1 : index + 3]] == ["AS", "OF"]:
            start = index - 1 if index and tokens[index - 1].word == "FOR" else index
            moment, end = _literal(tokens[index + 3 :])
            folder = _folder(tokens[:start], names, views)
            changes.append((tokens[start].start, end, f"VERSION AS OF {_version_of(folder, moment, zone)}"))
        elif (
            unquoted(token).lower() == _OPTION
            and tokens[index + 1 : index + 2]
            and (tokens[index + 1].text == "=" or tokens[index + 1].kind == "text")
        ):
            raise _refused("the option timestampAsOf in SQL")
    for start, end, new in reversed(changes):
        text = text[:start] + new + text[end:]
    return text


def read_by_version(read: Any, names: Names, client: Any) -> None:
    """The same of a reader, in place, ``named_table`` or ``data_source`` of a plan, in the zone of the ``client``'s session."""
    key = next((key for key in read.options if key.lower() == _OPTION), None)
    if key is None:
        return
    if any(each.lower() == _VERSION.lower() for each in read.options):
        raise _refused("timestampAsOf together with versionAsOf")
    if read.DESCRIPTOR.name == "NamedTable":
        folder = names.place(next(iter(names_in(read.unparsed_identifier)), []))
    else:
        folder = read.paths[0] if len(read.paths) == 1 and read.format.lower() == "delta" else ""
    read.options[_VERSION] = str(_version_of(folder, read.options[key], setting(client, ZONE) or "UTC"))
    del read.options[key]


def _version_of(folder: str, moment: str | None, zone: str) -> int:
    if moment is None:
        raise _refused("a table as of a moment that is computed")
    if not os.path.isdir(os.path.join(folder, "_delta_log")) or not folder:
        raise _refused("a table as of a moment that is not in the warehouse")
    return version_at(folder, moment, zone)


def version_at(folder: str, moment: str, zone: str) -> int:
    """The version that was the last one of a Delta table at a moment, which is written as Spark writes timestamps, in ``zone`` where it says none. Raises as Spark
    does where that lies before the first version or after the last, and where it cannot be told."""
    wanted = _milliseconds(moment, zone)
    times = _times(folder)
    version = max((number for number, at in enumerate(times) if at <= wanted), default=-1)
    if version < 0:
        raise _not_there("DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION", moment, "before the earliest", "after", times[0])
    if version == len(times) - 1 and times[version] < wanted:
        raise _not_there("DELTA_TIMESTAMP_GREATER_THAN_COMMIT", moment, "after the latest", "before or at", times[version])
    return version


def _times(folder: str) -> list[int]:
    """When each version of a table was made, in milliseconds: when its file was, but each later than the one before."""
    if (metadata_of(folder).get("configuration") or {}).get("delta.enableInCommitTimestamps") == "true":
        raise _refused("a table with times in its commits as of a moment")
    log = os.path.join(folder, "_delta_log")
    found = {int(match[1]): entry.stat().st_mtime_ns // 1_000_000 for entry in os.scandir(log) if (match := _COMMIT.match(entry.name))}
    if sorted(found) != list(range(len(found))) or not found:
        raise _refused("a table whose first versions are gone as of a moment")
    times: list[int] = []
    for version in range(len(found)):
        times.append(max(found[version], times[-1] + 1) if times else found[version])
    return times


def _milliseconds(moment: str, zone: str) -> int:
    found = _MOMENT.match(moment)
    if found is None:
        raise _refused(f"a table as of {moment!r}")
    *parts, fraction, own = found.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    try:
        clock = datetime(year, month, day, hour, minute, second, tzinfo=_zone(own or zone))
    except (ValueError, KeyError, OSError):
        raise _refused(f"a table as of {moment!r} in the zone {own or zone}") from None
    return (clock - _EPOCH) // _MILLISECOND + int((fraction or "").ljust(9, "0")) // 1_000_000


def _zone(name: str) -> tzinfo:
    if name in ("Z", "UTC"):
        return timezone.utc
    if name[0] in "+-":
        hours, minutes = map(int, name[1:].split(":"))
        return timezone((timedelta(hours=hours, minutes=minutes)) * (-1 if name[0] == "-" else 1))
    return ZoneInfo(name)


def _literal(tokens: Sequence[Token]) -> tuple[str | None, int]:
    """The moment that tokens begin with, where it is a text and nothing is done with it, and where that ends."""
    at = 1 if tokens and tokens[0].word in ("TIMESTAMP", "DATE") else 0
    if len(tokens) <= at or tokens[at].kind != "text" or "\\" in tokens[at].text:
        return None, 0
    following = tokens[at + 1 : at + 2]
    if following and following[0].kind not in ("word", "quoted") and following[0].text not in (")", ",", ";"):
        return None, 0
    return unquoted(tokens[at]), tokens[at].end


def _folder(tokens: Sequence[Token], names: Names, views: Container[str]) -> str:
    """Where the table lies with whose name the tokens end; empty where that is none of the warehouse and no path."""
    start = len(tokens) - 1
    while start > 1 and tokens[start - 1].text == ".":
        start -= 2
    parts, last = name_at(list(tokens[max(start, 0) :]))
    if last is None or last is not tokens[-1] or (len(parts) == 1 and parts[0].lower() in views):
        return ""
    return names.place(parts)


def _refused(what: str) -> Exception:
    return refused(what, "Sail accepts a time after the last version; VERSION AS OF works, and a moment that is a text")


def _not_there(condition: str, moment: str, where: str, instead: str, limit: int) -> Exception:
    from pyspark.errors.exceptions.connect import AnalysisException

    said = f"{datetime.fromtimestamp(limit / 1000, timezone.utc):%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"
    error: Exception = AnalysisException(
        f"[{condition}] The provided timestamp ({moment}) is {where} version available to this table ({said}). "
        f"Please use a timestamp {instead} {said}."
    )
    return error
