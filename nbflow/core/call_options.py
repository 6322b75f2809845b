"""What a call may choose of a run beside its parameters and the workspace's settings: said here once for the command line, for Python and
for cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from nbflow.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class CallOption:
    """An option: its ``name`` in Python, its ``flag`` at the shell with what stands behind it, and a sentence of help. ``many`` may be
    given several times, ``pairs`` are names with values."""

    name: str
    flag: str
    metavar: str
    help: str
    many: bool = False
    pairs: bool = False

    def words(self, value: Any) -> list[str]:
        """``value``, as Python has it, as words of the command line. Raises ``UsageError`` for one that it cannot have."""
        if value is None:
            return []
        if self.pairs:
            if not isinstance(value, Mapping):
                raise self.refusal(value, f"a dict, {{{self._word!r}: ...}}")
            return [word for name, item in value.items() for word in (self.flag, f"{name}={item}")]
        if self.many:
            values = [value] if isinstance(value, str) else value
            if not isinstance(values, (list, tuple)) or not all(isinstance(item, str) for item in values):
                raise self.refusal(value, "text, or a list of texts")
            return [word for item in values for word in (self.flag, item)]
        text = _times(value) if self is LOGICAL_DATE else value
        if not isinstance(text, str):
            raise self.refusal(value, "a day, or the start and the end" if self is LOGICAL_DATE else "text")
        return [self.flag, text]

    @property
    def _word(self) -> str:
        return self.metavar.partition("=")[0].lower()

    def refusal(self, value: object, takes: str) -> UsageError:
        """What is said of a value that was perhaps meant for a parameter of the same name."""
        return own_value_refused(self.name, value, f"it takes {takes}")


ONLY = CallOption(
    "only",
    "--only",
    "SELECTOR",
    "Take only some tasks: 'a', '+a' with all it needs, 'a+' with all that needs it; several by comma or repetition.",
    many=True,
)
FROM = CallOption("from_", "--from", "TASK", "Take this task and all that needs it; may be repeated.", many=True)
UNTIL = CallOption("until", "--until", "TASK", "Take this task and all it needs; may be repeated.", many=True)
JOB = CallOption("job", "--job", "KEY", "Take this job of a bundle's file that holds several.")
TARGET = CallOption("target", "--target", "NAME", "Take this target of a bundle; otherwise its default one.")
VARIABLES = CallOption("variables", "--var", "NAME=VALUE", "Give a bundle's variable its value; may be repeated.", many=True, pairs=True)
LOGICAL_DATE = CallOption(
    "logical_date",
    "--logical-date",
    "DAY",
    "The day whose data the run is for, or START/END; otherwise the last whole day before its start.",
)
CALL_OPTIONS = (ONLY, FROM, UNTIL, JOB, TARGET, VARIABLES, LOGICAL_DATE)
"""Those of ``run`` and ``plan``, in their order."""


def name_and_value(text: str) -> tuple[str, str]:
    """The two of ``name=value``. Raises ``ValueError``, which says what is missing."""
    name, sign, value = text.partition("=")
    if not name.strip() or not sign:
        missing = "a name" if not name.strip() else "'='"
        raise ValueError(f"{missing} is missing in {text!r}")
    return name.strip(), value


def call_words(given: Mapping[str, Any]) -> list[str]:
    """The values of options by their names in Python as words of the command line; ``None`` is one that was not given.

    Raises ``UsageError`` for a value that an option cannot have.
    """
    return [word for option in CALL_OPTIONS for word in option.words(given.get(option.name))]


def own_value_refused(name: str, value: object, takes: str) -> UsageError:
    """A value of one of Python's own arguments that is none of its values, and may have been meant for a parameter of that name."""
    return UsageError(
        f"run_pipeline: {name}={value!r} is none of its own values: {takes}",
        f"a parameter of that name goes into parameters={{'{name}': ...}}",
    )


def _times(value: Any) -> str | None:
    """A day, or a start and an end, as text; ``None`` for anything else."""
    parts = value if isinstance(value, tuple) else (value,)
    texts = [part.isoformat() if isinstance(part, (date, datetime)) else part for part in parts]
    return "/".join(texts) if all(isinstance(text, str) for text in texts) else None
