"""``sc.addFile`` and ``sc.addPyFile``: files and modules for Spark's workers, kept apart between notebooks.

Spark keeps added files under their bare names in one folder of the driver: a second notebook's other ``helpers.py`` would
make every later task of the driver fail, whoever's it is. The workers of an attached notebook run on this machine, so
that they are told where the notebook's own files lie.
"""

from __future__ import annotations

import functools
import importlib
import os
import shutil
import sys
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

_ARCHIVES = (".zip", ".egg", ".jar")
_FILES, _MODULES = "nbflow-files", "nbflow-modules"
_VARIABLE = "NBFLOW_FILES_FOLDER"
"""Tells the workers where ``SparkFiles.get`` finds the notebook's files; the driver's daemon module reads it."""


def files_environment(context: Any) -> dict[str, str]:
    """What the workers of ``context`` need in order to find the files that are added to it."""
    return {_VARIABLE: os.path.join(context._temp_dir, _FILES)}


def patch_added_files(module: ModuleType) -> None:
    """Have ``addFile`` and ``addPyFile`` of an attached context keep to this notebook, for files on this machine."""
    context_class: Any = module.SparkContext
    original_file, original_python = context_class.addFile, context_class.addPyFile
    original_list = context_class.listFiles.fget

    @functools.wraps(original_file)
    def add_file(context: Any, path: str, recursive: bool = False) -> None:
        place = _local(context, path)
        if place is None:
            original_file(context, path, recursive)
        elif os.path.isdir(place) and recursive:
            target = os.path.join(context._temp_dir, _FILES, os.path.basename(place.rstrip("/")))
            shutil.copytree(place, target, dirs_exist_ok=True)
        else:
            _copied(place, os.path.join(context._temp_dir, _FILES))

    @functools.wraps(original_python)
    def add_python_file(context: Any, path: str) -> None:
        place = _local(context, path)
        if place is None:
            original_python(context, path)
            return
        found = place if place.lower().endswith(_ARCHIVES) else _copied(place, os.path.join(context._temp_dir, _MODULES))
        if found not in context._python_includes:
            context._python_includes.append(found)
        if found not in sys.path:
            sys.path.insert(1, found)
        importlib.invalidate_caches()

    @functools.wraps(original_list)
    def list_files(context: Any) -> list[str]:
        own = [os.path.join(context._temp_dir, folder) for folder in (_FILES, _MODULES)] if _is_attached(context) else []
        added = [f"file:{os.path.join(folder, name)}" for folder in own if os.path.isdir(folder) for name in sorted(os.listdir(folder))]
        return [*original_list(context), *added]

    context_class.addFile, context_class.addPyFile = add_file, add_python_file
    context_class.listFiles = property(list_files)


def patch_found_files(module: ModuleType) -> None:
    """Have ``SparkFiles`` in the notebook find what was added to its context."""
    files_class: Any = module.SparkFiles
    original = files_class.getRootDirectory.__func__

    @functools.wraps(original)
    def root_directory(cls: Any) -> str:
        context = cls._sc
        own = os.path.join(context._temp_dir, _FILES) if context is not None and _is_attached(context) else ""
        return own if os.path.isdir(own) else str(original(cls))

    files_class.getRootDirectory = classmethod(root_directory)


def _is_attached(context: Any) -> bool:
    return getattr(context, "_nbflow_attached", False) and hasattr(context, "_temp_dir")


def _local(context: Any, path: str) -> str | None:
    """The file on this machine that ``path`` means to an attached context; ``None`` for another context, or elsewhere."""
    parts = urlsplit(path)
    place = unquote(parts.path) if parts.scheme == "file" else path
    return place if _is_attached(context) and os.path.isabs(place) else None


def _copied(file: str, folder: str) -> str:
    """``folder``, which now holds a copy of ``file`` as it is."""
    os.makedirs(folder, exist_ok=True)
    shutil.copy(file, folder)
    return folder
