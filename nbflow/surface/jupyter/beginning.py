"""How a Python kernel of ``nbflow lab`` begins: ``dbutils`` and ``%nbflow`` are there, and Spark attaches when it is used."""

from __future__ import annotations

import builtins
import os
from pathlib import Path
from typing import Any

from nbflow.surface.inside.cells import shell
from nbflow.surface.inside.context import exchange_folder
from nbflow.surface.inside.databricks.dbutils import dbutils

ENGINE = "NBFLOW_LAB_ENGINE"
"""The variable that names the engine of the workspace's notebooks."""

FORMER = "NBFLOW_FORMER_STARTUP"
"""The variable that names the user's own startup file."""


def begin(namespace: dict[str, Any]) -> None:
    """Make the kernel ready, unless it is a run's, which is made ready by the run; then do what the user's own startup file
    says, in ``namespace``."""
    if exchange_folder() is None:  # a run's kernel begins before its context is there to be read
        builtins.dbutils = dbutils  # type: ignore[attr-defined]  # as on Databricks, where nobody imports it
        if os.environ.get(ENGINE, "none") != "none":
            from nbflow.surface.inside.spark import attach_when_asked

            attach_when_asked()
        running = shell()
        if running is not None:
            running.extension_manager.load_extension("nbflow")
    former = os.environ.get(FORMER)
    if former and os.path.isfile(former):
        exec(compile(Path(former).read_text("utf-8"), former, "exec"), namespace)  # noqa: S102  (the user's own file)
