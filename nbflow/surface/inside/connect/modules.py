"""Modules beside the notebook and of its wheels, for the Python functions that a Spark Connect server runs elsewhere.

What the notebook has imported from its folder, and wheels of which it has imported something, are sent to its session as one archive, when a function is about to be sent and
again only when there is more, or it is another text.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

from nbflow.core import exchange

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of all files in an archive, so that the same files are the same archive."""


def send_modules(client: Any, folder: str) -> None:
    """Send the session of ``client`` what it lacks of the modules beside the notebook, in ``folder``, and of its wheels; a server
    that takes none is told as a warning."""
    files = {**modules_of_wheels(), **modules_beside(folder)}
    if not files:
        return
    content = _packed(files)
    name = f"nbflow_{hashlib.sha256(content).hexdigest()[:16]}.zip"
    sent = vars(client).setdefault("_nbflow_sent", set())
    if name in sent:
        return
    sent.add(name)
    with tempfile.TemporaryDirectory(prefix="nbflow-") as place:
        archive = Path(place) / name
        archive.write_bytes(content)
        try:
            client.add_artifacts(str(archive), pyfile=True, archive=False, file=False)
        except Exception as error:  # the function may do without them
            warnings.warn(f"the modules beside the notebook could not be sent to the server: {error}", stacklevel=2)


def modules_beside(folder: str) -> dict[str, bytes]:
    """The modules below ``folder`` that this process has imported: their texts by their place on the path. What is installed there is none."""
    start = os.path.realpath(folder) + os.sep
    found: dict[str, bytes] = {}
    for name, module in sorted(sys.modules.items()):
        file = vars(module).get("__file__") if isinstance(module, ModuleType) and name != "__main__" else None
        path = Path(os.path.realpath(file)) if isinstance(file, str) else None
        if path is None or path.suffix != ".py" or not str(path).startswith(start) or "site-packages" in path.parts or not path.is_file():
            continue
        *parents, last = name.split(".")
        for depth in range(1, len(parents) + 1):
            found.setdefault("/".join([*parents[:depth], "__init__.py"]), b"")
        found["/".join([*parents, last, "__init__.py"] if path.name == "__init__.py" else [*parents, f"{last}.py"])] = path.read_bytes()
    return found


def wheel_folders() -> list[str]:
    """Where the wheels of this task lie, unpacked, in the order of its path; none where no task runs."""
    private = os.environ.get(exchange.VARIABLE)
    start = None if private is None else os.path.join(private, exchange.WHEELS, "")
    return [] if start is None else [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part.startswith(start)]


def modules_of_wheels() -> dict[str, bytes]:
    """All files of the wheels from which this process has imported something, by their place on the path: a function may import
    further modules where it runs."""
    found: dict[str, bytes] = {}
    for folder in reversed(wheel_folders()):
        if modules_beside(folder):
            files = (path for path in sorted(Path(folder).rglob("*")) if path.is_file() and path.suffix != ".pyc")
            found.update({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})
    return found


def _packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return buffer.getvalue()
