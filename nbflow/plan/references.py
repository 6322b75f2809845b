"""References such as ``{{job.parameters.day}}``, checked and replaced.

The list is Databricks' (dynamic value references). What the plan can know is replaced when the plan is made; the rest
is *late* and replaced just before its task starts, by the same function. Unlike on Databricks an unknown name is an
error, since a typo that stays as text is found only in the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from nbflow.define.nearest import did_you_mean, there_are
from nbflow.plan.known import LATER, NO_ITEM, NO_PARAMETERS, Known, stable_id
from nbflow.plan.reference_text import (
    NoReference,
    Reference,
    ReferenceProblem,
    Term,
    Verbatim,
    escaped,
    find_references,
    is_namespace,
    references_in,
)
from nbflow.plan.task_references import TASK_FACTS, NoValue, of_a_task
from nbflow.plan.times import TIME_ARGUMENTS, check_argument, check_late, check_steps, stepped, time_argument

__all__ = [
    "LATER", "NO_PARAMETERS", "TIME_ARGUMENTS", "Known", "Reference", "ReferenceProblem", "as_text", "escaped", "find_references",
    "references_in", "resolve",
]  # fmt: skip


class _Late:
    """Stands for a value that only the run knows."""


_LATE = _Late()

_SIMPLE: dict[tuple[str, ...], Callable[[Known], Any]] = {
    ("job", "id"): lambda known: stable_id(known.job_name),
    ("job", "name"): lambda known: known.job_name,
    ("job", "run_id"): lambda known: known.run_id,
    ("job", "repair_count"): lambda known: None if known.run_id is None else 0,
    ("job", "trigger", "type"): lambda known: known.trigger_type,
    ("task", "name"): lambda known: known.task_name,
    ("task", "run_id"): lambda known: known.task_run_id,
    ("task", "notebook_path"): lambda known: known.notebook_path,
    ("task", "execution_count"): lambda known: known.attempt,
    ("workspace", "id"): lambda known: known.workspace and stable_id(known.workspace),
    ("workspace", "url"): lambda known: known.workspace and f"file://{known.workspace}",
    ("parent_run_id",): lambda known: known.run_id,
    ("job_id",): lambda known: stable_id(known.job_name),
    ("run_id",): lambda known: known.task_run_id,
    ("task_key",): lambda known: known.task_name,
    ("task_retry_count",): lambda known: None if known.attempt is None else known.attempt - 1,
}
"""References without an argument; ``None`` is what only the run knows. The last five are Databricks' old forms."""

_MOMENTS: dict[tuple[str, ...], Callable[[Known], datetime | None]] = {
    ("job", "start_time"): lambda known: known.start_time,
    ("job", "trigger", "time"): lambda known: known.triggered,
    ("job", "logical_time"): lambda known: known.begin,
    ("job", "data_interval", "start"): lambda known: known.begin,
    ("job", "data_interval", "end"): lambda known: known.end,
}
"""Times; their argument follows. The last three are nbflow's own."""

_OLD_TIMES: dict[tuple[str, ...], str] = {("start_date",): "iso_date", ("start_time",): "timestamp_ms"}

_NOT_HERE = {
    ("job", "trigger", "file_arrival"): "no run is started by the arrival of a file",
    ("job", "trigger", "table_update"): "no run is started by the update of a table",
    ("job", "trigger", "model"): "no run is started by a model",
    ("backfill",): "{{job.data_interval.start.iso_date}} is the day that a run is for, with --logical-date",
    ("secrets",): "secrets stand in variables of the environment only",
}

KNOWN_NAMES = (
    *(".".join(parts) for parts in _SIMPLE), *(".".join(parts) for parts in (*_MOMENTS, *_OLD_TIMES)), "job.parameters", "tasks",
    "input",
)  # fmt: skip


def resolve(value: Any, known: Known) -> tuple[Any, bool]:
    """``value`` with its references replaced, and whether some of them are late.

    A text that is one reference and nothing else becomes the value itself, of any type (space around one that is no text is
    nothing); a reference amid other text becomes text, as on Databricks. With late references left the value stays as it was written, so that a later call
    with more ``known`` sees it whole. ``Verbatim`` text becomes plain text as it is. Raises ``ReferenceProblem``.
    """
    if isinstance(value, Verbatim):
        return str(value), False
    if isinstance(value, str):
        return _resolve_text(value, known)
    if isinstance(value, Mapping):
        pairs = {key: resolve(item, known) for key, item in value.items()}
        late = any(is_late for _, is_late in pairs.values())
        return (value, True) if late else ({key: item for key, (item, _) in pairs.items()}, False)
    if isinstance(value, (list, tuple)):
        items = [resolve(item, known) for item in value]
        late = any(is_late for _, is_late in items)
        return (value, True) if late else ([item for item, _ in items], False)
    return value, False


def _resolve_text(text: str, known: Known) -> tuple[Any, bool]:
    if "{{" not in text:
        return text, False
    found = list(find_references(text, strict=not known.compat))
    values = _looked_up(found, known)
    if any(value is _LATE for value in values):
        return text, True
    if len(found) == 1 and found[0].text == (text if isinstance(values[0], str) else text.strip()):
        return values[0], False
    pieces, end = [], 0
    for reference, value in zip(found, values):
        pieces += [text[end : reference.start], as_text(value)]
        end = reference.end
    return "".join([*pieces, text[end:]]), False


def _looked_up(found: list[Reference], known: Known) -> list[Any]:
    """The value of each reference. Raises ``ReferenceProblem`` that tells all that is wrong with them."""
    values, problems = [], []
    for reference in found:
        try:
            values.append(_chosen(reference, known))
        except ReferenceProblem as problem:
            if known.compat and isinstance(problem, NoReference):
                values.append(reference.text)
            else:
                problems.append(problem)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise ReferenceProblem("; ".join(f"{problem} ({problem.hint})" if problem.hint else str(problem) for problem in problems))
    return values


def as_text(value: Any) -> str:
    """``value`` as it stands amid other text: numbers as they were written, what is neither text nor number as JSON."""
    if isinstance(value, str) or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return str(value)
    import json  # only when a reference stands amid other text

    return json.dumps(value, ensure_ascii=False, default=str)


def _chosen(reference: Reference, known: Known) -> Any:
    """The first of the reference's terms that has a value; late where one before it is. All of them are checked."""
    values: list[Any] = []
    missing: list[NoValue] = []
    nothing = False
    for term in reference.terms:
        check_steps(term.steps, reference.text)
        try:
            value = _look_up(term, known, reference.text)
        except NoValue as problem:
            missing.append(problem)
            continue
        nothing = nothing or value is None
        values += [] if value is None else [value]
    if values:
        return values[0]
    if missing and not nothing:
        raise missing[0]
    return None


def _look_up(term: Term, known: Known, text: str) -> Any:
    parts = term.parts
    if not parts:
        return stepped(term.literal, term.steps, text)
    moment = _MOMENTS.get(parts[:-1])
    if moment is not None or parts in _OLD_TIMES:
        argument = _OLD_TIMES.get(parts, parts[-1])
        check_argument(argument, text)
        time = moment(known) if moment is not None else known.start_time
        if time is None:
            check_late(term.steps, text)
            return _LATE
        return time_argument(time, argument, text, term.steps, known.zone)
    value = _plain(parts, known, text)
    return value if value is _LATE or value is None else stepped(value, term.steps, text)


def _plain(parts: tuple[str, ...], known: Known, text: str) -> Any:
    """The value of a name that is no time."""
    if parts in _SIMPLE:
        value = _SIMPLE[parts](known)
        return _LATE if value is None else value
    if parts[:2] == ("job", "parameters") and len(parts) == 3:
        return _parameter(parts[2], known, text)
    if parts[0] == "tasks" and len(parts) > 2:
        value = of_a_task(parts, known, text)
        given = known.outputs if parts[2] == "output" else known.values
        return _LATE if value is None and given is None else value
    if parts[0] == "input":
        return _input(parts, known, text)
    raise _unknown(parts, text)


def _parameter(name: str, known: Known, text: str) -> Any:
    if known.parameters is NO_PARAMETERS:
        raise ReferenceProblem(f"{text}: a pipeline's parameter cannot refer to another", "write the value itself")
    if name not in known.parameters:
        hint = did_you_mean(name, known.parameters)
        if known.partly and hint is None:
            return _LATE
        raise ReferenceProblem(f"{text}: the pipeline has no parameter {name!r}", hint)
    if known.parameters[name] is LATER:
        return _LATE
    value, late = resolve(known.parameters[name], replace(known, parameters=NO_PARAMETERS))  # a default may refer to what is no parameter
    return _LATE if late else value


def _input(parts: tuple[str, ...], known: Known, text: str) -> Any:
    """The item of a for_each_task, or what stands in it under the keys that follow."""
    value = known.item
    if value is NO_ITEM:
        raise ReferenceProblem(f"{text} has a value in the task of a for_each_task only", "write {{job.parameters.<name>}}")
    for key in parts[1:]:
        if value is LATER:
            return _LATE
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, Mapping) and key in value:
            value = value[key]
        else:
            hint = did_you_mean(key, value) or there_are(value) if isinstance(value, Mapping) else None
            raise ReferenceProblem(f"{text}: the item has no key {key!r}", hint)
    return _LATE if value is LATER else value


def _unknown(parts: tuple[str, ...], text: str) -> ReferenceProblem:
    """What is wrong with a name that is none."""
    for start, reason in _NOT_HERE.items():
        if parts[: len(start)] == start or parts[0].partition("/")[0] == start[0] == "secrets":
            return ReferenceProblem(f"{text} has no meaning here", reason)
    if parts in _MOMENTS:
        return ReferenceProblem(f"{text} is not whole", f"write {{{{{'.'.join(parts)}.iso_date}}}}")
    if parts == ("job", "parameters"):
        return ReferenceProblem(f"{text} is not whole", "write {{job.parameters.<name>}}")
    if parts[0] == "tasks":
        return ReferenceProblem(f"{text} is not known", f"write {{{{tasks.<task key>.values.<key>}}}}, or one of {', '.join(TASK_FACTS)}")
    known = [name for name in KNOWN_NAMES if "." in name or len(parts) == 1]
    whole = ".".join(parts)
    hint = did_you_mean(whole, known) or did_you_mean(".".join(parts[:2]), known) or did_you_mean(".".join(parts[:3]), known)
    kind = ReferenceProblem if is_namespace(parts[0]) else NoReference
    return kind(f"{text} is not known", hint or f"known are {', '.join(name for name in KNOWN_NAMES if '.' in name)}")
