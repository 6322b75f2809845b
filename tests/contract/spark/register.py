"""The programs of the suite: small functions, gathered by a decorator, each with a place of its own."""

from __future__ import annotations

import ast
import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

Program = Callable[[Any, "Place"], Any]

_programs: dict[str, Program] = {}


@dataclass
class Place:
    """What belongs to one program alone: a folder for files, a schema for tables, a prefix for temporary views."""

    spark: Any
    name: str
    root: Path
    warehouse: Path
    made: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        """The folder, made when it is first asked for."""
        folder = self.root / self.name
        folder.mkdir(exist_ok=True)
        return folder

    def path(self, name: str) -> str:
        """A path in the folder, as text."""
        return str(self.folder / name)

    def relative(self, name: str) -> str:
        """The same, from where the process was started."""
        return f"{self.folder.name}/{name}"

    def file(self, name: str, text: str | bytes) -> str:
        """The path of a new file with this text."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def table(self, name: str) -> str:
        """The full name of a table; its schema is made when it is first asked for."""
        if not self.made:
            self.spark.sql(f"CREATE SCHEMA IF NOT EXISTS c_{self.name} LOCATION '{self.warehouse}/c_{self.name}'")
            self.made.add(self.name)
        return f"c_{self.name}.{name}"

    def view(self, name: str, query: Any) -> str:
        """The name of a new temporary view of ``query``: a DataFrame or SQL."""
        view = f"v_{self.name}_{name}"
        (self.spark.sql(query) if isinstance(query, str) else query).createOrReplaceTempView(view)
        return view


@dataclass(frozen=True)
class Failure:
    """An error as a part of an answer."""

    error: Exception


@dataclass(frozen=True)
class Collected:
    """A frame that was asked for its rows already."""

    schema: Any
    rows: list[Any]

    def collect(self) -> list[Any]:
        """The rows."""
        return self.rows


def attempt(function: Callable[[], Any]) -> Any:
    """What ``function`` returns, or its error as a part of the answer."""
    try:
        return function()
    except Exception as error:  # noqa: BLE001  (whatever an engine raises is its answer)
        return Failure(error)


def done(function: Callable[[], Any]) -> Any:
    """That ``function`` did its work, whatever it returns, or its error as a part of the answer."""
    return attempt(lambda: (function(), "done")[1])


def attempted(query: Any) -> Any:
    """The rows of a query as they are now, in whatever order, with their types, or its error as a part of the answer."""

    def ask() -> Collected:
        frame = query()
        return Collected(rows=frame.collect(), schema=frame.schema)

    return attempt(ask)


def each(spark: Any, *expressions: str, rows: str = "") -> list[Any]:
    """Each expression as a query of its own, over ``rows`` if given, so that the error of one is not that of all."""
    return [attempted(lambda text=text: spark.sql(f"SELECT {text} AS x {rows}")) for text in expressions]


@contextlib.contextmanager
def settings(spark: Any, values: Mapping[str, str]) -> Iterator[None]:
    """Settings of the session for a while."""
    before = {name: spark.conf.get(name, None) for name in values}
    for name, value in values.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            spark.conf.unset(name) if value is None else spark.conf.set(name, value)


def program(function: Program) -> Program:
    """Take a function into the suite, under its own name."""
    name = function.__name__
    if name in _programs:
        raise ValueError(f"there are two programs {name}")
    _programs[name] = function
    return function


@functools.cache
def topics() -> dict[str, str]:
    """The topic of each program by its name, told without importing them: they import pyspark."""
    found = {}
    for path in _files():
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(mark, ast.Name) and mark.id == "program" for mark in node.decorator_list
            ):
                found[node.name] = path.stem
    return found


def programs() -> dict[str, Program]:
    """All programs, topic by topic."""
    for path in _files():
        import_module(f"tests.contract.spark.programs.{path.stem}")
    return dict(_programs)


def _files() -> list[Path]:
    return sorted((Path(__file__).parent / "programs").glob("*.py"))
