"""Where the search for a call's workspace begins."""

from __future__ import annotations

import os
from pathlib import Path


def start_of(reference: str) -> Path:
    """The file that ``reference`` names where there is one: its workspace lies around it. Else the current folder."""
    path = Path(reference)
    return path.absolute() if os.path.exists(path) else Path.cwd()
