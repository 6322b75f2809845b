"""The nearest known name to one that is not known: what a person probably meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable

_MOST_COMPARED = 2000
_MOST_LISTED = 10


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The one of ``known`` that is near to ``name``, whatever the case of the letters; ``None`` where none is.

    ``likeness`` says how near, up to 1 for the same. Only the first 2,000 are looked at: comparing every name with every
    other takes minutes in a large pipeline.
    """
    from difflib import get_close_matches
    from itertools import islice

    names = {candidate.casefold(): candidate for candidate in islice(known, _MOST_COMPARED)}
    near = get_close_matches(name.casefold(), names, n=1, cutoff=likeness)
    return names[near[0]] if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """``did you mean 'bronze'?`` where one of ``known`` is near to ``name``, else ``None``."""
    found = nearest(name, known)
    return f"did you mean {found!r}?" if found else None


class Suggestions:
    """``did_you_mean`` for many names, of which the first ones get a suggestion.

    ``most`` is how many names are compared in all: each unknown name is compared with every known one.
    """

    def __init__(self, most: int = 50_000) -> None:
        self._left = most

    def __call__(self, name: str, known: Collection[str]) -> str | None:
        """``did you mean 'bronze'?``, or ``None`` where no name is near, or where enough has been compared."""
        if self._left <= 0:
            return None
        self._left -= min(len(known), _MOST_COMPARED)
        return did_you_mean(name, known)


def there_are(known: Collection[str]) -> str:
    """``there are a, b, c``: what could have been meant, cut at ten names."""
    listed = ", ".join(list(known)[:_MOST_LISTED])
    more = len(known) - _MOST_LISTED
    return f"there are {listed}{f' and {more} more' if more > 0 else ''}"
