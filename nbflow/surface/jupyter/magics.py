"""``%load_ext nbflow`` and ``%nbflow …``: parse, call, show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nbflow.core.call_options import name_and_value
from nbflow.surface.jupyter.commands import COMMANDS, OPEN_OPTIONS, use_of

if TYPE_CHECKING:
    from nbflow.core.errors import Mistake
    from nbflow.surface.jupyter.opening import Asked
    from nbflow.surface.jupyter.run import Run


def nbflow(line: str) -> Any:
    """``%nbflow run medallion -p source=events.csv``: run a pipeline and show what came of it; ``open silver``: develop this
    notebook as that task; ``params``, ``plan``, ``runs``: what the commands of these names tell. ``{name}`` and ``$name`` are the
    notebook's variable of that name where there is one; ``{{...}}`` is nbflow's own.

    A run that fails raises nothing (see ``Run.raise_for_result``). Raises ``UsageError`` and ``DefinitionError`` where
    nothing was started, so that the cells below do not go on.
    """
    from nbflow.core.errors import NbflowError

    try:
        command, given = _split(line)
        given = _with_variables(given, _namespace())
        if {"-h", "--help"} & set(given):
            return _help(command, given)
        return _DO[command](given)
    except NbflowError as error:
        said = str(error)
        error._render_traceback_ = lambda: [said]  # type: ignore[attr-defined]  # what IPython shows in place of a traceback
        raise


def _split(line: str) -> tuple[str, list[str]]:
    """The command and its arguments. Raises ``UsageError`` for a line that is none."""
    from nbflow.core.errors import UsageError
    from nbflow.define.nearest import nearest

    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{error}; {use_of(line.split(maxsplit=1)[0] if line.split() else '')}") from None
    if not words:
        first, *others, last = COMMANDS
        raise UsageError(f"what shall be done? {use_of(first)}; or {', '.join(others)} or {last}")
    if words[0] not in COMMANDS:
        meant = nearest(words[0], COMMANDS, likeness=0.7)
        hint = f"did you mean {meant!r}?" if meant else f"there are {', '.join(COMMANDS)}; !nbflow calls all others"
        raise UsageError(f"there is no %nbflow {words[0]} ({hint}); {use_of(meant or 'run')}")
    return words[0], words[1:]


def _with_variables(words: Sequence[str], namespace: Mapping[str, Any]) -> list[str]:
    """``words``, each variable of the notebook in its place; a word stays one, whatever is in it."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return str(namespace[name]) if name in namespace else found[0]

    return [_VARIABLE.sub(value, word) for word in words]


_VARIABLE = re.compile(r"(?<!\{)\{([^\W\d]\w*)\}(?!\})|(?<!\$)\$([^\W\d]\w*)")


_IN_A_RUN = "in a run the run's own parameters hold: nothing is"


def _help(command: str, given: Sequence[str]) -> None:
    own = COMMANDS[command]
    if own.help:
        print(f"Usage: {own.usage}\n\n{own.help}")
        return
    words = ["show", "--help"] if command == "runs" and "show" in given else ["--help"]
    from nbflow.surface.jupyter.told import told

    print(told(command, words, use_of(command)).replace("Usage: nbflow", "Usage: %nbflow", 1))


def _run(given: Sequence[str]) -> Run:
    from nbflow.core.errors import DefinitionError, UsageError
    from nbflow.surface.inside.context import current
    from nbflow.surface.jupyter.calls import run_by_words

    if current() is not None:  # a line that was left in a notebook would run its own pipeline, which would run it again
        raise UsageError("in a run %nbflow run starts nothing: take it out, or use run_pipeline(…) or a run_job task")
    try:
        return run_by_words(given)
    except DefinitionError as error:
        for mistake in error.mistakes:
            if _is_of_the_call(mistake):
                raise UsageError(f"{mistake.message.rstrip('.')}; {use_of('run')}") from None
        raise


def _is_of_the_call(mistake: Mistake) -> bool:
    """Whether it is the call that is wrong in itself: no file, no key, and no hint but to the help."""
    return not mistake.file and not mistake.key and (mistake.hint or "see 'nbflow").startswith("see 'nbflow")


def _open(given: Sequence[str]) -> None:
    from pathlib import Path

    from IPython.display import display

    from nbflow.surface.inside.context import current
    from nbflow.surface.jupyter.here import notebook_here, task_named
    from nbflow.surface.jupyter.opening import open_task
    from nbflow.workspace import Workspace

    task, asked = _asked(given)
    if current() is not None:
        print(f"{_IN_A_RUN} opened")
        return
    workspace, namespace = Workspace.find(Path.cwd()), _namespace()
    found = task_named(task, workspace.root, notebook_here(namespace), asked.choice)
    display(open_task(found, workspace, asked, namespace))


def _asked(given: Sequence[str]) -> tuple[str, Asked]:
    """What the line of ``open`` asks for. Raises ``UsageError`` with the usage."""
    import argparse
    import os

    from nbflow.core.errors import UsageError
    from nbflow.define.pipeline_files.choice import Choice
    from nbflow.surface.jupyter.opening import Asked

    parser = argparse.ArgumentParser("%nbflow open", add_help=False, exit_on_error=False, allow_abbrev=False)
    parser.error = _refuse  # type: ignore[method-assign,assignment]  # argparse would end the process
    parser.add_argument("task", nargs="?", default="")
    parser.add_argument("-p", "--parameter", dest="pairs", action="append", default=[])
    parser.add_argument("--item", type=int)
    for option in OPEN_OPTIONS:
        parser.add_argument(option.flag, dest=option.name, action="append" if option.many else "store", default=[] if option.many else None)
    try:
        found = parser.parse_args(given)
        values, variables = _pairs("-p", found.pairs), _pairs("--var", found.variables)
    except (argparse.ArgumentError, ValueError) as error:
        raise UsageError(f"{error}; {use_of('open')}") from None
    choice = Choice.of(os.environ, found.job, found.target, variables)
    return found.task, Asked(values, choice, found.logical_date, found.item)


def _pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    try:
        return dict(map(name_and_value, texts))
    except ValueError as error:
        raise ValueError(f"{error}; write {option} name=value") from None


def _close(given: Sequence[str]) -> None:
    from nbflow.core.errors import UsageError
    from nbflow.surface.inside.context import current
    from nbflow.surface.inside.parameters import choices
    from nbflow.surface.inside.parameters.form import refresh

    if given:
        raise UsageError(f"close takes no arguments; {use_of('close')}")
    if current() is not None:
        print(f"{_IN_A_RUN} closed")
        return
    problem = choices.open_as(None, _namespace())
    refresh()
    print(problem or "the notebook's own defaults hold")


def _params(given: Sequence[str]) -> None:
    from nbflow.core.errors import UsageError
    from nbflow.surface.inside.cells import is_watched
    from nbflow.surface.jupyter.here import notebook_here

    if not given:
        here = notebook_here(_namespace())
        if here is None and not is_watched():  # a program executes the notebook, and does not tell which: nobody asks
            print("the file of a notebook that no person works with is not known: its parameters are not shown")
            return
        if here is None:
            raise UsageError(f"this notebook's file is not known here; {use_of('params')}")
        given = [str(here)]
    _tell("params", given)


def _tell(command: str, given: Sequence[str]) -> None:
    from nbflow.surface.jupyter.told import told

    print(told(command, given, use_of(command)))


_DO: dict[str, Callable[[Sequence[str]], Any]] = {
    "run": _run,
    "open": _open,
    "close": _close,
    "params": _params,
    "plan": lambda given: _tell("plan", given),
    "runs": lambda given: _tell("runs", given),
}


def _refuse(message: str) -> None:
    raise ValueError(message)


def _namespace() -> dict[str, Any]:
    from IPython import get_ipython

    shell = get_ipython()
    namespace: dict[str, Any] = shell.user_ns if shell is not None else {}
    return namespace


def load_ipython_extension(shell: Any) -> None:
    """Called by ``%load_ext nbflow``: ``%nbflow``, and what a notebook has in a run."""
    from IPython.core.magic import no_var_expand

    from nbflow.surface.inside.databricks.magics import install
    from nbflow.surface.jupyter.completion import complete_in

    # IPython would replace more than is meant: of a reference it would leave one pair of its braces
    shell.register_magic_function(no_var_expand(nbflow), "line", "nbflow")
    complete_in(shell)
    install(shell, spark=True)
