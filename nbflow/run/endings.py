"""How the execution of a notebook ends, and what a cell's reply means for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from nbflow.core.exchange import EXIT_NAME
from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.run.tracebacks import readable


@dataclass(frozen=True, slots=True)
class Ending:
    """How the execution ended. ``ended_at_cell`` (from 1) is where the notebook ended early by its own will, or was cancelled."""

    result: Result
    error: TaskError | None = None
    ended_at_cell: int | None = None


def unkept(ending: Ending | None, message: str) -> Ending:
    """How an attempt ended of which something could not be kept, as ``message`` says: a success is none then, and neither is one that had
    not come to an end (``None``); every other end stays what it is."""
    if ending is not None and ending.result is not Result.SUCCESS:
        return ending
    return Ending(Result.FAILED, TaskError(ErrorKind.STORAGE, message))


_LONGEST_TEXT = 10_000  # of an exception, in the records; the executed notebook has it whole
_NO_CODE = ("", "0", "None", "False")


def ended_early(work: asyncio.Future[dict[str, Any]]) -> bool:
    """Whether the cell ended its notebook by its own will and well: ``sys.exit(0)``, ``dbutils.notebook.exit(…)``."""
    if not work.done() or work.cancelled() or work.exception():
        return False
    reply = work.result()
    return reply.get("status") == "error" and _is_good_exit(reply)


def _is_good_exit(reply: dict[str, Any]) -> bool:
    ename = reply.get("ename")
    return ename == EXIT_NAME or (ename == "SystemExit" and reply.get("evalue", "") in _NO_CODE)


def judge(reply: dict[str, Any], cell: dict[str, Any], number: int) -> Ending | None:
    """What a cell's reply means for the notebook."""
    if reply.get("status") == "ok":
        return None
    ename, evalue = reply.get("ename", "Aborted"), cut(reply.get("evalue", ""))
    if _is_good_exit(reply):
        return Ending(Result.SUCCESS, ended_at_cell=number)
    if "raises-exception" in cell.get("metadata", {}).get("tags", []):
        return None
    if ename == "SystemExit":
        message = f"sys.exit({evalue}) in cell {number}"
        return Ending(Result.FAILED, TaskError(ErrorKind.EXIT, message, number, ename, evalue, cell["source"]))
    message = f"cell {number} raised {ename}: {evalue}" if evalue else f"cell {number} raised {ename}"
    error = TaskError(ErrorKind.CELL_ERROR, message, number, ename, evalue, cell["source"], readable(reply))
    return Ending(Result.FAILED, error)


def cut(text: str) -> str:
    """``text`` as far as records keep it."""
    more = len(text) - _LONGEST_TEXT
    return text if more <= 0 else f"{text[:_LONGEST_TEXT]}... [{more} more characters]"
