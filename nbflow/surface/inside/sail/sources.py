"""Where a plan, a statement or a name of Sail's reads and writes: paths of this machine without their scheme, as Sail keeps to them, and
no file that is not there."""

from __future__ import annotations

import os
import re
from typing import Any

from nbflow.surface.inside.sail.places import is_elsewhere, local, plain
from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.statements import absolute

WITH_PATHS = ("DataSource", "WriteOperation", "WriteOperationV2", "WriteStreamOperationStart", "CreateTable", "CreateExternalTable")
"""The messages of a plan that hold paths, in fields of their own or among their options."""

_ESCAPED = re.compile(r"\\(.)")
_SIGNS = "*?[{"
_CHANGES = ("readchangefeed", "readchangedata")
_NOT_A_FILE = ("delta", "jdbc", "rate", "noop")


def own_path(folder: str, path: str, pattern: bool) -> str:
    """A path of a statement, or of a table's name, as Sail takes it: relative to ``folder``. ``pattern`` says that it is one of files. Raises
    where these are not there."""
    path = local(absolute(path, folder, pattern))
    if is_elsewhere(path):
        return path
    return _as_pattern(path) if pattern else plain(path)


def own_paths(part: Any) -> None:
    """The paths of a message of ``WITH_PATHS`` without the scheme of this machine; that of a writer stands where it is looked for. Raises where
    there are two."""
    kind = part.DESCRIPTOR.name
    said = {key: local(value) for key, value in part.options.items() if key.lower() == "path"}
    if kind == "DataSource":
        part.paths[:] = [local(path) for path in part.paths]
    elif kind != "WriteOperationV2" and part.path:
        if said and kind == "WriteOperation":
            raise _said_twice()
        part.path = local(part.path)
    elif kind == "WriteOperation" and said and not part.HasField("table"):
        part.path = next(iter(said.values()))
        for key in said:
            del part.options[key]
        return
    for key, path in said.items():
        part.options[key] = path if kind == "DataSource" else plain(path)


def read_from(source: Any, default: str) -> None:
    """A reader: its format, or the ``default`` one, and its paths as Sail takes them. Raises where one is not there: Sail reads no rows from
    nowhere."""
    if not source.HasField("format") or not source.format:
        source.format = default
    given = next((key for key in source.options if key.lower() == "path"), None)
    if given is not None and not source.paths:
        source.paths.append(source.options[given])
    if given is not None:
        del source.options[given]
    is_file = source.format.lower() not in _NOT_A_FILE
    for index, path in enumerate(source.paths):
        if os.path.isabs(path):
            source.paths[index] = _as_pattern(path) if is_file else plain(path)


def refuse_changes(source: Any) -> None:
    """Raise where a reader asks for the changes of a table."""
    if any(key.lower() in _CHANGES and value.lower() == "true" for key, value in source.options.items()):
        raise refused("readChangeFeed", "Sail reads the table's rows in place of their changes")


def _as_pattern(path: str) -> str:
    """A file's path with Spark's escapes written as Sail reads them. Raises where nothing is there."""
    literal = _ESCAPED.sub(r"\1", path)
    if not any(sign in _ESCAPED.sub("", path) for sign in _SIGNS):
        if not os.path.exists(literal):
            raise missing(path)
        return plain(literal)
    return _ESCAPED.sub(lambda found: f"[{found.group(1)}]", path)


def missing(path: str) -> Exception:
    """The error that Spark has for a path that is not there."""
    from pyspark.errors.exceptions.connect import AnalysisException

    error: Exception = AnalysisException(f"[PATH_NOT_FOUND] Path does not exist: file:{path}. SQLSTATE: 42K03")
    return error


def _said_twice() -> Exception:
    from pyspark.errors.exceptions.connect import AnalysisException

    error: Exception = AnalysisException(
        "There is a 'path' option set and save() is called with a path parameter. Either remove the path option, or call save() without the parameter."
    )
    return error
