"""Where paths of Databricks lie here: ``dbfs:/x`` in the workspace's folder ``dbfs``, ``file:/x`` on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

_FILES = "dbfs"


def local_place(path: str, folder: Path, workspace: Path) -> Path | None:
    """The place on this machine that ``path`` means; a relative one starts at ``folder``. ``None`` for one elsewhere (``s3://…``)."""
    scheme, colon, rest = path.partition(":")
    if colon and "/" not in scheme and len(scheme) > 1:
        if scheme == "dbfs":
            return Path(os.path.normpath(workspace / _FILES / os.path.normpath(f"/{rest}").lstrip("/")))
        if scheme == "file":
            return Path(os.path.normpath(f"/{unquote(rest).lstrip('/')}"))
        return None
    return Path(os.path.normpath(folder / os.path.expanduser(path)))


def in_dbfs(path: str, workspace: Path) -> str:
    """``path`` as Spark finds it: one that begins with ``dbfs:/`` in the workspace, any other as it is."""
    return str(local_place(path, workspace, workspace)) if path.startswith("dbfs:/") else path
