"""``nbflow init``: a small project that runs at once."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from nbflow.core.errors import DefinitionError, Mistake, UsageError
from nbflow.surface.cli.layout import short_path
from nbflow.surface.cli.options import common_options
from nbflow.surface.cli.terminal import stdout

_TEMPLATE = Path(__file__).parent.parent / "template"
_LEFT_OUT = ("__pycache__", "__init__.py", ".ipynb_checkpoints")


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@common_options()
def command(folder: Path) -> None:
    """Write a small working project into DIR (the current folder): notebook, pipeline, sample data and settings.

    Nothing is ever overwritten: where one of the files is there already, none is written.
    """
    wanted = _template_files(_TEMPLATE, "")
    conflicts = _conflicts(folder, wanted)
    if conflicts:
        raise DefinitionError([Mistake(reason, short_path(path), hint="nothing was written") for path, reason in conflicts])
    written = _write(folder, wanted)
    for path in written:
        stdout.line(f"  {short_path(path)}")
    name = next((Path(path).stem for path in sorted(wanted) if path.startswith("pipelines/")), "")
    into = "" if folder.resolve() == Path.cwd().resolve() else f"cd {shlex.quote(short_path(folder))} && "
    stdout.line(f"\nRun it: {into}nbflow run {name}")


def _template_files(folder: Path, lead: str) -> dict[str, bytes]:
    """The content of every file of the template by its relative path."""
    found: dict[str, bytes] = {}
    for entry in folder.iterdir():
        if entry.name in _LEFT_OUT:
            continue
        name = f"{lead}{entry.name}"
        if entry.is_dir():
            found |= _template_files(entry, f"{name}/")
        else:
            found[name] = entry.read_bytes()
    return found


def _conflicts(folder: Path, wanted: dict[str, bytes]) -> list[tuple[Path, str]]:
    """What stands in the way, in order: files that are there, and files where folders are needed."""
    problems: dict[Path, str] = {}
    for name in sorted(wanted):
        path = folder / name
        if os.path.lexists(path):
            problems[path] = "is there already"
        for parent in [*path.relative_to(folder).parents][::-1]:
            if os.path.lexists(folder / parent) and not (folder / parent).is_dir():
                problems[folder / parent] = "is no folder"
    return list(problems.items())


def _write(folder: Path, wanted: dict[str, bytes]) -> list[Path]:
    """Write all files, or none: what was made is taken away again when one cannot be written."""
    made: list[Path] = []
    try:
        for name in sorted(wanted):
            path = folder / name
            for parent in [*path.parents][::-1]:
                if not parent.exists():
                    parent.mkdir()
                    made.append(parent)
            with path.open("xb") as file:
                made.append(path)
                file.write(wanted[name])
    except OSError as error:
        for path in reversed(made):
            path.rmdir() if path.is_dir() else path.unlink()
        raise UsageError(f"{error.filename or folder} cannot be written: {error.strerror}", "nothing was left behind") from None
    return [path for path in made if not path.is_dir()]
