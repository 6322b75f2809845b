"""Relative paths in Spark: they start at the notebook's folder, although the driver has a folder of its own."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from nbflow.surface.inside.statements import absolute

_READING = {"load": "path", "csv": "path", "json": "path", "parquet": "paths", "orc": "path", "text": "paths", "xml": "path"}
_WRITING = {"save": "path", "csv": "path", "json": "path", "parquet": "path", "orc": "path", "text": "path", "xml": "path"}
_CONTEXT = {
    "textFile": "name", "wholeTextFiles": "path", "binaryFiles": "path", "binaryRecords": "path", "sequenceFile": "path",
    "pickleFile": "name", "newAPIHadoopFile": "path", "hadoopFile": "path", "addFile": "path", "addPyFile": "path",
    "addArchive": "path", "setCheckpointDir": "dirName",
}  # fmt: skip
_RDD = {"saveAsTextFile": "path", "saveAsPickleFile": "path", "saveAsSequenceFile": "path"}
_PATH_OPTIONS = ("path", "checkpointlocation")


def resolved(value: Any, folder: str) -> Any:
    """``value``, a path or several, from ``folder``; anything that is no path is left alone."""
    if isinstance(value, str):
        return absolute(value, folder)
    if isinstance(value, os.PathLike):
        return absolute(os.fspath(value), folder)
    if isinstance(value, (list, tuple)):
        return type(value)(resolved(item, folder) for item in value)
    return value


def _with_paths(owner: Any, methods: dict[str, str], folder: str) -> None:
    """Have methods of a class resolve the argument that is a path."""
    for name, argument in methods.items():
        original = getattr(owner, name, None)
        if original is not None:
            setattr(owner, name, _resolving(original, argument, folder))


def _resolving(original: Any, argument: str, folder: str) -> Any:
    parameter = inspect.signature(original).parameters.get(argument)
    position = list(inspect.signature(original).parameters).index(argument) if parameter is not None else -1
    many = parameter is not None and parameter.kind is inspect.Parameter.VAR_POSITIONAL

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = list(args)
        for index in range(position, len(given) if many else position + 1):
            if 0 <= index < len(given):
                given[index] = resolved(given[index], folder)
        if argument in kwargs:
            kwargs[argument] = resolved(kwargs[argument], folder)
        return original(*given, **kwargs)

    return call


def _with_options(owner: Any, folder: str) -> None:
    """Have ``option("path", …)`` and ``options(path=…)`` resolve their path."""
    original_option, original_options = owner.option, owner.options

    @functools.wraps(original_option)
    def option(self: Any, key: str, value: Any) -> Any:
        return original_option(self, key, resolved(value, folder) if key.lower() in _PATH_OPTIONS else value)

    @functools.wraps(original_options)
    def options(self: Any, **given: Any) -> Any:
        pairs: Iterable[tuple[str, Any]] = given.items()
        return original_options(self, **{key: resolved(value, folder) if key.lower() in _PATH_OPTIONS else value for key, value in pairs})

    owner.option, owner.options = option, options


def patch_reader_paths(folder: str, module: ModuleType) -> None:
    """Readers and writers of tables and files."""
    reader, writer = module.DataFrameReader, module.DataFrameWriter  # type: ignore[attr-defined]
    _with_paths(reader, _READING, folder)
    _with_paths(writer, _WRITING, folder)
    _with_options(reader, folder)
    _with_options(writer, folder)


def patch_stream_paths(folder: str, module: ModuleType) -> None:
    """Readers and writers of streams."""
    reader, writer = module.DataStreamReader, module.DataStreamWriter  # type: ignore[attr-defined]
    _with_paths(reader, {**_READING, "parquet": "path", "text": "path"}, folder)
    _with_paths(writer, {"start": "path"}, folder)
    _with_options(reader, folder)
    _with_options(writer, folder)


def patch_context_paths(folder: str, module: ModuleType) -> None:
    """Files read as RDDs, and files sent to the workers."""
    _with_paths(module.SparkContext, _CONTEXT, folder)  # type: ignore[attr-defined]


def patch_rdd_paths(folder: str, module: ModuleType) -> None:
    """Files written from RDDs."""
    _with_paths(module.RDD, _RDD, folder)  # type: ignore[attr-defined]


def patch_delta_paths(folder: str, module: ModuleType) -> None:
    """Delta tables named by their path."""
    table: Any = module.DeltaTable  # type: ignore[attr-defined]
    for name in ("forPath", "isDeltaTable"):
        bound = getattr(table, name)

        def call(cls: Any, spark: Any, path: Any = None, *args: Any, _bound: Any = bound, **kwargs: Any) -> Any:
            given = kwargs.pop("path", path)
            given = kwargs.pop("identifier", given)
            return _bound.__func__(cls, spark, resolved(given, folder), *args, **kwargs)

        setattr(table, name, classmethod(functools.wraps(bound)(call)))
