"""The first lines that a run executes in a Python kernel."""

from __future__ import annotations

from nbflow.surface.inside.attach import attach_task
from nbflow.surface.inside.cells import shell
from nbflow.surface.inside.databricks.magics import install as install_magics


def begin() -> None:
    """Make the kernel a task's: ``dbutils``, ``%sql``, ``%nbflow`` and the like are known, and Spark attaches to the run's driver when it is used."""
    running = shell()
    install_magics(running)
    if running is not None:
        running.magics_manager.register_lazy("nbflow", "nbflow")  # as in the kernels of `nbflow lab`, and loaded when it is used
    attach_task()
