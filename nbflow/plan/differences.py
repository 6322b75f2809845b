"""Where the embedded engine answers otherwise than Spark: the table that the conformance suite keeps, and its use in code.

Reading tells only what stands there by name: a method, an option, a function or words of SQL. What depends on the data is
not found by it.
"""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from nbflow.define.notebooks.literals import dotted
from nbflow.define.notebooks.source import parse_cell

_SQL_CALLS = ("sql", "expr", "selectExpr")
_SQL_CELL = re.compile(r"\s*%%?sql\b[^\n]*\n")
_SQL_TOKENS = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<text>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\")|(?P<name>`[^`]*`)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Signs:
    """By what a difference shows in code. ``names``: methods and attributes in Python. ``options``: names of options, settings and keywords,
    ``name=value`` for one value of it. ``functions``: of SQL, and of the same name in Python. ``words``: of SQL."""

    names: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One kind of difference. ``what`` is a sentence for people, ``spark`` and ``sail`` are answers to the first of the
    ``programs`` of the suite that show it; ``kind`` is ``refused`` where Sail has an error for an answer, ``crashed`` where it
    breaks down, else ``differs``."""

    key: str
    area: str
    what: str
    spark: str
    sail: str
    kind: str
    programs: tuple[str, ...]
    signs: Signs


@functools.lru_cache(maxsize=1)
def known_differences() -> tuple[Difference, ...]:
    """The table, area by area."""
    document = json.loads(files("nbflow.plan").joinpath("differences.json").read_text("utf-8"))
    return tuple(
        Difference(
            **{
                **entry,
                "programs": tuple(entry["programs"]),
                "signs": Signs(**{name: tuple(signs) for name, signs in entry["signs"].items()}),
            }
        )
        for entry in document["differences"]
    )


def found_in(source: str, language: str) -> list[tuple[Difference, int]]:
    """The differences that ``source`` uses, each with the first line (from 1) that does; ``language`` is ``python`` or ``sql``.

    Code that is no Python holds none.
    """
    if language == "python" and (head := _SQL_CELL.match(source)) is not None:
        traces = list(_sql_traces("\n" * head.group().count("\n") + source[head.end() :]))
    elif language == "python":
        traces = list(_python_traces(source))
    else:
        traces = list(_sql_traces(source))
    found = []
    for difference in known_differences():
        lines = [line for sign, line in traces if sign in _signs_of(difference)]
        if lines:
            found.append((difference, min(lines)))
    return sorted(found, key=lambda pair: pair[1])


_Sign = tuple[str, str]


@functools.cache
def _signs_of(difference: Difference) -> frozenset[_Sign]:
    signs = difference.signs
    given = {"name": signs.names, "option": signs.options, "function": signs.functions, "words": signs.words}
    return frozenset((kind, name.lower()) for kind, names in given.items() for name in names)


@functools.lru_cache(maxsize=1)
def _sql_patterns() -> tuple[tuple[_Sign, re.Pattern[str]], ...]:
    """What is looked for in SQL, each sign with its pattern."""
    made = []
    for kind, name in sorted({sign for difference in known_differences() for sign in _signs_of(difference)}):
        words = r"\s+".join(map(re.escape, name.split())).replace(r"\s+\(", r"\s*\(")
        if kind == "function":
            made.append(((kind, name), re.compile(rf"(?<![\w.]){words}\s*\(", re.IGNORECASE)))
        elif kind == "words":
            made.append(((kind, name), re.compile(rf"(?<!\w){words}" + (r"(?!\w)" if name[-1].isalnum() else ""), re.IGNORECASE)))
        elif kind == "option":
            key, _, value = name.partition("=")
            ends = rf"['\"]?\s*=?\s*['\"]?{re.escape(value)}(?!\w)" if value else r"(?!\w)"
            made.append(((kind, name), re.compile(rf"(?<!\w){re.escape(key)}{ends}", re.IGNORECASE)))
    return tuple(made)


def _sql_traces(text: str) -> Iterator[tuple[_Sign, int]]:
    """Each sign in a text of SQL with its line; comments and literals hold none, but an option's name may be quoted."""
    bare = _SQL_TOKENS.sub(_blank, text)
    spoken = _SQL_TOKENS.sub(lambda found: _blank(found) if found["comment"] else found.group(), text)
    for sign, pattern in _sql_patterns():
        where = spoken if sign[0] == "option" else bare
        for found in pattern.finditer(where):
            yield sign, where.count("\n", 0, found.start()) + 1


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found.group())


def _python_traces(source: str) -> Iterator[tuple[_Sign, int]]:
    try:
        tree = parse_cell(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield ("name", node.attr.lower()), node.end_lineno or node.lineno  # of a chain over lines, where the name stands
        elif isinstance(node, ast.Call):
            yield from _call_traces(node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield from _option_traces(key.value, value, key.lineno)


def _call_traces(call: ast.Call) -> Iterator[tuple[_Sign, int]]:
    name = _called(call).lower()
    yield ("function", name), call.func.end_lineno or call.lineno
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield from _option_traces(keyword.arg, keyword.value, keyword.value.lineno)
    if call.args and (first := _text(call.args[0])) is not None:
        yield from _option_traces(first, call.args[1] if len(call.args) > 1 else None, call.args[0].lineno)
    if name in map(str.lower, _SQL_CALLS):
        for argument in call.args:
            if (text := _text(argument)) is not None:
                yield from ((sign, argument.lineno + line - 1) for sign, line in _sql_traces(text))


def _called(call: ast.Call) -> str:
    """The last part of the name that is called."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return dotted(call.func) or ""


def _option_traces(name: str, value: ast.expr | None, line: int) -> Iterator[tuple[_Sign, int]]:
    yield ("option", name.lower()), line
    if isinstance(value, ast.Constant):
        yield ("option", f"{name}={value.value!s}".lower()), line


def _text(node: ast.expr) -> str | None:
    """A string as far as it stands there; for what is put in a word stands."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "x" for part in node.values)
    return None
