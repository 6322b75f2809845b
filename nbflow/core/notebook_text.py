"""Notebooks kept as text: Databricks' source format (Python, SQL), its exports, and jupytext's percent format.

Who plans a run and who runs ``%run ./other`` in a kernel cut a file into the same cells, by these functions. Cells in
another language than Python become cell magics.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

_MARKS = {"python": "#", "sql": "--"}
_HEADER = "Databricks notebook source"
_COMMAND = re.compile(r"(?:#|--) COMMAND -+\s*$")
_TITLE = re.compile(r"(?:#|--) DBTITLE \d+,(?P<title>.*)$")
_HEAD = re.compile(r"%(?P<magic>[a-z][a-z-]*)(?P<rest>(?:[ \t].*)?)\Z")
_PERCENT = re.compile(r"#\s*%%(?P<rest>(?:\s.*)?)$")
_PERCENT_HEADER = re.compile(r"\A# ---\n(?:#.*\n)*?# ---\n")
_TAGS = re.compile(r"tags[\"']?\s*[=:]\s*\[(?P<tags>[^\]]*)\]")
_HIDDEN = re.compile(r"^(\s*)# ([%!][a-zA-Z].*)$", re.MULTILINE)
_QUOTED = re.compile(r"\A(\"\"\"|''')\n?(?P<text>.*?)\n?\1\s*\Z", re.DOTALL)

EXPORT = "application/vnd.databricks.v1+notebook"
"""The key in the metadata of a notebook that Databricks exported."""


@dataclass(frozen=True, slots=True)
class TextCell:
    """One cell. ``kind`` is nbformat's ``cell_type``; ``line`` is the line of the file, from 1, that the first line of ``source``
    stands in: a little before it where a line was put in front."""

    kind: str
    source: str
    line: int
    tags: tuple[str, ...] = ()
    title: str = ""


def is_databricks(text: str, language: str = "python") -> bool:
    """Whether ``text`` is a notebook in Databricks' source format, of that language."""
    return text.lstrip("\ufeff \t\r\n").startswith(f"{_MARKS[language]} {_HEADER}")


def is_percent(text: str) -> bool:
    """Whether ``text`` is cut into cells by ``# %%``."""
    return any(_PERCENT.match(line) for line in text.splitlines())


def source_cells(text: str, language: str = "python") -> list[TextCell]:
    """The cells of a notebook in Databricks' source format; ``language`` is that of cells which name none."""
    cells: list[TextCell] = []
    begun: list[str] | None = None
    start = 1
    for number, line in enumerate([*_lines(text), f"{_MARKS[language]} COMMAND ----------"], 1):
        if begun is None:
            if _HEADER in line:
                begun, start = [], number + 1
        elif _COMMAND.match(line):
            cells += _source_cell(begun, start, language)
            begun, start = [], number + 1
        else:
            begun.append(line)
    return cells


def _source_cell(lines: list[str], start: int, language: str) -> list[TextCell]:
    title = ""
    while lines and (not lines[0].strip() or _TITLE.match(lines[0])):
        found = _TITLE.match(lines[0])
        title = found["title"].strip() if found else title
        lines, start = lines[1:], start + 1
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    if not lines:
        return []
    magic = f"{_MARKS[language]} MAGIC"
    if all(line.startswith(magic) or not line.strip() for line in lines):
        source = "\n".join(line[len(magic) :].removeprefix(" ") for line in lines)
    else:
        source = "\n".join(lines)
    return [replace(databricks_cell(source, language, start), title=title)]


def databricks_cell(source: str, language: str = "python", line: int = 1) -> TextCell:
    """A cell as Databricks has it, its language in a magic at its head or that of the notebook, as Jupyter takes it."""
    head, _, body = source.partition("\n")
    found = _HEAD.match(head.rstrip())
    magic, rest = (found["magic"], found["rest"].strip()) if found else (language, "")
    if found is None:
        rest, body = "", source
    if magic in ("md", "md-sandbox"):
        return TextCell("markdown", "\n".join(filter(None, (rest, body))).strip("\n"), line)
    if magic == "python":
        whole = body if not rest else f"{rest}\n{body}" if body else rest
        return TextCell("code", whole, line + (0 if rest or found is None else 1))
    if magic == "sh":
        options = rest if rest.startswith("-") else ""
        body = "\n".join(filter(None, ("" if options else rest, body)))
        return TextCell("code", f"%%bash {options or '--no-raise-error'}\n{body}", line - (1 if rest and not options else 0))
    if magic in ("sql", "scala", "r"):
        whole = "\n".join(filter(None, (rest, body)))
        return TextCell("code", f"%%{magic}\n{whole}", line - (1 if rest or found is None else 0))
    return TextCell("code", source, line)


def percent_cells(text: str) -> list[TextCell]:
    """The cells of a Python file that ``# %%`` cuts."""
    lines = _lines(text)
    header = _PERCENT_HEADER.match("\n".join(lines) + "\n")
    first = header.group().count("\n") if header else 0  # jupytext's own, itself in comments
    cells: list[TextCell] = []
    rest, start, begun = "", first + 1, []  # type: str, int, list[str]
    for number, line in enumerate([*lines[first:], "# %%"], first + 1):
        mark = _PERCENT.match(line)
        if mark is None:
            begun.append(line)
            continue
        cells += _percent_cell(rest, begun, start)
        rest, start, begun = mark.group("rest"), number + 1, []
    return cells


def _percent_cell(rest: str, lines: list[str], start: int) -> list[TextCell]:
    while lines and not lines[0]:
        lines, start = lines[1:], start + 1
    source = "\n".join(lines).strip("\n")
    if not source.strip():
        return []
    kind = "markdown" if "[markdown]" in rest or "[md]" in rest else "raw" if "[raw]" in rest else "code"
    if kind == "code":
        source = _HIDDEN.sub(r"\1\2", source)  # jupytext keeps magics as comments
    else:
        quoted = _QUOTED.match(source)
        source = quoted["text"] if quoted else "\n".join(line.removeprefix("#").removeprefix(" ") for line in source.split("\n"))
    found = _TAGS.search(rest)
    tags = [tag.strip().strip("\"'") for tag in found.group("tags").split(",") if tag.strip()] if found else []
    return [TextCell(kind, source, start, tuple(tags))]


def exported_language(metadata: Mapping[str, Any]) -> str | None:
    """The language of a notebook that Databricks exported; ``None`` for any other notebook."""
    kept = metadata.get(EXPORT)
    if not isinstance(kept, Mapping):
        return None
    return str(kept.get("language") or "python").lower()


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
