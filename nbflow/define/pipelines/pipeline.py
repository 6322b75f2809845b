"""A pipeline as its author means it: frozen values, whether they came from a file or were written in Python.

The fields bear Databricks' names for jobs and tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.core.flow import RunIf
from nbflow.define.pipelines.flow import ConditionTask, Dependency, Expectation, ForEachTask, RunJobTask
from nbflow.define.pipelines.task_kinds import (
    OBJECTS,
    AnyTask,
    DbtTask,
    NotebookTask,
    PythonWheelTask,
    ShellTask,
    SparkJarTask,
    SparkPythonTask,
    SqlTask,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file; ``line`` counts from 1, ``key`` is dotted (``tasks[1].depends_on[0]``)."""

    file: str | None = None
    line: int | None = None
    key: str | None = None


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a task's Spark runs on, in the fields of Databricks' ``new_cluster``.

    ``engine``, nbflow's own field, names a Spark engine (``None``: as the pipeline or the settings say); ``spark_conf`` are
    Spark's settings, over the workspace's; ``num_workers`` is how many workers it has on Databricks: kept and shown, one
    machine has none.
    """

    engine: str | None = None
    spark_conf: Mapping[str, Any] = field(default_factory=dict)
    num_workers: int | None = None
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Task:
    """One task: what it does, what it depends on, and its limits.

    What it does is one of the objects of ``define.pipelines.task_kinds``. ``notebook`` with ``parameters`` is short for a ``notebook_task``:
    a path, absolute or relative to the pipeline's file (its extension may be left out), and names with values or with text that
    has ``{{references}}``. ``depends_on`` names tasks, as keys or as ``Dependency``; ``run_if`` (a ``core.flow.RunIf``) says what they must come to,
    ``disabled`` that the task is left out, ``expect`` what it promises;
    ``timeout_seconds`` limits each attempt and ``cell_timeout_seconds`` each cell (0: no limit; ``None``: as the settings say); ``max_retries`` is -1
    for *for ever*; ``min_retry_interval_millis`` counts from the start of the failed attempt to the start of the next,
    as on Databricks; ``kernel`` names a Jupyter kernel instead of the notebook's own; ``job_cluster_key`` names one of the
    pipeline's clusters, ``new_cluster`` is one of the task's own. ``python`` is
    the interpreter of a Python program that is no notebook, ``libraries`` are files that it needs: ``{"whl": path}``, of a Java program ``{"jar": path}``. ``missing`` names
    the kind of a task that only Databricks has: it is left out. ``unread`` names keys of the file in which something is wrong, empty
    text the task itself: what follows from that is no further mistake. ``places`` says where each key stood in the file, by its name, parameters as ``parameters.<name>`` and dependencies as ``depends_on.<task key>``.
    """

    task_key: str
    notebook: str | Path = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    depends_on: Sequence[str | Dependency] = ()
    description: str = ""
    max_retries: int = 0
    min_retry_interval_millis: int = 0
    retry_on_timeout: bool = False
    timeout_seconds: float = 0
    cell_timeout_seconds: float | None = None
    kernel: str | None = None
    job_cluster_key: str | None = None
    new_cluster: Cluster | None = None
    python: str | None = None
    libraries: Sequence[Mapping[str, str]] = ()
    missing: str | None = None
    notebook_task: NotebookTask | None = None
    spark_python_task: SparkPythonTask | None = None
    python_wheel_task: PythonWheelTask | None = None
    spark_jar_task: SparkJarTask | None = None
    sql_task: SqlTask | None = None
    dbt_task: DbtTask | None = None
    shell_task: ShellTask | None = None
    condition_task: ConditionTask | None = None
    for_each_task: ForEachTask | None = None
    run_job_task: RunJobTask | None = None
    run_if: str = RunIf.ALL_SUCCESS.value
    disabled: bool = False
    expect: Expectation | None = None
    unread: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    @property
    def work_is_known(self) -> bool:
        """Whether it could be read what the task does."""
        return not self.unread & {"", *OBJECTS, "notebook", "script", "sql", "command"}

    @property
    def work(self) -> AnyTask:
        """What it does; the first, where several were given by mistake."""
        return next((given for name in OBJECTS if (given := getattr(self, name)) is not None), NotebookTask(self.notebook, self.parameters))

    @property
    def own_parameters(self) -> Mapping[str, Any]:
        """The names and values that it is given itself; none for a kind that takes none."""
        return self.work.key_values or {}

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """What it depends on, each task once."""
        found = {item.task_key: item for item in map(_dependency, self.depends_on)}
        return tuple(found.values())

    @property
    def parents(self) -> tuple[str, ...]:
        """The keys of the tasks that it depends on, each once."""
        return tuple(dict.fromkeys(item if isinstance(item, str) else item.task_key for item in self.depends_on))

    @property
    def steps(self) -> tuple[Task, ...]:
        """The tasks inside of a for_each; none of another kind."""
        return tuple(self.for_each_task.tasks) if self.for_each_task is not None else ()

    def place(self, key: str) -> Place:
        """Where ``key`` stands; the task itself where the key has no place of its own."""
        return self.places.get(key) or self.places.get("") or Place(key=f"{self.task_key}.{key}" if key else self.task_key)


def _dependency(item: str | Dependency) -> Dependency:
    return Dependency(item) if isinstance(item, str) else item


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A job: tasks that depend on one another, and parameters they share.

    ``file`` is where it was read from (``None``: written in Python, then paths start at the current folder);
    ``bundle`` is the file of the bundle that it belongs to, ``bundle_job`` its key there, with the target (``etl@dev``);
    ``parameters`` maps each name to its default; ``engine`` names a Spark engine (``None``: as the settings say);
    ``job_clusters`` are the clusters that tasks may name, by their keys; ``timezone`` is where references tell times;
    ``warnings`` tell of keys that have no effect here; ``unread`` names those of which something could not be read.
    """

    name: str
    tasks: Sequence[Task]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    timeout_seconds: float = 0
    file: Path | None = None
    bundle: Path | None = None
    bundle_job: str | None = None
    engine: str | None = None
    job_clusters: Mapping[str, Cluster] = field(default_factory=dict)
    timezone: str = "UTC"
    warnings: Sequence[Mistake] = ()
    unread: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    @property
    def all_tasks(self) -> tuple[Task, ...]:
        """The tasks, each followed by those inside of it."""
        return tuple(each for task in self.tasks for each in (task, *task.steps))

    def place(self, key: str) -> Place:
        """Where ``key`` (``parameters.<name>``) stands in the pipeline's file."""
        return self.places.get(key) or Place(file=str(self.file) if self.file else None, key=key or None)

    def default_place(self, name: str) -> Place:
        """Where the default of a parameter stands."""
        return self.places.get(f"default.{name}") or self.place(f"parameters.{name}")
