"""``nbflow tables``: what lies in the warehouse, told without starting an engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from nbflow.store.tables import Commit, TableRecord, Tables, TableView
from nbflow.surface.cli.commands import trash
from nbflow.surface.cli.layout import columns, moment, size_text
from nbflow.surface.cli.options import common_options, json_option
from nbflow.surface.cli.session import DOCUMENT_VERSION, Session, print_json
from nbflow.surface.cli.terminal import clean, one_line, stdout

_LONGEST_VALUE = 40
_ROWS_WRITTEN = ("numOutputRows", "num_added_rows")


def _tables(session: Session) -> Tables:
    workspace = session.find()
    return Tables(workspace.root / workspace.settings.warehouse)


@click.group("tables", invoke_without_command=True)
@json_option
@common_options()
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the tables of the workspace: version, rows, size, when they changed and by which run."""
    if ctx.invoked_subcommand is not None:
        return
    found = _tables(ctx.find_object(Session) or Session()).all()
    if as_json:
        print_json({"version": DOCUMENT_VERSION, "tables": [_table_document(table) for table in found]})
        return
    if not found:
        stdout.line("there are no tables")
        return
    _print([("table", "version", "rows", "size", "changed", "run"), *map(_row, found)])


command.add_command(trash.restore)
command.add_command(trash.trash)


@command.command("show")
@click.argument("name", metavar="NAME")
@click.option("--at", "version", type=click.IntRange(min=0), metavar="VERSION", help="As it was at this version.")
@click.option("-n", "--rows", type=click.IntRange(min=0), default=10, show_default=True, help="How many rows to show.")
@json_option
@common_options()
@click.pass_obj
def show(session: Session, name: str, version: int | None, rows: int, as_json: bool) -> None:
    """Show the columns of the table NAME ('bronze.events') and its first rows."""
    view = _tables(session).view(name, version, rows)
    if as_json:
        listed = [{"name": item.name, "type": item.type, "nullable": item.nullable} for item in view.columns]
        document = {**_table_document(view.record), "columns": listed, "partitions": list(view.partitions)}
        print_json({"version": DOCUMENT_VERSION, "table": document, "preview": list(view.preview)})
        return
    _print_view(view)


@command.command("history")
@click.argument("name", metavar="NAME")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@json_option
@common_options()
@click.pass_obj
def history(session: Session, name: str, limit: int, as_json: bool) -> None:
    """List the versions of the table NAME, the newest first."""
    commits = _tables(session).history(name, limit)
    if as_json:
        print_json({"version": DOCUMENT_VERSION, "history": [_commit_document(commit) for commit in commits]})
        return
    rows = [
        (
            str(commit.version),
            moment(commit.at),
            clean(commit.operation),
            _written(commit),
            _run(commit.run_id),
            clean(commit.task_key or ""),
        )
        for commit in commits
    ]
    _print([("version", "at", "operation", "rows written", "run", "task"), *rows])


def _print(rows: Sequence[tuple[str, ...]]) -> None:
    heading, *lines = columns(rows)
    stdout.line(stdout.paint(heading, "bold"))
    for line in lines:
        stdout.line(line)


def _print_view(view: TableView) -> None:
    _print([("table", "version", "rows", "size", "changed", "run"), _row(view.record)])
    if view.partitions:
        stdout.line(f"parted by {', '.join(map(clean, view.partitions))}")
    stdout.line()
    _print([("column", "type", ""), *((clean(item.name), clean(item.type), "" if item.nullable else "not null") for item in view.columns)])
    if view.preview:
        stdout.line()
        names = [item.name for item in view.columns]
        _print([tuple(map(clean, names)), *(tuple(_shown(row[name]) for name in names) for row in view.preview)])


def _shown(value: Any) -> str:
    return "null" if value is None else one_line(str(value), _LONGEST_VALUE)


def _row(table: TableRecord) -> tuple[str, ...]:
    if table.trouble is not None or table.version is None or table.changed is None:
        return (clean(table.name), "-", "-", "-", "-", one_line(table.trouble or "", 200))
    rows = "?" if table.rows is None else str(table.rows)
    return (clean(table.name), str(table.version), rows, size_text(table.size or 0), moment(table.changed), _run(table.run_id))


def _run(run_id: int | None) -> str:
    return "-" if run_id is None else str(run_id)


def _written(commit: Commit) -> str:
    return next((str(commit.metrics[name]) for name in _ROWS_WRITTEN if name in commit.metrics), "-")


def _table_document(table: TableRecord) -> dict[str, Any]:
    return {
        "name": table.name, "path": str(table.path), "version": table.version, "rows": table.rows, "size_bytes": table.size,
        "changed": None if table.changed is None else table.changed.isoformat(), "run_id": table.run_id, "trouble": table.trouble,
    }  # fmt: skip


def _commit_document(commit: Commit) -> dict[str, Any]:
    return {
        "version": commit.version, "at": commit.at.isoformat(), "operation": commit.operation, "run_id": commit.run_id,
        "task_key": commit.task_key, "metrics": dict(commit.metrics),
    }  # fmt: skip
