"""Modules that a program may import: those of wheels, or of an installed package. Read, never run, to learn whether they use Spark."""

from __future__ import annotations

import configparser
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.define.notebooks.spark_use import module_uses_spark

_DELTA = re.compile(rb"^[ \t]*(?:from|import)[ \t]+delta\b", re.MULTILINE)
_WORD = re.compile(rb"(__)?import(?(1)__|(_module)?)\b")
_FROM = re.compile(rb"(?:.*[;:])?[ \t]*from[ \t]+(\.*[\w.]*)[ \t]*\Z", re.DOTALL)
_PLAIN = re.compile(rb"(?:.*[;:])?[ \t]*\Z", re.DOTALL)
_NAMES = re.compile(rb"(?:[ \t]|\\\r?\n)*(\([^)]*\)|[^\n;]*)")
_CALL = re.compile(rb"\(\s*(?:[\"']([\w.]+)[\"'])?")
_NO_NAME = re.compile(rb"#[^\n]*|\bas\s+\w+")
_BY_NAME = (b"pkgutil", b"entry_points", b"run_module", b"__path__")
"""Words of modules that find others by names which stand in no code."""

_EDITABLE = "__editable__"
"""Begins the names of the files by which setuptools finds the modules of a package that is installed as editable."""

_BROKEN = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
"""What reading a file that is no whole wheel comes to."""

Read = Callable[[], bytes]


class Library:
    """Modules by their dotted names, each with what reads it; ``packages`` are those that hold others, ``points`` what entry points
    call, by package and name. Each module is looked at once, and parsed only where it speaks of Spark."""

    def __init__(self, modules: Mapping[str, Read], packages: frozenset[str], points: Mapping[tuple[str, str], str]) -> None:
        self._modules, self._packages, self._points = modules, packages, points
        self._known: dict[str, tuple[bool, list[str]]] = {}

    def entry_uses_spark(self, package: str, entry: str) -> bool:
        """Whether the entry point ``entry`` of ``package`` leads to Spark; of one that is not here all modules count. Raises ``DefinitionError``."""
        module = self._points.get((_normal(package), entry), package.replace("-", "_")).partition(":")[0].strip()
        return any(map(self.uses_spark, [module] if module in self._modules else list(self._modules)))

    def uses_spark(self, name: str) -> bool:
        """Whether the module ``name``, or one that it leads to, uses Spark. Raises ``DefinitionError`` for a module that cannot be read."""
        todo, seen = [name], {name}
        while todo:
            parts = todo.pop().split(".")
            for module in (".".join(parts[:length]) for length in range(1, len(parts) + 1)):
                if module in self._modules:
                    uses, leads_to = self._look(module)
                    if uses:
                        return True
                    todo += (other for other in leads_to if other not in seen)
                    seen.update(leads_to)
        return False

    def _look(self, module: str) -> tuple[bool, list[str]]:
        """Whether a module uses Spark itself, else the names that it may import."""
        if module not in self._known:
            data = self._modules[module]()
            speaks = b"spark" in data or (b"delta" in data and _DELTA.search(data) is not None)
            uses = speaks and module_uses_spark(data)
            self._known[module] = uses, [] if uses else list(dict.fromkeys(self._imported(module, data)))
        return self._known[module]

    def _imported(self, module: str, data: bytes) -> Iterator[str]:
        """The names that a module may import, those in its texts among them; all there are where it finds them by their names."""
        by_name = any(word in data for word in _BY_NAME)
        for found in _WORD.finditer(data):
            if found[1] or found[2]:
                called = _CALL.match(data, found.end())
                by_name = by_name or (called is not None and called[1] is None)
                yield from () if called is None or called[1] is None else (self._absolute(module, called[1].decode()),)
                continue
            before = data[data.rfind(b"\n", 0, found.start()) + 1 : found.start()]
            source = _FROM.match(before)
            named = _NAMES.match(data, found.end())
            words = _NO_NAME.sub(b"", named[1] if named else b"")
            if source is not None:
                base = self._absolute(module, source[1].decode())
                yield base
                yield from (f"{base}.{word.decode()}" for word in re.findall(rb"\w+", words))
            elif _PLAIN.match(before):
                yield from (word.decode() for word in re.findall(rb"[\w.]+", words))
        if by_name:
            yield from self._modules

    def _absolute(self, module: str, name: str) -> str:
        """What ``name`` means in ``module``: dots at its head lead upwards."""
        rest = name.lstrip(".")
        dots = len(name) - len(rest)
        if not dots:
            return rest
        parts = module.split(".") if module in self._packages else module.split(".")[:-1]
        above = parts[: len(parts) - (dots - 1)]
        return ".".join([*above, *([rest] if rest else [])])


def wheel_library(wheels: Sequence[Path]) -> Library:
    """The modules of ``wheels``. Raises ``DefinitionError`` for one that is none."""
    modules: dict[str, Read] = {}
    packages: set[str] = set()
    points: dict[tuple[str, str], str] = {}
    for wheel in wheels:
        try:
            archive = zipfile.ZipFile(wheel)
            for name in archive.namelist():
                path = PurePosixPath(re.sub(r"^[^/]+\.data/(?:pure|plat)lib/", "", name))
                if path.match("*.dist-info/entry_points.txt"):
                    package = _normal(path.parts[0].partition("-")[0])
                    points.update({(package, each): value for each, value in _points(archive.read(name).decode("utf-8", "replace"))})
                elif path.suffix == ".py":
                    _add(path, _reader(archive, name, wheel), modules, packages)
        except _BROKEN as error:
            raise DefinitionError([_no_wheel(wheel, error)]) from None
    return Library(modules, frozenset(packages), points)


def installed_library(name: str) -> Library | None:
    """The modules of a package that is installed beside nbflow; ``None`` where they cannot be found."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution(name)
    except (PackageNotFoundError, ValueError):
        return None
    modules: dict[str, Read] = {}
    packages: set[str] = set()
    for file in found.files or []:
        if file.name.startswith(_EDITABLE):
            return None  # its modules lie elsewhere
        path = Path(str(file.locate()))
        if file.suffix == ".py" and path.is_file():
            _add(PurePosixPath(file), path.read_bytes, modules, packages)
    ordered = sorted(found.entry_points, key=lambda point: point.group == "console_scripts")
    points = {(_normal(name), point.name): point.value for point in ordered}
    return Library(modules, frozenset(packages), points) if modules else None


def _add(path: PurePosixPath, read: Read, modules: dict[str, Read], packages: set[str]) -> None:
    parts = path.with_suffix("").parts
    if parts[-1] == "__init__":
        parts = parts[:-1]
        packages.add(".".join(parts))
    modules.setdefault(".".join(parts), read)


def _reader(archive: zipfile.ZipFile, name: str, wheel: Path) -> Read:
    def read() -> bytes:
        try:
            return archive.read(name)
        except _BROKEN as error:
            raise DefinitionError([_no_wheel(wheel, error)]) from None

    return read


def _normal(package: str) -> str:
    """The one form of a package's name."""
    return re.sub(r"[-_.]+", "-", package).lower()


def _points(text: str) -> list[tuple[str, str]]:
    """The entry points that the metadata of a wheel name, and what they call; those of ``console_scripts``, which count, come last."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names have capitals
    try:
        parser.read_string(text)
    except configparser.Error:
        return []
    groups = sorted(parser.sections(), key=lambda group: group == "console_scripts")
    return [pair for group in groups for pair in parser.items(group)]


def _no_wheel(wheel: Path, error: Exception) -> Mistake:
    return Mistake(f"is no wheel: {error}", str(wheel), hint="build it again")
