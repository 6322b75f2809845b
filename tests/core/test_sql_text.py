"""SQL as text: held against a reader that goes sign by sign, and against texts that are put together from known statements."""

from __future__ import annotations

import math
from datetime import date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nbflow.core.sql_text import literal, parameters_of, statements_of, tokens_of, unclosed, with_literals

_signs = st.sampled_from(
    ["'", '"', "`", "\\", "$$", "$a$", "/*", "*/", "/*+", "--", "\n", "\r", ";", ":", "::", "r", "R", "a", "b1", " ", "(", ")", "+", "x://"]
)


def _slow(text: str) -> str:
    """What each sign of ``text`` belongs to: a Text, a quoted Name, a Comment, Open, or plain (``.``)."""
    kinds: list[str] = []
    at = 0
    while at < len(text):
        end, kind = _slow_one(text, at)
        kinds += kind * (end - at)
        at = end
    return "".join(kinds)


def _slow_one(text: str, at: int) -> tuple[int, str]:
    """Where what begins at ``at`` ends, and what it is."""
    rest = text[at:]
    if rest.startswith("--"):
        end = at + 2
        while end < len(text) and (text[end] not in "\r\n" or (text[end] == "\n" and text[end - 1] == "\\" and end - 1 >= at + 2)):
            end += 1
        return end, "C"
    if rest.startswith("/*"):
        depth, end, hint = 0, at, rest.startswith("/*+")
        while end < len(text):
            if text.startswith("*/", end):
                depth, end = depth - 1, end + 2
                if depth == 0:
                    return end, "C"
            elif text.startswith("/*", end) and (end == at or not (hint or text.startswith("/*+", end))):
                depth, end = depth + 1, end + 2
            else:
                end += 1
        return len(text), "O"
    after_word = at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_")
    if rest[:1] in ("r", "R") and rest[1:2] in ("'", '"') and not after_word:
        end = text.find(rest[1], at + 2)
        return (end + 1, "T") if end >= 0 else (at + 1, ".")
    for quote, kind in (("'", "T"), ('"', "T"), ("`", "N")):
        if rest.startswith(quote):
            return _slow_quoted(text, at, quote, kind)
    if rest.startswith("$"):
        tag_end = at + 1
        while tag_end < len(text) and text[tag_end].isalpha():
            tag_end += 1
        if text[tag_end : tag_end + 1] == "$":
            tag = text[at : tag_end + 1]
            end = text.find(tag, tag_end + 1)
            return (end + len(tag), "T") if end >= 0 else (len(text), "O")
    if rest[0].isalpha() and not after_word:  # an address is one word, whatever signs are in it
        end = at
        while end < len(text) and text[end].isalpha():
            end += 1
        if text.startswith("://", end) and end + 3 < len(text) and (text[end + 3].isalnum() or text[end + 3] in "_/-.?=&#%"):
            end += 3
            while end < len(text) and (text[end].isalnum() or text[end] in "_/-.?=&#%"):
                end += 1
            return end, "."
    return at + 1, "."


def _slow_quoted(text: str, at: int, quote: str, kind: str) -> tuple[int, str]:
    """The longest text that begins with the quote at ``at`` and ends with one: a doubled one does not end it, where another follows."""
    end, last = at + 1, -1
    while end < len(text):
        if text[end] == "\\" and quote != "`":
            end += 2
        elif text[end] == quote:
            last = end + 1
            if text[end + 1 : end + 2] != quote:
                return last, kind
            end += 2
        else:
            end += 1
    return (last, kind) if last > 0 else (len(text), "O")


@given(st.lists(_signs, max_size=25).map("".join))
@example("/*+/*/*")
def test_what_a_sign_belongs_to(text: str) -> None:
    """A reader that goes sign by sign sees the same texts, names and comments, and the same that are never closed."""
    kinds = {"text": "T", "dollars": "T", "quoted": "N", "open": "O", "word": ".", "sign": "."}
    seen = [" "] * len(text)
    for token in tokens_of(text):
        for at in range(token.start, token.end):
            seen[at] = kinds[token.kind]
    slow = _slow(text)
    for at, kind in enumerate(seen):
        assert kind == slow[at] or (kind == " " and (slow[at] == "C" or text[at].isspace()))
    found = unclosed(text)
    assert (found[1] if found else -1) == slow.find("O")


_values = st.sampled_from(
    [
        "1", "'a;b'", "'it''s;'", r"'\';'", '"x;y"', "`q;``w`", "/* ; /* ; */ ; */ 2", "/* /*+ ; */ 2", "-- ;\n3", "-- \\\n;\n4", "a::int", r"r'\'",
        "end", "t.case", "begin", "$$ ; $$", "$a$ ; $$ ; $a$", "hdfs://a/b--c", "CASE WHEN a THEN CASE b WHEN 1 THEN 2 END ELSE 3 END", "f(x):y",
    ]
)  # fmt: skip
"""Expressions; none of them holds a ``;`` that ends a statement."""

_plain = st.lists(_values, min_size=1, max_size=4).map(lambda values: "SELECT " + ", ".join(values))


def _block(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A statement of a script that holds others."""
    body = st.lists(inner, min_size=1, max_size=3).map(lambda parts: "".join(f"{part};\n" for part in parts))
    case = st.builds("CASE x WHEN 1 THEN {} ELSE {} END CASE".format, body, body)
    others = ["IF a = 1 THEN {} END IF", "WHILE a DO {} END WHILE", "REPEAT {} UNTIL a END REPEAT", "BEGIN {} END", "l: LOOP {} END LOOP l",
              "l: BEGIN {} END l", "FOR r AS SELECT 1 DO {} END FOR", "DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN {} END"]  # fmt: skip
    return case | st.builds(lambda form, text: form.format(text), st.sampled_from(others), body)


_script = st.builds(
    lambda form, parts: form.format("".join(f"{part};\n" for part in parts)),
    st.sampled_from(["BEGIN {} END", "l: BEGIN {} END l", "BEGIN ATOMIC {} END", "CREATE OR REPLACE PROCEDURE p(x INT) AS BEGIN {} END"]),
    st.lists(st.recursive(_plain, _block, max_leaves=6), max_size=3),
)


@given(st.lists(_plain | _script | st.sampled_from(["BEGIN", "BEGIN TRANSACTION", "COMMIT"]), max_size=5))
def test_a_statement_ends_where_it_does(statements: list[str]) -> None:
    """Whatever texts, names, comments and scripts hold: of statements that were joined by semicolons each comes back whole."""
    text = "-- ;\n" + " ;; /* ; */\n;".join(statements)
    for whole in (text, f"{text};"):
        assert [whole[piece.start : piece.end] for piece in statements_of(whole)] == statements


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("SELECT :a, :b FROM IDENTIFIER(:t) WHERE x=:c AND y IN (:d,:e) LIMIT :n", ["a", "b", "t", "c", "d", "e", "n"]),
        ("SELECT x::int, raw:owner, ':no', ts >= '10:30', $$ :no $$ -- :no", []),
        ("SELECT raw[0]:no, `raw`:no, f(x):no, b[1:2], m :5, /*+ :no */ date:no", []),
        ("SELECT a :b, m[:i], -:c, :d::int, LIMIT:n, :`odd ``name`", ["b", "i", "c", "d", "n", "odd `name"]),
        ("SELECT :a || :a", ["a", "a"]),
    ],
)
def test_parameters_are_found(statement: str, names: list[str]) -> None:
    """No casts, no fields, no slices, nothing in texts, comments and hints; each is where it stands."""
    found = parameters_of(statement)
    assert [parameter.name for parameter in found] == names
    for parameter in found:
        written = statement[parameter.start : parameter.end]
        assert written in (f":{parameter.name}", ":`" + parameter.name.replace("`", "``") + "`")


def test_literals_take_the_place_of_parameters() -> None:
    """Where they are ones; a quote or a backslash in a value ends no text, and a sign or a word before them takes in nothing of them."""
    text = "SELECT :a, ':a', :`b c`, :n, :f, x::int, :day, :at, :r, :tiny FROM t"
    values = {
        "a": "it's \\ x",
        "b c": None,
        "n": 5,
        "f": True,
        "day": date(2026, 1, 31),
        "at": datetime(2026, 1, 31, 5, 7),
        "r": 1.5,
        "tiny": 1e-7,
    }
    told = "SELECT 'it\\'s \\\\ x', ':a', NULL, 5, true, x::int, DATE'2026-01-31', TIMESTAMP'2026-01-31 05:07:00', 1.5D, 1e-07D FROM t"
    assert with_literals(text, values) == told
    glued = with_literals("DELETE FROM t WHERE a > 5-:n AND b =:n LIMIT:m", {"n": -3, "m": 9})
    assert glued == "DELETE FROM t WHERE a > 5- -3 AND b = -3 LIMIT 9"
    for value in ([1], math.inf, math.nan):
        with pytest.raises(ValueError, match="has no literal"):
            literal(value)
