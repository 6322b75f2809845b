"""``nbflow tables restore`` and ``nbflow tables trash``: dropped tables, brought back or deleted for good."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from nbflow.core.errors import UsageError
from nbflow.surface.cli.layout import columns, moment, short_path, size_text
from nbflow.surface.cli.options import common_options, json_option
from nbflow.surface.cli.session import DOCUMENT_VERSION, Session, print_json
from nbflow.surface.cli.terminal import clean, stdout

if TYPE_CHECKING:
    from nbflow.store.dropped import DroppedTable, DroppedTables


def _dropped(session: Session) -> DroppedTables:
    from nbflow.store.dropped import DroppedTables

    workspace = session.find()
    return DroppedTables(workspace.root / workspace.settings.warehouse)


@click.command("restore")
@click.argument("name", metavar="NAME")
@click.option("--as", "new_name", metavar="NAME", help="Give it another name.")
@json_option
@common_options()
@click.pass_obj
def restore(session: Session, name: str, new_name: str | None, as_json: bool) -> None:
    """Bring back the table NAME as it was when it was dropped last."""
    target, folder = _dropped(session).restore(name, new_name)
    if as_json:
        print_json({"version": DOCUMENT_VERSION, "restored": {"name": target, "path": str(folder)}})
        return
    stdout.line(f"{clean(target)} is back at {short_path(folder)}")


@click.command("trash")
@click.option("--empty", is_flag=True, help="Delete for good what is listed.")
@click.option("--older-than", "days", type=click.FloatRange(min=0), metavar="DAYS", help="With --empty: only what was dropped before that.")
@json_option
@common_options()
@click.pass_obj
def trash(session: Session, empty: bool, days: float | None, as_json: bool) -> None:
    """List the tables that were dropped, the newest first."""
    if days is not None and not empty:
        raise UsageError("--older-than says what --empty deletes", "add --empty")
    found = _dropped(session)
    told = found.empty(None if days is None else timedelta(days=days)) if empty else found.all()
    if as_json:
        print_json({"version": DOCUMENT_VERSION, "deleted" if empty else "dropped": [_document(item) for item in told]})
        return
    if empty:
        stdout.line(f"deleted {len(told)} dropped table{'' if len(told) == 1 else 's'}, {size_text(sum(item.size for item in told))}")
        return
    if not told:
        stdout.line("the trash is empty")
        return
    _print(told)


def _print(told: Sequence[DroppedTable]) -> None:
    rows = [
        (
            clean(item.name),
            moment(item.at),
            size_text(item.size),
            "-" if item.run_id is None else str(item.run_id),
            clean(item.task_key or ""),
        )
        for item in told
    ]
    heading, *lines = columns([("table", "dropped", "size", "run", "task"), *rows])
    stdout.line(stdout.paint(heading, "bold"))
    for line in lines:
        stdout.line(line)


def _document(item: DroppedTable) -> dict[str, Any]:
    return {
        "name": item.name, "dropped": item.at.isoformat(), "size_bytes": item.size, "run_id": item.run_id,
        "task_key": item.task_key, "path": str(item.path),
    }  # fmt: skip
