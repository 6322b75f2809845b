"""Wheels on the path of a task's Python: unpacked for one attempt, so that nothing is installed."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from nbflow.core import exchange


def python_path(wheels: Sequence[Path], private: Path) -> Mapping[str, str]:
    """The variable that puts ``wheels`` first on the path of a Python, before what this process's own says. They are unpacked below
    ``private``, the attempt's folder. Raises ``OSError``."""
    path = []
    for number, wheel in enumerate(wheels):
        folder = private / exchange.WHEELS / str(number)
        try:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
            raise OSError(f"the wheel {wheel} cannot be unpacked: {error}") from None
        path.append(str(folder))
    own = os.pathsep.join(filter(None, [*path, os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": own} if own else {}
