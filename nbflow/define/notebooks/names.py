"""Languages of notebooks, and what can be the name of a variable in them."""

from __future__ import annotations

import keyword
import re

_PYTHON = ("python", "ipython", "")
_OTHER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_OF_R = re.compile(r"_*[A-Za-z.][A-Za-z0-9_.]*\Z")


def is_python(language: str | None) -> bool:
    """Whether ``language``, as a notebook or a kernel names it, is Python. No name means that it is."""
    return (language or "").lower() in _PYTHON


def is_name(text: str, language: str | None = None) -> bool:
    """Whether ``text`` can be the name of a variable in ``language``; of one other than Python, where it is harmless."""
    if is_python(language):
        return text.isidentifier() and not keyword.iskeyword(text)
    return (_OF_R if (language or "").lower() == "r" else _OTHER).match(text) is not None
