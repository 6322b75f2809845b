"""What a planned task does: one frozen class for each kind. All have in common:

``kind``, its word in records; ``uses_spark``; ``language``, of its code, as Jupyter names languages; ``origin``, what it comes
from, for records and people; ``name``, the same in short; ``folder``, where it starts and relative paths in it do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Union

from nbflow.core.flow import Operator
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.pipelines.flow import RunJobTask
from nbflow.define.program import Package, PythonFile
from nbflow.define.sql_file import SqlFile


@dataclass(frozen=True, slots=True)
class NotebookWork:
    """A notebook; ``kernel`` is the name of the Jupyter kernel that runs it."""

    notebook: Notebook
    kernel: str = "python3"
    kind: ClassVar[str] = "notebook"

    @property
    def uses_spark(self) -> bool:
        """Whether the notebook was seen to use Spark."""
        return self.notebook.uses_spark

    @property
    def language(self) -> str:
        """The notebook's."""
        return self.notebook.language or "python"

    @property
    def origin(self) -> str:
        """Its address or path."""
        return self.notebook.origin

    @property
    def path(self) -> Path | None:
        """The file."""
        return None if self.notebook.url else self.notebook.path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.notebook.path.name

    @property
    def folder(self) -> Path:
        """The notebook's own."""
        return self.notebook.path.parent


class _OfFile:
    """Work that is one file."""

    __slots__ = ()
    file: PythonFile | SqlFile

    @property
    def origin(self) -> str:
        """Its path."""
        return str(self.file.path)

    @property
    def path(self) -> Path:
        """The file."""
        return self.file.path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.file.path.name

    @property
    def folder(self) -> Path:
        """The file's own."""
        return self.file.path.parent


@dataclass(frozen=True, slots=True)
class PythonFileWork(_OfFile):
    """A Python file as a program; its arguments are the list in the task's argument ``parameters``. ``python`` is the interpreter
    (``None``: the one that runs nbflow)."""

    file: PythonFile
    python: str | None = None
    kind: ClassVar[str] = "spark_python"
    language: ClassVar[str] = "python"

    @property
    def uses_spark(self) -> bool:
        """Whether the file was seen to use Spark."""
        return self.file.uses_spark


@dataclass(frozen=True, slots=True)
class PythonWheelWork:
    """An entry point of a package. Its arguments are the list in the task's argument ``parameters`` or, where it is ``named``, all
    of the task's arguments as ``--name=value``. ``python`` is the interpreter (``None``: the one that runs nbflow)."""

    package_name: str
    entry_point: str
    package: Package
    named: bool = False
    python: str | None = None
    kind: ClassVar[str] = "python_wheel"
    language: ClassVar[str] = "python"
    path: ClassVar[None] = None

    @property
    def uses_spark(self) -> bool:
        """Whether the package was seen to use Spark, or could not be looked into."""
        return self.package.uses_spark

    @property
    def origin(self) -> str:
        """``package:entry point``."""
        return f"{self.package_name}:{self.entry_point}"

    @property
    def name(self) -> str:
        """The same."""
        return self.origin

    @property
    def folder(self) -> Path:
        """That of the pipeline's file."""
        return self.package.folder


@dataclass(frozen=True, slots=True)
class JarWork:
    """The main class of a Java program in ``jars``, in a JVM of its own with Spark: it uses none of the run's engines. Its arguments
    are the list in the task's argument ``parameters``."""

    main_class_name: str
    jars: tuple[Path, ...]
    folder: Path
    kind: ClassVar[str] = "spark_jar"
    language: ClassVar[str] = "java"
    uses_spark: ClassVar[bool] = False
    path: ClassVar[None] = None

    @property
    def origin(self) -> str:
        """The class."""
        return self.main_class_name

    @property
    def name(self) -> str:
        """The class without its package."""
        return self.main_class_name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class SqlWork(_OfFile):
    """A file of SQL on the task's Spark engine."""

    file: SqlFile
    kind: ClassVar[str] = "sql"
    language: ClassVar[str] = "sql"
    uses_spark: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class DbtWork:
    """Commands of dbt as they were written, in the project's ``folder``; ``profiles`` is the folder of its profiles, ``python`` the
    interpreter (``None``: the one that runs nbflow)."""

    commands: tuple[str, ...]
    folder: Path
    profiles: Path | None = None
    python: str | None = None
    kind: ClassVar[str] = "dbt"
    language: ClassVar[str] = "sql"
    uses_spark: ClassVar[bool] = False
    path: ClassVar[None] = None

    @property
    def origin(self) -> str:
        """The commands."""
        return "; ".join(self.commands)

    @property
    def name(self) -> str:
        """The first command."""
        return self.commands[0] if self.commands else "dbt"


@dataclass(frozen=True, slots=True)
class ShellWork:
    """A command for ``sh``, which starts in ``folder``. Its text is the task's argument ``command``; ``origin`` the text as written.
    ``uses_spark`` where the settings give it the way to the run's Spark."""

    origin: str
    folder: Path
    uses_spark: bool = False
    kind: ClassVar[str] = "shell"
    language: ClassVar[str] = "bash"
    path: ClassVar[None] = None

    @property
    def name(self) -> str:
        """The command's first line."""
        return self.origin.strip().partition("\n")[0]


@dataclass(frozen=True, slots=True)
class ConditionWork:
    """A comparison; its operands are the task's arguments ``left`` and ``right``. No process does it."""

    operator: Operator
    origin: str
    folder: Path
    kind: ClassVar[str] = "condition"
    language: ClassVar[str] = ""
    uses_spark: ClassVar[bool] = False
    path: ClassVar[None] = None

    @property
    def name(self) -> str:
        """The comparison as it was written."""
        return self.origin


@dataclass(frozen=True, slots=True)
class ForEachWork:
    """``steps`` that are done for each item of the task's argument ``inputs``, so many items at a time; the steps stand in an
    order in which each follows what it depends on."""

    steps: tuple[Any, ...]  # of ``PlannedTask``, which is made from this
    concurrency: int
    origin: str
    folder: Path
    kind: ClassVar[str] = "for_each"
    language: ClassVar[str] = ""
    path: ClassVar[None] = None

    @property
    def uses_spark(self) -> bool:
        """Whether a step does."""
        return any(step.uses_spark for step in self.steps)

    @property
    def name(self) -> str:
        """What is done for each item."""
        return f"for each of {self.origin}: {', '.join(step.task_key for step in self.steps)}"


@dataclass(frozen=True, slots=True)
class RunJobWork:
    """Another pipeline; ``job`` names it, ``plan`` is its plan as far as its parameters are known (``None``: it has mistakes).
    The values for its parameters are the task's arguments. It brings its own engines."""

    job: RunJobTask
    plan: Any  # a ``Plan``, which is made from this
    folder: Path
    kind: ClassVar[str] = "run_job"
    language: ClassVar[str] = ""
    uses_spark: ClassVar[bool] = False
    path: ClassVar[None] = None

    @property
    def origin(self) -> str:
        """The pipeline's name."""
        return self.plan.pipeline if self.plan is not None else self.job.label

    @property
    def name(self) -> str:
        """What runs."""
        return f"pipeline {self.origin}"


Work = Union[  # noqa: UP007  (read at run time, where 3.10 needs it so)
    NotebookWork, PythonFileWork, PythonWheelWork, JarWork, SqlWork, DbtWork, ShellWork, ConditionWork, ForEachWork, RunJobWork
]
