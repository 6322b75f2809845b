"""A run drawn for a notebook (a picture and a table, as HTML) and for a prompt (text).

What is kept of a run lies in the notebook's file for good, so it is short: no tag is closed that HTML closes itself, no attribute bears
quotes that it does not need (in the file each of them takes two characters), and of many tasks long values are told by their beginning.
"""

from __future__ import annotations

import os
import re
import sys
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nbflow.core.plain_text import one_line
from nbflow.core.progress import RUNNING, RunProgress, error_text, shown_lines
from nbflow.plan.export.canvas import graph_words
from nbflow.plan.export.graph import graph_svg
from nbflow.plan.export.marks import mark_of
from nbflow.surface.inside.context import current
from nbflow.surface.jupyter.view import RunView, TaskRun

_BAD, _WARN = (f"color-mix(in srgb,currentColor 45%,{colour})" for colour in ("#d1242f", "#9a6700"))
"""No one colour can be read on a light and on a dark ground: these go half way to that of the text around, whatever theme it is of."""
_COLOURS = {"bad": _BAD, "warn": _WARN}
_WIDTH, _LEAST_SCALE = re.compile(r' width="([\d.]+)"'), 0.7
_MOST_ROWS = 200
_MOST_LINES = 25
_MOST_OPEN = 12
_MOST_ERRORS = 3
_MOST_NOTES = 8
_LONGEST, _LONGEST_OF_MANY = 300, 80
_LEFT = " style=text-align:left"
_WHOLE = "white-space:nowrap"


def run_bundle(run: RunView) -> dict[str, Any]:
    """The run as a cell shows it and a notebook keeps it: HTML, and for who cannot show that a text with not too many lines."""
    return {"text/plain": run_text(run, _MOST_LINES), "text/html": run_html(run)}


def run_text(run: RunView, most: int = _MOST_ROWS) -> str:
    """A line for the run, one for each task, and the notes; of very many tasks those that did not succeed come first, and only ``most``
    are told. Where their notebooks lie is told once where there are many."""
    lines = [_title(run)]
    shown, more = _shown(run, most)
    width = max((len(key) for key, _ in shown), default=0)
    results = _results(run)
    wide = max((len(results[key]) for key, _ in shown), default=0)
    folder = _folder_of(run) if len(run.tasks) > _MOST_OPEN else None
    for key, task in shown:
        kept = task.notebook or task.log
        name = "" if kept is None else _seen(kept) if folder is None else os.path.relpath(kept, folder)
        parts = [f"  {key:<{width}}", f"{results[key]:<{wide}}", f"{_seconds(task.duration):>8}", name, _why(task)]
        lines.append("  ".join(part for part in parts if part).rstrip())
    lines += [f"  {more}"] if more else []
    lines += [f"  notebooks and logs: {_seen(folder)}"] if folder is not None else []
    lines += [f"  report: {_seen(run.report)}"] if run.report is not None else []
    return "\n".join([*lines, *(f"  {note}" for note in _notes(run))])


def run_html(run: RunView) -> str:
    """The errors, the graph, a table of the tasks with result, time and values, whose names open the executed notebooks, and the notes.

    All is escaped. The picture is an image in an address of its own: notebooks that are not trusted, and hosts of code, show nothing else.
    """
    title = f'<div><b style="color:{_colour(run.state)}">{_text(_title(run))}</b></div>'
    failed = [(key, task) for key, task in run.tasks.items() if task.error is not None and not task.ok]
    errors = "".join(_failure(key, task) for key, task in failed[:_MOST_ERRORS])
    report = "" if run.report is None else f"<div>report: {_link(run.report, run.report.name)}</div>"
    notes = "".join(f"<div>{_text(note)}</div>" for note in _notes(run))
    return f"<div>{title}{errors}{_picture(run)}{_table(run)}{report}{notes}</div>"


def _failure(key: str, task: TaskRun) -> str:
    """The task's error and the cell that raised it, to be opened."""
    said = f"<b>{_text(key)}</b> {_text(cut(_why(task)))}"
    shown = shown_lines(task.error or {})
    if shown:
        lines = "\n".join(cut(line) for line in shown)
        said = f"<details open><summary>{said}</summary><pre style='font-family:monospace'>{_text(lines)}</pre></details>"
    return f'<div style="border-left:4px solid #d1242f;padding-left:10px">{said}</div>'


def _picture(run: RunView) -> str:
    progress = RunProgress.of(run.document)
    if not progress.tasks:
        return ""
    picture = graph_svg(progress, titles=False)
    data = b64encode(picture.encode()).decode("ascii")
    # A picture that is a little too wide is made smaller; one that is much too wide is scrolled.
    least = round(_LEAST_SCALE * float(_WIDTH.findall(picture)[0]))
    style = f"max-width:max(100%,{least}px);height:auto"
    return f'<img alt="{escape(graph_words(progress))}" style="{style}" src="data:image/svg+xml;base64,{data}">'


def _table(run: RunView) -> str:
    """Columns that would be empty are left out; of many tasks those that did not succeed come first, and the table can be closed."""
    shown, left = _shown(run, _MOST_ROWS)
    count, results = len(run.tasks), _results(run)
    longest, styles = (_LONGEST, _FEW) if count <= _MOST_OPEN else (_LONGEST_OF_MANY, _MANY)
    rows = [_row(key, task, results[key], longest) for key, task in shown]
    kept = [at for at in range(len(_NAMES)) if any(row[at] for row in rows)]
    heads = "".join(f"<th{styles[at]}>{_NAMES[at]}</th>" for at in kept)
    body = "".join("<tr>" + "".join(f"<td{styles[at]}>{row[at]}" for at in kept) for row in rows)
    more = f"<div>{left}</div>" if left else ""
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}"
    closed = count > _MOST_OPEN and run.ok
    return f"<details><summary>{count} tasks</summary>{table}</details>" if closed else table


def _shown(run: RunView, most: int) -> tuple[list[tuple[str, TaskRun]], str]:
    """The tasks that are shown, and how many are not, in words."""
    tasks = list(run.tasks.items())
    if len(tasks) <= most:
        return tasks, ""
    return sorted(tasks, key=lambda item: item[1].ok)[:most], f"and {len(tasks) - most} more tasks"


_NAMES = ("task", "result", "time", "values", "error")
_FEW = (_LEFT, f"{_LEFT};{_WHOLE}", f" style={_WHOLE}", _LEFT, _LEFT)
_MANY = (_LEFT, "", "", _LEFT, _LEFT)
"""Which columns begin at the left, and which are never broken; notebooks have all at the right, as figures are. Of many tasks each that
has a style costs."""


def _row(key: str, task: TaskRun, result: str, longest: int) -> tuple[str, ...]:
    values = ", ".join(f"{name} = {value!r}" for name, value in task.values.items())
    kept = task.notebook or task.log
    name = _text(key) if kept is None else _link(kept, key)
    if not task.ok:
        result = f"<span style='color:{_colour(result.partition(' ')[0])}'>{_text(result)}</span>"
    took = _seconds(task.duration)
    if longest < _LONGEST:  # there no column has a style that keeps it whole
        result, took = result.replace(" (attempt ", "\N{NO-BREAK SPACE}(attempt\N{NO-BREAK SPACE}"), took.replace(" ", "\N{NO-BREAK SPACE}")
    return name, result, took, _text(cut(values, longest)), _text(cut(_why(task), longest))


def _link(path: Path, name: str) -> str:
    return f"<a href='{escape(quote(_seen(path)))}'>{_text(name)}</a>"


def _title(run: RunView) -> str:
    """The first line. Of a run that goes on it says of which moment it is: a notebook may be saved and closed at any time."""
    took = f" in {run.duration:.1f} s" if run.duration is not None else ""
    engine = f", {run.engine_words}" if run.engine_words else ""
    moment = f", as of {run.as_of:%Y-%m-%d %H:%M:%S}; {how_it_ended(run.run_id)}" if run.state == RUNNING else ""
    return f"{run.pipeline}: run {run.run_id} {run.state}{took}{engine}{moment}"


def how_it_ended(run_id: int) -> str:
    """Who tells that of a run which is not watched any more."""
    return f"`nbflow runs show {run_id}` tells how the run ended"


def _notes(run: RunView) -> list[str]:
    """The notes, each on a line that is not too long; of many the first and how many there are besides."""
    notes = [one_line(note, _LONGEST) for note in run.notes]
    more = len(notes) - _MOST_NOTES
    return notes if more <= 0 else [*notes[:_MOST_NOTES], f"and {more} more notes"]


def _results(run: RunView) -> Mapping[str, str]:
    """The state of each task in a word: its result, else whether it runs or waits; with the attempt that it came to."""
    return {key: task.result for key, task in RunProgress.of(run.document).every.items()}


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"


def _why(task: TaskRun) -> str:
    if task.error is not None and not task.ok:
        where = f"cell {task.error['cell']}: " if task.error.get("cell") else ""
        return where + error_text(task.error)
    return one_line(task.reason or "", 10 * _LONGEST)


def cut(text: str, limit: int = _LONGEST) -> str:
    """``text``, of a long one its beginning."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _text(text: str) -> str:
    """``text`` as it stands between tags."""
    return escape(text, quote=False)


def _colour(word: str) -> str:
    return _COLOURS.get(mark_of(word).kind, "inherit")


def _folder_of(run: RunView) -> Path | None:
    """The folder of the executed notebooks and the logs, where they lie in one."""
    kept = [task.notebook or task.log for task in run.tasks.values()]
    folders = {path.parents[key.count("/")] for key, path in zip(run.tasks, kept, strict=True) if path is not None}
    return folders.pop() if len(folders) == 1 else None


def _seen(path: Path) -> str:
    """``path`` from the folder of the notebook that is open, which is what its links start at."""
    try:
        return os.path.relpath(path, _folder())
    except (OSError, ValueError):
        return os.fspath(path)


def _folder() -> str:
    """The notebook's folder as the run or its front end told this kernel: VS Code by a variable, a Jupyter server by its environment; else
    the current one, in which most kernels start."""
    task = current()
    if task is not None:
        return task.folder
    for named in (vars(sys.modules["__main__"]).get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")):
        if isinstance(named, str) and os.path.isabs(named) and os.path.isdir(os.path.dirname(named)):
            return os.path.dirname(named)
    return os.getcwd()
