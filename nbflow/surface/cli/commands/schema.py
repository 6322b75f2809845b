"""``nbflow schema``: the JSON Schema of pipeline files, for editors."""

from __future__ import annotations

import click

from nbflow.surface.cli.options import common_options
from nbflow.surface.cli.terminal import stdout


@click.command("schema")
@common_options()
def command() -> None:
    """Print the JSON Schema of pipeline files, as it is shipped. Editors complete and check with it."""
    from importlib.resources import files

    stdout.line(files("nbflow.define").joinpath("pipeline.schema.json").read_text(encoding="utf-8").rstrip())
