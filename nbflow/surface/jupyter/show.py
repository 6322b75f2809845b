"""A run drawn for a notebook (HTML) and for a prompt (text)."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from urllib.parse import quote

from nbflow.surface.jupyter.view import RunView, TaskRun, error_text

_COLOURS = {"SUCCESS": "#1a7f37", "FAILED": "#cf222e", "TIMEDOUT": "#cf222e"}
_OTHER = "#9a6700"


def run_text(run: RunView) -> str:
    """A line for the run and one for each task."""
    lines = [_title(run)]
    width = max((len(key) for key in run.tasks), default=0)
    for key, task in run.tasks.items():
        kept = task.notebook or task.log
        notebook = _seen(kept) if kept else ""
        parts = [f"  {key:<{width}}", f"{_word(task):<8}", f"{_seconds(task.duration):>8}", notebook, _why(task)]
        lines.append("  ".join(part for part in parts if part).rstrip())
    return "\n".join(lines)


def run_html(run: RunView) -> str:
    """A table of the tasks with result, time, values, a link to the executed notebook, and the error; all escaped."""
    rows = "".join(_row(key, task) for key, task in run.tasks.items())
    names = ("task", "result", "time", "notebook", "values", "error")
    heads = "".join(f'<th style="text-align:left">{name}</th>' for name in names)
    title = f'<div><b style="color:{_colour(run.state)}">{escape(_title(run))}</b></div>'
    return f"<div>{title}<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"


def _row(key: str, task: TaskRun) -> str:
    values = ", ".join(f"{name} = {value!r}" for name, value in task.values.items())
    link = ""
    kept = task.notebook or task.log
    if kept is not None:
        seen = _seen(kept)
        link = f'<a href="{escape(quote(seen), quote=True)}">{escape(seen)}</a>'
    result = f'<span style="color:{_colour(_word(task))}">{escape(_word(task))}</span>'
    why = escape(_cut(_why(task)))
    source = task.error.get("source") if task.error is not None and not task.ok else None
    if source:
        why = f"<details><summary>{why}</summary><pre>{escape(_cut(source, 2000))}</pre></details>"
    cells = [escape(key), result, escape(_seconds(task.duration)), link, escape(_cut(values)), why]
    return "<tr>" + "".join(f'<td style="text-align:left">{cell}</td>' for cell in cells) + "</tr>"


def _title(run: RunView) -> str:
    took = f" in {run.duration:.1f} s" if run.duration is not None else ""
    return f"{run.pipeline}: run {run.run_id} {run.state}{took}"


def _word(task: TaskRun) -> str:
    return str(task.result) if task.result is not None else "-"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"


def _why(task: TaskRun) -> str:
    if task.error is not None and not task.ok:
        where = f"cell {task.error['cell']}: " if task.error.get("cell") else ""
        return where + error_text(task.error)
    return task.reason or ""


def _cut(text: str, limit: int = 300) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _colour(word: str) -> str:
    return _COLOURS.get(word, _OTHER)


def _seen(path: Path) -> str:
    """``path`` from the current folder, which in a notebook is what its links start at."""
    try:
        return os.path.relpath(path)
    except (OSError, ValueError):
        return os.fspath(path)
