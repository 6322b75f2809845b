"""Settings of a workspace: from ``nbflow.toml`` or ``[tool.nbflow]`` in ``pyproject.toml``, the environment, and the call."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.core.values import ValueType, convert
from nbflow.define.nearest import did_you_mean, nearest
from nbflow.define.pipelines.engines import engine_problem
from nbflow.define.pipelines.pipeline import Place
from nbflow.define.pipelines.spark_settings import setting_problem, size_of
from nbflow.define.toml_file import Table, read_table

FILE = "nbflow.toml"
_PYPROJECT = "pyproject.toml"
BUNDLES = ("databricks.yml", "databricks.yaml")
"""The files of a bundle, which stand at a workspace's root."""
_PREFIX = "NBFLOW_"
_MEMORY = re.compile(r"[1-9][0-9]*[kmgtKMGT]\Z")  # what Java takes for its heap
LEAST_HEAP = 512 << 20
"""Bytes of a driver's heap. Spark takes none where Java says that it has less than 450 MiB, and Java leaves out a part of what it was given."""
_CATALOG = re.compile(r"[\w-]+\Z")
_SECTION = re.compile(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*[\"']?nbflow[\"']?[ \t]*[.\]]", re.MULTILINE)
_SLIP = 0.8  # ``NBFLOW_PARALEL`` is a slip, ``NBFLOW_BUCKET`` is not
_NOT_SETTINGS = ("NBFLOW_WORKSPACE", "NBFLOW_TASK", "NBFLOW_FAMILY", "NBFLOW_CACHE")


_TYPES = {
    "engine": "str", "parallel": "int?", "kernel": "str?", "kernel_start": "str", "python": "str?", "start_timeout_seconds": "float",
    "cell_timeout_seconds": "float", "grace_seconds": "float", "output_limit_bytes": "int", "max_value_bytes": "int",
    "warehouse": "str", "runs": "str", "driver_memory": "str?", "spark_conf": "dict", "spark_remote": "bool",
    "catalogs": "list[str]", "strict": "bool", "allow_missing": "bool", "compat": "bool",
}  # fmt: skip
NAMES = tuple(_TYPES)
"""The names of all settings."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How runs of a workspace are done. Every field is also an ``NBFLOW_…`` variable; most are options of ``nbflow run``.

    ``engine``: the Spark engine (``define.pipelines.engines``). ``parallel``: tasks at once
    (``None``: the number of cores). ``kernel``: a kernel for all tasks. ``kernel_start``: ``fork``, Python kernels of a run
    come from one process that has done their imports, where that gives the same kernel; or ``spawn``. ``python``: the interpreter of python3 kernels
    (``None``: the one that runs nbflow). ``start_timeout_seconds``: how long a kernel may take to start.
    ``cell_timeout_seconds``: limit of each cell (0: none). ``grace_seconds``: from an interrupt to the kill.
    ``output_limit_bytes``: characters kept of one cell's output. ``max_value_bytes``: a task value's size as JSON.
    ``warehouse`` and ``runs``: folders below the workspace. ``driver_memory``: the Spark driver's heap (``None``: a share of what
    the machine has). ``spark_conf``: Spark settings passed on. ``spark_remote``: kernels of other languages than Python get the
    address of the run's Spark as ``SPARK_REMOTE``. ``catalogs``: names of catalogs that mean the workspace's own. ``strict``: warnings of a definition
    are errors. ``allow_missing``: tasks of kinds that only Databricks has are left out. ``compat``: what looks like a reference and is
    none stays as text, as on Databricks. ``of_call``, which is none itself: the names
    of those that the call gave; they win over what a task says, and a task over all others. ``said``, which is none either: the
    names of all that were given anywhere.
    """

    engine: str = "spark"
    parallel: int | None = None
    kernel: str | None = None
    kernel_start: str = "fork"
    python: str | None = None
    start_timeout_seconds: float = 60
    cell_timeout_seconds: float = 0
    grace_seconds: float = 5
    output_limit_bytes: int = 20_000_000
    max_value_bytes: int = 49_152
    warehouse: str = "warehouse"
    runs: str = "runs"
    driver_memory: str | None = None
    spark_conf: Mapping[str, Any] = field(default_factory=dict)
    catalogs: Sequence[str] = ()
    spark_remote: bool = False
    strict: bool = False
    allow_missing: bool = False
    compat: bool = False
    of_call: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()

    @classmethod
    def read(cls, root: Path, overrides: Mapping[str, Any], environment: Mapping[str, str], folder: Path | None = None) -> Settings:
        """The settings of the workspace at ``root``: ``overrides`` over ``environment`` over its file over the defaults.

        ``folder`` is where the caller stands (``None``: at the root): relative paths of the call and of the environment
        start there, those of the file at the root, and messages name the file as seen from there. Raises ``DefinitionError`` with every unknown name and wrong value, each with where it stands.
        """
        mistakes: list[Mistake] = []
        values: dict[str, Any] = {}
        here = folder or root
        name, table = _table(root, here, mistakes)
        known = NAMES
        for key, value in table.values.items():
            place = Place(name, table.lines.get(key), key)
            if key in known:
                _take(values, key, value, place, root, mistakes)
            else:
                inside = key in ("tool", "nbflow") and isinstance(value, dict)
                hint = "settings stand at the top of this file" if inside else did_you_mean(key, known) or f"there are {', '.join(known)}"
                mistakes.append(Mistake("there is no such setting", place.file, place.line, place.key, hint))
        for variable in sorted(environment):
            key = variable.removeprefix(_PREFIX).lower()
            if not variable.startswith(_PREFIX) or variable in _NOT_SETTINGS:
                continue
            if key in known:
                _take(values, key, environment[variable], Place(key=variable), here, mistakes)
            elif near := nearest(key, [*known, "workspace"], _SLIP):  # any other is a variable of the user's own
                meant = f"did you mean {_PREFIX}{near.upper()}?"
                mistakes.append(Mistake("there is no such setting", key=variable, hint=meant))
        for key, value in overrides.items():
            if value is not None:
                _take(values, key, value, Place(key=f"--{key.replace('_', '-')}"), here, mistakes)
        if mistakes:
            raise DefinitionError(mistakes)
        of_call = frozenset(key for key, value in overrides.items() if value is not None)
        return cls(**values, of_call=of_call, said=frozenset(values))


def _take(values: dict[str, Any], key: str, value: Any, place: Place, folder: Path, mistakes: list[Mistake]) -> None:
    """Convert one setting and keep it, or keep what is wrong with it. A relative path in it starts at ``folder``."""
    try:
        converted = convert(value, ValueType.parse(_TYPES[key]))
        if key == "python" and converted is not None:
            converted = find_program(converted, folder)
        if isinstance(converted, dict):
            converted = dict(_flat(converted))
        _check(key, converted)
        if key == "spark_conf" and (wrong := list(_wrong_settings(converted, place))):
            mistakes += wrong
            return
    except ValueError as error:
        mistakes.append(Mistake(str(error), place.file, place.line, place.key))
        return
    values[key] = converted


def _wrong_settings(conf: Mapping[str, Any], place: Place) -> Iterator[Mistake]:
    for name, value in conf.items():
        if (problem := setting_problem(name, value)) is not None:
            yield Mistake(problem[0], place.file, place.line, f"{place.key}.{name}", problem[1])


def find_program(text: str, folder: Path) -> str:
    """The program that ``text`` names: a path, or a name that is looked up. Raises ``ValueError`` where it is none."""
    found = shutil.which(text) if os.sep not in text else shutil.which(folder / os.path.expanduser(text))
    if found is None:
        msg = f"there is no program {text}" if os.sep not in text else f"there is no program {folder / os.path.expanduser(text)}"
        raise ValueError(msg)
    return os.path.abspath(found)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The entries under dotted names: ``spark.sql.ansi.enabled = true`` without quotes is four tables in TOML."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _check(key: str, value: Any) -> None:
    if key == "engine" and (problem := engine_problem(value)):
        raise ValueError(problem)
    if key == "kernel_start" and value not in ("fork", "spawn"):
        msg = f"{value!r} is no way to start a kernel; there are fork and spawn"
        raise ValueError(msg)
    if key in ("parallel", "output_limit_bytes", "max_value_bytes") and value is not None and value < 1:
        msg = f"{value} is too few; 1 is the least"
        raise ValueError(msg)
    if key.endswith("_seconds") and not 0 <= value < float("inf"):
        msg = f"{value} is no number of seconds"
        raise ValueError(msg)
    if key == "driver_memory" and value is not None:
        if not _MEMORY.match(value):
            msg = f"{value!r} is no size of memory; write 512m or 2g"
            raise ValueError(msg)
        if (size_of(value) or 0) < LEAST_HEAP:
            msg = f"{value} is too little for Spark's driver; 512m is the least"
            raise ValueError(msg)
    for name in value if key == "catalogs" else ():
        if not _CATALOG.match(name):
            msg = f"{name!r} is no name of a catalog; write letters, digits, '_' and '-'"
            raise ValueError(msg)
    if key in ("warehouse", "runs") and not value:
        msg = "the name of a folder may not be empty"
        raise ValueError(msg)


def _table(root: Path, folder: Path, mistakes: list[Mistake]) -> tuple[str | None, Table]:
    """The settings' table of the workspace and its file as seen from ``folder``; ``nbflow.toml`` wins over ``pyproject.toml``."""
    for name, section in ((FILE, ""), (_PYPROJECT, "tool.nbflow")):
        shown = name if folder == root else str(root / name)
        if (root / name).is_file():
            try:
                return shown, read_table(root / name, section, shown)
            except DefinitionError as error:
                mistakes += error.mistakes
                return shown, Table()
        if name == FILE and os.path.lexists(root / name):
            mistakes.append(Mistake("is no file", shown, hint="settings are a TOML file, or are left out"))
    return None, Table()


def find_root(start: Path) -> Path:
    """The workspace's root: the nearest folder, upward from ``start``, that holds ``nbflow.toml``, a ``pyproject.toml``
    with ``[tool.nbflow]``, or ``pipelines/``; else the nearest with a bundle's main file; else the folder of ``start``."""
    folder = start.absolute() if start.is_dir() else start.absolute().parent
    for candidate in (folder, *folder.parents):
        try:
            if os.path.lexists(candidate / FILE) or (candidate / "pipelines").is_dir() or _is_project(candidate / _PYPROJECT):
                return candidate
        except OSError:
            continue  # a folder that may not be looked into
    return next((candidate for candidate in (folder, *folder.parents) if _is_bundle(candidate)), folder)


def _is_bundle(folder: Path) -> bool:
    try:
        return any((folder / name).is_file() for name in BUNDLES)
    except OSError:
        return False


def _is_project(path: Path) -> bool:
    try:
        return _SECTION.search(path.read_text("utf-8-sig")) is not None
    except (OSError, ValueError):
        return False
