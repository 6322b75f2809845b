"""The nearest known name to one that is not known: what a person probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """``did you mean 'bronze'?`` where one of ``known`` is near to ``name``, else ``None``."""
    from difflib import get_close_matches

    names = {candidate.casefold(): candidate for candidate in known}
    near = get_close_matches(name.casefold(), names, n=1, cutoff=0.6)
    return f"did you mean {names[near[0]]!r}?" if near else None
