"""What an unquoted YAML scalar means, by the core schema of YAML 1.2: ``NO`` and ``12:30`` are text, ``012`` is 12."""

from __future__ import annotations

import re
from typing import Any

_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".nan": float("nan"), ".NaN": float("nan"), ".NAN": float("nan"),
    **{f"{sign}{word}": float(f"{sign}inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
}  # fmt: skip
_LONGEST_NUMBER = 1000  # Python refuses to print whole numbers of more than 4300 digits


class WrittenInt(int):
    """A whole number that Python would write in another way (``012``, ``0x1F``, ``+5``): as text it is what was written."""

    written: str

    def __new__(cls, value: int, written: str) -> WrittenInt:
        """``value``, written as ``written``."""
        number = super().__new__(cls, value)
        number.written = written
        return number

    def __getnewargs__(self) -> tuple[int, str]:  # type: ignore[override]  # copies need both
        return int(self), self.written

    def __str__(self) -> str:
        return self.written


class WrittenFloat(float):
    """A number that Python would write in another way (``1e5``, ``3.10``): as text it is what was written."""

    written: str

    def __new__(cls, value: float, written: str) -> WrittenFloat:
        """``value``, written as ``written``."""
        number = super().__new__(cls, value)
        number.written = written
        return number

    def __getnewargs__(self) -> tuple[float, str]:  # type: ignore[override]  # copies need both
        return float(self), self.written

    def __str__(self) -> str:
        return self.written


def plain_scalar(text: str) -> Any:
    """What the unquoted ``text`` means: null, a boolean, a number, or the text itself.

    A number whose text Python would not write so keeps it, since a parameter may want it as text: the version ``3.10`` is
    not ``3.1``. A number longer than any that can be used stays text.
    """
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _LONGEST_NUMBER or text[0] not in "+-.0123456789":
        return text
    if _INT.match(text):
        return _kept(int(text), text)
    if _OCTAL.match(text):
        return _kept(int(text[2:], 8), text)
    if _HEX.match(text):
        return _kept(int(text[2:], 16), text)
    if _FLOAT.match(text):
        return _kept(float(text), text)
    return text


def _kept(value: float, text: str) -> float:
    if str(value) == text:
        return value
    return WrittenInt(value, text) if isinstance(value, int) else WrittenFloat(value, text)
