"""A notebook opened as one of its tasks: the task's parameters, and the values of its ancestors from the last run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import Any

from nbflow.core.errors import StoreError, UsageError
from nbflow.core.records import RunRecord
from nbflow.core.results import Result
from nbflow.core.values import shown
from nbflow.define.pipeline_files.choice import Choice
from nbflow.plan.arguments import fit
from nbflow.plan.export.text import origin_text, value_text
from nbflow.plan.graph import ancestors
from nbflow.plan.items import items_of
from nbflow.plan.known import LATER, NO_ITEM, ONE_TIME, Ended, Known
from nbflow.plan.plan import Argument, Plan, PlannedTask, Stored
from nbflow.plan.references import resolve
from nbflow.plan.work import NotebookWork
from nbflow.surface.inside.parameters import choices
from nbflow.surface.inside.parameters.form import refresh
from nbflow.surface.inside.parameters.registry import Opened
from nbflow.surface.jupyter.here import FoundTask
from nbflow.surface.jupyter.show import cut
from nbflow.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Asked:
    """What the line of ``%nbflow open`` asks for beside the task: ``values`` as a run would be given them, a ``choice`` in a bundle, the
    day that it is for, and the ``item`` of a for_each, from 0."""

    values: Mapping[str, Any]
    choice: Choice
    logical_date: str | None = None
    item: int | None = None


@dataclass(frozen=True, slots=True)
class _Before:
    """What earlier runs have left for a task: of the tasks that it may read what they set, by the keys that their author gave them, and
    the newest ``run`` that any of it is from. ``trouble`` says why nothing can be read."""

    stored: Mapping[str, Stored] = field(default_factory=dict)
    run: RunRecord | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class _Item:
    """The item of a for_each that one of its steps is opened for: its index and itself. ``unknown`` says why there is none."""

    index: int = 0
    item: Any = LATER
    unknown: str = ""


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


def open_task(found: FoundTask, workspace: Workspace, asked: Asked, namespace: dict[str, Any]) -> Opening:
    """Have the notebook in this kernel developed as the task ``found``, with what is ``asked`` of it.

    Widgets and variables in ``namespace`` get the task's values; files are only read. Raises like ``Workspace.plan``, and
    ``UsageError`` for a task that runs no notebook and for an item that is not there.
    """
    choice = asked.choice
    variables = {name: choice.variables[name] for name in choice.asked}
    plan = workspace.plan(
        found.pipeline, asked.values, Path.cwd(), (), found.job, asked.logical_date, choice.target, variables
    )  # fmt: skip
    loop, task = _task_and_loop(plan, found.task_key)
    if task.work.kind != NotebookWork.kind:
        raise UsageError(f"{found.name} runs no notebook", "only tasks that do can be opened")
    if asked.item is not None and loop is None:
        raise UsageError(f"{found.name} stands in no for_each", "leave --item out")
    wanted = {key: key for key in _read_by((loop or task).task_key, plan.tasks)}
    before = _before(workspace, plan, wanted, itself=(loop or task).task_key)
    item = None if loop is None else _item(plan, loop, before, asked.item, workspace)
    if loop is not None and item is not None:
        wanted |= {key: f"{loop.task_key}/{item.index}/{key}" for key in _read_by(task.task_key, loop.steps)}
        before = _before(workspace, plan, wanted, itself=loop.task_key)
    arguments, notes = _resolved(plan, task, before, item, workspace)
    notes += [item.unknown] if item is not None and item.unknown else []
    if not before.trouble:
        notes += [f"no run has values of {key} yet" for key in wanted if key not in before.stored]
    problem = choices.open_as(_opened(found, plan, arguments, before), namespace)
    notes[:0] = [_told(key, left) for key, left in before.stored.items()]
    notes += [before.trouble] if before.trouble else []
    notes += [f"what derives from them fails: {problem}"] if problem else []
    notes += [] if refresh() else ["run the cell with the widgets: its form shows these values"]
    rows = tuple((each.name, value_text(replace(each, late=False)), _origin(each, plan, before)) for each in arguments)
    which = "" if item is None or item.unknown else f", item {item.index}: {shown(item.item)}"
    return Opening(f"opened as {found.name}{which}", rows, tuple(notes))


def _task_and_loop(plan: Plan, key: str) -> tuple[PlannedTask | None, PlannedTask]:
    """The task of that key, and the for_each that it is a step of. Raises ``KeyError``."""
    for task in plan.tasks:
        for step in task.steps:
            if step.task_key == key:
                return task, step
    return None, plan.task(key)


def _read_by(key: str, tasks: Sequence[PlannedTask]) -> list[str]:
    """The keys of those of ``tasks`` that the task ``key`` may read, in their order."""
    before = ancestors({task.task_key: task.depends_on for task in tasks}, [key])
    return [task.task_key for task in tasks if task.task_key in before]


def _before(workspace: Workspace, plan: Plan, wanted: Mapping[str, str], itself: str) -> _Before:
    """What the tasks ``wanted``, by their author's keys with those in a run, left by the rule of ``Store.last_values``. For a task that
    reads none it is the last run of ``itself`` that counts."""
    try:
        keys = [*wanted.values()] or [itself]
        left = workspace.store.last_values(plan.pipeline, keys, of_file=plan.file is not None, bundle_job=plan.bundle_job)
        newest = max((each.run_id for each in left.values()), default=None)
        run = None if newest is None else workspace.store.run(newest)
    except (StoreError, UsageError) as error:  # the run may be removed meanwhile
        return _Before(trouble=f"values of earlier runs cannot be read: {error}")
    return _Before({key: left[key_in_run] for key, key_in_run in wanted.items() if key_in_run in left}, run)


def _item(plan: Plan, loop: PlannedTask, before: _Before, wanted: int | None, workspace: Workspace) -> _Item:
    """The item that is asked for, or the first. Raises ``UsageError`` where one is asked for that there is not."""
    inputs = next(argument for argument in loop.arguments if argument.name == "inputs")
    try:
        value, late = resolve(inputs.value, _known(plan, loop, before, None, workspace)) if inputs.late else (inputs.value, False)
        items = [] if late else items_of(value)
        unknown = f"the items of {loop.task_key} are known only in a run" if late else f"{loop.task_key} has no items"
    except ValueError as error:
        items, unknown = [], f"the items of {loop.task_key} are not known: {error}"
    at = wanted or 0
    if 0 <= at < len(items):
        return _Item(at, items[at])
    if wanted is None:
        return _Item(unknown=unknown)
    raise UsageError(f"there is no item {wanted}", f"{loop.task_key} has {len(items)}, from 0 on" if items else unknown)


def _opened(found: FoundTask, plan: Plan, arguments: Sequence[Argument], before: _Before) -> Opened:
    given = [argument for argument in arguments if argument.origin != "notebook"]
    return Opened(
        name=found.name,
        values={argument.name: argument.value for argument in given},
        origins={argument.name: _origin(argument, plan, before) for argument in given},
        plain=frozenset(item.name for item in given if item.assigned and not item.widget and item.declared is not None),
        loose=frozenset(item.name for item in given if item.assigned and item.declared is None and item.name.isidentifier()),
        task_values={key: left.values for key, left in before.stored.items()},
    )


def _told(key: str, left: Stored) -> str:
    told = cut(", ".join(f"{name} = {value!r}" for name, value in left.values.items()))
    how = "" if left.result == str(Result.SUCCESS) else f" ({left.result})"
    return f"values of {key} from run {left.run_id}{how}: {told or 'none'}"


def _known(plan: Plan, task: PlannedTask, before: _Before, item: _Item | None, workspace: Workspace) -> Known:
    """What a run that goes on as the last one did would know when it starts the task."""
    run = before.run
    started = run.started if run is not None else datetime.now(timezone.utc)
    ids = {record.task_key: record.task_run_id for record in run.tasks} if run is not None else {}
    ended = {key: Ended(left.task_run_id, left.result, executions=left.executions) for key, left in before.stored.items()}
    return Known(
        plan.pipeline, plan.parameters, task.task_key, str(task.work.path or task.work.origin), run.run_id if run is not None else None,
        ids.get(task.task_key), started, {key: left.values for key, left in before.stored.items()},
        {key: left.output for key, left in before.stored.items()}, ended, 1, trigger_type=ONE_TIME, zone=plan.timezone,
        interval=plan.interval, workspace=str(workspace.root), item=NO_ITEM if item is None else item.item, compat=workspace.settings.compat,
    )  # fmt: skip


def _resolved(plan: Plan, task: PlannedTask, before: _Before, item: _Item | None, workspace: Workspace) -> tuple[list[Argument], list[str]]:
    """The task's arguments as the last run would have them, and a note for each that cannot be known: its default holds."""
    known = _known(plan, task, before, item, workspace)
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


def _origin(argument: Argument, plan: Plan, before: _Before) -> str:
    """Where a value comes from, in words; of one that only a run knows, from which run."""
    if not argument.late:
        return origin_text(argument)
    said = origin_text(replace(argument, late=False))
    return f"{said}, as in run {before.run.run_id}" if before.run is not None else f"{said}, as of now"
