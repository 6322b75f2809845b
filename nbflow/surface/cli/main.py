"""The ``nbflow`` command. Each command stands in its own module, which is imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from nbflow.surface.cli.options import common_options
from nbflow.surface.cli.session import Session, asks_json
from nbflow.surface.cli.terminal import stderr, stdout

COMMANDS = {
    "run": "Run a pipeline, or one notebook.",
    "plan": "Show what a run would do, with every value.",
    "validate": "Check pipeline files and notebooks.",
    "params": "Show the parameters that a notebook declares.",
    "runs": "List runs; 'runs show RUN' tells one whole.",
    "report": "Write a run, or a pipeline's last runs, as one HTML file.",
    "logs": "Print what the tasks of a run printed.",
    "cancel": "Ask a live run to end.",
    "tables": "List the tables of the workspace; 'tables show NAME' shows one.",
    "lab": "Start JupyterLab in the workspace, with a warm Spark engine for its notebooks.",
    "engine": "Hold a Spark engine warm for the workspace: start, status, stop; 'differences' lists those of Sail.",
    "doctor": "Tell which Spark engines would start here, and what is missing.",
    "init": "Write a small project that runs at once.",
    "schema": "Print the JSON Schema of pipeline files.",
}


class _Commands(click.Group):
    """The commands of the table above; ``--help`` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"nbflow.surface.cli.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from nbflow.define.nearest import did_you_mean

            hint = did_you_mean(args[0], COMMANDS) or f"there are {', '.join(COMMANDS)}"
            msg = f"there is no command {args[0]!r} ({hint})"
            raise click.UsageError(msg, ctx)
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from nbflow import __version__

        stdout.line(f"nbflow {__version__}")
        ctx.exit()


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and exit.",
)
@common_options(outermost=True)
def cli() -> None:
    """Run parameterized Jupyter notebooks as pipelines.

    Exit codes: 0 success, 1 failed, 2 wrong call or definition (nothing was started), 3 success with failures,
    4 cancelled by somebody else, 5 skipped, 70 a fault of nbflow's own, 124 the run's time was over, 130 SIGINT,
    143 SIGTERM.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Do what the command line (``arguments``) says and end the process with the exit code of ``core.results``."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    session = Session(json=asks_json(given), debug="--debug" in given)
    try:
        code = cli.main(args=given, prog_name="nbflow", standalone_mode=False, obj=session) or 0
    except BaseException as error:
        from nbflow.surface.cli.faults import answer

        code = answer(error, session)
    sys.exit(_written(int(code)))


def _written(code: int) -> int:
    """``code``, unless all went well and yet the result could not be written. A reader who left had enough."""
    stdout.flush()
    stderr.flush()
    if stdout.lost is None or isinstance(stdout.lost, BrokenPipeError):
        return code
    stderr.line(f"nbflow: cannot write the output: {stdout.lost.strerror or stdout.lost}")
    return code or 1
