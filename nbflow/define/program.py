"""Python programs: a file, or the entry point of a package. Read, never run, to learn whether they use Spark."""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbflow.core.errors import DefinitionError, Mistake
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


def read_python_file(path: Path, shown: str, wheels: Sequence[Path], python: str | None) -> PythonFile:
    """The program in the Python file at ``path``; ``shown`` is the path for messages. Raises ``DefinitionError``."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DefinitionError([Mistake(f"cannot be read: {error.strerror or error}", shown)]) from None
    uses, wants = _spark_use([data], path.parent)
    in_wheels, _ = _spark_use(_sources_in(wheels), path.parent)
    return PythonFile(path, hashlib.sha256(data).hexdigest(), uses or in_wheels, wants, tuple(wheels), python)


def read_package(name: str, folder: Path, wheels: Sequence[Path], python: str | None) -> Package:
    """The package ``name`` in ``wheels``, or installed beside nbflow, unless another interpreter, ``python``, runs it. One that cannot
    be read may use Spark. Raises ``DefinitionError`` for a wheel that is none."""
    if wheels:
        return Package(folder, _spark_use(_sources_in(wheels), folder)[0], tuple(wheels), python)
    sources = _installed_sources(name) if python is None else None
    return Package(folder, True if sources is None else _spark_use(sources, folder)[0], python=python)


def _spark_use(sources: Sequence[bytes], folder: Path) -> tuple[bool, bool]:
    cells = [{"cell_type": "code", "source": data.decode("utf-8", "replace").lstrip("\ufeff")} for data in sources]
    return spark_use(cells, folder)


def _sources_in(wheels: Sequence[Path]) -> list[bytes]:
    """The Python files in wheels. Raises ``DefinitionError``."""
    found = []
    for wheel in wheels:
        try:
            with zipfile.ZipFile(wheel) as archive:
                found += [archive.read(name) for name in archive.namelist() if name.endswith(".py")]
        except (OSError, zipfile.BadZipFile) as error:
            raise DefinitionError([Mistake(f"is no wheel: {error}", str(wheel), hint="build it again")]) from None
    return found


def _installed_sources(name: str) -> list[bytes] | None:
    """The Python files of a package that is installed beside nbflow; ``None`` where they cannot be found."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        files = distribution(name).files or []
    except (PackageNotFoundError, ValueError):
        return None
    paths = [Path(str(file.locate())) for file in files if file.suffix == ".py"]
    return [path.read_bytes() for path in paths if path.is_file()] or None


def library_files(text: str, folder: Path) -> Iterator[Path]:
    """The files that a library's path names, in the order of their names; ``*`` and ``?`` in it stand for several."""
    path = Path(os.path.normpath(folder / text))
    if not re.search(r"[*?\[]", text):
        yield path
        return
    yield from sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
