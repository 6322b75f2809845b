"""Reading a definition's file as text: UTF-8, with or without a byte-order mark, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from nbflow.core.errors import DefinitionError, Mistake

# What YAML 1.2 does not take as a character of its text (production c-printable); TOML takes no more.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKS = ((b"\xff\xfe\x00\x00", "UTF-32"), (b"\x00\x00\xfe\xff", "UTF-32"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
_SAVE = "save it as UTF-8"


def read_text(path: Path, file: str) -> str:
    """The text of ``path``. ``file`` is the path for messages.

    Raises ``DefinitionError`` for a file that cannot be read, is in another encoding, or holds control characters.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DefinitionError([Mistake(f"cannot be read: {error.strerror or error}", file)]) from None
    found = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if found is None and b"\x00" in data[:2]:
        found = "UTF-16"  # without a mark: in UTF-8 the first sign of such a file is one byte that is not 0
    if found is not None:
        raise DefinitionError([Mistake(f"is {found}, not UTF-8", file, 1, hint=_SAVE)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8: byte {data[error.start]:#04x} at position {error.start}"
        line = data[: error.start].count(b"\n") + 1
        raise DefinitionError([Mistake(message, file, line, hint=_SAVE)]) from None
    sign = _FORBIDDEN.search(text)
    if sign:
        message = f"holds the control character U+{ord(sign[0]):04X}"
        line = text.count("\n", 0, sign.start()) + 1
        raise DefinitionError([Mistake(message, file, line, hint="remove it, or write it as an escape in double quotes")])
    return text
