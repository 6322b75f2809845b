"""``%load_ext nbflow`` and ``%nbflow run …``: parse, call, show."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbflow.surface.jupyter.run import Run

_USAGE = "use: %nbflow run PIPELINE [-p name=value ...] [--only SELECTOR ...] [--workspace DIR]"


def nbflow(line: str) -> Run | None:
    """``%nbflow run medallion -p source=events.csv``: run a pipeline and show what came of it."""
    from nbflow.core.errors import NbflowError, UsageError
    from nbflow.surface.jupyter.calls import run_pipeline

    try:
        pipeline, values, only, workspace = _parsed(line)
        return run_pipeline(pipeline, workspace=workspace, only=only, parameters=values)
    except UsageError as error:
        print(f"nbflow: {error}", file=sys.stderr)
    except NbflowError as error:
        print(error, file=sys.stderr)
    return None


def _parsed(line: str) -> tuple[str, dict[str, str], list[str], str | None]:
    import argparse

    from nbflow.core.errors import UsageError

    parser = argparse.ArgumentParser("%nbflow", add_help=False, exit_on_error=False)
    parser.add_argument("command", choices=["run"])
    parser.add_argument("pipeline")
    parser.add_argument("-p", dest="pairs", action="append", default=[])
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--workspace")
    parser.error = _refuse  # type: ignore[method-assign,assignment]  # argparse would end the process
    try:
        given = parser.parse_args(shlex.split(line))
        pairs = [pair.partition("=") for pair in given.pairs]
        if any(not sign or not name for name, sign, _ in pairs):
            raise ValueError("write -p name=value")
    except (argparse.ArgumentError, ValueError) as error:
        raise UsageError(f"{error}; {_USAGE}") from None
    return given.pipeline, {name: value for name, _, value in pairs}, given.only, given.workspace


def _refuse(message: str) -> None:
    raise ValueError(message)


def load_ipython_extension(shell: object) -> None:
    """Called by ``%load_ext nbflow``."""
    shell.register_magic_function(nbflow, "line", "nbflow")  # type: ignore[attr-defined]  # IPython's shell
