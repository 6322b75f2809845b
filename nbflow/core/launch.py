"""How a process starts nbflow, as words of a command; and which Python a program is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_START = (
    "import sys; sys.path[:] = [*(part for part in sys.path if part), sys.argv.pop(1)]; from nbflow.surface.cli.main import main; main()"
)
"""``python -m nbflow``, but modules in the current folder do not hide those of the same name that nbflow needs."""


def launch_command() -> list[str]:
    """The words that start this nbflow with the interpreter that runs now; a command follows."""
    return [sys.executable, "-c", _START, str(Path(__file__).parents[2])]


def identity_of(python: str | None = None) -> str:
    """What is the same for all names of one Python in its folder, as ``python`` and ``python3.11``; ``None`` is the Python that runs now.

    The folder counts as it is named: environments link to one program, and each is a Python of its own.
    """
    program = python or sys.executable
    return os.pathsep.join((os.path.dirname(os.path.abspath(program)), os.path.realpath(program)))
