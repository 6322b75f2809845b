"""The folders of runs under the workspace's ``runs``: each run has one of its own."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from nbflow.core.records import RunRecord, TaskRecord
from nbflow.store.failures import folder_failure
from nbflow.store.names import escape, former_path


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
    """``run`` with the paths of its executed notebooks and logs in ``folder``, where its workspace has them now: records hold the
    paths of then, and a workspace may have been moved or copied, or a run killed while a notebook made room."""

    def now(path: str | None, attempt: int, depth: int) -> str | None:
        if path is None:
            return None
        here = place_of(str(folder.joinpath(*Path(path).parts[-depth:])), attempt)
        return here if Path(path).parts[:-depth] == folder.parts or Path(here).is_file() else path

    def task_now(task: TaskRecord) -> TaskRecord:
        depth = task.task_key.count("/") + 1
        attempts = tuple(
            replace(item, notebook=now(item.notebook, item.number, depth), log=now(item.log, item.number, depth)) for item in task.attempts
        )
        newest = task.attempts[-1].number if attempts else 0
        return replace(task, notebook=now(task.notebook, newest, depth), log=now(task.log, newest, depth), attempts=attempts)

    return replace(run, tasks=tuple(task_now(task) for task in run.tasks))


def place_of(path: str, attempt: int) -> str:
    """Where the executed notebook or log lies that this attempt made at ``path``: the next attempt moves it before it begins."""
    former = former_path(path, attempt)
    return former if Path(former).is_file() else path


def attempt_content(path: str, attempt: int) -> bytes:
    """What the executed notebook or log holds that this attempt made at ``path``, and not what a later attempt writes there
    since. Raises ``OSError``."""
    place = place_of(path, attempt)
    content: bytes | OSError
    try:
        content = Path(place).read_bytes()
    except OSError as error:
        content = error
    moved = place_of(path, attempt)
    if moved != place:
        return Path(moved).read_bytes()
    if isinstance(content, OSError):
        raise content
    return content
