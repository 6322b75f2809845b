"""A notebook opened as one of its tasks: the task's parameters, and the values of its ancestors from the last run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import Any

from nbflow.core.errors import StoreError, UsageError
from nbflow.core.records import RunRecord
from nbflow.core.results import Result
from nbflow.plan.arguments import fit
from nbflow.plan.export.text import origin_text, value_text
from nbflow.plan.graph import ancestors
from nbflow.plan.known import ONE_TIME, Ended, Known
from nbflow.plan.plan import Argument, Plan
from nbflow.plan.references import resolve
from nbflow.plan.work import NotebookWork
from nbflow.surface.inside.parameters import choices
from nbflow.surface.inside.parameters.form import refresh
from nbflow.surface.inside.parameters.registry import Opened
from nbflow.surface.jupyter.here import FoundTask
from nbflow.surface.jupyter.show import cut
from nbflow.workspace import Workspace

_NEWEST = 50


@dataclass(frozen=True, slots=True)
class _Last:
    """What runs before have left: the newest ``run`` that counts, and of tasks that succeeded the values, the results of SQL, what
    else is known of them, and the ids of the runs that they are from."""

    run: RunRecord | None = None
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ended: Mapping[str, Ended] = field(default_factory=dict)
    runs: Mapping[str, int] = field(default_factory=dict)
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a notebook was opened as, for people: ``rows`` are name, value and origin of each parameter."""

    title: str
    rows: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        widths = [max((len(row[at]) for row in self.rows), default=0) for at in (0, 1)]
        rows = [f"  {name:<{widths[0]}} = {value:<{min(widths[1], 60)}}  ({origin})" for name, value, origin in self.rows]
        return "\n".join([self.title, *rows, *self.notes])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        left = 'style="text-align:left"'
        rows = "".join("<tr>" + "".join(f"<td {left}>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows)
        heads = "".join(f"<th {left}>{name}</th>" for name in ("parameter", "value", "from"))
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>" if self.rows else ""
        notes = "".join(f"<div>{escape(note)}</div>" for note in self.notes)
        return {"text/plain": repr(self), "text/html": f"<div><b>{escape(self.title)}</b>{table}{notes}</div>"}


def open_task(found: FoundTask, workspace: Workspace, values: Mapping[str, Any], namespace: dict[str, Any]) -> Opening:
    """Have the notebook in this kernel developed as the task ``found``, with ``values`` as a run would be given them.

    Widgets and variables in ``namespace`` get the task's values; files are only read. Raises like ``Workspace.plan``, and
    ``UsageError`` for a task that runs no notebook.
    """
    plan = workspace.plan(found.pipeline, values, Path.cwd(), (), found.job)
    task = plan.task(found.task_key)
    if task.work.kind != NotebookWork.kind:
        raise UsageError(f"{found.name} runs no notebook", "only tasks that do can be opened")
    wanted = ancestors({item.task_key: item.depends_on for item in plan.tasks}, [task.task_key])
    last = _last(workspace, plan.pipeline, task.task_key, wanted)
    arguments, notes = _resolved(plan, task.task_key, last, workspace.root)
    for key in sorted(wanted - set(last.values)):
        if not last.trouble:
            notes.append(f"no run has values of {key} yet")
    given = [argument for argument in arguments if argument.origin != "notebook"]
    opened = Opened(
        name=found.name,
        values={argument.name: argument.value for argument in given},
        origins={argument.name: _origin(argument, plan, last) for argument in given},
        plain=frozenset(item.name for item in given if item.assigned and not item.widget and item.declared is not None),
        loose=frozenset(item.name for item in given if item.declared is None and item.name.isidentifier()),
        task_values=last.values,
    )
    problem = choices.open_as(opened, namespace)
    for key, known in last.values.items():
        told = cut(", ".join(f"{name} = {value!r}" for name, value in known.items()))
        notes.insert(0, f"values of {key} from run {last.runs[key]}: {told or 'none'}")
    notes += [last.trouble] if last.trouble else []
    notes += [f"what derives from them fails: {problem}"] if problem else []
    notes += [] if refresh() else ["run the cell with the widgets: its form shows these values"]
    rows = tuple((item.name, value_text(item), _origin(item, plan, last)) for item in arguments)
    return Opening(f"opened as {found.name}", rows, tuple(notes))


def _last(workspace: Workspace, pipeline: str, task_key: str, wanted: set[str]) -> _Last:
    """What the newest runs of the pipeline left for a task whose ancestors are ``wanted``."""
    try:
        runs = workspace.store.runs(pipeline, _NEWEST)
    except StoreError as error:
        return _Last(trouble=f"values of earlier runs cannot be read: {error}")
    values: dict[str, Mapping[str, Any]] = {}
    outputs: dict[str, Mapping[str, Any]] = {}
    ended: dict[str, Ended] = {}
    origin: dict[str, int] = {}
    newest = None
    for run in runs:
        for task in run.tasks:
            if task.task_key in wanted and task.task_key not in values and task.result is Result.SUCCESS:
                values[task.task_key], origin[task.task_key] = task.values, run.run_id
                outputs[task.task_key] = task.output or {}
                ended[task.task_key] = Ended(task.task_run_id, str(task.result), executions=len(task.attempts))
                newest = newest or run
    if not wanted:
        newest = next((run for run in runs if any(task.task_key == task_key for task in run.tasks)), None)
    return _Last(newest, values, outputs, ended, origin)


def _resolved(plan: Plan, task_key: str, last: _Last, workspace: Path) -> tuple[list[Argument], list[str]]:
    """The task's arguments as the last run would have them, and a note for each that cannot be known: its default holds."""
    task, run = plan.task(task_key), last.run
    started = run.started if run is not None else datetime.now(timezone.utc)
    ids = {record.task_key: record.task_run_id for record in run.tasks} if run is not None else {}
    known = Known(
        plan.pipeline, plan.parameters, task_key, str(task.work.path or task.work.origin), run.run_id if run is not None else None,
        ids.get(task_key), started, last.values, last.outputs, last.ended, 1, trigger_type=ONE_TIME, zone=plan.timezone,
        interval=plan.interval, workspace=str(workspace),
    )  # fmt: skip
    arguments, notes = [], []
    for argument in task.arguments:
        if not argument.late:
            arguments.append(argument)
            continue
        try:
            value, late = resolve(argument.value, known)
            if late:
                notes.append(f"{argument.name}: {argument.value} is known only in a run; the default holds")
            else:
                arguments.append(replace(argument, value=fit(value, argument)))
        except ValueError as error:
            notes.append(f"{argument.name}: {error}; the default holds")
    return arguments, notes


def _origin(argument: Argument, plan: Plan, last: _Last) -> str:
    """Where a value comes from, in words; of one that only a run knows, from which run."""
    if not argument.late:
        return origin_text(argument)
    said = origin_text(replace(argument, late=False))
    return f"{said}, as in run {last.run.run_id}" if last.run is not None else f"{said}, as of now"
