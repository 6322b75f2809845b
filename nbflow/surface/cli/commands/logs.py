"""``nbflow logs``: what the tasks of a run printed."""

from __future__ import annotations

import click

from nbflow.surface.cli.options import common_options
from nbflow.surface.cli.session import Session
from nbflow.surface.cli.terminal import clean, harmless, stdout


@click.command("logs")
@click.argument("run", metavar="RUN")
@click.argument("task", metavar="[TASK]", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on while the run goes on.")
@common_options()
@click.pass_obj
def command(session: Session, run: str, task: str | None, follow: bool) -> None:
    """Print what the tasks of RUN printed: an id, 'last' or 'last-failed'. Without TASK each line begins with its task.

    In a pipe the text comes as it was printed; a terminal is spared all escape sequences but colours.
    """
    store = session.find().store
    run_id = store.resolve(run)
    width = max((len(clean(item.task_key)) for item in store.run(run_id).tasks), default=0)
    lines = store.follow_printed(run_id, task) if follow else store.printed(run_id, task)
    for line in lines:
        lead = "" if line.task_key == task else f"{clean(line.task_key):<{width}} | "
        raw = line.stream in ("stdout", "stderr") and not stdout.isatty()
        stdout.write(f"{lead}{line.text if raw else harmless(line.text, stdout.coloured)}\n")
        if follow:
            stdout.flush()
        if stdout.lost is not None:
            break
