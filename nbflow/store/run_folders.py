"""The folders of runs under the workspace's ``runs``: each run has one of its own."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from nbflow.core.records import RunRecord
from nbflow.store.failures import folder_failure
from nbflow.store.names import escape


def run_folder(runs: Path, pipeline: str, run_id: int) -> Path:
    """Where the executed notebooks of a run lie."""
    return runs / escape(pipeline) / str(run_id)


def make_run_folder(runs: Path, pipeline: str, last_id: int | None) -> int:
    """Make the folder of a new run and return the run's id: the one after ``last_id``, the last that was ever given.

    Where that is ``None``, or a folder of that number is there already (the records were deleted, or another workspace
    shares the folder), the id is higher than any that is kept. Raises ``StoreError``.
    """
    run_id = (last_id or 0) + 1
    if last_id is None or run_folder(runs, pipeline, run_id).exists():
        run_id = max(run_id, _highest(runs) + 1)
    folder = run_folder(runs, pipeline, run_id)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise folder_failure(folder, error) from error
    return run_id


def remove_unused(folder: Path) -> None:
    """Take the folder of a run away that did not begin after all."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def _highest(runs: Path) -> int:
    names = [path.name for path in runs.glob("*/*")]
    return max((int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 18), default=0)


def found_again(run: RunRecord, folder: Path) -> RunRecord:
    """``run`` with the paths of its executed notebooks in ``folder``, where its workspace has them now: records hold the
    paths of then, and a workspace may have been moved or copied."""

    def now(path: str | None) -> str | None:
        if path is None or Path(path).parent == folder:
            return path
        here = folder / Path(path).name
        return str(here) if here.is_file() else path

    tasks = [
        replace(task, notebook=now(task.notebook), attempts=tuple(replace(item, notebook=now(item.notebook)) for item in task.attempts))
        for task in run.tasks
    ]
    return replace(run, tasks=tuple(tasks))
