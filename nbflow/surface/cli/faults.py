"""What went wrong, told to whoever called, and the exit code it means."""

from __future__ import annotations

import os
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from nbflow.core.errors import DefinitionError, Mistake, NbflowError, NewerStoreError, UsageError
from nbflow.core.results import ExitCode
from nbflow.surface.cli.session import Session, errors_document, print_json
from nbflow.surface.cli.terminal import one_line, stderr


def answer(error: BaseException, session: Session) -> int:
    """Tell ``error`` on stderr, or as a document where JSON is asked for, and give the exit code."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(bool(error.code))
    if isinstance(error, (KeyboardInterrupt, click.exceptions.Abort)):
        return int(ExitCode.SIGINT)
    if isinstance(error, click.ClickException):
        return _tell([Mistake(error.format_message(), hint=_usage_hint(error))], ExitCode.WRONG_CALL, session)
    if isinstance(error, DefinitionError):
        return _tell(error.mistakes, ExitCode.WRONG_CALL, session)
    if isinstance(error, UsageError):
        return _tell([Mistake(error.message, hint=error.hint)], ExitCode.WRONG_CALL, session)
    if isinstance(error, NbflowError):
        code = ExitCode.WRONG_CALL if isinstance(error, NewerStoreError) else ExitCode.FAILED
        return _tell([Mistake(str(error) or type(error).__name__)], code, session)
    if isinstance(error, FileNotFoundError) and _is_nowhere():
        return _tell([Mistake("the current folder is there no more", hint="cd to one that is")], ExitCode.WRONG_CALL, session)
    return _tell([Mistake(*_own_fault(error, session))], ExitCode.INTERNAL, session)


def _is_nowhere() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _usage_hint(error: click.ClickException) -> str | None:
    context = getattr(error, "ctx", None)
    return f"see '{context.command_path} --help'" if context is not None else None


def _tell(mistakes: Sequence[Mistake], code: ExitCode, session: Session) -> int:
    if session.json:
        print_json(errors_document(mistakes))
    else:
        for mistake in mistakes:
            text = one_line(str(mistake), 2000)
            stderr.line(text if mistake.file or mistake.key else f"nbflow: {text}")
    return int(code)


def _own_fault(error: BaseException, session: Session) -> tuple[str]:
    """A sentence on a fault of nbflow's own. Its traceback goes to stderr with ``--debug``, else into a file."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    what = f"a fault of nbflow's own: {type(error).__name__}: {error}"
    if session.debug:
        stderr.write(text)
        return (f"{what}; please report it with the traceback above",)
    file = _keep(text, session.root)
    if file is None:
        stderr.write(text)
        return (f"{what}; please report it with the traceback above",)
    return (f"{what}; please report it with the file {file}, or show the traceback with --debug",)


def _keep(text: str, root: Path | None) -> Path | None:
    """Write ``text`` into the workspace's private folder, else among the temporary files; its path."""
    name = f"fault-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    private = root / ".nbflow" if root is not None else None
    for folder in (private, Path(tempfile.gettempdir())):
        if folder is None or not folder.is_dir():
            continue
        try:
            with (folder / name).open("x", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return folder / name
    return None
