"""``nbflow cancel``: ask a live run to end."""

from __future__ import annotations

import getpass

import click

from nbflow.core.errors import UsageError
from nbflow.surface.cli.options import common_options
from nbflow.surface.cli.session import Session
from nbflow.surface.cli.terminal import stdout


@click.command("cancel")
@click.argument("run", metavar="RUN")
@common_options()
@click.pass_obj
def command(session: Session, run: str) -> None:
    """Ask RUN, an id or 'last', to end in good order: what runs is interrupted, what waits is not started.

    It ends with exit code 4. Asked twice, it ends at once.
    """
    store = session.find().store
    run_id = store.resolve(run)
    if not store.is_live(run_id):
        raise UsageError(f"run {run_id} is not running: it is {store.run(run_id).state}", "'nbflow runs' lists what runs")
    store.request(run_id, "cancel", f"{getpass.getuser()} (nbflow cancel)")
    stdout.line(f"run {run_id}: asked to end")
