"""papermill's call, with nbflow's engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import papermill
from papermill.engines import papermill_engines

from nbflow.run.papermill.engine import NbflowEngine


def execute_notebook(input_path: Any, output_path: Any = None, parameters: Any = None, **options: Any) -> Any:
    """papermill's ``execute_notebook`` with nbflow's engine: the same arguments, the same result, the same errors.

    ``input_path`` is a path or a notebook, ``output_path`` where the executed notebook goes (``None``: nowhere),
    ``parameters`` a map of names to values. Returns the executed notebook; raises ``PapermillExecutionError`` for a
    failing cell. ``cwd`` is given to the kernel alone, so that calls side by side do not disturb each other.
    """
    folder = options.pop("cwd", None)
    if folder is not None:
        options["kernel_cwd"] = str(Path(folder).resolve())
    options.setdefault("engine_name", "nbflow")
    return papermill.execute_notebook(input_path, output_path, parameters, **options)


papermill_engines.register("nbflow", NbflowEngine)  # also where the entry points of this installation are not seen
