"""Writing to people whose terminals, encodings and patience differ."""

from __future__ import annotations

import io
import os
import re

from hypothesis import given
from hypothesis import strategies as st

from nbflow.surface.cli.terminal import Out, clean, harmless, one_line

_pieces = st.sampled_from(
    [
        "\x1b[31m",
        "\x1b[2J",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x1bP1$r\x1b\\",
        "\x9b5A",
        "\x1b",
        "a",
        "é",
        "\n",
        "\t",
    ]
)


@given(st.lists(_pieces | st.text(max_size=5)).map("".join))
def test_clean_text_moves_no_cursor(text: str) -> None:
    """Nothing that a terminal obeys is left in cleaned text, but line ends and tabs."""
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", clean(text))


@given(st.lists(_pieces | st.text(max_size=5)).map("".join))
def test_printed_text_keeps_no_escape_but_colours(text: str) -> None:
    """Of what a task printed a terminal gets colours at most, and none where they are not wanted."""
    assert "\x1b" not in harmless(text, colours=False)
    assert not re.sub(r"\x1b\[[0-9;:]*m", "", harmless(text, colours=True)).count("\x1b")


def test_ordinary_text_stays() -> None:
    """Text without escapes is what it was, brackets that look like markup too."""
    text = "ValueError: [red]\\x1b[/] naïve 表\n\tdone"
    assert clean(text) == text
    assert clean("\x1b[31mred\x1b[0m and \x1b]0;evil\x07plain") == "red and plain"


def test_one_line_is_one_and_cut() -> None:
    """Text of many lines comes out as one, not longer than the limit."""
    assert one_line("a\n  b\r\nc") == "a b c"
    assert len(one_line("x" * 500, 50)) == 50


def test_a_reader_who_left_disturbs_nobody() -> None:
    """After the reading end of a pipe is closed, writing goes on without an error and says why nothing arrives."""
    reading, writing = os.pipe()
    out = Out(os.fdopen(writing, "w"))
    os.close(reading)
    out.line("nobody hears this")
    out.line("nor this")
    assert isinstance(out.lost, BrokenPipeError)


def test_an_encoding_without_the_letter() -> None:
    """A letter that the encoding has not is written as its escape."""
    raw = io.BytesIO()
    out = Out(io.TextIOWrapper(raw, encoding="ascii"))
    out.line("naïve 表")
    assert raw.getvalue() == b"na\\xefve \\u8868\n"
