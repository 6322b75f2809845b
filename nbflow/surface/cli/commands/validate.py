"""``nbflow validate``: every mistake of pipeline files and notebooks, without starting anything."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbflow.core.errors import DefinitionError, Mistake, UsageError
from nbflow.core.results import ExitCode
from nbflow.surface.cli.layout import short_path
from nbflow.surface.cli.options import (
    allow_missing_option,
    common_options,
    compat_option,
    job_option,
    json_option,
    read_pairs,
    refuse_warnings,
    strict_option,
    target_option,
    variable_option,
)  # fmt: skip
from nbflow.surface.cli.session import DOCUMENT_VERSION, Session, errors_document, print_json
from nbflow.surface.cli.settings_options import settings_options
from nbflow.surface.cli.start import start_of
from nbflow.surface.cli.terminal import one_line, stderr, stdout

if TYPE_CHECKING:
    from nbflow.workspace import Workspace

PIPELINES = (".yml", ".yaml")
NOTEBOOKS = (".ipynb",)
_BUNDLE = "databricks.yml"


@click.command("validate")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@json_option
@job_option
@target_option
@variable_option
@strict_option
@allow_missing_option
@compat_option
@settings_options("engine")
@common_options()
@click.pass_obj
def command(
    session: Session,
    paths: tuple[str, ...],
    as_json: bool,
    job: str | None,
    target: str | None,
    variables: tuple[str, ...],
    strict: bool | None,
    allow_missing: bool | None,
    compat: bool | None,
    settings: dict[str, Any],
) -> int:
    """Check pipeline files, the notebooks they name, and notebooks; print all mistakes with file, line and key.

    PATH is a file, a folder (everything in it; of a workspace its pipelines/), or the name of a pipeline; without one it
    is the workspace. Exit code 2 when something is wrong. With --engine sail, and where that is a pipeline's engine, what notebooks use that Sail does
    otherwise than Spark is told as warnings.
    """
    checked: list[str] = []
    warnings: list[Mistake] = []
    mistakes: list[Mistake] = []
    flags = {"strict": strict, "allow_missing": allow_missing, "compat": compat}
    chosen = {"target": target, "variables": read_pairs(variables, "--var")}
    for path in dict.fromkeys(_named(session, paths or [_workspace(session)], mistakes)):
        try:
            workspace = session.find(start_of(path), {**settings, **flags})
            warned = _check(workspace, path, job, chosen)
            if workspace.settings.strict:
                refuse_warnings(warned)
            warnings += warned
        except DefinitionError as error:
            mistakes += error.mistakes
        except UsageError as error:
            mistakes.append(Mistake(error.message, hint=error.hint))
        except OSError as error:
            mistakes.append(Mistake(f"cannot be read: {error.strerror or error}", path))
        checked.append(path)
    mistakes = list(dict.fromkeys(mistakes))
    _print(checked, list(dict.fromkeys(warnings)), mistakes, as_json)
    return int(ExitCode.WRONG_CALL if mistakes else ExitCode.SUCCESS)


def _workspace(session: Session) -> str:
    """The workspace's folder, as it is called from here. Its settings are told with the files."""
    return os.path.relpath(session.find(lenient=True).root)


def _named(session: Session, paths: Sequence[str], mistakes: list[Mistake]) -> Iterator[str]:
    """The files that the arguments mean; a folder with nothing to check is one of the ``mistakes``. A name that is a pipeline's and a folder's
    means both."""
    for named in paths:
        pipeline = os.path.isdir(named) and _is_pipeline(session, named)
        if pipeline:
            yield named
        try:
            yield from _files(named)
        except UsageError as error:
            if not pipeline:
                mistakes.append(Mistake(error.message, hint=error.hint))


def _is_pipeline(session: Session, named: str) -> bool:
    folder = session.find(lenient=True).root / "pipelines"
    return any(os.path.isfile(folder / f"{named}{ending}") for ending in PIPELINES)


def _files(named: str) -> Iterator[str]:
    """The files that an argument means. Raises ``UsageError`` for a folder with nothing to check."""
    folder = Path(named)
    if not os.path.isdir(folder):  # pathlib's own raises for a name that is too long
        yield named
        return
    if (folder / _BUNDLE).is_file():  # which names the files that belong to it
        yield str(folder / _BUNDLE)
        return
    found = sorted(_within(folder / "pipelines" if (folder / "pipelines").is_dir() else folder))
    if not found:
        raise UsageError(f"{named} holds no pipeline file and no notebook")
    yield from map(str, found)


def _within(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or (path.is_dir() and path.name in ("runs", "warehouse")):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _within(path)
        elif path.suffix in (*PIPELINES, *NOTEBOOKS) and path.is_file():
            yield path


def _check(workspace: Workspace, path: str, job: str | None, chosen: dict[str, Any]) -> tuple[Mistake, ...]:
    """The warnings of one file, with all its jobs where no ``job`` is named. Raises ``DefinitionError`` with its mistakes."""
    warnings: list[Mistake] = []
    mistakes: list[Mistake] = []
    try:
        return workspace.plan(path, {}, Path.cwd(), job=job, **chosen).warnings
    except DefinitionError:
        jobs = (
            workspace.jobs(path, Path.cwd(), target=chosen["target"]) if job is None else []
        )  # only now: most files hold one job, and reading a large one takes time
        if len(jobs) < 2:
            raise
    for each in jobs:
        try:
            warnings += workspace.plan(path, {}, Path.cwd(), job=each, **chosen).warnings
        except DefinitionError as error:
            mistakes += error.mistakes
    if mistakes:
        raise DefinitionError(mistakes)
    return tuple(warnings)


def _print(checked: list[str], warnings: list[Mistake], mistakes: list[Mistake], as_json: bool) -> None:
    if as_json:
        document = errors_document(mistakes)
        print_json(
            {"version": DOCUMENT_VERSION, "files": checked, "errors": document["errors"], "warnings": errors_document(warnings)["errors"]}
        )
        return
    for warning in warnings:
        stderr.line(f"warning: {one_line(str(warning), 2000)}")
    for mistake in mistakes:
        stderr.line(one_line(str(mistake), 2000))
    count = _counted(len(checked), "file")
    if mistakes:
        wrong = len({mistake.file for mistake in mistakes if mistake.file is not None})  # a bundle has several
        among = f" in {_counted(wrong, 'file')}" if wrong else ""
        more = f", {count} checked" if len(checked) > wrong else ""
        stderr.line(f"{_counted(len(mistakes), 'mistake')}{among}{more}")
    else:
        for path in checked:
            stdout.line(f"{short_path(path)}: ok")
        if len(checked) > 1:
            stdout.line(f"{count}, no mistake")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
