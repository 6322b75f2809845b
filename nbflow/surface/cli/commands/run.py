"""``nbflow run``: do what a pipeline says, tell how it goes, and end with its exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbflow.core.errors import UsageError
from nbflow.core.events import Event, RunStarted
from nbflow.core.ports import Listener
from nbflow.core.records import RunRecord, run_payload
from nbflow.core.results import ExitCode
from nbflow.define.command_line import as_typed, without_secrets
from nbflow.define.pipelines.kinds import KINDS
from nbflow.run.parent import NOTEBOOK
from nbflow.run.writes import Watch
from nbflow.surface.cli.board import Board
from nbflow.surface.cli.layout import short_path
from nbflow.surface.cli.options import (
    allow_missing_option,
    common_options,
    compat_option,
    from_option,
    job_option,
    json_option,
    logical_date_option,
    only_option,
    parameter_option,
    parameters_file_option,
    read_pairs,
    read_parameters,
    refuse_warnings,
    strict_option,
    target_option,
    until_option,
    variable_option,
)  # fmt: skip
from nbflow.surface.cli.progress import Lines, Silent
from nbflow.surface.cli.report import ending, print_failures, print_report
from nbflow.surface.cli.session import Session, print_json
from nbflow.surface.cli.settings_options import settings_options
from nbflow.surface.cli.start import start_of
from nbflow.surface.cli.terminal import Out, one_line, stderr, stdout

if TYPE_CHECKING:
    from nbflow.define.pipelines.pipeline import Pipeline
    from nbflow.plan.plan import Plan
    from nbflow.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Call:
    """What the command line asks for."""

    pipeline: str
    parameters: tuple[str, ...]
    parameters_file: Path | None
    only: tuple[str, ...]
    start: tuple[str, ...]
    until: tuple[str, ...]
    job: str | None
    target: str | None
    variables: tuple[str, ...]
    logical_date: str | None
    as_json: bool
    quiet: bool
    strict: bool | None
    allow_missing: bool | None
    compat: bool | None
    timeout: float | None
    run_id_file: Path | None
    begun_file: Path | None
    report: bool
    how: str
    value: bool
    settings: dict[str, Any]


@click.command("run")
@click.argument("pipeline")
@parameter_option
@parameters_file_option
@only_option
@from_option
@until_option
@job_option
@target_option
@variable_option
@logical_date_option
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but failures.")
@strict_option
@allow_missing_option
@compat_option
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="End the run after this time; 0: never.")
@click.option("--run-id-file", type=click.Path(path_type=Path), metavar="FILE", help="Write the run's id there when it begins.")
@click.option("--report", is_flag=True, help="Write the run's report when it ends: report.html beside its notebooks.")
@click.option("--begun-file", type=click.Path(path_type=Path), hidden=True)  # a document for who started this: run and workspace
@click.option("--how", default="cli", hidden=True)
@click.option("--value", is_flag=True, hidden=True)  # PIPELINE is a document of define.pipelines.handover
@settings_options()
@common_options()
@click.pass_obj
def command(session: Session, /, **given: Any) -> int:
    """Run PIPELINE: a path, the name of a file in pipelines/, or a notebook.

    Progress goes to stdout, or to stderr with --json. 'nbflow --help' lists the exit codes.
    """
    call = Call(**given)
    values = read_parameters(call.parameters, call.parameters_file)
    if call.how == NOTEBOOK:
        from nbflow.plan.reference_text import verbatim

        values = verbatim(values)  # the notebook that calls has computed them: nothing in them refers
    overrides = {**call.settings, "strict": call.strict, "allow_missing": call.allow_missing, "compat": call.compat}
    workspace = session.find(Path.cwd() if call.value else start_of(call.pipeline), overrides)
    chosen = call.logical_date, call.target, read_pairs(call.variables, "--var"), call.start, call.until
    plan = workspace.plan(_pipeline(call), values, Path.cwd(), call.only, call.job, *chosen)
    if call.timeout is not None:
        if not KINDS["seconds"].fits(call.timeout):
            raise UsageError(f"--timeout takes {KINDS['seconds'].said}, got {call.timeout}")
        plan = replace(plan, timeout_seconds=call.timeout)
    if workspace.settings.strict:
        refuse_warnings(plan.warnings)
    return _run(call, workspace, plan)


def _pipeline(call: Call) -> str | Pipeline:
    if not call.value:
        return call.pipeline
    import json

    from nbflow.define.pipelines.handover import pipeline_from_document

    return pipeline_from_document(json.loads(Path(call.pipeline).read_text(encoding="utf-8")))


def _run(call: Call, workspace: Workspace, plan: Plan) -> int:
    out = stderr if call.as_json else stdout
    for warning in plan.warnings if not call.quiet else ():
        out.line(f"warning: {one_line(str(warning), 2000)}")
    watch = Watch(workspace.root / workspace.settings.warehouse)
    steps = {task.task_key: {step.task_key: step.depends_on for step in task.steps} for task in plan.tasks if task.steps}
    board = Board(plan.uses_spark, steps)
    with _progress(call, out, board) as progress:
        listeners = [progress, *([board.progress.take] if call.quiet else []), *_told_of_begin(call, workspace.root)]
        record, code = workspace.run(plan, listeners, how=call.how, command=["nbflow", *_command(call, plan)])
    others = _others(watch, record)
    _report(call, record, code, others, out)
    notes = [*board.progress.notes, *(f"Delta table {name} changed meanwhile: version {version}" for name, version in others)]
    place, trouble = _write_report(call, workspace, record, out) if call.report else (None, [])
    if call.as_json:
        report = None if place is None else os.fspath(place)
        print_json({**run_payload(record), "notes": [*notes, *trouble], "report": report})
    return int(code)


def _command(call: Call, plan: Plan) -> list[str]:
    """The arguments of this command, as they may be kept."""
    if call.begun_file is None:
        return without_secrets(sys.argv[1:])
    folder, values = call.begun_file.parent, read_parameters((), call.parameters_file)
    return without_secrets(as_typed(sys.argv[1:], os.fspath(folder), plan.pipeline, values))


def _others(watch: Watch, record: RunRecord) -> list[tuple[str, int]]:
    """The tables that changed meanwhile and of which no record tells: nobody says who wrote them, or it was this run and
    came when its attempt had ended. With their versions."""
    told = {write.table for task in record.tasks for write in task.tables}
    found = []
    for table, commits in watch.changed():
        writers = {commit.mark and commit.mark.run_id for commit in commits}
        if table.name not in told and writers & {None, record.run_id}:
            found.append((table.name, commits[-1].version))
    return found


@contextmanager
def _progress(call: Call, out: Out, board: Board) -> Iterator[Listener]:
    drawing: AbstractContextManager[Listener]
    if call.quiet:
        drawing = Silent()
    elif out.live:
        from nbflow.surface.cli.live import Drawn  # rich only where something is drawn

        drawing = Drawn(out, board)
    else:
        drawing = Lines(out, board)
    with drawing as listener:
        yield listener


def _told_of_begin(call: Call, root: Path) -> Iterator[Listener]:
    """Listeners that write into files as soon as there is a run."""
    if call.run_id_file is not None:
        yield _BeginFile(call.run_id_file, lambda run_id: f"{run_id}\n")
    if call.begun_file is not None:
        import json

        yield _BeginFile(call.begun_file, lambda run_id: json.dumps({"run_id": run_id, "workspace": os.fspath(root)}))


class _BeginFile:
    """A listener that writes a text with the run's id into a file."""

    def __init__(self, file: Path, text: Callable[[int], str]) -> None:
        self._file, self._text = file, text
        if not file.absolute().parent.is_dir():
            raise UsageError(f"there is no folder {file.absolute().parent}", "--run-id-file names a file in it")

    def __call__(self, event: Event) -> None:
        """Take notice of the run's start."""
        if isinstance(event, RunStarted):
            part = self._file.with_name(f"{self._file.name}.{os.getpid()}.part")
            part.write_text(self._text(event.run_id), encoding="ascii")
            part.replace(self._file)


def _report(call: Call, record: RunRecord, code: ExitCode, others: list[tuple[str, int]], out: Out) -> None:
    if not call.quiet:
        print_report(record, others, out)
    elif code is not ExitCode.SUCCESS:
        print_failures(record, stderr)
        stderr.line(ending(record))


def _write_report(call: Call, workspace: Workspace, record: RunRecord, out: Out) -> tuple[Path | None, list[str]]:
    """Write the report and say where; that place, or what was in the way. That it cannot be written changes nothing of the run."""
    from nbflow.surface.report.reports import write_run_report

    try:
        place = write_run_report(workspace.store, record.run_id)
    except (Exception, KeyboardInterrupt) as error:  # the run has ended, and how it ended is what the caller must learn
        trouble = f"no report: {one_line(str(error) or 'interrupted', 1000)}"
        stderr.line(f"warning: {trouble}")
        return None, [trouble]
    if not call.quiet:
        out.line(f"report: {short_path(place)}")
    return place, []
