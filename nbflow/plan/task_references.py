"""What ``{{tasks.<task key>.…}}`` means: the values, the result and the output of a task that has ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nbflow.define.nearest import did_you_mean, there_are
from nbflow.plan.known import Ended, Known
from nbflow.plan.outputs import is_output, output_of
from nbflow.plan.reference_text import ReferenceProblem

TASK_FACTS: dict[str, Callable[[Ended], Any]] = {
    "run_id": lambda ended: ended.run_id,
    "result_state": lambda ended: ended.result.lower(),
    "error_code": lambda ended: ended.error,
    "execution_count": lambda ended: ended.executions,
    "notebook_path": lambda ended: ended.notebook_path,
}
_OUTPUT = "output"
_VALUES = "values"


class NoValue(ReferenceProblem):
    """A task that has ended, or was left out, without the value: where ``??`` offers another, that counts."""


def of_a_task(parts: tuple[str, ...], known: Known, text: str) -> Any:
    """The value of ``("tasks", <task key>, …)``; ``None`` for what is not known yet.

    Raises ``ReferenceProblem`` for a name that is none, ``NoValue`` where the task did not give it.
    """
    task_key, kind, rest = parts[1], parts[2], parts[3:]
    if kind == _OUTPUT and rest and not is_output(parts):
        raise ReferenceProblem(
            f"{text} is not known", f"write {{{{tasks.{task_key}.output.rows}}}}, .output.first_row or .output.first_row.<column>"
        )
    if (kind == _VALUES and len(rest) == 1) or (kind == _OUTPUT and rest) or (kind in TASK_FACTS and not rest):
        if kind == _OUTPUT:
            return None if known.outputs is None else _output(parts, known.outputs, text)
        if known.values is None:
            return None
        if kind == _VALUES:
            return _value(task_key, rest[0], known.values, text)
        ended = (known.ended or {}).get(task_key)
        if ended is None:
            raise NoValue(f"{text}: task {task_key!r} did not run in this run")
        return TASK_FACTS[kind](ended)
    if kind in (_VALUES, _OUTPUT) and not rest:
        raise ReferenceProblem(f"{text} is not whole", f"write {{{{tasks.{task_key}.{kind}.<name>}}}}")
    known_kinds = (*TASK_FACTS, _VALUES, _OUTPUT)
    raise ReferenceProblem(f"{text} is not known", did_you_mean(kind, known_kinds) or there_are(known_kinds))


def _value(task_key: str, key: str, values: Mapping[str, Mapping[str, Any]], text: str) -> Any:
    if task_key not in values:
        raise NoValue(f"{text}: task {task_key!r} has no values in this run")
    if key not in values[task_key]:
        raise NoValue(f"{text}: task {task_key!r} set no value {key!r}", did_you_mean(key, values[task_key]))
    return values[task_key][key]


def _output(parts: tuple[str, ...], outputs: Mapping[str, Mapping[str, Any]], text: str) -> Any:
    try:
        return output_of(parts, outputs)
    except ValueError as error:
        raise NoValue(f"{text}: {error}") from None
