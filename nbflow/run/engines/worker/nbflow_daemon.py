"""Starts PySpark's workers where the notebook is: in its folder, with the files that were added to its context.

The driver names this module as its Python daemon. It runs in the interpreter of the notebook's kernel, where nbflow need
not be installed: standard library and PySpark only. What it needs comes with the environment that the notebook's session
sends to its workers.
"""

from __future__ import annotations

import contextlib
import os
import runpy
from typing import Any


def _find_own_files(folder: str) -> None:
    """Have ``SparkFiles`` look in ``folder`` where it is there; files that came by another way stay in Spark's."""
    from pyspark.core.files import SparkFiles

    files_class: Any = SparkFiles
    original = files_class.getRootDirectory.__func__

    def root_directory(cls: Any) -> str:
        return folder if os.path.isdir(folder) else str(original(cls))

    files_class.getRootDirectory = classmethod(root_directory)


if __name__ == "__main__":
    with contextlib.suppress(OSError, KeyError):
        os.chdir(os.environ["NBFLOW_NOTEBOOK_FOLDER"])
    if "NBFLOW_FILES_FOLDER" in os.environ:
        _find_own_files(os.environ["NBFLOW_FILES_FOLDER"])
    runpy.run_module("pyspark.daemon", run_name="__main__", alter_sys=True)
