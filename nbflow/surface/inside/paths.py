"""Relative paths in Spark: they start at the notebook's folder, although the driver has a folder of its own."""

from __future__ import annotations

import functools
import inspect
import os
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

from nbflow.surface.inside.statements import absolute, with_absolute_table

_READING = {"csv": "path", "json": "path", "parquet": "paths", "orc": "path", "text": "paths", "xml": "path"}
_STREAM_READING = {**_READING, "parquet": "path", "text": "path"}
_FILE_FORMATS = (*_READING, "binaryfile", "avro")
_WRITING = {"save": "path", "csv": "path", "json": "path", "parquet": "path", "orc": "path", "text": "path", "xml": "path"}
_FILES_READ = {
    "textFile": "name", "wholeTextFiles": "path", "binaryFiles": "path", "binaryRecords": "path", "sequenceFile": "path",
    "pickleFile": "name", "newAPIHadoopFile": "path", "hadoopFile": "path",
}  # fmt: skip
_FILES_ADDED = {"addFile": "path", "addPyFile": "path", "addArchive": "path", "setCheckpointDir": "dirName"}
_RDD = {
    "saveAsTextFile": "path", "saveAsPickleFile": "path", "saveAsSequenceFile": "path", "saveAsHadoopFile": "path",
    "saveAsNewAPIHadoopFile": "path",
}  # fmt: skip
_MODEL_WRITERS = ("JavaMLWriter", "MLWriter")
_MODEL_READERS = ("JavaMLReader", "DefaultParamsReader")
_PATH_OPTIONS = ("path", "checkpointlocation")
_COMMAS = re.compile(r",(?![^{]*\})")
"""The commas between paths, those inside the braces of a pattern left out."""


def resolved(value: Any, folder: str, pattern: bool = False) -> Any:
    """``value``, a path or several, from ``folder``; anything that is no path is left alone.

    ``pattern`` says that Spark takes it for a pattern.
    """
    if isinstance(value, str):
        return absolute(value, folder, pattern)
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
        return absolute(path, folder, pattern) if isinstance(path, str) else value
    if isinstance(value, (list, tuple)):
        return [resolved(item, folder, pattern) for item in value]
    return value


def resolved_pattern(value: Any, folder: str) -> Any:
    """Like ``resolved``, for what Spark takes for a pattern."""
    return resolved(value, folder, pattern=True)


def resolved_several(value: Any, folder: str) -> Any:
    """Like ``resolved_pattern``, for calls that take several paths in one text, separated by commas."""
    if isinstance(value, str):
        return ",".join(absolute(part.strip(), folder, pattern=True) for part in _COMMAS.split(value))
    return resolved_pattern(value, folder)


def resolved_name(value: Any, folder: str) -> Any:
    """A table's name, with the path in it resolved where it is one of a path: ``delta.`events```."""
    return with_absolute_table(value, folder) if isinstance(value, str) else value


def _with_paths(owner: Any, methods: dict[str, str], folder: str, resolve: Callable[[Any, str], Any] = resolved) -> None:
    """Have methods of a class resolve the argument that is a path, and options that are paths."""
    for name, argument in methods.items():
        original = getattr(owner, name, None)
        if original is not None:
            setattr(owner, name, _resolving(original, argument, folder, resolve))


def _resolving(original: Any, argument: str, folder: str, resolve: Callable[[Any, str], Any]) -> Any:
    parameters = inspect.signature(original).parameters
    position = list(parameters).index(argument) if argument in parameters else None
    many = position is not None and parameters[argument].kind is inspect.Parameter.VAR_POSITIONAL

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = list(args)
        if position is not None:
            for index in range(position, len(given) if many else min(position + 1, len(given))):
                given[index] = resolve(given[index], folder)
        for key in kwargs:
            if key == argument:
                kwargs[key] = resolve(kwargs[key], folder)
            elif key.lower() in _PATH_OPTIONS:
                kwargs[key] = resolved(kwargs[key], folder)
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
        return original_options(
            self, **{key: resolved(value, folder) if key.lower() in _PATH_OPTIONS else value for key, value in given.items()}
        )

    owner.option, owner.options = option, options


def _with_load(reader: Any, folder: str) -> None:
    """Have ``load`` resolve its path, for a pattern where the format is one of files."""
    original_format, original_load = reader.format, reader.load

    @functools.wraps(original_format)
    def set_format(self: Any, source: str) -> Any:
        self._nbflow_format = source
        return original_format(self, source)

    @functools.wraps(original_load)
    def load(self: Any, path: Any = None, format: Any = None, *args: Any, **options: Any) -> Any:  # noqa: A002  (PySpark's name)
        kind = str(format or getattr(self, "_nbflow_format", "")).lower()
        options = {key: resolved(value, folder) if key.lower() in _PATH_OPTIONS else value for key, value in options.items()}
        return original_load(self, resolved(path, folder, kind in _FILE_FORMATS), format, *args, **options)

    reader.format, reader.load = set_format, load


def patch_readers(folder: str, module: ModuleType) -> None:
    """Readers and writers of tables and files."""
    reader, writer = module.DataFrameReader, module.DataFrameWriter
    _with_paths(reader, _READING, folder, resolved_pattern)
    _with_load(reader, folder)
    _with_paths(reader, {"table": "tableName"}, folder, resolved_name)
    _with_paths(writer, {**_WRITING, "saveAsTable": ""}, folder)
    _with_paths(writer, {"insertInto": "tableName"}, folder, resolved_name)
    _with_paths(module.DataFrameWriterV2, {"__init__": "table"}, folder, resolved_name)
    for owner in (reader, writer, module.DataFrameWriterV2):
        _with_options(owner, folder)


def patch_merges(folder: str, module: ModuleType) -> None:
    """Tables that are merged into."""
    _with_paths(module.MergeIntoWriter, {"__init__": "table"}, folder, resolved_name)


def patch_streams(folder: str, module: ModuleType) -> None:
    """Readers and writers of streams."""
    reader, writer = module.DataStreamReader, module.DataStreamWriter
    _with_paths(reader, _STREAM_READING, folder, resolved_pattern)
    _with_load(reader, folder)
    _with_paths(writer, {"start": "path", "toTable": ""}, folder)
    _with_options(reader, folder)
    _with_options(writer, folder)


def patch_catalog(folder: str, module: ModuleType) -> None:
    """Tables that are made at a path."""
    catalog = module.Catalog
    _with_paths(catalog, {"createTable": "path", "createExternalTable": "path", "refreshByPath": "path"}, folder)


def patch_context_paths(folder: str, module: ModuleType) -> None:
    """Files read as RDDs, and files sent to the workers."""
    context = module.SparkContext
    _with_paths(context, _FILES_READ, folder, resolved_several)
    _with_paths(context, _FILES_ADDED, folder)


def patch_rdd(folder: str, module: ModuleType) -> None:
    """Files written from RDDs."""
    _with_paths(module.RDD, _RDD, folder)


def patch_models(folder: str, module: ModuleType) -> None:
    """Models that are saved and loaded."""
    for name in _MODEL_WRITERS:
        _with_paths(getattr(module, name), {"save": "path"}, folder)
    for name in _MODEL_READERS:
        _with_paths(getattr(module, name), {"load": "path"}, folder)


def patch_delta(folder: str, module: ModuleType) -> None:
    """Delta tables named by their path."""
    table: Any = module.DeltaTable
    _with_class_path(table, "forPath", 1, "path", folder, resolved)
    _with_class_path(table, "isDeltaTable", 1, "identifier", folder, resolved)
    _with_class_path(table, "forName", 1, "tableOrViewName", folder, resolved_name)
    _with_class_path(table, "convertToDelta", 1, "identifier", folder, resolved_name)
    _with_paths(module.DeltaTableBuilder, {"location": "location"}, folder)


def _with_class_path(owner: Any, name: str, position: int, argument: str, folder: str, resolve: Callable[[Any, str], Any]) -> None:
    """Have a class method resolve its argument ``argument``, which stands at ``position`` after the class."""
    original = getattr(owner, name, None)
    if original is None:
        return

    @functools.wraps(original.__func__)
    def call(cls: Any, *args: Any, **kwargs: Any) -> Any:
        given = list(args)
        if len(given) > position:
            given[position] = resolve(given[position], folder)
        if argument in kwargs:
            kwargs[argument] = resolve(kwargs[argument], folder)
        return original.__func__(cls, *given, **kwargs)

    setattr(owner, name, classmethod(call))
