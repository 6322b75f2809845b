"""What commands of ``nbflow`` tell, in a cell: the same words from the same code, by a process of its own."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence

from nbflow.core.errors import NbflowError, UsageError
from nbflow.core.launch import launch_command
from nbflow.core.results import ExitCode

_SEE_HELP = re.compile(r"\.? \(see 'nbflow [^']*'\)")


def told(command: str, arguments: Sequence[str], usage: str) -> str:
    """What ``nbflow COMMAND ARGUMENTS`` prints. Raises ``UsageError`` for a wrong call, which then says the ``usage``, and
    ``NbflowError`` with what the command says of any other failure."""
    done = subprocess.run(
        [*launch_command(), command, *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    if done.returncode == ExitCode.SUCCESS:
        return done.stdout.rstrip("\n")
    said = done.stderr.strip().removeprefix("nbflow: ") or done.stdout.strip() or f"it ended with exit code {done.returncode}"
    if done.returncode == ExitCode.WRONG_CALL:
        raise UsageError(_SEE_HELP.sub(lambda _: f"; {usage}", said))
    raise NbflowError(said)
