"""How things end: results, kinds of error and exit codes, each in one table.

The words are Databricks' where Databricks has one; what each means for nbflow is said beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum


class Result(str, Enum):
    """How a run, a task or an attempt ended."""

    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    TIMEDOUT = "TIMEDOUT"
    CANCELED = "CANCELED"
    UPSTREAM_FAILED = "UPSTREAM_FAILED"
    UPSTREAM_CANCELED = "UPSTREAM_CANCELED"
    EXCLUDED = "EXCLUDED"
    DISABLED = "DISABLED"
    SUCCESS_WITH_FAILURES = "SUCCESS_WITH_FAILURES"
    SKIPPED = "SKIPPED"

    def __str__(self) -> str:
        return self.value


class ErrorKind(str, Enum):
    """Why a task did not succeed. A script may branch on it; a person reads the message beside it."""

    CELL_ERROR = "CELL_ERROR"
    EXIT = "EXIT"
    SQL_ERROR = "SQL_ERROR"
    CELL_TIMEOUT = "CELL_TIMEOUT"
    TASK_TIMEOUT = "TASK_TIMEOUT"
    KERNEL_DIED = "KERNEL_DIED"
    PROCESS_DIED = "PROCESS_DIED"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    KERNEL_START = "KERNEL_START"
    PROCESS_START = "PROCESS_START"
    ENGINE_START = "ENGINE_START"
    ENGINE_LOST = "ENGINE_LOST"
    PARAMETER = "PARAMETER"
    EXPECTATION = "EXPECTATION"
    TASK_VALUE = "TASK_VALUE"
    ITERATION = "ITERATION"
    CHILD_RUN = "CHILD_RUN"
    STORAGE = "STORAGE"
    INTERNAL = "INTERNAL"

    def __str__(self) -> str:
        return self.value


class ExitCode(IntEnum):
    """What the shell sees. 130 and 143 are the shell's own numbers for SIGINT and SIGTERM."""

    SUCCESS = 0
    FAILED = 1
    WRONG_CALL = 2
    SUCCESS_WITH_FAILURES = 3
    CANCELED = 4
    SKIPPED = 5
    INTERNAL = 70
    TIMEDOUT = 124
    SIGINT = 130
    SIGTERM = 143


_EXIT_CODES = {
    Result.SUCCESS: ExitCode.SUCCESS,
    Result.SUCCESS_WITH_FAILURES: ExitCode.SUCCESS_WITH_FAILURES,
    Result.CANCELED: ExitCode.CANCELED,
    Result.SKIPPED: ExitCode.SKIPPED,
    Result.TIMEDOUT: ExitCode.TIMEDOUT,
}


def exit_code(result: Result, signal_number: int | None = None) -> ExitCode:
    """The exit code of a run that ended with ``result``; ``signal_number`` is the signal that cancelled it, if one did."""
    if result is Result.CANCELED and signal_number is not None:
        return ExitCode(128 + signal_number)
    return _EXIT_CODES.get(result, ExitCode.FAILED)


@dataclass(frozen=True, slots=True)
class TaskError:
    """Why an attempt did not succeed.

    ``cell`` counts all cells of the executed notebook from 1, as the progress line does; ``ename`` and ``evalue`` are
    the exception's name and text where there was one; ``source`` is the failing cell's code and ``traceback`` its
    traceback without colours, the frames of the kernel itself left out; of work that is no notebook, the last lines of its log.
    """

    kind: ErrorKind
    message: str
    cell: int | None = None
    ename: str | None = None
    evalue: str | None = None
    source: str | None = None
    traceback: str | None = None
