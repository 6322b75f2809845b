"""Values in other languages: read back by small parsers that know the rules of each, and by bash itself."""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill.translators import translate_parameters

from nbflow.run.literals import LANGUAGES, cell_code

_text = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [
        "$HOME $(rm x) `date` ${y}",
        "a\\b\\n",
        'say "hi"',
        "it's",
        "’quoted‘",
        "é 你 🐍",
        "é1",
        "{x} %s",
        "two\nlines\r\n\ttab",
        "\u2028\x07",
        "",
    ]
)
_value = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | _text
    | st.lists(st.integers(-9, 9))
    | st.lists(st.booleans())
    | st.lists(_text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=6,
)
_NOTHING = object()


class Parser:
    """Reads expressions of one language. ``words`` have a value by themselves; ``escapes`` are the letters behind a backslash,
    ``wide`` says that ``\\U`` is one of them, ``long`` are patterns of numbers beyond 64 bits."""

    words: ClassVar[dict[str, Any]] = {}
    escapes = 'ntr"\\'
    wide = False
    long = ""

    def __init__(self, source: str) -> None:
        self.source, self.at = source, 0

    def whole(self) -> Any:
        """The value of all of the source."""
        value = self.value()
        assert self.take("$(?!.)") or self.at == len(self.source), self.source[self.at :]
        return value

    def take(self, pattern: str) -> re.Match[str] | None:
        """What comes next, where it is like this; then it is behind us."""
        match = re.compile(rf"[ ]*(?:{pattern})").match(self.source, self.at)
        self.at = match.end() if match else self.at
        return match

    def value(self) -> Any:
        """The expression that comes next."""
        found = self.compound()
        if found is _NOTHING:
            for word in sorted(self.words, key=len, reverse=True):
                if self.take(re.escape(word) + r"(?![\w(])"):
                    return self.words[word]
            found = self.text()
        return self.number() if found is None else found

    def compound(self) -> Any:
        """A list or a map; ``_NOTHING`` where there is none."""
        raise NotImplementedError

    def many(self, between: str, closing: str, read: Callable[[], Any], alike: bool = False) -> list[Any]:
        """What is read until the end; ``alike``: the language gives all of them one type."""
        found: list[Any] = []
        while not self.take(closing):
            assert not found or self.take(between), self.source[self.at :]
            found.append(read())
        assert not alike or len({type(item) for item in found}) == 1, self.source
        return found

    def pairs(self, before: str, within: str, after: str, between: str, closing: str, alike: bool = False) -> dict[str, Any]:
        """The entries of a map until its end."""

        def pair() -> tuple[str, Any]:
            assert self.take(before)
            key = self.text()
            assert key is not None and self.take(within)
            value = self.value()
            assert self.take(after)
            return key, value

        found = self.many(between, closing, pair)
        assert len(dict(found)) == len(found) and not (alike and len({type(item) for _, item in found}) != 1)
        return dict(found)

    def number(self) -> int | float:
        """A number, in any of the forms that numbers have here."""
        large = self.take(self.long) if self.long else None
        if large:
            return int(large[1])
        match = self.take(r"(-?\d+)(\.\d+)?(e[+-]?\d+)?(L?)")
        assert match, self.source[self.at :]
        return float(match[0]) if match[2] or match[3] else int(match[1])

    def text(self) -> str | None:
        """A text in double quotes with backslashes: no letter beyond ASCII, and no ``$`` that would be replaced."""
        if not self.take('"'):
            return None
        found: list[int] = []
        while not self.source.startswith('"', self.at):
            match = re.compile(r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})|\\(.)|([ !#-\[\]-~])").match(self.source, self.at)
            assert match, self.source[self.at :]
            self.at = match.end()
            four, eight, short, plain = match.groups()
            assert plain != "$" or "$" not in self.escapes
            assert short is None or short in self.escapes
            assert eight is None or self.wide
            letter = (
                chr(int(four or eight, 16)) if four or eight else {"n": "\n", "t": "\t", "r": "\r"}.get(short, short) if short else plain
            )
            found += units(letter) if eight else [ord(letter)]
        self.at += 1
        return joined(found)


def units(text: str) -> list[int]:
    """Text in units of 16 bits."""
    raw = text.encode("utf-16-be", "surrogatepass")
    return [high * 256 + low for high, low in zip(raw[::2], raw[1::2])]


def joined(numbers: list[int]) -> str:
    """Text of units of 16 bits; half a character raises."""
    return b"".join(number.to_bytes(2, "big") for number in numbers).decode("utf-16-be")


class R(Parser):
    words: ClassVar[dict[str, Any]] = {"TRUE": True, "FALSE": False, "NULL": None, "NaN": math.nan, "Inf": math.inf, "-Inf": -math.inf}
    wide = True

    def compound(self) -> Any:
        if self.take(r"setNames\(list\(\), character\(0\)\)"):
            return {}
        if not self.take(r"list\("):
            return _NOTHING
        start = self.at
        named = self.text() is not None and self.take("=(?!=)")
        self.at = start
        return self.pairs("", "=", "", ",", r"\)") if named else self.many(",", r"\)", self.value)


class Scala(Parser):
    words: ClassVar[dict[str, Any]] = {
        "true": True, "false": False, "None": None, "Double.NaN": math.nan, "Double.PositiveInfinity": math.inf,
        "Double.NegativeInfinity": -math.inf,
    }  # fmt: skip
    long = r'BigInt\("(-?\d+)"\)'

    def compound(self) -> Any:
        match = self.take(r"(Seq|Map)(\[.*?\])?\(")
        if match is None:
            return _NOTHING
        typed = match[2] in ("[Any]", "[String, Any]")
        return self.many(",", r"\)", self.value, not typed) if match[1] == "Seq" else self.pairs("", "->", "", ",", r"\)", not typed)


class Julia(Parser):
    words: ClassVar[dict[str, Any]] = {"true": True, "false": False, "nothing": None, "NaN": math.nan, "Inf": math.inf, "-Inf": -math.inf}
    escapes = 'ntr"\\$'
    wide = True

    def compound(self) -> Any:
        match = self.take(r"(Any)?\[")
        if match:
            return self.many(",", r"\]", self.value, match[1] is None)
        match = self.take(r"Dict(\{String, Any\})?\(")
        return self.pairs("", "=>", "", ",", r"\)", match[1] is None) if match else _NOTHING


class Matlab(Parser):
    words: ClassVar[dict[str, Any]] = {"true": True, "false": False, "[]": None, "NaN": math.nan, "Inf": math.inf, "-Inf": -math.inf}

    def compound(self) -> Any:
        if self.take(r"containers\.Map\("):
            if self.take(r"\)"):
                return {}
            assert self.take(r"\{")
            keys = self.many(",", r"\}", self.key)
            assert self.take(r",") and self.take(r"\{")
            values = self.many(",", r"\}", self.value)
            assert self.take(r"\)") and len(set(keys)) == len(keys) == len(values)
            return dict(zip(keys, values))
        return self.many(",", r"\}", self.value) if self.take(r"\{") else _NOTHING

    def key(self) -> str | None:
        assert self.take(r"char\(")
        key = self.text()
        assert self.take(r"\)")
        return key

    def text(self) -> str | None:
        codes = self.take(r"string\(char\(\[([\d ]+)\]\)\)")
        if codes:
            return joined(list(map(int, codes[1].split())))
        match = self.take(r'"((?:[ !#-~]|"")*)"')
        return match[1].replace('""', '"') if match else None


class CSharp(Parser):
    words: ClassVar[dict[str, Any]] = {
        "true": True, "false": False, "(object)null": None, "double.NaN": math.nan, "double.PositiveInfinity": math.inf,
        "double.NegativeInfinity": -math.inf,
    }  # fmt: skip
    long = r'System\.Numerics\.BigInteger\.Parse\("(-?\d+)"\)'

    def compound(self) -> Any:
        if self.take(r"new Dictionary<string,Object>\{"):
            return self.pairs(r"\{", ",", r"\}", ",", r"\}")
        match = self.take(r"new (object)?(?: )?\[\] \{")
        return self.many(",", r"\}", self.value, match[1] is None) if match else _NOTHING


class FSharp(Parser):
    words: ClassVar[dict[str, Any]] = {
        "true": True,
        "false": False,
        "None": None,
        "nan": math.nan,
        "infinity": math.inf,
        "-infinity": -math.inf,
    }
    long = r"\((-?\d+)I\)"

    def compound(self) -> Any:
        if self.take(r"box \("):
            value = self.value()
            assert self.take(r"\)")
            return (value,)
        if self.take("Map.empty<string, obj>"):
            return {}
        if not self.take(r"\["):
            return _NOTHING
        if self.take(r"(?=\(\")"):
            found = self.pairs(r"\(", ",", r"\)", ";", r"\] \|> Map\.ofList", alike=True)
            return {key: item[0] if isinstance(item, tuple) else item for key, item in found.items()}
        return [item[0] if isinstance(item, tuple) else item for item in self.many(";", r"\]", self.value, alike=not self.take(r"(?=\])"))]


class PowerShell(Parser):
    words: ClassVar[dict[str, Any]] = {
        "$True": True, "$False": False, "$Null": None, "[double]::NaN": math.nan, "[double]::PositiveInfinity": math.inf,
        "[double]::NegativeInfinity": -math.inf,
    }  # fmt: skip
    long = r"\[bigint\]::Parse\('(-?\d+)'\)"

    def compound(self) -> Any:
        if self.take(r"@\{"):
            found = self.pairs("", "=", "", ";", r"\}")
            assert len({key.lower() for key in found}) == len(found)
            return found
        if not self.take(r"@\("):
            return _NOTHING
        kept = self.take(",")
        items = self.many(",", r"\)", self.value)
        return items[0] if len(items) == 1 and isinstance(items[0], list) and not kept else items

    def text(self) -> str | None:
        codes = self.take(r"\(-join \[char\[\]\]\(([\d, ]+)\)\)")
        if codes:
            return joined(list(map(int, codes[1].split(","))))
        match = self.take(r"'((?:[ -&(-~]|'')*)'")
        return match[1].replace("''", "'") if match else None


PARSERS = {
    "R": R, "scala": Scala, "julia": Julia, "matlab": Matlab, "C#": CSharp, ".net-csharp": CSharp, "F#": FSharp, ".net-fsharp": FSharp,
    "PowerShell": PowerShell, ".net-powershell": PowerShell, "sparkkernel": Scala, "sparkrkernel": R,
}  # fmt: skip


def same(one: Any, other: Any) -> bool:
    """Equal, in types too; NaN is NaN."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(item, other[key]) for key, item in one.items())
    return type(one) is type(other) and (one == other or (one != one and other != other))


def within(value: Any) -> list[Any]:
    """The value and all that is in it, keys too."""
    inside = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value, *(found for item in inside for found in within(item))]


def may_be_refused(value: Any, language: str) -> bool:
    """What a language has no literal for."""
    parts = within(value)
    if any(isinstance(part, str) and "\0" in part for part in parts):
        return True
    if language in ("R", "sparkrkernel", "matlab"):
        named = "R" if language != "matlab" else ""
        return any(type(part) is int and abs(part) > 2**53 for part in parts) or (
            named == "R" and any(isinstance(part, dict) and "" in part for part in parts)
        )
    return "owershell" in language and any(isinstance(part, dict) and len({key.lower() for key in part}) < len(part) for part in parts)


@pytest.mark.parametrize("language", PARSERS)
@settings(max_examples=150, deadline=None)
@given(value=_value)
def test_a_value_comes_out_equal_or_is_refused(language: str, value: Any) -> None:
    """By the rules of its language: of what it replaces in texts, of the types of lists, of numbers."""
    try:
        code = cell_code({"x": value}, language)
    except ValueError as problem:
        assert str(problem).startswith("parameter 'x': ") and may_be_refused(value, language), value
        return
    assert not may_be_refused(value, language)
    heading, _, line = code.partition("\n")
    match = re.fullmatch(r"(?:val |var |let |\$)?x = (.*?);?\n", line, re.DOTALL)
    assert match and "Parameters" in heading, code
    parser = PARSERS[language](match[1])
    assert same(parser.whole(), value), (code, value)


@settings(max_examples=100, deadline=None)
@given(_text | st.integers() | st.floats() | st.booleans() | st.lists(_text | st.integers() | st.floats()))
def test_bash_gets_what_was_meant(value: Any) -> None:
    """Words, and lists of words, in bash itself: nothing in them is replaced or run."""
    texts = [
        {True: "true", False: "false"}[item] if isinstance(item, bool) else str(item)
        for item in (value if isinstance(value, list) else [value])
    ]
    try:
        code = cell_code({"x": value}, "bash")
    except ValueError:
        assert any("\0" in text for text in texts)
        return
    done = subprocess.run(
        ["bash", "-c", f'{code}printf "%s\\0" "${{x[@]}}"'], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    )  # fmt: skip
    assert done.stderr == b""
    assert done.stdout.decode().split("\0")[:-1] == (texts or [""])


@pytest.mark.parametrize("value", [{"a": 1}, [["a"]], [{"a": 1}], [None], "a\0b", ["\ud800"]])
def test_what_bash_cannot_hold_is_refused_with_a_way_out(value: Any) -> None:
    """Its name, why, and what to give instead."""
    with pytest.raises(ValueError, match=r"^parameter 'x': "):
        cell_code({"x": value}, "bash")


def test_a_language_that_nobody_knows_is_told() -> None:
    """With the two ways to read parameters in it all the same."""
    with pytest.raises(ValueError, match="register a translator for it with papermill, or read them from context.json"):
        cell_code({"x": 1}, "ruby")


@pytest.mark.parametrize("kernel", sorted(LANGUAGES))
def test_plain_values_are_written_as_papermill_writes_them(kernel: str) -> None:
    """Numbers, words, plain texts: a notebook that was made for papermill sees the same cell."""
    values: dict[str, Any] = {"a": 1, "b": -7, "c": 1.5, "d": True, "e": False}
    if "powershell" not in kernel:  # where papermill's text is one in which things are replaced
        values["f"] = "plain text"
    language = {"r": "R", "c#": ".net-csharp", "f#": ".net-fsharp", "powershell": ".net-powershell"}.get(kernel, kernel)
    assert cell_code(values, kernel) == translate_parameters(language, language, values, "Parameters")
