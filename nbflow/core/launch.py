"""How a process starts nbflow: as words of a command."""

from __future__ import annotations

import sys
from pathlib import Path

_START = (
    "import sys; sys.path[:] = [*(part for part in sys.path if part), sys.argv.pop(1)]; from nbflow.surface.cli.main import main; main()"
)
"""``python -m nbflow``, but modules in the current folder do not hide those of the same name that nbflow needs."""


def launch_command() -> list[str]:
    """The words that start this nbflow with the interpreter that runs now; a command follows."""
    return [sys.executable, "-c", _START, str(Path(__file__).parents[2])]
