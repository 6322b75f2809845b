"""``nbflow runs``: the runs of a workspace, and one of them whole."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from nbflow.core.errors import UsageError
from nbflow.core.records import RunRecord, run_payload
from nbflow.core.run_line import EXTENSIONS
from nbflow.define.nearest import did_you_mean
from nbflow.surface.cli.layout import columns, duration, moment
from nbflow.surface.cli.options import common_options, json_option
from nbflow.surface.cli.report import STYLES
from nbflow.surface.cli.session import DOCUMENT_VERSION, Session, print_json
from nbflow.surface.cli.terminal import clean, stdout

if TYPE_CHECKING:
    from nbflow.store.store import Store

_SUMMARY = ("run_id", "pipeline", "source", "result", "state", "error", "engine", "started", "ended", "duration_s", "parameters")


@click.group("runs", invoke_without_command=True)
@click.option("--pipeline", metavar="NAME", help="Only runs of this pipeline, or of this notebook by itself (x.ipynb).")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@json_option
@common_options()
@click.pass_context
def command(ctx: click.Context, pipeline: str | None, limit: int, as_json: bool) -> None:
    """List runs, the newest first. 'nbflow runs show RUN' tells one whole."""
    if ctx.invoked_subcommand is not None:
        return
    session = ctx.find_object(Session) or Session()
    found = _found(session.find().store, pipeline, limit)
    if as_json:
        documents = [{name: run_payload(run)[name] for name in _SUMMARY} for run in found]
        print_json({"version": DOCUMENT_VERSION, "runs": documents})
        return
    if not found:
        stdout.line(f"no runs{f' of {clean(pipeline)}' if pipeline else ''} in {session.root}")
        return
    now = datetime.now(timezone.utc)
    rows = [(str(run.run_id), clean(run.title), run.state, moment(run.started), _time(run, now)) for run in found]
    heading, *lines = columns([("run", "pipeline", "state", "started", "time"), *rows])
    stdout.line(stdout.paint(heading, "bold"))
    for run, row, line in zip(found, rows, lines, strict=True):
        at = line.find(row[2], len(row[0]) + len(row[1]))
        style = STYLES.get(run.result, "yellow") if run.result else "cyan"
        stdout.line(line[:at] + stdout.paint(row[2], style) + line[at + len(row[2]) :])


def _found(store: Store, pipeline: str | None, limit: int) -> list[RunRecord]:
    name, extension = os.path.splitext(os.path.basename(pipeline or ""))
    if extension in EXTENSIONS:
        return store.runs(name, limit, name + extension) or store.runs(pipeline, limit)
    return store.runs(pipeline, limit)


def _time(run: RunRecord, now: datetime) -> str:
    if run.duration_s is not None or run.interrupted:
        return duration(run.duration_s)
    return f"{duration((now - run.started).total_seconds())} so far"


@command.command("show")
@click.argument("run", metavar="RUN")
@click.argument("task", metavar="[TASK]", required=False)
@json_option
@common_options()
@click.pass_obj
def show(session: Session, run: str, task: str | None, as_json: bool) -> None:
    """Tell RUN whole: an id, 'last' or 'last-failed'. With TASK only that one, and all of it."""
    from nbflow.surface.cli.show import print_run, print_task

    store = session.find().store
    record = store.run(store.resolve(run))
    tasks = {item.task_key: item for item in record.tasks}
    if task is not None and task not in tasks:
        hint = did_you_mean(task, tasks) or f"it has {', '.join(tasks)}"
        raise UsageError(f"run {record.run_id} has no task {task!r}", hint)
    if as_json:
        document = {**run_payload(record), "facts": record.facts}
        document["tasks"] = [item for item in document["tasks"] if task in (None, item["task_key"])]
        print_json(document)
    elif task is None:
        print_run(record, stdout)
    else:
        print_task(record, tasks[task], stdout)
