"""``nbflow report``: a run, or a pipeline's last runs, as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbflow.core.errors import UsageError
from nbflow.define.nearest import did_you_mean, there_are
from nbflow.surface.cli.layout import short_path
from nbflow.surface.cli.options import common_options
from nbflow.surface.cli.session import Session
from nbflow.surface.cli.terminal import stderr, stdout

if TYPE_CHECKING:
    from nbflow.workspace import Workspace

_RUNS = ("last", "last-failed")


@click.command("report")
@click.argument("what", metavar="RUN|PIPELINE")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it there; else report.html in runs/.")
@click.option("--open", "opened", is_flag=True, help="Show it in the browser.")
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many runs of a pipeline.")
@common_options()
@click.pass_obj
def command(session: Session, what: str, output: Path | None, opened: bool, limit: int) -> None:
    """Write a page that needs no server and no network.

    RUN is an id, 'last' or 'last-failed': its graph, timeline, errors, parameters, values, logs and executed notebooks.
    PIPELINE is a name or a pipeline's file: its last runs, task by task.
    """
    from nbflow.surface.report.reports import write_pipeline_report, write_run_report

    workspace = session.find()
    store = workspace.store
    place = None if output is None else output.absolute()
    if what in _RUNS or what.removeprefix("#").isdecimal():
        written = write_run_report(store, store.resolve(what), place)
    else:
        written = write_pipeline_report(store, _pipeline(workspace, what), limit, place)
    stdout.line(short_path(written))
    if opened:
        import webbrowser

        if not webbrowser.open(written.as_uri()):
            stderr.line("no browser can be started here; open the file by hand")


def _pipeline(workspace: Workspace, what: str) -> str:
    """The name of a pipeline that ran. Raises ``UsageError``."""
    ran = workspace.store.pipelines()
    if what in ran:
        return what
    try:
        name = workspace.pipeline_name(what, Path.cwd())
    except UsageError:
        hint = did_you_mean(what, [*ran, *_RUNS]) or (there_are(ran) if ran else "nothing has been run in this workspace yet")
        raise UsageError(f"{what!r} is no run, and no pipeline that ran", hint) from None
    if name not in ran:
        raise UsageError(f"{name} has not run yet", f"`nbflow run {what}` makes its first run")
    return name
