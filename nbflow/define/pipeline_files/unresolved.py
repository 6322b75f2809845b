"""Text of a bundle that cannot mean what it should: references without a value, and what cannot be merged."""

from __future__ import annotations

from collections.abc import Iterable

from nbflow.core.errors import Mistake


class Unresolved(str):
    """Text as it is written, one of whose references has no value here. ``mistakes`` say which and why: whoever reads the text
    tells them, so that nothing is told of what has no effect. ``wrong`` are those of them that Databricks would tell as well."""

    __slots__ = ("mistakes", "wrong")

    mistakes: tuple[Mistake, ...]
    wrong: tuple[Mistake, ...]

    def __new__(cls, text: str, mistakes: Iterable[Mistake], wrong: Iterable[Mistake] = ()) -> Unresolved:
        """``text``, and what is to be told of it."""
        found = super().__new__(cls, text)
        found.mistakes, found.wrong = tuple(mistakes), tuple(wrong)
        return found

    def __getnewargs__(self) -> tuple[str, tuple[Mistake, ...], tuple[Mistake, ...]]:  # type: ignore[override]  # copies need all
        return str(self), self.mistakes, self.wrong


class Unmerged(str):
    """Text that a bundle and its target have where the other of the two has a map or a list. ``message`` says so, ``hint`` what to
    do; where its references mean nothing, that is to be told instead."""

    __slots__ = ("hint", "message")

    message: str
    hint: str

    def __new__(cls, text: str, message: str, hint: str) -> Unmerged:
        """``text``, and what is to be told of it."""
        found = super().__new__(cls, text)
        found.message, found.hint = message, hint
        return found

    def __getnewargs__(self) -> tuple[str, str, str]:  # type: ignore[override]  # copies need all
        return str(self), self.message, self.hint
