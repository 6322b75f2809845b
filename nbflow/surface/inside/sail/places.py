"""Paths that Sail keeps to: it writes a table whose path has a blank, an umlaut or a bracket to a folder of another name.

Such a path is handed over as a link of a plain name that leads there. One that begins with ``file:/`` is a path of this machine, as any other.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

from nbflow.surface.inside.context import exchange_folder
from nbflow.warehouse.folders import has_commits

_STAGED = "_staged_commits"
_MOMENT_SECONDS, _LOOK_SECONDS = 10.0, 0.1
_PLAIN = re.compile(r"[A-Za-z0-9_./=,+@-]*\Z")
_HERE = re.compile(r"file:(?:/|///+|//localhost/+)(?!/)", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")


def local(path: str) -> str:
    """``path`` without its scheme where that is the one of this machine; any other as it is."""
    found = _HERE.match(path)
    return path if found is None else "/" + path[found.end() :]


def is_elsewhere(path: str) -> bool:
    """Whether a path, made ``local``, lies in another file system: nobody can look from here at what is there."""
    return bool(_SCHEME.match(path))


def plain(path: str) -> str:
    """``path``, absolute, where all signs of it are plain; otherwise a link that leads to it. Makes no folder."""
    if _PLAIN.match(path) or not os.path.isabs(path):
        return path
    link = os.path.join(_links(), hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:16])
    if not os.path.islink(link):
        os.symlink(path, link)
    return link


def ready(path: str) -> str:
    """What ``plain`` gave, where a table can be made: Sail makes no folder behind a link."""
    if os.path.islink(path) and not os.path.exists(path) and os.path.dirname(path) == _links():
        os.makedirs(os.readlink(path), exist_ok=True)
    return path


def without_begun_log(folder: str) -> bool:
    """Remove the log of a table in ``folder`` whose first write was cut off before its commit, with the empty folder that Delta makes there at
    once: Sail takes it for a table, and a broken one. Where something was written there a moment ago it waits: that write may go on. Returns
    false where other files than commits lie in the log, which is left then."""
    log = os.path.join(folder, "_delta_log")
    try:
        while not has_commits(Path(folder)) and _is_recent(folder, log):
            time.sleep(_LOOK_SECONDS)
        found = set(os.listdir(log)) - {_STAGED}
    except (FileNotFoundError, NotADirectoryError):  # as mostly
        return True
    if found:
        return has_commits(Path(folder))
    for place in (os.path.join(log, _STAGED), log):
        with contextlib.suppress(OSError):  # it is not there, or something is in it now
            os.rmdir(place)
    return True


def _is_recent(folder: str, log: str) -> bool:
    """Whether something was written to a table's folder, its log or one of its files a moment ago."""
    with os.scandir(folder) as entries:
        newest = max([os.stat(folder).st_mtime, os.stat(log).st_mtime, *(entry.stat().st_mtime for entry in entries)])
    return time.time() - newest < _MOMENT_SECONDS


def real(path: str) -> str:
    """The path that ``plain`` was given, of what it gave."""
    return os.readlink(path) if os.path.islink(path) and os.path.dirname(path) == _links() else path


@functools.lru_cache(maxsize=1)
def _links() -> str:
    """The folder of the links, which goes with the task or, by hand, with this process."""
    task = exchange_folder()
    if task is not None and _PLAIN.match(str(task)):
        folder = str(task / "places")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return folder
    folder = tempfile.mkdtemp(prefix="nbflow-", dir=None if _PLAIN.match(tempfile.gettempdir()) else "/tmp")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
