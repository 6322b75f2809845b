"""``%load_ext nbflow`` and ``%nbflow …``: parse, call, show."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from nbflow.surface.jupyter.run import Run

_USAGE = {
    "run": "%nbflow run PIPELINE [-p name=value ...] [--only SELECTOR ...] [--job KEY] [--workspace DIR]",
    "open": "%nbflow open [PIPELINE/]TASK [-p name=value ...] [--job KEY]",
    "close": "%nbflow close",
    "params": "%nbflow params [NOTEBOOK]",
    "plan": "%nbflow plan PIPELINE [-p name=value ...] [--only SELECTOR ...] [--job KEY] [--format text|mermaid|json]",
    "runs": "%nbflow runs [--pipeline NAME] [-n N], or %nbflow runs show RUN [TASK]",
}
COMMANDS = tuple(_USAGE)
"""What may stand behind ``%nbflow``."""


def nbflow(line: str) -> Any:
    """``%nbflow run medallion -p source=events.csv``: run a pipeline and show what came of it; ``open silver``: develop this
    notebook as that task; ``params``, ``plan``, ``runs``: what the commands of these names tell.

    A run that fails raises nothing (see ``Run.raise_for_result``). Raises ``UsageError`` and ``DefinitionError`` where
    nothing was started, so that the cells below do not go on.
    """
    from nbflow.core.errors import NbflowError

    try:
        command, given = _split(line)
        return _DO[command](given)
    except NbflowError as error:
        said = str(error)
        error._render_traceback_ = lambda: [said]  # type: ignore[attr-defined]  # what IPython shows in place of a traceback
        raise


def _split(line: str) -> tuple[str, list[str]]:
    """The command and its arguments. Raises ``UsageError`` for a line that is none."""
    from nbflow.core.errors import UsageError
    from nbflow.define.nearest import did_you_mean

    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{error}; {_use(line.split(maxsplit=1)[0] if line.split() else '')}") from None
    if not words:
        raise UsageError(f"what shall be done? {_use('run')}; or {', '.join(COMMANDS[1:-1])} or {COMMANDS[-1]}")
    if words[0] not in COMMANDS:
        hint = did_you_mean(words[0], COMMANDS) or f"there are {', '.join(COMMANDS)}"
        raise UsageError(f"there is no %nbflow {words[0]}: {hint}; {_use('run')}")
    return words[0], words[1:]


def _use(command: str) -> str:
    return f"use: {_USAGE.get(command, _USAGE['run'])}"


def _run(given: Sequence[str]) -> Run:
    from nbflow.surface.jupyter.calls import run_pipeline

    parser = _parser("run")
    parser.add_argument("pipeline")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--workspace")
    found, values = _parsed("run", parser, given)
    return run_pipeline(found.pipeline, workspace=found.workspace, only=found.only, job=found.job, parameters=values)


def _open(given: Sequence[str]) -> None:
    from pathlib import Path

    from IPython.display import display

    from nbflow.surface.inside.context import current
    from nbflow.surface.jupyter.here import notebook_here, task_named
    from nbflow.surface.jupyter.opening import open_task
    from nbflow.workspace import Workspace

    parser = _parser("open")
    parser.add_argument("task", nargs="?", default="")
    found, values = _parsed("open", parser, given)
    if current() is not None:
        print("in a run the run's own parameters hold: nothing is opened")
        return
    workspace, namespace = Workspace.find(Path.cwd()), _namespace()
    task = task_named(found.task, workspace.root, notebook_here(namespace), found.job)
    display(open_task(task, workspace, values, namespace))


def _close(given: Sequence[str]) -> None:
    from nbflow.core.errors import UsageError
    from nbflow.surface.inside.parameters import choices
    from nbflow.surface.inside.parameters.form import refresh

    if given:
        raise UsageError(f"close takes no arguments; {_use('close')}")
    problem = choices.open_as(None, _namespace())
    refresh()
    print(problem or "the notebook's own defaults hold")


def _params(given: Sequence[str]) -> None:
    from nbflow.core.errors import UsageError
    from nbflow.surface.jupyter.here import notebook_here

    if not given:
        here = notebook_here(_namespace())
        if here is None:
            raise UsageError(f"this notebook's file is not known here; {_use('params')}")
        given = [str(here)]
    _tell("params", given)


def _tell(command: str, given: Sequence[str]) -> None:
    from nbflow.surface.jupyter.told import told

    print(told(command, given, _use(command)))


_DO: dict[str, Callable[[Sequence[str]], Any]] = {
    "run": _run,
    "open": _open,
    "close": _close,
    "params": _params,
    "plan": lambda given: _tell("plan", given),
    "runs": lambda given: _tell("runs", given),
}


def _parser(command: str) -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(f"%nbflow {command}", add_help=False, exit_on_error=False, allow_abbrev=False)
    parser.add_argument("-p", dest="pairs", action="append", default=[])
    parser.add_argument("--job")
    parser.error = _refuse  # type: ignore[method-assign,assignment]  # argparse would end the process
    return parser


def _parsed(command: str, parser: argparse.ArgumentParser, given: Sequence[str]) -> tuple[Any, dict[str, str]]:
    """The arguments, and the values of ``-p`` by name. Raises ``UsageError`` with the usage."""
    import argparse

    from nbflow.core.errors import UsageError

    try:
        found = parser.parse_args(given)
        pairs = [pair.partition("=") for pair in found.pairs]
        if any(not sign or not name for name, sign, _ in pairs):
            raise ValueError("write -p name=value")
    except (argparse.ArgumentError, ValueError) as error:
        raise UsageError(f"{error}; {_use(command)}") from None
    return found, {name: value for name, _, value in pairs}


def _refuse(message: str) -> None:
    raise ValueError(message)


def _namespace() -> dict[str, Any]:
    from IPython import get_ipython

    shell = get_ipython()
    namespace: dict[str, Any] = shell.user_ns if shell is not None else {}
    return namespace


def load_ipython_extension(shell: Any) -> None:
    """Called by ``%load_ext nbflow``: ``%nbflow``, and what a notebook has in a run."""
    from nbflow.surface.inside.databricks.magics import install
    from nbflow.surface.jupyter.completion import complete_in

    shell.register_magic_function(nbflow, "line", "nbflow")
    complete_in(shell)
    install(shell, spark=True)
