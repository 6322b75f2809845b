"""A run drawn for a notebook (a picture and a table, as HTML) and for a prompt (text)."""

from __future__ import annotations

import os
from base64 import b64encode
from html import escape
from pathlib import Path
from urllib.parse import quote

from nbflow.core.progress import RunProgress, error_text, shown_lines
from nbflow.plan.export.canvas import graph_words
from nbflow.plan.export.graph import graph_svg
from nbflow.plan.export.marks import mark_of
from nbflow.surface.jupyter.view import RunView, TaskRun

_BAD, _WARN = (f"color-mix(in srgb,currentColor 45%,{colour})" for colour in ("#d1242f", "#9a6700"))
"""No one colour can be read on a light and on a dark ground: these go half way to that of the text around, whatever theme it is of."""
_COLOURS = {"bad": _BAD, "warn": _WARN}
_MOST_ROWS = 200
_MOST_OPEN = 12
_MOST_ERRORS = 3
_CELL = " style='text-align:left'"  # in these quotes, for in a notebook's file each of the others takes two characters


def run_text(run: RunView) -> str:
    """A line for the run and one for each task; of very many tasks those that did not succeed come first, and some are left out."""
    lines = [_title(run)]
    shown, more = _shown(run)
    width = max((len(key) for key, _ in shown), default=0)
    states = _states(run)
    for key, task in shown:
        kept = task.notebook or task.log
        notebook = _seen(kept) if kept else ""
        parts = [f"  {key:<{width}}", f"{states[key]:<8}", f"{_seconds(task.duration):>8}", notebook, _why(task)]
        lines.append("  ".join(part for part in parts if part).rstrip())
    return "\n".join([*lines, *([f"  {more}"] if more else [])])


def run_html(run: RunView) -> str:
    """The errors, the graph, and a table of the tasks with result, time and values, whose names open the executed notebooks.

    All is escaped. The picture is an image in an address of its own: notebooks that are not trusted, and hosts of code, show nothing else.
    """
    title = f'<div><b style="color:{_colour(run.state)}">{escape(_title(run))}</b></div>'
    failed = [(key, task) for key, task in run.tasks.items() if task.error is not None and not task.ok]
    errors = "".join(_failure(key, task) for key, task in failed[:_MOST_ERRORS])
    return f"<div>{title}{errors}{_picture(run)}{_table(run)}</div>"


def _failure(key: str, task: TaskRun) -> str:
    """The task's error and the cell that raised it, to be opened."""
    said = f"<b>{escape(key)}</b> {escape(cut(_why(task)))}"
    shown = shown_lines(task.error or {})
    if shown:
        lines = "\n".join(shown)
        said = f"<details open><summary>{said}</summary><pre>{escape(lines)}</pre></details>"
    return f'<div style="border-left:4px solid #d1242f;padding-left:10px">{said}</div>'


def _picture(run: RunView) -> str:
    progress = RunProgress.of(run.document)
    if not progress.tasks:
        return ""
    data = b64encode(graph_svg(progress, titles=False).encode()).decode("ascii")
    return f'<img alt="{escape(graph_words(progress))}" style="max-width:none" src="data:image/svg+xml;base64,{data}">'


def _table(run: RunView) -> str:
    """Columns that would be empty are left out; of many tasks those that did not succeed come first, and the table can be closed."""
    shown, left = _shown(run)
    states = _states(run)
    rows = [_row(key, task, states[key]) for key, task in shown]
    kept = [at for at in range(len(_NAMES)) if any(row[at] for row in rows)]
    heads = "".join(f"<th{_CELL}>{_NAMES[at]}</th>" for at in kept)
    body = "".join("<tr>" + "".join(f"<td{_CELL}>{row[at]}</td>" for at in kept) + "</tr>" for row in rows)
    more = f"<div>{left}</div>" if left else ""
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}"
    count = len(run.tasks)
    closed = count > _MOST_OPEN and run.ok
    return f"<details><summary>{count} tasks</summary>{table}</details>" if closed else table


def _shown(run: RunView) -> tuple[list[tuple[str, TaskRun]], str]:
    """The tasks that are shown, and how many are not, in words."""
    tasks = list(run.tasks.items())
    if len(tasks) <= _MOST_ROWS:
        return tasks, ""
    return sorted(tasks, key=lambda item: item[1].ok)[:_MOST_ROWS], f"and {len(tasks) - _MOST_ROWS} more tasks"


_NAMES = ("task", "result", "time", "values", "error")


def _row(key: str, task: TaskRun, state: str) -> tuple[str, ...]:
    values = ", ".join(f"{name} = {value!r}" for name, value in task.values.items())
    name = escape(key)
    kept = task.notebook or task.log
    if kept is not None:
        name = f"<a href='{escape(quote(_seen(kept)))}'>{name}</a>"
    result = state if task.ok else f"<span style='color:{_colour(state)}'>{escape(state)}</span>"
    return name, result, escape(_seconds(task.duration)), escape(cut(values)), escape(cut(_why(task)))


def _title(run: RunView) -> str:
    took = f" in {run.duration:.1f} s" if run.duration is not None else ""
    return f"{run.pipeline}: run {run.run_id} {run.state}{took}"


def _states(run: RunView) -> dict[str, str]:
    """The state of each task in a word: its result, else whether it runs or waits."""
    return {key: task.state for key, task in RunProgress.of(run.document).every.items()}


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"


def _why(task: TaskRun) -> str:
    if task.error is not None and not task.ok:
        where = f"cell {task.error['cell']}: " if task.error.get("cell") else ""
        return where + error_text(task.error)
    return task.reason or ""


def cut(text: str, limit: int = 300) -> str:
    """``text``, of a long one its beginning."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _colour(word: str) -> str:
    return _COLOURS.get(mark_of(word).kind, "inherit")


def _seen(path: Path) -> str:
    """``path`` from the folder of the notebook that is open, which is what its links start at."""
    try:
        return os.path.relpath(path, _folder())
    except (OSError, ValueError):
        return os.fspath(path)


def _folder() -> str:
    """The notebook's folder as the Jupyter server told this kernel; else the current one, in which kernels start."""
    named = os.environ.get("JPY_SESSION_NAME", "")
    folder = os.path.dirname(named)
    return folder if os.path.isabs(named) and os.path.isdir(folder) else os.getcwd()
