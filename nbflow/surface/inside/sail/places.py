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

from nbflow.surface.inside.context import exchange_folder

_MOMENT_SECONDS = 10.0
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
    once: Sail takes it for a table, and a broken one. One that was begun a moment ago is left: its write may go on. Returns false where files
    keep it from being removed."""
    log = os.path.join(folder, "_delta_log")
    with contextlib.suppress(OSError):  # mostly there is none
        if time.time() - os.stat(log).st_mtime < _MOMENT_SECONDS:
            return True
        for place in (os.path.join(log, "_staged_commits"), log):
            with contextlib.suppress(OSError):
                os.rmdir(place)
        return not os.path.isdir(log)
    return True


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
