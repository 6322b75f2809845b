"""Python programs: a file, or the entry point of a package. Read, never run, to learn whether they use Spark."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.define.library import Library
from nbflow.define.notebooks.spark_use import spark_use


@dataclass(frozen=True, slots=True)
class PythonFile:
    """A Python file at ``path``, absolute. ``wants_spark_name``: it uses ``spark`` without making it. ``wheels`` are put on its path;
    ``python`` is the interpreter that the task names."""

    path: Path
    sha256: str
    uses_spark: bool
    wants_spark_name: bool
    wheels: tuple[Path, ...] = ()
    python: str | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """A package with an entry point: in one of ``wheels``, else in the environment that runs it, which starts in ``folder``.
    ``python`` is the interpreter that the task names."""

    folder: Path
    uses_spark: bool
    wheels: tuple[Path, ...] = ()
    python: str | None = None


@dataclass(frozen=True, slots=True)
class Jars:
    """The jars of a Java program, which starts in ``folder``."""

    folder: Path
    jars: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class DbtProject:
    """A project of dbt in ``folder``; ``profiles`` is the folder of its profiles, ``python`` the interpreter that the task names."""

    folder: Path
    profiles: Path | None = None
    python: str | None = None


def read_python_file(path: Path, shown: str, wheels: Sequence[Path], python: str | None, library: Library) -> PythonFile:
    """The program in the Python file at ``path``, which may import from ``library``, that of its ``wheels``; ``shown`` is the path for
    messages. Raises ``DefinitionError``."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DefinitionError([Mistake(f"cannot be read: {error.strerror or error}", shown)]) from None
    cells = [{"cell_type": "code", "source": data.decode("utf-8", "replace").lstrip("\ufeff")}]
    uses, wants = spark_use(cells, path.parent, library.uses_spark)
    return PythonFile(path, hashlib.sha256(data).hexdigest(), uses, wants, tuple(wheels), python)


def read_package(
    name: str, entry: str, folder: Path, wheels: Sequence[Path], python: str | None, library: Callable[[], Library | None]
) -> Package:
    """The entry point ``entry`` of the package ``name`` in ``wheels``, or installed beside nbflow, unless another interpreter, ``python``, runs it.
    ``library`` gives the modules; one whose modules nobody can read may use Spark. Raises ``DefinitionError`` for a wheel that is none."""
    known = library() if wheels or python is None else None
    uses = True if known is None else known.entry_uses_spark(name, entry)
    return Package(folder, uses, tuple(wheels), python)


def library_files(text: str, folder: Path) -> Iterator[Path]:
    """The files that a library's path names, in the order of their names; ``*`` and ``?`` in it stand for several."""
    path = Path(os.path.normpath(folder / text))
    if not re.search(r"[*?\[]", text):
        yield path
        return
    yield from sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
