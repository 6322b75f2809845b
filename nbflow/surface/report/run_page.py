"""The report of one run: what went wrong first, then its graph, its time, its tasks, tables and circumstances."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nbflow.core.moments import duration_text
from nbflow.core.plain_text import clean, one_line
from nbflow.core.progress import RUNNING, WAITING, RunProgress, TaskProgress, error_text, shown_lines
from nbflow.core.records import RunRecord, TaskRecord, run_payload
from nbflow.plan.export.boxes import boxes_of
from nbflow.plan.export.graph import graph_svg, width_of
from nbflow.plan.export.marks import in_turn, mark_of
from nbflow.plan.export.text import origin_words
from nbflow.store.printed import LogLine
from nbflow.surface.report.executed import UnshownError, executed_html
from nbflow.surface.report.page import filled
from nbflow.surface.report.timeline import Track, tracks_of

_MOST_NOTEBOOKS = 100
_MOST_BYTES = 40_000_000
_MOST_LINES = 1000
_MOST_ROWS = 100
_LONGEST_VALUE = 2000
_MOST_NAMED = 5
_LONGEST_ITEM = 60
_DOWN = 40
"""Up to so many tasks the graph is there twice, from left to right, and downwards for narrow screens, where it is the narrower one."""


def run_page(run: RunRecord, printed: Iterable[LogLine]) -> str:
    """The page of ``run``. ``printed`` is what its tasks printed; their executed notebooks are read where they lie."""
    progress, now = RunProgress.of(run_payload(run)), datetime.now(timezone.utc)
    every = progress.every
    numbers = {task.task_key: at for at, task in enumerate(run.tasks, 1)}
    links = {key: f"#task-{number}" for key, number in numbers.items()}
    logs, frames, planned = _logs(printed), _frames(run), _planned(run)
    tracks, whole = tracks_of(run, {key: task.depends_on for key, task in every.items()}, now)
    drawn = [_track(track, numbers[track.task_key], every[track.task_key], every) for track in tracks]
    wide = graph_svg(progress, links=links)
    down = graph_svg(progress, links=links, down=True) if len(boxes_of(progress)) <= _DOWN else wide
    return filled(
        "run.html",
        run=run,
        heading=_heading(run, now),
        failures=[_failure(every[key], number) for key, number in numbers.items() if every[key].failed],
        graph=_safe(wide),
        graph_down=_safe(down) if width_of(down) < width_of(wide) else None,
        tracks=drawn,
        looks=_looks(drawn),
        whole=duration_text(whole),
        tasks=[
            _task(task, numbers[task.task_key], every[task.task_key], planned.get(task.task_key, {}), logs, frames) for task in run.tasks
        ],
        tables=[row for task in run.tasks for row in _tables(task)],
        facts=[(name.replace("_", " "), _fact(value)) for name, value in run.facts.items() if value is not None],
        warnings=run.definition.get("warnings", ()),
    )


def _planned(run: RunRecord) -> dict[str, Mapping[str, Any]]:
    """Each task as it was planned, by its key in the run."""
    planned = {task["task_key"]: task for task in run.definition.get("tasks", ())}
    inside = {key: {step["task_key"]: step for step in task.get("steps") or ()} for key, task in planned.items()}
    found: dict[str, Mapping[str, Any]] = {}
    for task in run.tasks:
        steps = inside.get(task.parent or "", {})
        only: Mapping[str, Any] = next(iter(steps.values()), {}) if len(steps) == 1 else {}
        found[task.task_key] = planned.get(task.task_key, {}) if task.parent is None else steps.get(task.task_key.split("/")[-1], only)
    return found


def _safe(svg: str) -> Any:
    from markupsafe import Markup

    return Markup(svg)  # it escapes what it holds


def _heading(run: RunRecord, now: datetime) -> list[tuple[str, str]]:
    took = ("took", duration_text(run.duration_s) if run.duration_s is not None else "nobody knows how long")
    if run.state == RUNNING:
        took = ("running for", f"{duration_text(max((now - run.started).total_seconds(), 0.0))} when this was written, {moment_text(now)}")
    rows = [("started", moment_text(run.started)), took, ("Spark engine", run.engine)]
    return [*rows, *((name, _value(value)) for name, value in run.parameters.items())]


def moment_text(at: datetime | None) -> str:
    """A time in the zone of whoever writes the report, with that zone."""
    return "-" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def _failure(task: TaskProgress, number: int) -> dict[str, Any]:
    error = task.error or {}
    where = f"in cell {error['cell']}{f' of {task.cells}' if task.cells else ''}" if error.get("cell") else str(error.get("kind", ""))
    return {
        "key": task.task_key,
        "number": number,
        "state": task.state,
        "where": where,
        "said": clean(error_text(error))[:_LONGEST_VALUE],
        "source": [(line, bool(error.get("source")) and line.startswith(">")) for line in shown_lines(error)],
        "traceback": clean(error["traceback"]) if error.get("source") and error.get("traceback") else "",
    }


def _track(track: Track, number: int, task: TaskProgress, every: Mapping[str, TaskProgress]) -> dict[str, Any]:
    states = [task.state if bar.state == RUNNING else bar.state for bar in track.bars]
    tried = Counter(state for bar, state in zip(track.bars, states, strict=True) if bar.attempt)
    told = [task.state] if task.attempt else [task.state, _not_run(task, every)]
    told += [f"waited {duration_text(track.waited)}"] if track.waited >= 0.05 else []
    told += [f"ran {duration_text(track.ran)}{' so far' if task.state == RUNNING else ''}"] if track.ran else []
    told += ["when it ended is not known"] if task.state == "INTERRUPTED" else []
    if set(tried) - {task.state} or tried.total() > 1:
        told.append(f"attempts: {', '.join(f'{count} {state}' for state, count in in_turn(tried))}")
    bars = [
        {
            "state": state,
            "kind": mark_of(state).kind if bar.attempt else "waits",
            "left": round(bar.start, 3),
            "width": round(bar.width, 3),
            "title": f"attempt {bar.attempt}: {state}, {duration_text(bar.seconds)}"
            if bar.attempt
            else f"waited {duration_text(bar.seconds)}",
        }
        for bar, state in zip(track.bars, states, strict=True)
    ]
    return {"key": track.task_key, "number": number, "state": task.state, "bars": bars, "said": ", ".join(told)}


def _looks(tracks: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """The looks of what ran, each with the states that have it."""
    states = {bar["state"]: 1 for track in tracks for bar in track["bars"] if bar["kind"] != "waits"}
    found: dict[str, list[str]] = {}
    for state, _ in in_turn(states):
        found.setdefault(mark_of(state).kind, []).append(state)
    return list(found.items())


def _not_run(task: TaskProgress, every: Mapping[str, TaskProgress]) -> str:
    """Why a task has no attempt: it did not run, waits for others, or for its turn among those that run at once."""
    if task.state != WAITING:
        return "did not run"
    others = [key for key in task.depends_on if key in every and not every[key].ended]
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    return f"has not run yet, waits for {', '.join(others[:_MOST_NAMED])}{more}" if others else "has not run yet, waits for its turn"


def _task(
    task: TaskRecord,
    number: int,
    progress: TaskProgress,
    planned: Mapping[str, Any],
    logs: Mapping[str, list[str]],
    frames: Mapping[str, tuple[str, int] | str],
) -> dict[str, Any]:
    frame, log = frames.get(task.task_key, ""), logs.get(task.task_key, [])
    shown = isinstance(frame, tuple)
    took = [f"item {one_line(_value(task.input), _LONGEST_ITEM)}"] if task.index is not None else []
    took += [duration_text(task.duration_s)] if task.duration_s is not None else []
    took += [f"{len(task.attempts)} attempts"] if len(task.attempts) > 1 else []
    took += [f"ended early in cell {task.ended_at_cell}"] if task.ended_at_cell else []
    return {
        "key": task.task_key,
        "number": number,
        "state": progress.state,
        "said": ", ".join(took),
        "open": progress.failed,
        "reason": task.reason,
        "parents": ", ".join(progress.depends_on),
        "parameters": _parameters(task, planned),
        "told": [*((name, _value(value)) for name, value in task.values.items()), *_exit(task)],
        "attempts": [
            (
                at.number,
                str(at.result or progress.state),
                duration_text(at.duration_s),
                one_line(at.error.message) if at.error else "",
                moment_text(at.started),
            )
            for at in task.attempts
        ],
        "log": "\n".join(log[-_MOST_LINES:]),
        "log_cut": f" (the last {_MOST_LINES} of {len(log)} lines)" if len(log) > _MOST_LINES else "",
        "frame": frame[0] if shown else None,
        "height": frame[1] if shown else 0,
        "output": _output(task),
        "kept": task.notebook or task.log,
        "kept_as": "executed notebook" if task.notebook else "log",
        "unshown": f" {frame}" if frame and not shown else "",
    }


def _output(task: TaskRecord) -> tuple[list[str], list[list[str]]] | None:
    """The columns and the first rows of a result of SQL."""
    if not task.output or not task.output.get("columns"):
        return None
    names = [str(name) for name in task.output["columns"]]
    return names, [[_value(row.get(name)) for name in names] for row in task.output.get("rows", ())[:_MOST_ROWS]]


def _exit(task: TaskRecord) -> list[tuple[str, str]]:
    return [] if task.exit_value is None else [("exit value", _value(task.exit_value))]


def _parameters(task: TaskRecord, planned: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each parameter with its value as the task got it, and where that came from, what it refers to; as planned where the task never
    ran."""
    known = {argument["name"]: argument for argument in planned.get("parameters", ())}
    rows = []
    for name in dict.fromkeys([*known, *task.parameters]):
        argument = known.get(name)
        origin = ""
        if argument:
            known_now = argument["late"] and name in task.parameters
            origin = origin_words(argument["origin"], late=argument["late"] and not known_now, expression=argument["expression"])
            origin += f", {_value(argument['value'])}" if known_now else ""
        value = task.parameters[name] if name in task.parameters else argument and argument["value"]
        rows.append((name, _value(value), origin))
    return rows


def _tables(task: TaskRecord) -> list[tuple[Any, ...]]:
    def count(number: int | None) -> str:
        return "not told" if number is None else str(number)

    return [
        (
            write.table, task.task_key,
            str(write.last_version) if write.first_version == write.last_version else f"{write.first_version} to {write.last_version}",
            ", ".join(write.operations), count(write.inserted), count(write.updated), count(write.deleted), count(write.rows),
        )
        for write in task.tables
    ]  # fmt: skip


def _fact(value: Any) -> str:
    return _value(shlex.join(map(str, value)) if isinstance(value, list) else value)


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = clean(text)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(text)} characters)"


def _logs(printed: Iterable[LogLine]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in printed:
        found.setdefault(line.task_key, []).append(clean(line.text)[:_LONGEST_VALUE])
    return found


def _frames(run: RunRecord) -> dict[str, tuple[str, int] | str]:
    """The executed notebooks by task, as documents with their heights, or why one is not shown. Those of failed tasks first,
    for there is an end to what one file can hold."""
    frames: dict[str, tuple[str, int] | str] = {}
    total = 0
    for task in sorted(run.tasks, key=lambda each: each.error is None):
        if task.notebook is None or not task.notebook.endswith(".ipynb"):
            continue
        if len(frames) >= _MOST_NOTEBOOKS or total > _MOST_BYTES:
            frames[task.task_key] = "is not shown here: this page holds enough"
            continue
        try:
            frame = executed_html(Path(task.notebook))
        except UnshownError as error:
            frames[task.task_key] = str(error)
            continue
        frames[task.task_key] = frame
        total += len(frame[0])
    return frames
