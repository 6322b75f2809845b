"""Notebooks kept as Python files: Databricks' source format and jupytext's percent format."""

from __future__ import annotations

import re
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake

_DATABRICKS = "# Databricks notebook source"
_COMMAND = re.compile(r"^# COMMAND -+\s*$", re.MULTILINE)
_PERCENT = re.compile(r"^#\s*%%(?P<rest>(?:\s.*)?)$")
_TAGS = re.compile(r"tags[\"']?\s*[=:]\s*\[(?P<tags>[^\]]*)\]")
_HIDDEN_MAGIC = re.compile(r"^(\s*)# ([%!][a-zA-Z].*)$")
_MAGIC = "# MAGIC"


def read_script(text: str, file: str) -> dict[str, Any]:
    """The nbformat 4 document of a Python file that is a notebook. Raises ``DefinitionError`` for one that is none."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.lstrip().startswith(_DATABRICKS):
        cells = _databricks(text.lstrip()[len(_DATABRICKS) :])
    elif any(_PERCENT.match(line) for line in text.splitlines()):
        cells = _percent(text)
    else:
        hint = f"begin it with '{_DATABRICKS}', or cut it into cells with '# %%'"
        raise DefinitionError([Mistake("is a Python file and no notebook", file, 1, hint=hint)])
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _databricks(text: str) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = []
    for part in _COMMAND.split(text):
        source = part.strip("\n")
        if not source.strip():
            continue
        lines = source.split("\n")
        if all(line.startswith(_MAGIC) or not line.strip() for line in lines):
            source = "\n".join(line[len(_MAGIC) :].removeprefix(" ") for line in lines)
            if source.startswith("%md"):
                cells.append(_cell(source[3:].strip("\n").strip(), [], len(cells), "markdown"))
                continue
            if source.startswith("%python\n"):
                source = source.partition("\n")[2]
            if source.startswith("%") and not source.startswith("%%") and source.split()[0] in ("%sql", "%sh", "%bash"):
                source = f"%{source}" if "\n" in source else source
        cells.append(_cell(source, [], len(cells)))
    return cells


def _percent(text: str) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = []
    lines: list[str] = []
    tags: list[str] = []
    kind = "code"

    def close() -> None:
        source = "\n".join(lines).strip("\n")
        if source.strip():
            if kind != "code":
                source = "\n".join(line.removeprefix("#").removeprefix(" ") for line in source.split("\n"))
            cells.append(_cell(source, tags, len(cells), kind))

    body = re.sub(r"\A# ---\n(?:#.*\n)*?# ---\n", "", text)  # jupytext's header, itself in comments
    for line in body.split("\n"):
        mark = _PERCENT.match(line)
        if mark is None:
            hidden = _HIDDEN_MAGIC.match(line) if kind == "code" else None  # jupytext keeps magics as comments
            lines.append(f"{hidden.group(1)}{hidden.group(2)}" if hidden else line)
            continue
        close()
        lines, rest = [], mark.group("rest")
        found = _TAGS.search(rest)
        tags = [tag.strip().strip("\"'") for tag in found.group("tags").split(",") if tag.strip()] if found else []
        kind = "markdown" if "[markdown]" in rest or "[md]" in rest else "raw" if "[raw]" in rest else "code"
    close()
    return cells


def _cell(source: str, tags: list[str], number: int, kind: str = "code") -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {"tags": tags} if tags else {}, "source": source}
    if kind == "code":
        cell.update(outputs=[], execution_count=None)
    return cell
