"""``run_pipeline``: a run from Python, from a script or from a cell."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake, NbflowError, UsageError
from nbflow.core.values import encode
from nbflow.define.pipelines.handover import pipeline_document
from nbflow.define.pipelines.order import check_pipeline
from nbflow.define.pipelines.pipeline import Pipeline
from nbflow.surface.jupyter.child import Child, Document
from nbflow.surface.jupyter.run import Run
from nbflow.surface.jupyter.watch import Watch
from nbflow.surface.jupyter.where import Where
from nbflow.surface.jupyter.widget import can_draw


def run_pipeline(
    pipeline: str | Path | Pipeline,
    /,
    *,
    workspace: str | Path | None = None,
    wait: bool = True,
    only: str | Sequence[str] | None = None,
    job: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    **named: Any,
) -> Run:
    """Run a pipeline in a process of its own and return what came of it.

    ``pipeline`` is a path, a name in ``pipelines/``, a notebook, or a ``Pipeline``. Values are given by name, and in
    ``parameters`` where a name is none of Python's or one of this function's own; they keep their types. ``only``
    selects tasks as ``--only`` does, ``job`` one of several jobs of a bundle's file. In a cell the run is shown while it
    goes on, elsewhere progress is printed as it comes. With ``wait=False`` the call returns as soon as
    the run has begun; it goes on when this process ends, and ``refresh()`` reads how it stands.

    A failed run raises nothing: see ``Run.ok`` and ``Run.raise_for_result``. Raises ``DefinitionError`` with all
    mistakes when nothing was started, and ``KeyboardInterrupt`` after an interrupt has cancelled the run.
    """
    if not isinstance(pipeline, (str, os.PathLike, Pipeline)):
        raise UsageError(f"run_pipeline: {pipeline!r} is no pipeline", "say a path, a name in pipelines/, a notebook, or a Pipeline")
    _refuse_strangers(workspace, wait, only, job, parameters)
    values = _encoded({**(parameters or {}), **named})
    arguments: list[str | Document] = [*_options(workspace, only, job), "--how", "python"]
    if values:
        arguments += ["--parameters-file", Document("parameters", values)]
    if isinstance(pipeline, Pipeline):
        arguments += ["--value", "--", Document("pipeline", _handed_over(pipeline))]
    else:
        arguments += ["--", os.fspath(pipeline)]
    drawn = wait and can_draw()
    child = Child(arguments, listen=wait and not drawn)
    named_root = None if workspace is None else Path(workspace).absolute()
    around = Path(pipeline).absolute() if not isinstance(pipeline, Pipeline) and Path(pipeline).exists() else Path.cwd()
    return _waited(child, Where(around, named_root), drawn) if wait else _begun(child, Where(around, named_root))


def _handed_over(pipeline: Pipeline) -> dict[str, Any]:
    """``pipeline`` as JSON. Raises ``DefinitionError`` with its mistakes, or for a value without a form in JSON."""
    mistakes = check_pipeline(pipeline)
    if mistakes:
        raise DefinitionError(mistakes)
    given = [(pipeline.parameters, ""), *((task.parameters, f"{task.task_key}.") for task in pipeline.all_tasks)]
    for parameters, lead in given:
        for name, value in parameters.items():
            try:
                json.dumps(encode(_native(value)))
            except (TypeError, ValueError):
                hint = "pass text, numbers, dates, lists, dicts"
                mistakes.append(Mistake(f"a {type(value).__name__} cannot be passed", key=f"{lead}parameters.{name}", hint=hint))
    if mistakes:
        raise DefinitionError(mistakes)
    return pipeline_document(pipeline)


def _refuse_strangers(workspace: object, wait: object, only: object, job: object, parameters: object) -> None:
    """Tell a value that was meant for a parameter of the same name from this function's own. Raises ``UsageError``."""
    paths = (str, os.PathLike, type(None))
    for name, value, kinds in (
        ("workspace", workspace, paths),
        ("wait", wait, bool),
        ("only", only, (str, list, tuple, type(None))),
        ("job", job, (str, type(None))),
        ("parameters", parameters, (Mapping, type(None))),
    ):
        if not isinstance(value, kinds):
            msg = f"run_pipeline: {name}={value!r} is none of its own values"
            raise UsageError(msg, f"a parameter of that name goes into parameters={{'{name}': ...}}")


def _options(workspace: str | Path | None, only: str | Sequence[str] | None, job: str | None) -> list[str]:
    selectors = [only] if isinstance(only, str) else list(only or ())
    options = [part for selector in selectors for part in ("--only", selector)]
    options += [] if job is None else ["--job", job]
    return options if workspace is None else ["--workspace", os.fspath(workspace), *options]


def _encoded(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` as JSON that converts back by the declared types. Raises ``UsageError`` for one without a form."""
    encoded = {}
    for name, value in values.items():
        try:
            encoded[name] = encode(_native(value))
            json.dumps(encoded[name], allow_nan=False)
        except (TypeError, ValueError):
            kind = type(value).__name__
            raise UsageError(f"parameter {name!r}: a {kind} cannot be passed", "pass text, numbers, dates, lists, dicts") from None
    return encoded


def _native(value: Any) -> Any:
    """What numpy's scalars and arrays are in Python; anything else as it is."""
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _native(item) for key, item in value.items()}
    return type(value)(map(_native, value)) if type(value) in (list, tuple, set) else value


def _waited(child: Child, where: Where, drawn: bool) -> Run:
    watch = Watch(child, where) if drawn else None
    try:
        code = child.follow(watch.step if watch is not None else child.lines(lambda line: print(line, flush=True)))
        document = child.document()
        if document is None or "run_id" not in document:
            raise refusal(document, code)
        return Run(document, where, shown=drawn)
    finally:
        if watch is not None:
            watch.finish()
        child.close()


def _begun(child: Child, where: Where) -> Run:
    """The run as soon as it has an id."""
    try:
        while (run_id := child.run_id()) is None:
            code = child.process.poll()
            if code is not None and child.run_id() is None:
                raise refusal(child.document(), code)
            time.sleep(0.02)
        return Run({"run_id": run_id}, where, child.process).refresh()
    finally:
        child.close()


def refusal(document: Mapping[str, Any] | None, code: int) -> NbflowError:
    """The exception for a child that ended without a run: the mistakes it told, or how it ended."""
    errors = (document or {}).get("errors")
    if errors and code == 2:
        return DefinitionError([Mistake(**error) for error in errors])
    if errors:
        return NbflowError("\n".join(error["message"] for error in errors))
    return NbflowError(f"nbflow ended with exit code {code} and no result")
