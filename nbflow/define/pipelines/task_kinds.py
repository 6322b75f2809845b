"""What a task does: Databricks' objects by their own names and fields, and nbflow's for what Databricks has none.

Each says of itself: ``key_values``, the names and values that it is given (``None`` where it takes none: the pipeline's
parameters reach key-value kinds only), and ``texts``, its other fields in which references may stand, by their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

from nbflow.define.pipelines.flow import ConditionTask, ForEachTask, RunJobTask


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
class SparkJarTask:
    """The main class of a Java program with Spark, in one of the task's jars (``libraries``). ``parameters`` are its arguments."""

    main_class_name: str
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
class DbtTask:
    """Commands of dbt, each of which begins with ``dbt``. ``project_directory`` holds the project (``None``: the folder of the
    pipeline's file), ``profiles_directory`` its ``profiles.yml`` (``None``: where dbt looks for it)."""

    commands: Sequence[str]
    project_directory: str | Path | None = None
    profiles_directory: str | Path | None = None

    @property
    def key_values(self) -> Mapping[str, Any] | None:
        """None: what a command needs stands in it."""
        return None

    @property
    def texts(self) -> Mapping[str, Any]:
        """The commands."""
        return {"commands": self.commands}


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


AnyTask = Union[  # noqa: UP007  (read at run time, where 3.10 needs it so)
    NotebookTask, SparkPythonTask, PythonWheelTask, SparkJarTask, SqlTask, DbtTask, ShellTask, ConditionTask, ForEachTask, RunJobTask
]

OBJECTS: dict[str, type[AnyTask]] = {
    "notebook_task": NotebookTask,
    "spark_python_task": SparkPythonTask,
    "python_wheel_task": PythonWheelTask,
    "spark_jar_task": SparkJarTask,
    "sql_task": SqlTask,
    "dbt_task": DbtTask,
    "shell_task": ShellTask,
    "condition_task": ConditionTask,
    "for_each_task": ForEachTask,
    "run_job_task": RunJobTask,
}
"""The fields of ``Task`` that hold such an object, with its class."""

_PYTHON = ("spark_python_task", "python_wheel_task", "dbt_task")
KINDS_OF_FIELD: dict[str, tuple[str, ...]] = {
    "parameters": ("notebook_task", "spark_python_task", "sql_task"),
    "kernel": ("notebook_task",),
    "cell_timeout_seconds": ("notebook_task",),
    "python": _PYTHON,
}
"""Fields of a task that only some kinds of work have a use for, with the objects of these; ``parameters`` as the short form."""
