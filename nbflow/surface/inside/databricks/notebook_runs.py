"""``dbutils.notebook.run``: another notebook as a run of its own, recorded under the task that started it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbflow.core.errors import NbflowError
from nbflow.core.exchange import Context
from nbflow.core.launch import launch_command
from nbflow.surface.inside.context import current, notebook_folder
from nbflow.surface.inside.databricks.notebook_files import found_notebook
from nbflow.surface.inside.databricks.run_magic import NotebookNotFound
from nbflow.surface.inside.parameters.registry import joined
from nbflow.surface.inside.task import task

_DEEPEST = 10
_DEPTH = "NBFLOW_DEPTH"
_KILL_AFTER_SECONDS = 20.0


class NotebookRunFailed(NbflowError):
    """The notebook that was run did not succeed; ``run_id`` is its run's (``None``: it did not begin), ``result`` its result."""

    def __init__(self, message: str, run_id: int | None = None, result: str | None = None) -> None:
        self.run_id, self.result = run_id, result
        super().__init__(message)


def run_notebook(path: str, timeout_seconds: float, arguments: Mapping[str, Any]) -> str:
    """Run the notebook and return its exit value, empty where it set none.

    ``arguments`` become widgets there, as text. It joins this task's Spark engine. Raises ``NotebookRunFailed`` where it does not succeed,
    a timeout included.
    """
    place = found_notebook(path)
    if place is None:
        msg = f"dbutils.notebook.run: there is no notebook {path} (it starts at {notebook_folder()})"
        raise NotebookNotFound(msg)
    depth = int(os.environ.get(_DEPTH) or 0) + 1
    if depth > _DEEPEST:
        msg = f"dbutils.notebook.run({path!r}): {_DEEPEST} notebooks already run one inside of another"
        raise NotebookRunFailed(msg)
    texts = {name: joined(value) for name, value in arguments.items()}
    with tempfile.TemporaryDirectory(prefix="nbflow-notebook-") as folder:
        document, said = _run(place, timeout_seconds, texts, Path(folder), depth)
    return _exit_value(path, document, said)


def _run(place: Path, timeout_seconds: float, texts: Mapping[str, str], folder: Path, depth: int) -> tuple[dict[str, Any], str]:
    """What the run prints as its record, and what it says beside it."""
    given, result, words = folder / "arguments.json", folder / "result.json", folder / "words"
    given.write_text(json.dumps(dict(texts)), "utf-8")
    context = current()
    start = context.command if context is not None and context.command else launch_command()
    command = [
        *start, "run", "--json", "--quiet", "--how", "notebook", "--workspace", os.fspath(task.workspace), *_engine(context),
        "--timeout", f"{timeout_seconds:g}", "--parameters-file", os.fspath(given), "--", os.fspath(place),
    ]  # fmt: skip
    with result.open("wb") as out, words.open("wb") as err:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True, cwd=notebook_folder(),
            env={**os.environ, _DEPTH: str(depth)},
        )  # fmt: skip
        try:
            process.wait()
        except BaseException:  # an interrupt of this notebook is one of the other
            _end(process)
            raise
    try:
        document = json.loads(result.read_text("utf-8", "replace"))
    except ValueError:
        document = {}
    return document, words.read_text("utf-8", "replace").strip()


def _engine(context: Context | None) -> list[str]:
    """The option by which the run has the engine of this one. The address of a server is not told to tasks in full: who is attached
    to it lends it."""
    name = context.engine if context is not None else ""
    return ["--engine", name] if name and not name.startswith("sc:") else []


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_KILL_AFTER_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _exit_value(path: str, document: Mapping[str, Any], said: str) -> str:
    run_id, result = document.get("run_id"), document.get("result")
    tasks = document.get("tasks") or [{}]
    if result == "SUCCESS":
        return str(tasks[0].get("exit_value") or "")
    lead = f"dbutils.notebook.run({path!r})"
    if run_id is None:
        errors = "; ".join(str(error.get("message")) for error in document.get("errors") or ()) or said or "it ended without a word"
        raise NotebookRunFailed(f"{lead} was refused: {errors}")
    error = tasks[0].get("error") or {}
    why = error.get("message") or error.get("evalue") or document.get("error") or ""
    raise NotebookRunFailed(f"{lead} ended {result}: {why} ('nbflow runs show {run_id}' tells more)", run_id, result)
