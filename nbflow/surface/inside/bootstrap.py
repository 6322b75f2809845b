"""The first lines that a run executes in a Python kernel."""

from __future__ import annotations

from nbflow.surface.inside.cells import shell
from nbflow.surface.inside.context import current
from nbflow.surface.inside.databricks.magics import install as install_magics


def begin() -> None:
    """Make the kernel a task's: ``dbutils``, ``%sql`` and the like are known, and Spark attaches to the run's driver when it is used."""
    install_magics(shell())
    context = current()
    if context is not None and context.spark is not None:
        from nbflow.surface.inside.spark import install

        install(context.spark, context.folder, f"{context.pipeline}/{context.task_key}")
    elif context is not None and context.engine not in ("", "none", "auto", "spark"):
        from nbflow.surface.inside.spark import refuse

        refuse(context.engine)
