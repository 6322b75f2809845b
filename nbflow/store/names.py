"""Names of pipelines and tasks as names of files, and back.

A name that is safe on every system stays as it is, unicode letters and spaces included; what is not safe is written as
``%XX``, byte by byte of its UTF-8, as in a URL.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_MAX_BYTES = 200
"""File systems take 255 bytes; the rest is for ``.attempt-12.ipynb`` and the like."""

_EMPTY = "%_"
_SHORTENED = "%~"
_UNSAFE = frozenset('<>:"/\\|?*%')
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Endings that nbflow gives to names itself: a task called `x.attempt-1` is not the first attempt at `x`.
_OWN_ENDING = re.compile(r"\.(?=(attempt-[0-9]+|ipynb|log)\Z)", re.IGNORECASE)
# Names of devices on Windows, whatever follows their first dot.
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9¹²³]|LPT[0-9¹²³]|CONIN\$|CONOUT\$)\s*(\.|\Z)", re.IGNORECASE)


def escape(name: str) -> str:
    """The file name, without an extension, for ``name``. Different names get different file names.

    A name that would be longer than 200 bytes keeps its beginning and gets a digest of the whole.
    """
    return _fitting(name, _escaped(name))


def unescape(file_name: str) -> str:
    """The name that ``escape`` or ``file_names`` made ``file_name`` from.

    Raises ``ValueError`` for a shortened one: only the run's record knows the whole name.
    """
    if file_name == _EMPTY:
        return ""
    if _SHORTENED in file_name:
        msg = f"{file_name!r} is the shortened form of a longer name"
        raise ValueError(msg)
    parts = re.split(r"%([0-9A-F]{2})", file_name)
    data = b"".join(bytes.fromhex(part) if index % 2 else part.encode("utf-8", "surrogatepass") for index, part in enumerate(parts))
    return data.decode("utf-8", "surrogatepass")


def file_names(names: Iterable[str]) -> dict[str, str]:
    """The file name for each of ``names``, which will lie in one folder.

    Names that differ only in case, or in how accents are composed, are one file for some systems: each of these gets
    its capitals and accents escaped.
    """
    plain = {name: escape(name) for name in names}
    seen = Counter(_folded(file_name) for file_name in plain.values())
    return {
        name: file_name if seen[_folded(file_name)] == 1 else _fitting(name, _escaped(name, only_small=True))
        for name, file_name in plain.items()
    }


def _folded(file_name: str) -> str:
    """What ``file_name`` is for a system that knows neither case nor ways to compose accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", file_name).casefold())


def former_path(path: str, attempt: int) -> str:
    """Where the notebook at ``path`` lies once a later attempt took its place; ``attempt`` is its own number."""
    stem, extension = os.path.splitext(path)
    return f"{stem}.attempt-{attempt}{extension}"


def _escaped(name: str, *, only_small: bool = False) -> str:
    """``name`` without what is unsafe somewhere; ``only_small`` leaves nothing but small ASCII letters unescaped."""
    last = len(name) - 1
    marked = {found.start() for found in _OWN_ENDING.finditer(name)}
    if _DEVICE.match(name):
        marked.add(0)
    marked.update(index for index in (0, last) if name and name[index] in " .")
    text = "".join(
        _percent(letter) if index in marked or _unsafe(letter) or (only_small and (letter.isupper() or not letter.isascii())) else letter
        for index, letter in enumerate(name)
    )
    return text or _EMPTY


def _unsafe(letter: str) -> bool:
    return letter in _UNSAFE or unicodedata.category(letter) in _INVISIBLE


def _fitting(name: str, text: str) -> str:
    if len(text.encode("utf-8", "surrogatepass")) <= _MAX_BYTES:
        return text
    import hashlib

    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    room = _MAX_BYTES - len(_SHORTENED) - len(digest)
    start = text.encode("utf-8", "surrogatepass")[:room].decode("utf-8", "ignore")
    # Never cut in the middle of an escape.
    start = re.sub(r"%[0-9A-F]?\Z", "", start)
    return f"{start}{_SHORTENED}{digest}"


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))
