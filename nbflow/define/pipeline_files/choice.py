"""What a call chooses of a pipeline's file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

_PREFIX = "BUNDLE_VAR_"
_TARGET = "DATABRICKS_BUNDLE_TARGET"


@dataclass(frozen=True, slots=True)
class Choice:
    """``job`` is the key of one of several jobs of a bundle, ``target`` the name of one of its targets, ``variables`` are values for
    its variables, as text, of which the call itself gave those in ``asked``; ``user`` is who calls."""

    job: str | None = None
    target: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    asked: Collection[str] = ()
    user: str = "user"

    @classmethod
    def of(
        cls, environment: Mapping[str, str], job: str | None = None, target: str | None = None, variables: Mapping[str, str] | None = None
    ) -> Choice:
        """What the call says, and where it says nothing what Databricks' own variables of the environment do."""
        given = variables or {}
        around = {name.removeprefix(_PREFIX): value for name, value in environment.items() if name.startswith(_PREFIX)}
        user = environment.get("USER") or environment.get("LOGNAME") or "user"
        return cls(job, target or environment.get(_TARGET) or None, {**around, **given}, tuple(given), user)
