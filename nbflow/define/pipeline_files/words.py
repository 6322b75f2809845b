"""What a key of a definition is, and what it does here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Standing(Enum):
    """What nbflow does with a key."""

    DONE = "has its effect"
    IDLE = "is known to Databricks and has no effect here"
    CLOUD = "is a kind of task that only Databricks has"
    REFUSED = "changes what a job means, and cannot be run here"


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its kinds (names of ``kinds.KINDS``), one line about it, and its standing.

    Where the key is refused, ``harmless`` are the values that can be had all the same, and ``instead`` says what to do.
    """

    kinds: tuple[str, ...]
    doc: str
    standing: Standing = Standing.DONE
    harmless: tuple[object, ...] = ()
    instead: str = ""


def done(kinds: str, doc: str) -> Key:
    """A key that has its effect; ``kinds`` are joined by ``|``."""
    return Key(tuple(kinds.split("|")), doc)


def idle(doc: str) -> Key:
    """A key that is known and has no effect here."""
    return Key(("any",), doc, Standing.IDLE)


def cloud(doc: str, instead: str) -> Key:
    """A kind of task that only Databricks has; ``instead`` says what to do."""
    return Key(("any",), doc, Standing.CLOUD, instead=instead)


def refused(doc: str, instead: str, *harmless: object) -> Key:
    """A key that cannot be run here but for the values ``harmless``; ``instead`` says what to do."""
    return Key(("any",), doc, Standing.REFUSED, harmless, instead)
