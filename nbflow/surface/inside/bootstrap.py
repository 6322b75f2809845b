"""The first lines that a run executes in a Python kernel."""

from __future__ import annotations

from pathlib import Path

from nbflow.surface.inside.attach import attach_task
from nbflow.surface.inside.cells import shell
from nbflow.surface.inside.databricks.magics import install as install_magics


def begin() -> None:
    """Make the kernel a task's: ``dbutils``, ``%sql``, ``%nbflow`` and the like are known, and Spark attaches to the run's driver when it is used."""
    running = shell()
    install_magics(running)
    attach_task()
    if _JUPYTER.is_dir() and hasattr(getattr(running, "magics_manager", None), "register_lazy"):
        running.magics_manager.register_lazy("nbflow", "nbflow")  # as in the kernels of `nbflow lab`; loaded when it is used


_JUPYTER = Path(__file__).parents[1] / "jupyter"
"""What ``%nbflow`` needs; not there in an environment that has nbflow for its runs only."""
