"""Commands of dbt, one after another, in the project's folder."""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
from collections.abc import Callable, Sequence

from nbflow.core import exchange
from nbflow.plan.plan import Argument
from nbflow.plan.references import as_text, find_references, resolve
from nbflow.plan.work import DbtWork
from nbflow.run.child import Program
from nbflow.run.runner import Attempt
from nbflow.run.surroundings import Surroundings

_MARK = "\x1f"  # stands in no command: YAML takes it for no character


def dbt_program(around: Surroundings, attempt: Attempt, arguments: Sequence[Argument]) -> Program:
    """The commands, each told before it begins; the first that fails ends the task. Raises ``OSError`` where dbt is not installed."""
    work = attempt.task.work
    assert isinstance(work, DbtWork)  # noqa: S101  (an executor gets the work of its kind only)
    if work.python is None and importlib.util.find_spec("dbt") is None:
        raise OSError("dbt is not installed; pip install 'nbflow[dbt]', or name a Python that has it with 'python:' on the task")
    known = around.known(attempt)
    dbt = [work.python or sys.executable, "-c", "from dbt.cli.main import cli; cli(prog_name='dbt')"]
    lines = []
    for command in work.commands:
        words = words_of(command, lambda text: as_text(resolve(text, known)[0]))
        lines += [f"echo {shlex.quote('$ ' + shlex.join(words))}", f"{shlex.join([*dbt, *words[1:]])} || exit $?"]
    environment: dict[str, str | None] = {
        exchange.VARIABLE: str(around.private_folder(attempt)),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_USE_COLORS": "false",
    }
    if work.profiles is not None:
        environment["DBT_PROFILES_DIR"] = os.fspath(work.profiles)
    return Program(("sh", "-c", "\n".join(lines)), work.folder, environment)


def words_of(command: str, value: Callable[[str], str]) -> list[str]:
    """The words of ``command`` as a shell cuts it, with ``value`` of each reference in its place: a value never makes two words.

    Raises ``ValueError`` for quotes that are never closed.
    """
    values: list[str] = []
    pieces, end = [], 0
    for reference in find_references(command):
        pieces += [command[end : reference.start], f"{_MARK}{len(values)}{_MARK}"]
        values.append(value(reference.text))
        end = reference.end
    words = shlex.split("".join([*pieces, command[end:]]))
    return ["".join(values[int(part)] if at % 2 else part for at, part in enumerate(word.split(_MARK))) for word in words]
