"""The report of a pipeline: its last runs beside one another, task by task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nbflow.core.moments import duration_text
from nbflow.core.plain_text import clean
from nbflow.core.progress import RunProgress, TaskProgress, error_text
from nbflow.core.records import RunRecord, run_payload
from nbflow.plan.export.marks import in_turn, mark_of
from nbflow.surface.report.page import filled
from nbflow.surface.report.run_page import moment_text

_MOST_FAILURES = 200


def matrix_page(pipeline: str, newest_first: Sequence[RunRecord], reports: dict[int, Path], place: Path) -> str:
    """The page of the runs, the oldest on the left. ``reports`` are the reports of single runs that there are; the page will lie at
    ``place``, where links start."""
    runs = [(run, RunProgress.of(run_payload(run))) for run in reversed(newest_first)]
    tasks = [progress.every for _, progress in runs]
    keys = dict.fromkeys(task.task_key for run in newest_first for task in run.tasks)
    seconds = [run.duration_s for run, _ in runs if run.duration_s is not None]
    good = sum(progress.state == "SUCCESS" for _, progress in runs)
    counted = {task.state: 1 for found in tasks for task in found.values()} | {progress.state: 1 for _, progress in runs}
    return filled(
        "matrix.html",
        pipeline=pipeline,
        runs=[_run(run, progress, _link(reports.get(run.run_id), place)) for run, progress in runs],
        rows=[{"key": key, "cells": [_cell(run, found.get(key)) for (run, _), found in zip(runs, tasks)]} for key in keys],
        heading=[
            ("succeeded", f"{good} of {len(runs)}"),
            ("middle duration", duration_text(sorted(seconds)[len(seconds) // 2] if seconds else None)),
            ("newest", moment_text(runs[-1][0].started) if runs else "-"),
        ],
        states=[state for state, _ in in_turn(counted)],
        failures=[row for run, progress in reversed(runs) for row in _failures(run, progress)][:_MOST_FAILURES],
    )


def _link(report: Path | None, place: Path) -> str | None:
    if report is None:
        return None
    import os
    from urllib.parse import quote

    try:
        return quote(os.path.relpath(report, place.parent).replace(os.sep, "/"))
    except ValueError:  # on another drive
        return report.as_uri()


def _run(run: RunRecord, progress: RunProgress, link: str | None) -> dict[str, Any]:
    local = run.started.astimezone()
    return {
        "run_id": run.run_id,
        "state": progress.state,
        "day": local.strftime("%m-%d"),
        "clock": local.strftime("%H:%M"),
        "took": _took(run),
        "link": link,
    }


def _took(run: RunRecord) -> str:
    if run.duration_s is not None or run.interrupted:
        return duration_text(run.duration_s)
    return f"{duration_text((datetime.now(timezone.utc) - run.started).total_seconds())} so far"


def _cell(run: RunRecord, task: TaskProgress | None) -> dict[str, str] | None:
    if task is None:
        return None
    mark = mark_of(task.state)
    return {"state": task.state, "kind": mark.kind, "letter": mark.letter, "title": f"run {run.run_id}, {task.task_key}: {task.said}"}


def _failures(run: RunRecord, progress: RunProgress) -> list[tuple[Any, ...]]:
    return [
        (
            run.run_id,
            key,
            task.state,
            (task.error.get("cell") or "") if task.error else "",
            clean(error_text(task.error))[:500] if task.error else "",
        )
        for key, task in progress.every.items()
        if task.failed
    ]
