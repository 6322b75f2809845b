"""A task's process and its Spark engine: attached to when a session is first wanted."""

from __future__ import annotations

from nbflow.surface.inside.context import current


def attach_task() -> None:
    """Make this process attach to its task's engine when it first wants a session; where the task was not seen to need one, refuse it."""
    context = current()
    if context is not None and context.spark is not None:
        from nbflow.surface.inside.spark import install

        install(context.spark, context.folder, f"{context.pipeline}/{context.task_key}")
    elif context is not None and context.engine not in ("", "none", "auto", "spark"):
        from nbflow.surface.inside.spark import refuse

        refuse(context.engine)
