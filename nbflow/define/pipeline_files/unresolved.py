"""Text with references of a bundle that mean nothing here."""

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
