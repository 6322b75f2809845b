"""Runs a Python program as a task: ``python nbflow_program.py COPY SPARK file PATH ARGUMENT…``, or ``… entry PACKAGE ENTRY ARGUMENT…``.

COPY is a folder with nbflow's part inside a task, for environments without nbflow; SPARK is ``spark`` where the program is to know
that name, as on Databricks, else ``-``. The error that ends a program is left in the task's exchange folder.
"""

from __future__ import annotations

import json
import os
import sys
import types
from typing import Any


def main() -> None:
    """Begin the task in this process, and run the program."""
    del sys.path[0]  # this file's folder
    copy, spark, kind, *rest = sys.argv[1:]
    try:
        from nbflow.surface.inside.bootstrap import begin
    except ImportError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "nbflow"]:
            del sys.modules[name]  # another package of that name
        sys.path.insert(0, copy)
        from nbflow.surface.inside.bootstrap import begin
    begin()
    from nbflow.surface.inside.databricks.dbutils import NotebookExit

    sys.excepthook = _leave_error
    try:
        _run_file(rest, _spark() if spark == "spark" else {}) if kind == "file" else _run_entry(*rest)
    except NotebookExit:
        sys.exit(0)


def _spark() -> dict[str, Any]:
    from nbflow.surface.inside.spark import session

    return {"spark": session()}


def _run_file(arguments: list[str], names: dict[str, Any]) -> None:
    path = arguments[0]
    sys.argv = arguments
    sys.path.insert(0, os.path.dirname(path))
    module: Any = types.ModuleType("__main__")
    module.__file__, module.__builtins__ = path, __builtins__
    module.__dict__.update(names)
    sys.modules["__main__"] = module
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    exec(code, module.__dict__)


def _run_entry(package: str, entry: str, *arguments: str) -> None:
    import importlib
    from importlib.metadata import PackageNotFoundError, distribution

    sys.argv = [entry, *arguments]
    module = package.replace("-", "_")
    try:
        found = [point for point in distribution(package).entry_points if point.name == entry]
    except PackageNotFoundError:
        found = []
    scripts = [point for point in found if point.group == "console_scripts"]
    if found:
        status = (scripts or found)[0].load()()
    else:
        try:
            function = getattr(importlib.import_module(module), entry, None)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            sys.exit(f"there is no package {package}: name its wheel in libraries, or install it into {sys.prefix}")
        if function is None:
            sys.exit(f"package {package} has no entry point {entry}, neither in its metadata nor as a function")
        status = function()
    if scripts and isinstance(status, int):  # as the script does that an installer makes of it
        sys.exit(status)


def _leave_error(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
    """Print the traceback without this file's frames, and leave the error's name and text for the run."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)
    folder = os.environ.get("NBFLOW_TASK")
    if folder and issubclass(kind, Exception):
        with open(os.path.join(folder, "error.json"), "w", encoding="utf-8") as file:
            json.dump({"ename": kind.__name__, "evalue": str(error)}, file)


if __name__ == "__main__":
    main()
