"""Time zones by their names, as ``Europe/Berlin``."""

from __future__ import annotations

from datetime import timezone, tzinfo
from functools import lru_cache

from nbflow.define.nearest import did_you_mean

UTC = "UTC"


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo:
    """The zone of that name. Raises ``ValueError`` with a sentence where there is none."""
    if name == UTC:
        return timezone.utc
    from zoneinfo import ZoneInfo, available_timezones

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        near = did_you_mean(name, sorted(available_timezones()))
        raise ValueError(f"there is no time zone {name!r}; {near or 'write one such as Europe/Berlin'}") from None
