"""Settings of a workspace as options of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbflow.core.errors import UsageError
from nbflow.define.nearest import did_you_mean, there_are
from nbflow.define.settings import NAMES

SWITCHES = ("strict", "allow_missing", "compat")
"""Settings whose options take no value; with ``--no-`` they are switched off."""


def setting_flag(name: str) -> str:
    """The option of the command line that a setting is."""
    return f"--{name.replace('_', '-')}"


def setting_words(settings: Mapping[str, Any]) -> list[str]:
    """Settings of the workspace as words of the command line. Raises ``UsageError`` for a name that is none."""
    words: list[str] = []
    for name, value in settings.items():
        if name not in NAMES:
            raise UsageError(f"there is no setting {name!r}", did_you_mean(name, NAMES) or there_are(NAMES))
        flag = setting_flag(name)
        if isinstance(value, Mapping):
            words += [word for key, item in value.items() for word in (flag, f"{key}={item}")]
        elif name in SWITCHES:
            words += _switched(name, value)
        elif isinstance(value, bool):
            words += [flag, str(value).lower()]
        elif value is not None:
            words += [flag, ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)]
    return words


def _switched(name: str, value: object) -> list[str]:
    if value is not None and not isinstance(value, bool):
        raise UsageError(f"the setting {name!r} takes True or False, not {value!r}")
    return [] if value is None else [setting_flag(name if value else f"no_{name}")]
