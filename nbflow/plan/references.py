"""References such as ``{{job.parameters.day}}``: found, checked and replaced.

The list is Databricks' (dynamic value references). What the plan can know is replaced when the plan is made; the rest
is *late* and replaced just before its task starts, by the same function. Unlike on Databricks an unknown name is an
error, since a typo that stays as text is found only in the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from nbflow.define.nearest import did_you_mean
from nbflow.plan.outputs import is_output, output_of

_REFERENCE = re.compile(r"\{\{\s*((?:[\w-]+|`[^`]*`|\[[^\]]*\])(?:\.(?:[\w-]+|`[^`]*`|\[[^\]]*\]))*)\s*\}\}")
_PART = re.compile(r"`([^`]*)`|\[([^\]]*)\]|([\w-]+)")
_SUSPECT = re.compile(r"\{\{\s*(?:job|task|tasks)\b[^}]*\}\}?")

TIME_ARGUMENTS = (
    "iso_date", "iso_datetime", "iso_weekday", "is_weekday", "year", "month", "day", "hour", "minute", "second",
    "timestamp_ms",
)  # fmt: skip

_KNOWN = (
    "job.run_id", "job.name", "job.start_time", "job.parameters", "task.name", "task.run_id", "task.notebook_path",
    "tasks",
)  # fmt: skip


_UNFINISHED = {
    ("job", "start_time"): "{{job.start_time.iso_date}}",
    ("job", "parameters"): "{{job.parameters.<name>}}",
}


class ReferenceProblem(ValueError):
    """A reference that cannot be replaced; the text is a sentence for people, ``hint`` says what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference in a text: its parts (``("tasks", "a", "values", "k")``) and where it stands."""

    text: str
    parts: tuple[str, ...]
    start: int
    end: int


NO_PARAMETERS: Mapping[str, Any] = {}
"""For values that may not refer to parameters: those of parameters."""


@dataclass(frozen=True, slots=True)
class Known:
    """What references can be replaced with. ``None`` stands for what is not known yet.

    ``values`` maps the key of each finished task to its task values, ``outputs`` to the result of its SQL; ``start_time`` is UTC.
    """

    job_name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    task_name: str | None = None
    notebook_path: str | None = None
    run_id: int | None = None
    task_run_id: int | None = None
    start_time: datetime | None = None
    values: Mapping[str, Mapping[str, Any]] | None = None
    outputs: Mapping[str, Mapping[str, Any]] | None = None


class _Late:
    """Stands for a value that only the run knows."""


_LATE = _Late()


def find_references(text: str) -> Iterator[Reference]:
    """The references in ``text``, in order. Raises ``ReferenceProblem`` for text that begins like one and is none."""
    found = list(_REFERENCE.finditer(text))
    spans = {match.start() for match in found}
    for suspect in _SUSPECT.finditer(text):
        if suspect.start() not in spans:
            msg = f"{suspect.group()} is no reference"
            raise ReferenceProblem(msg, "write {{job.parameters.name}}; names with other characters stand in `backticks`")
    for match in found:
        parts = tuple(next(part for part in groups if part or part == "") for groups in _parts(match.group(1)))
        yield Reference(match.group(), parts, match.start(), match.end())


def _parts(text: str) -> Iterator[list[str]]:
    for match in _PART.finditer(text):
        yield [group for group in match.groups() if group is not None]


def references_in(value: Any) -> Iterator[Reference]:
    """The references anywhere in ``value``: in text, in lists and in dicts."""
    if isinstance(value, str):
        yield from find_references(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from references_in(item)


def resolve(value: Any, known: Known) -> tuple[Any, bool]:
    """``value`` with its references replaced, and whether some of them are late.

    A text that is one reference and nothing else becomes the value itself, of any type; a reference amid other text
    becomes text, as on Databricks. With late references left the value stays as it was written, so that a later call
    with more ``known`` sees it whole. Raises ``ReferenceProblem``.
    """
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
    found = list(find_references(text))
    values = _looked_up(found, known)
    if any(value is _LATE for value in values):
        return text, True
    if len(found) == 1 and found[0].text == text.strip():
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
            values.append(_look_up(reference, known))
        except ReferenceProblem as problem:
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


def _look_up(reference: Reference, known: Known) -> Any:
    parts = reference.parts
    if parts[:2] == ("job", "parameters") and len(parts) == 3:
        if known.parameters is NO_PARAMETERS:
            raise ReferenceProblem(f"{reference.text}: a pipeline's parameter cannot refer to another", "write the value itself")
        value = _member(known.parameters, parts[2], f"{reference.text}: the pipeline has no parameter {parts[2]!r}")
        value, late = resolve(value, replace(known, parameters=NO_PARAMETERS))  # a default may itself refer, to what is no parameter
        return _LATE if late else value
    if parts[0] == "tasks" and len(parts) == 4 and parts[2] == "values":
        return _task_value(reference, known)
    if parts[0] == "tasks" and len(parts) > 2 and parts[2] == "output":
        return _output(reference, known)
    if parts[:2] == ("job", "start_time") and len(parts) == 3:
        return time_argument(known.start_time, parts[2], reference.text)
    simple = {
        ("job", "run_id"): known.run_id,
        ("job", "name"): known.job_name,
        ("task", "name"): known.task_name,
        ("task", "run_id"): known.task_run_id,
        ("task", "notebook_path"): known.notebook_path,
    }
    if parts in simple:
        value = simple[parts]
        return _LATE if value is None else value
    if parts in _UNFINISHED:
        raise ReferenceProblem(f"{reference.text} is not whole", f"write {_UNFINISHED[parts]}")
    if parts[0] == "tasks":
        raise ReferenceProblem(f"{reference.text} is not known", "write {{tasks.<task key>.values.<key>}}")
    msg = f"{reference.text} is not known"
    raise ReferenceProblem(msg, did_you_mean(".".join(parts[:2]), _KNOWN) or f"known are {', '.join(_KNOWN)}")


def _member(mapping: Mapping[str, Any], name: str, problem: str) -> Any:
    if name not in mapping:
        raise ReferenceProblem(problem, did_you_mean(name, mapping))
    return mapping[name]


def _task_value(reference: Reference, known: Known) -> Any:
    _, task_key, _, key = reference.parts
    if known.values is None:
        return _LATE
    if task_key not in known.values:
        msg = f"{reference.text}: task {task_key!r} has no values in this run"
        raise ReferenceProblem(msg)
    values = known.values[task_key]
    return _member(values, key, f"{reference.text}: task {task_key!r} set no value {key!r}")


def _output(reference: Reference, known: Known) -> Any:
    if not is_output(reference.parts):
        hint = "write {{tasks.<task key>.output.rows}}, .output.first_row or .output.first_row.<column>"
        raise ReferenceProblem(f"{reference.text} is not known", hint)
    if known.outputs is None:
        return _LATE
    try:
        return output_of(reference.parts, known.outputs)
    except ValueError as error:
        raise ReferenceProblem(f"{reference.text}: {error}") from None


def time_argument(moment: datetime | None, argument: str, text: str) -> Any:
    """What ``argument`` (``iso_date``, ``hour``, …) says of ``moment`` in UTC; late where the moment is not known."""
    if argument not in TIME_ARGUMENTS:
        msg = f"{text}: {argument!r} is no part of a time"
        raise ReferenceProblem(msg, did_you_mean(argument, TIME_ARGUMENTS) or f"known are {', '.join(TIME_ARGUMENTS)}")
    if moment is None:
        return _LATE
    moment = moment.astimezone(timezone.utc)
    named = {
        "iso_date": moment.date().isoformat(),
        "iso_datetime": moment.replace(tzinfo=None).isoformat(timespec="seconds"),
        "iso_weekday": moment.isoweekday(),
        "is_weekday": moment.isoweekday() < 6,
        "timestamp_ms": int(moment.timestamp() * 1000),
    }
    return named[argument] if argument in named else getattr(moment, argument)
