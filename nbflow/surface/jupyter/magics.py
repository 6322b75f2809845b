"""``%load_ext nbflow`` and ``%nbflow run …``: parse, call, show."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbflow.surface.jupyter.run import Run

_USAGE = "use: %nbflow run PIPELINE [-p name=value ...] [--only SELECTOR ...] [--job KEY] [--workspace DIR]"


def nbflow(line: str) -> Run:
    """``%nbflow run medallion -p source=events.csv``: run a pipeline and show what came of it.

    A run that fails raises nothing (see ``Run.raise_for_result``). Raises ``UsageError`` and ``DefinitionError`` where
    nothing was started, so that the cells below do not go on.
    """
    from nbflow.core.errors import NbflowError
    from nbflow.surface.jupyter.calls import run_pipeline

    try:
        pipeline, given = _parsed(line)
        return run_pipeline(pipeline, **given)
    except NbflowError as error:
        said = str(error)
        error._render_traceback_ = lambda: [said]  # type: ignore[attr-defined]  # what IPython shows in place of a traceback
        raise


def _parsed(line: str) -> tuple[str, dict[str, Any]]:
    import argparse

    from nbflow.core.errors import UsageError

    parser = argparse.ArgumentParser("%nbflow", add_help=False, exit_on_error=False)
    parser.add_argument("command", choices=["run"])
    parser.add_argument("pipeline")
    parser.add_argument("-p", dest="pairs", action="append", default=[])
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--job")
    parser.add_argument("--workspace")
    parser.error = _refuse  # type: ignore[method-assign,assignment]  # argparse would end the process
    try:
        given = parser.parse_args(shlex.split(line))
        pairs = [pair.partition("=") for pair in given.pairs]
        if any(not sign or not name for name, sign, _ in pairs):
            raise ValueError("write -p name=value")
    except (argparse.ArgumentError, ValueError) as error:
        raise UsageError(f"{error}; {_USAGE}") from None
    values = {name: value for name, _, value in pairs}
    return given.pipeline, {"workspace": given.workspace, "only": given.only, "job": given.job, "parameters": values}


def _refuse(message: str) -> None:
    raise ValueError(message)


def load_ipython_extension(shell: object) -> None:
    """Called by ``%load_ext nbflow``."""
    shell.register_magic_function(nbflow, "line", "nbflow")  # type: ignore[attr-defined]  # IPython's shell
