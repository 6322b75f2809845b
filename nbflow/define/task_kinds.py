"""What a task does: Databricks' objects by their own names and fields, and nbflow's for what Databricks has none.

Each says of itself: ``key_values``, the names and values that it is given (``None`` where it takes none: the pipeline's
parameters reach key-value kinds only), and ``texts``, its other fields in which references may stand, by their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

from nbflow.define.flow import ConditionTask, ForEachTask, RunJobTask


@dataclass(frozen=True, slots=True)
class NotebookTask:
    """A notebook in a Jupyter kernel. ``notebook_path`` is absolute or starts at the pipeline's file, its extension may be left
    out; ``base_parameters`` maps names to values or to text with ``{{references}}``."""

    notebook_path: str | Path
    base_parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key_values(self) -> Mapping[str, Any] | None:
        """Names and values for the notebook."""
        return self.base_parameters

    @property
    def texts(self) -> Mapping[str, Any]:
        """None."""
        return {}


@dataclass(frozen=True, slots=True)
class SparkPythonTask:
    """A Python file that is run as a program, with or without Spark. ``python_file`` is absolute or starts at the pipeline's file;
    ``parameters`` are its arguments."""

    python_file: str | Path
    parameters: Sequence[Any] = ()

    @property
    def key_values(self) -> Mapping[str, Any] | None:
        """None: a program takes arguments."""
        return None

    @property
    def texts(self) -> Mapping[str, Any]:
        """The arguments."""
        return {"parameters": self.parameters} if self.parameters else {}


@dataclass(frozen=True, slots=True)
class PythonWheelTask:
    """An entry point of a Python package: that of its metadata, else the function ``package_name.entry_point``.

    It is given ``parameters`` as its arguments, or ``named_parameters`` as ``--key=value`` (``None``: it takes none).
    """

    package_name: str
    entry_point: str
    parameters: Sequence[Any] = ()
    named_parameters: Mapping[str, Any] | None = None

    @property
    def key_values(self) -> Mapping[str, Any] | None:
        """The named parameters."""
        return self.named_parameters

    @property
    def texts(self) -> Mapping[str, Any]:
        """The arguments."""
        return {"parameters": self.parameters} if self.parameters else {}


@dataclass(frozen=True, slots=True)
class SqlTaskFile:
    """A file of SQL, one statement or several. ``path`` is absolute or starts at the pipeline's file."""

    path: str | Path


@dataclass(frozen=True, slots=True)
class SqlTask:
    """SQL on the run's Spark engine; ``parameters`` are the values of its named parameters (``:day``)."""

    file: SqlTaskFile
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key_values(self) -> Mapping[str, Any] | None:
        """The named parameters."""
        return self.parameters

    @property
    def texts(self) -> Mapping[str, Any]:
        """None."""
        return {}


@dataclass(frozen=True, slots=True)
class ShellTask:
    """A command of the shell, for what no other kind covers; nbflow's own. It starts in the folder of the pipeline's file."""

    command: str

    @property
    def key_values(self) -> Mapping[str, Any] | None:
        """None: what the command needs stands in it."""
        return None

    @property
    def texts(self) -> Mapping[str, Any]:
        """The command."""
        return {"command": self.command}


AnyTask = Union[NotebookTask, SparkPythonTask, PythonWheelTask, SqlTask, ShellTask, ConditionTask, ForEachTask, RunJobTask]  # noqa: UP007  (read at run time, where 3.10 needs it so)

OBJECTS: dict[str, type[AnyTask]] = {
    "notebook_task": NotebookTask,
    "spark_python_task": SparkPythonTask,
    "python_wheel_task": PythonWheelTask,
    "sql_task": SqlTask,
    "shell_task": ShellTask,
    "condition_task": ConditionTask,
    "for_each_task": ForEachTask,
    "run_job_task": RunJobTask,
}
"""The fields of ``Task`` that hold such an object, with its class."""
