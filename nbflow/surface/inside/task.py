"""What a notebook may know about the task it runs as: ``from nbflow import task``."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nbflow.surface.inside.context import current, given_parameters


class TaskFacts:
    """Ids and facts of the running task. By hand the ids are ``None`` and the rest has sensible values."""

    @property
    def run_id(self) -> int | None:
        """The run's id in its workspace."""
        context = current()
        return context.run_id if context else None

    @property
    def task_run_id(self) -> int | None:
        """This task's id in this run."""
        context = current()
        return context.task_run_id if context else None

    @property
    def pipeline(self) -> str | None:
        """The pipeline's name."""
        context = current()
        return context.pipeline if context else None

    @property
    def task_key(self) -> str | None:
        """The task's key."""
        context = current()
        return context.task_key if context else None

    @property
    def attempt(self) -> int:
        """Which attempt this is, counted from 1."""
        context = current()
        return context.attempt if context else 1

    @property
    def started(self) -> datetime:
        """When the run began, in UTC; by hand, now."""
        context = current()
        return datetime.fromisoformat(context.started) if context else datetime.now(timezone.utc)

    @property
    def workspace(self) -> Path:
        """The workspace's folder; by hand that of ``NBFLOW_WORKSPACE``, else the nearest one upward, else the current one."""
        context = current()
        if context:
            return Path(context.workspace)
        if os.environ.get("NBFLOW_WORKSPACE"):
            return Path(os.environ["NBFLOW_WORKSPACE"]).absolute()
        folder = Path.cwd()
        return next((place for place in (folder, *folder.parents) if _is_workspace(place)), folder)

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that the run gave, each of its declared type; empty by hand."""
        return given_parameters()

    def __repr__(self) -> str:
        if self.run_id is None:
            return "<nbflow task: by hand>"
        return f"<nbflow task {self.pipeline}/{self.task_key}, run {self.run_id}, attempt {self.attempt}>"


def _is_workspace(folder: Path) -> bool:
    if (folder / "nbflow.toml").is_file() or (folder / "pipelines").is_dir():
        return True
    try:
        return "[tool.nbflow" in (folder / "pyproject.toml").read_text("utf-8")
    except (OSError, ValueError):
        return False


task = TaskFacts()
