"""``nbflow schema``: the JSON Schema of pipeline files, for editors."""

from __future__ import annotations

import click

from nbflow.surface.cli.layout import columns
from nbflow.surface.cli.options import common_options
from nbflow.surface.cli.terminal import stdout


@click.command("schema")
@click.option("--coverage", is_flag=True, help="List every key instead, and what it does here.")
@common_options()
def command(coverage: bool) -> None:
    """Print the JSON Schema of pipeline files, as it is shipped. Editors complete and check with it."""
    from importlib.resources import files

    if coverage:
        _print_coverage()
        return
    stdout.line(files("nbflow.define.pipeline_files").joinpath("pipeline.schema.json").read_text(encoding="utf-8").rstrip())


def _print_coverage() -> None:
    from nbflow.define.pipeline_files.vocabulary import OBJECTS
    from nbflow.define.pipeline_files.words import Standing

    words = {Standing.DONE: "done", Standing.IDLE: "no effect", Standing.REFUSED: "refused", Standing.CLOUD: "refused"}
    heading, *lines = columns(
        [
            ("key", "here", "what it is"),
            *((f"{name}.{key}", words[entry.standing], entry.doc) for name, keys in OBJECTS.items() for key, entry in keys.items()),
        ]
    )
    stdout.line(stdout.paint(heading, "bold"))
    for line in lines:
        stdout.line(line)
