"""What nbflow raises.

::

    NbflowError
    ├── DefinitionError      a notebook, pipeline file, setting or parameter is wrong: every mistake at once (exit 2)
    ├── UsageError           a call asks for what is not there: no such run, no such task (exit 2)
    │   └── NoSuchNameError  a name that is not in a run; also a KeyError
    ├── StoreError           the workspace's records cannot be read or written
    │   ├── NewerStoreError  they were written by a newer nbflow
    │   └── BusyStoreError   another program has held them for too long
    ├── KernelError          a kernel could not be started, or is gone
    ├── EngineError          a Spark engine could not be started, or is gone
    └── RunFailedError       raised on request by ``run.raise_for_result()`` for a run that did not succeed
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbflow.core.results import ErrorKind, Result


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in what the author wrote.

    ``file`` is the path as shown to people, ``line`` counts from 1, ``key`` is the dotted path of the key
    (``tasks[1].depends_on``), ``hint`` says what to do. ``about`` is the key of what is wrong where that stands elsewhere, and is
    used in several places: it is told once, and only where it is not told itself.
    """

    message: str
    file: str | None = None
    line: int | None = None
    key: str | None = None
    hint: str | None = None
    about: str | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        parts = [where, self.key or ""]
        lead = ": ".join(part for part in parts if part)
        text = f"{lead}: {self.message}" if lead else self.message
        return f"{text} ({self.hint})" if self.hint else text


def unless_told(later: Iterable[Mistake], told: Iterable[Mistake]) -> list[Mistake]:
    """Those mistakes of a ``later`` step that stand where none of ``told`` does: else they are what that one brings about."""
    places = {(mistake.file, mistake.key) for mistake in told if mistake.key}
    return [mistake for mistake in later if (mistake.file, mistake.key) not in places]


class NbflowError(Exception):
    """The base of everything that nbflow raises on purpose."""


class DefinitionError(NbflowError):
    """What the author wrote is wrong; nothing was started.

    ``mistakes`` holds all of it, each once: file by file as they are first named, in each in the order of its lines.
    """

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        once = _told_once(mistakes)
        files = {file: rank for rank, file in enumerate(dict.fromkeys(mistake.file for mistake in once))}
        self.mistakes = tuple(sorted(once, key=lambda mistake: (files[mistake.file], mistake.line or 0)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


def _told_once(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """``mistakes``, each once."""
    once = list(dict.fromkeys(mistakes))
    keys = {mistake.key for mistake in once if mistake.about is None}
    first: dict[str, Mistake] = {}
    for mistake in once:
        if mistake.about is not None:
            first.setdefault(mistake.about, mistake)
    return [mistake for mistake in once if mistake.about is None or (first[mistake.about] is mistake and not _holds(keys, mistake.about))]


def _holds(keys: Iterable[str | None], about: str) -> bool:
    """Whether one of ``keys`` stands in what ``about`` names, or around it."""
    return any(key is not None and f"{about}.".startswith(f"{key}.") or f"{key}.".startswith(f"{about}.") for key in keys)


class UsageError(NbflowError):
    """A call asks for what is not there. ``hint`` says what would be."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message} ({hint})" if hint else message)


class NoSuchNameError(UsageError, KeyError):
    """A name that is not there where values are looked up by name. It is Python's own ``KeyError``, too."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError's own is that in quotes


class StoreError(NbflowError):
    """The workspace's records cannot be read or written."""


class NewerStoreError(StoreError):
    """The workspace's records were written by a newer nbflow, which this one does not know how to read."""


class BusyStoreError(StoreError):
    """Another program has held the workspace's records for too long; a later try may succeed."""


class KernelError(NbflowError):
    """A kernel could not be started, or is gone. ``kind`` says which of the two; ``log`` holds its last words."""

    def __init__(self, kind: ErrorKind, message: str, log: str = "") -> None:
        self.kind = kind
        self.message = message
        self.log = log
        super().__init__(message)


class EngineError(NbflowError):
    """A Spark engine could not be started, or is gone. ``log`` holds the last lines of its log."""

    def __init__(self, kind: ErrorKind, message: str, log: str = "") -> None:
        self.kind = kind
        self.message = message
        self.log = log
        super().__init__(message)


class RunFailedError(NbflowError):
    """A run did not succeed, and its caller asked for an exception. ``result`` is ``None`` where it has none: it goes on, or was
    cut off."""

    def __init__(self, run_id: int, result: Result | None, message: str) -> None:
        self.run_id = run_id
        self.result = result
        super().__init__(message)
