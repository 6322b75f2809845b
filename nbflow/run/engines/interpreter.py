"""Which Python a program is."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def identity_of(python: str | None = None) -> str:
    """What is the same for all names of one Python in its folder, as ``python`` and ``python3.11``; ``None`` is the Python that runs now.

    The folder counts as it is named: environments link to one program, and each is a Python of its own. So does the name where it links
    to what is no Python by its own name, as those of a manager of versions do.
    """
    program = Path(os.path.abspath(python or sys.executable))
    real = Path(os.path.realpath(program))
    return str(program.parent / real.name) + os.pathsep + str(real) if real.name.startswith("python") else str(program)
