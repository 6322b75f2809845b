r"""Values as literals of other languages than Python: those that papermill's translators know.

papermill's own lose or run some texts: Julia and PowerShell replace ``$`` in them, R and C# read ``\xe9`` otherwise than it is
meant, MATLAB and PowerShell know no backslashes. Here a value comes out equal, or is refused. Plain values are written as
papermill writes them.
"""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

_EXACT = 2**53
_INT, _LONG = 2**31, 2**63
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\", '"': '\\"'}


@dataclass(frozen=True, slots=True)
class Language:
    """How a language writes values. ``comment`` and ``assign`` are patterns; ``true``, ``false`` and ``nothing`` words.

    ``text`` writes a text, ``whole`` a whole number, ``special`` are the words for NaN and the two infinities. ``items`` writes a
    list of literals, which it takes beside their values, ``entries`` a map of texts to such; ``no_maps`` says why there are none.
    """

    comment: str
    assign: str
    true: str
    false: str
    nothing: str
    special: tuple[str, str, str]
    text: Callable[[str], str]
    whole: Callable[[int], str]
    items: Callable[[list[str], list[Any]], str]
    entries: Callable[[dict[str, str], list[Any]], str]
    no_maps: str = ""


def cell_code(values: Mapping[str, Any], language: str) -> str:
    """The source of a cell that assigns ``values``, plain ones, in ``language``, as Jupyter or a kernel names it.

    Raises ``ValueError`` with a sentence for a value that the language cannot hold, and for a language that is none of these.
    """
    known = LANGUAGES.get(language.lower())
    if known is None:
        msg = f"nobody knows how {language or 'this language'} writes values: register a translator for it with papermill, or read them from context.json"
        raise ValueError(msg)
    lines = [known.comment]
    for name, value in values.items():
        try:
            lines.append(known.assign % (name.lstrip("_") if language.lower() in _R else name, literal(value, known)))
        except ValueError as problem:
            msg = f"parameter {name!r}: {problem}"
            raise ValueError(msg) from None
    return "\n".join([*lines, ""])


def literal(value: Any, language: Language) -> str:
    """``value`` in ``language``. Raises ``ValueError`` for one that it cannot hold."""
    if isinstance(value, dict) and language.no_maps:
        raise ValueError(language.no_maps)
    if value is None:
        return language.nothing
    if isinstance(value, bool):
        return language.true if value else language.false
    if isinstance(value, int):
        return language.whole(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else language.special[0 if math.isnan(value) else 1 if value > 0 else 2]
    if isinstance(value, list):
        return language.items([literal(item, language) for item in value], value)
    if isinstance(value, dict):
        return language.entries({_text(key, language): literal(item, language) for key, item in value.items()}, list(value.values()))
    return _text(str(value), language)


def _text(text: str, language: Language) -> str:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("half a character is no text")
    if "\0" in text:
        raise ValueError("text with a zero byte cannot be handed on here")
    return language.text(text)


def _alike(values: list[Any]) -> bool:
    """Whether all are scalars of one kind, so that a list of them needs no type."""
    kinds = {(type(value), _size(value) if type(value) is int else 0) for value in values}
    return len(kinds) == 1 and next(iter(kinds))[0] in (int, float, str, bool)


def _escaped(letter: str, more: str = "", wide: bool = False) -> str:
    """A letter of a text in double quotes; ``more`` are letters that need a backslash, ``wide`` those beyond 16 bits one escape."""
    if letter in _SHORT:
        return _SHORT[letter]
    if letter in more:
        return f"\\{letter}"
    if " " <= letter <= "~":
        return letter
    if ord(letter) > 0xFFFF:
        return f"\\U{ord(letter):08x}" if wide else "".join(f"\\u{unit:04x}" for unit in _units(letter))
    return f"\\u{ord(letter):04x}"


def _quoted(text: str, more: str = "", *, wide: bool = False) -> str:
    return f'"{"".join(_escaped(letter, more, wide) for letter in text)}"'


def _units(text: str) -> list[int]:
    """The text in units of 16 bits."""
    raw = text.encode("utf-16-le")
    return [int.from_bytes(raw[at : at + 2], "little") for at in range(0, len(raw), 2)]


def _is_plain(text: str) -> bool:
    return all(" " <= letter <= "~" for letter in text)


def _exact(value: int) -> str:
    if abs(value) > _EXACT:
        msg = f"{value} is more than this language's numbers hold exactly: give it as text"
        raise ValueError(msg)
    return str(value)


def _size(value: int) -> int:
    """0 for what 32 bits hold, 1 for 64 bits, 2 for more."""
    return 0 if -_INT < value < _INT else 1 if -_LONG < value < _LONG else 2


def _sized(value: int, large: str) -> str:
    """A whole number with the mark of its size; ``large`` is the pattern of one beyond 64 bits."""
    return (str(value), f"{value}L", large % value)[_size(value)]


def _list(
    pieces: list[str], values: list[Any], *, alike: str, mixed: str, empty: str | None = None, joint: str = ", ", each: str = "%s"
) -> str:
    """A list by the pattern for values ``alike``, or ``mixed``, each of which is then written by the pattern ``each``."""
    if not pieces:
        return mixed % "" if empty is None else empty
    return alike % joint.join(pieces) if _alike(values) else mixed % joint.join(each % piece for piece in pieces)


def _map(
    pieces: dict[str, str], values: list[Any], *, alike: str, mixed: str, entry: str, empty: str | None = None, joint: str = ", ", each: str = "%s"
) -> str:  # fmt: skip
    if not pieces and empty is not None:
        return empty
    same = _alike(values)
    return (alike if same else mixed) % joint.join(entry % (key, item if same else each % item) for key, item in pieces.items())


def _named(pieces: dict[str, str], _: list[Any]) -> str:
    """R's list with names."""
    if '""' in pieces:
        raise ValueError("R has no empty names")
    if not pieces:
        return "setNames(list(), character(0))"
    return f"list({', '.join(f'{key} = {item}' for key, item in pieces.items())})"


def _matlab_text(text: str, quote: str = '"') -> str:
    if _is_plain(text):
        return f"{quote}{text.replace(quote, quote * 2)}{quote}"
    made = f"char([{' '.join(map(str, _units(text)))}])"
    return f"string({made})" if quote == '"' else made


def _matlab_map(pieces: dict[str, str], _: list[Any]) -> str:
    if not pieces:
        return "containers.Map()"
    return f"containers.Map({{{', '.join(f'char({key})' for key in pieces)}}}, {{{', '.join(pieces.values())}}})"


def _power_text(text: str) -> str:
    if _is_plain(text):
        return "'" + text.replace("'", "''") + "'"
    return f"(-join [char[]]({', '.join(map(str, _units(text)))}))"


def _power_list(pieces: list[str], values: list[Any]) -> str:
    """PowerShell takes a list of one list for that list itself, unless a comma stands before it."""
    return f"@({',' if len(values) == 1 and isinstance(values[0], list) else ''}{', '.join(pieces)})"


def _power_map(pieces: dict[str, str], _: list[Any]) -> str:
    if len({key.lower() for key in pieces}) < len(pieces):
        raise ValueError("PowerShell takes keys that differ by the case of letters for one")
    return f"@{{{'; '.join(f'{key} = {item}' for key, item in pieces.items())}}}"


def _bash_text(text: str) -> str:
    if text.isprintable():
        return shlex.quote(text)
    signs = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\", "'": "\\'"}
    return "$'" + "".join(
        signs.get(letter) or (letter if letter.isprintable() else "".join(f"\\x{byte:02x}" for byte in letter.encode())) for letter in text
    ) + "'"  # fmt: skip


def _bash_list(pieces: list[str], values: list[Any]) -> str:
    if any(isinstance(value, (list, dict)) or value is None for value in values):
        raise ValueError("a list in bash holds words only: give it as JSON text")
    return f"({' '.join(pieces)})"


_R = ("r", "sparkrkernel")
_NO_MAP = "bash has no literal for a map: give it as JSON text"
_FOUR = ("NaN", "Inf", "-Inf")
_DOUBLE = ("double.NaN", "double.PositiveInfinity", "double.NegativeInfinity")
_SCALA = ("Double.NaN", "Double.PositiveInfinity", "Double.NegativeInfinity")
_POWER = ("[double]::NaN", "[double]::PositiveInfinity", "[double]::NegativeInfinity")

_RS = Language(
    "# Parameters", "%s = %s", "TRUE", "FALSE", "NULL", _FOUR, partial(_quoted, wide=True), _exact,
    lambda pieces, _: f"list({', '.join(pieces)})", _named,
)  # fmt: skip
_SCALAS = Language(
    "// Parameters", "val %s = %s", "true", "false", "None", _SCALA, _quoted, partial(_sized, large='BigInt("%d")'),
    partial(_list, alike="Seq(%s)", mixed="Seq[Any](%s)"),
    partial(_map, alike="Map(%s)", mixed="Map[String, Any](%s)", entry="%s -> %s"),
)  # fmt: skip
_JULIAS = Language(
    "# Parameters", "%s = %s", "true", "false", "nothing", _FOUR, partial(_quoted, more="$", wide=True), str,
    partial(_list, alike="[%s]", mixed="Any[%s]"),
    partial(_map, alike="Dict(%s)", mixed="Dict{String, Any}(%s)", entry="%s => %s"),
)  # fmt: skip
_MATLABS = Language(
    "% Parameters",
    "%s = %s;",
    "true",
    "false",
    "[]",
    _FOUR,
    _matlab_text,
    _exact,
    lambda pieces, _: f"{{{', '.join(pieces)}}}",
    _matlab_map,
)
_SHARPS = Language(
    "// Parameters", "var %s = %s;", "true", "false", "(object)null", _DOUBLE, _quoted,
    partial(_sized, large='System.Numerics.BigInteger.Parse("%d")'),
    partial(_list, alike="new [] { %s }", mixed="new object[] { %s }"),
    partial(_map, alike="new Dictionary<string,Object>{ %s }", mixed="new Dictionary<string,Object>{ %s }", entry="{ %s , %s }"),
)  # fmt: skip
_FSHARPS = Language(
    "(* Parameters *)", "let %s = %s", "true", "false", "None", ("nan", "infinity", "-infinity"), _quoted, partial(_sized, large="(%dI)"),
    partial(_list, alike="[ %s ]", mixed="[ %s ]", joint="; ", each="box (%s)"),
    partial(_map, alike="[ %s ] |> Map.ofList", mixed="[ %s ] |> Map.ofList", entry="(%s, %s)", empty="Map.empty<string, obj>", joint="; ", each="box (%s)"),
)  # fmt: skip
_POWERS = Language(
    "# Parameters", "$%s = %s", "$True", "$False", "$Null", _POWER, _power_text,
    lambda value: str(value) if -_LONG < value < _LONG else f"[bigint]::Parse('{value}')", _power_list, _power_map,
)  # fmt: skip
_BASHS = Language(
    "# Parameters", "%s=%s", "true", "false", "", ("nan", "inf", "-inf"), _bash_text, str, _bash_list,
    lambda pieces, _: json.dumps(pieces), _NO_MAP,
)  # fmt: skip

LANGUAGES: dict[str, Language] = {
    **dict.fromkeys(_R, _RS),
    **dict.fromkeys(("scala", "sparkkernel"), _SCALAS),
    "julia": _JULIAS,
    "matlab": _MATLABS,
    **dict.fromkeys(("c#", ".net-csharp"), _SHARPS),
    **dict.fromkeys(("f#", ".net-fsharp"), _FSHARPS),
    **dict.fromkeys(("powershell", ".net-powershell"), _POWERS),
    "bash": _BASHS,
}
"""By the names of languages and of kernels, in small letters."""
