"""``run_pipeline``: a run from Python, from a script or from a cell."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from nbflow.core.call_options import call_words, own_value_refused
from nbflow.core.errors import DefinitionError, Mistake, NbflowError, UsageError
from nbflow.core.values import encode
from nbflow.define.pipelines.handover import pipeline_document
from nbflow.define.pipelines.order import check_pipeline
from nbflow.define.pipelines.pipeline import Pipeline
from nbflow.define.setting_words import setting_words
from nbflow.surface.jupyter.child import Child, Document
from nbflow.surface.jupyter.interrupts import Interrupts
from nbflow.surface.jupyter.run import Run
from nbflow.surface.jupyter.watch import Watch
from nbflow.surface.jupyter.where import Where
from nbflow.surface.jupyter.widget import can_draw

_LOOK_SECONDS = 0.02


def run_pipeline(
    pipeline: str | Path | Pipeline,
    /,
    *,
    workspace: str | Path | None = None,
    wait: bool = True,
    only: str | Sequence[str] | None = None,
    from_: str | Sequence[str] | None = None,
    until: str | Sequence[str] | None = None,
    job: str | None = None,
    target: str | None = None,
    variables: Mapping[str, Any] | None = None,
    logical_date: str | date | tuple[str | date, str | date] | None = None,
    engine: str | None = None,
    settings: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    **named: Any,
) -> Run:
    """Run a pipeline in a process of its own and return what came of it.

    ``pipeline`` is a path, a name in ``pipelines/``, a notebook, or a ``Pipeline``. Values are given by name, and in
    ``parameters`` where a name is none of Python's or one of this function's own; they keep their types. All else is what
    ``nbflow run`` has: ``only``, ``from_`` and ``until`` select tasks; ``job`` is one of several jobs of a bundle's file,
    ``target`` one of its targets, ``variables`` are values for its variables; ``logical_date`` is the day whose data the run is for,
    or its start and end; ``settings`` are the workspace's by name, for this run, and ``engine`` is the one of them that is said most.
    In a cell the run is shown while it goes on, elsewhere progress is printed as it comes. With ``wait=False`` the call returns as
    soon as the run has begun; it goes on when this process ends, and what is asked of the run tells how it stands then.

    A failed run raises nothing: see ``Run.ok`` and ``Run.raise_for_result``. Raises ``DefinitionError`` with all
    mistakes when nothing was started, and ``KeyboardInterrupt`` after an interrupt has cancelled the run.
    """
    if not isinstance(pipeline, (str, os.PathLike, Pipeline)):
        raise UsageError(f"run_pipeline: {pipeline!r} is no pipeline", "say a path, a name in pipelines/, a notebook, or a Pipeline")
    _refuse_strangers(workspace=workspace, wait=wait, engine=engine, settings=settings, parameters=parameters)
    twice = [name for name in parameters or {} if name in named]
    if twice:
        raise UsageError(f"run_pipeline: parameter {twice[0]!r} is given twice", "give it by its name or in parameters, not in both")
    values = _encoded({**(parameters or {}), **named})
    chosen = {
        "only": only, "from_": from_, "until": until, "job": job, "target": target, "variables": variables, "logical_date": logical_date,
    }  # fmt: skip
    of_workspace = {**(settings or {}), **({} if engine is None else {"engine": engine})}
    arguments: list[str | Document] = [*call_words(chosen), *setting_words(of_workspace), "--how", "python"]
    arguments += [] if workspace is None else ["--workspace", os.fspath(workspace)]
    if values:
        arguments += ["--parameters-file", Document("parameters", values)]
    if isinstance(pipeline, Pipeline):
        arguments += ["--value", "--", Document("pipeline", _handed_over(pipeline))]
    else:
        arguments += ["--", os.fspath(pipeline)]
    try:
        return _ran(arguments, wait=wait)
    except DefinitionError as error:  # values are given by name here, with no -p
        raise DefinitionError([replace(each, key=each.key and each.key.removeprefix("-p ")) for each in error.mistakes]) from None


def run_by_words(words: Sequence[str]) -> Run:
    """What ``nbflow run WORDS`` runs, as ``run_pipeline`` does it. Raises like that; a call that is wrong in itself tells the usage."""
    return _ran(["--how", "python", *words], wait=True)


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


_OWN: dict[str, tuple[Any, str]] = {
    "workspace": ((str, os.PathLike, type(None)), "it takes a folder"),
    "wait": (bool, "it takes True or False"),
    "engine": ((str, type(None)), "it takes text"),
    "settings": ((Mapping, type(None)), "it takes a dict"),
    "parameters": ((Mapping, type(None)), "it takes a dict"),
}


def _refuse_strangers(**given: object) -> None:
    """Tell a value that was meant for a parameter of the same name from this function's own. Raises ``UsageError``."""
    for name, value in given.items():
        kinds, takes = _OWN[name]
        if not isinstance(value, kinds):
            raise own_value_refused(name, value, takes)


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


def _ran(arguments: Sequence[str | Document], *, wait: bool) -> Run:
    """The run that the child makes. An interrupt at whatever moment is the child's, and is raised when that is gone."""
    drawn = wait and can_draw()
    interrupts, began = Interrupts(), False
    try:
        with interrupts:
            child = Child(arguments, listen=wait and not drawn)
            interrupts.tell(child.interrupt)
            try:
                return _waited(child, interrupts, drawn=drawn) if wait else _begun(child, interrupts)
            finally:
                began = child.begun() is not None
                child.close()
    finally:
        if interrupts.count:
            raise _interrupted("interrupted: the run was asked to end" if began else "interrupted before a run began") from None


def _waited(child: Child, interrupts: Interrupts, *, drawn: bool) -> Run:
    watch = Watch(child) if drawn else None
    try:
        code = child.follow(watch.step if watch is not None else child.lines(lambda line: print(line, flush=True)), interrupts)
        document, begun = child.document(), child.begun()
        if document is None or begun is None or "run_id" not in document:
            raise refusal(document, code)
        return Run(document, Where(begun.workspace), shown=drawn)
    finally:
        if watch is not None:
            watch.finish()


def _begun(child: Child, interrupts: Interrupts) -> Run:
    """The run as soon as it has an id; where the cell was interrupted before that, when it has ended."""

    def step() -> bool:
        time.sleep(_LOOK_SECONDS)
        return child.process.poll() is not None

    while (begun := child.begun()) is None and not interrupts.count and not step():
        pass
    if interrupts.count or (begun := begun or child.begun()) is None:
        raise refusal(child.document(), child.follow(step, interrupts))
    return Run({"run_id": begun.run_id}, Where(begun.workspace), child.process).refresh()


def _interrupted(told: str) -> KeyboardInterrupt:
    """What an interrupted cell ends with, told in a line; IPython shows it in a line, for no traceback says more."""
    error = KeyboardInterrupt()
    error._render_traceback_ = lambda: [told]  # type: ignore[attr-defined]
    return error


def refusal(document: Mapping[str, Any] | None, code: int) -> NbflowError:
    """The exception for a child that ended without a run: the mistakes it told, or how it ended."""
    errors = (document or {}).get("errors")
    if errors and code == 2:
        return DefinitionError([Mistake(**error) for error in errors])
    if errors:
        return NbflowError("\n".join(error["message"] for error in errors))
    return NbflowError(f"nbflow ended with exit code {code} and no result")
