"""A Plan: everything that will be done, decided before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.core.flow import RunIf
from nbflow.core.results import Result
from nbflow.core.values import ValueType
from nbflow.define.notebooks.parameters import Parameter
from nbflow.define.pipelines.flow import Dependency, Expectation
from nbflow.define.pipelines.pipeline import NOWHERE, Place
from nbflow.plan.engines import DEFAULT, PlannedEngine, settled
from nbflow.plan.times import Interval
from nbflow.plan.work import ForEachWork, RunJobWork, Work


@dataclass(frozen=True, slots=True)
class Argument:
    """One value that a task gets: a parameter by its name, or a field of its work in which references may stand (``command``).

    ``value`` is converted to ``type`` already, unless ``late`` is true: then it is text with references that only the run
    can resolve (``{{job.run_id}}``, ``{{tasks.t.values.k}}``), converted to ``type`` just before the task starts.
    ``origin`` says where it comes from: ``run`` (``-p``), ``pipeline``, ``task`` or ``notebook`` (its default).
    ``assigned`` is true where it is injected as a variable; ``widget`` where a widget declares it. ``declared`` is the
    notebook's declaration, ``None`` where it has none; ``folder`` is where a relative path in the value starts,
    ``place`` where the value was written.
    """

    name: str
    value: Any
    type: ValueType
    origin: str
    late: bool = False
    assigned: bool = True
    widget: bool = False
    choices: tuple[Any, ...] | None = None
    declared: Parameter | None = None
    folder: Path | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """One task as it will run. ``work`` is what it does, ``engine`` the key of the one of the plan's Spark engines that it uses,
    if it uses Spark; ``depends_on`` are task keys in the plan. ``run_if`` says what those must come to, ``edges`` what is asked of
    single ones; ``disabled`` why it is left out in this run (``None``: it is not); ``expect`` is what it promises. A task of one item
    of a for_each has its key in the run; ``step`` is the one that its author gave it."""

    task_key: str
    work: Work
    arguments: tuple[Argument, ...] = ()
    depends_on: tuple[str, ...] = ()
    engine: str = DEFAULT
    max_retries: int = 0
    min_retry_interval_millis: int = 0
    retry_on_timeout: bool = False
    timeout_seconds: float = 0
    cell_timeout_seconds: float = 0
    description: str = ""
    run_if: RunIf = RunIf.ALL_SUCCESS
    edges: tuple[Dependency, ...] = ()
    disabled: str | None = None
    expect: Expectation | None = None
    step: str | None = None

    @property
    def name(self) -> str:
        """The key that its author gave it."""
        return self.step or self.task_key

    def named(self, key: str) -> PlannedTask:
        """The same task under its key in the run."""
        return self if key == self.task_key else replace(self, task_key=key, step=self.name)

    @property
    def steps(self) -> tuple[PlannedTask, ...]:
        """The tasks inside of a for_each; none of another kind."""
        return self.work.steps if isinstance(self.work, ForEachWork) else ()

    @property
    def uses_spark(self) -> bool:
        """Whether it needs a Spark engine."""
        return self.work.uses_spark


@dataclass(frozen=True, slots=True)
class Stored:
    """What a task set in an earlier run: its task ``values``, the id of that run, and how it ended there, with the id of its
    task run, the ``output`` of its SQL and how many attempts it took."""

    run_id: int
    values: Mapping[str, Any]
    result: str = str(Result.SUCCESS)
    task_run_id: int = 0
    output: Mapping[str, Any] = field(default_factory=dict)
    executions: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``nbflow run`` does and ``nbflow plan`` prints. ``tasks`` stand in an order in which each follows what it
    depends on. ``parameters`` are the pipeline's own, resolved where that is possible; ``engines`` are the Spark
    engines that tasks attach to when they use Spark, first that of tasks which name no cluster. ``timezone`` is where
    times are told, ``interval`` the time whose data the run is for (``None``: the last whole day before it starts).
    ``bundle_job`` is its key in a bundle, with the target (``etl@dev``). ``left_out`` are tasks that take no part, ``stored`` the run and the values that stand for theirs, by their keys;
    ``masks`` those of the ``warnings`` that tell of failures which a run would hide, in this pipeline and in those that it runs."""

    pipeline: str
    tasks: tuple[PlannedTask, ...]
    file: Path | None = None
    bundle_job: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    engines: tuple[PlannedEngine, ...] = (PlannedEngine(),)
    timeout_seconds: float = 0
    left_out: tuple[str, ...] = ()
    stored: Mapping[str, Stored] = field(default_factory=dict)
    warnings: tuple[Mistake, ...] = ()
    description: str = ""
    timezone: str = "UTC"
    interval: Interval | None = None
    masks: tuple[Mistake, ...] = ()

    @property
    def uses_spark(self) -> bool:
        """Whether any task needs a Spark engine."""
        return any(task.uses_spark for task in self.tasks)

    @property
    def all_tasks(self) -> tuple[PlannedTask, ...]:
        """The tasks, each followed by those inside of it."""
        return tuple(each for task in self.tasks for each in (task, *task.steps))

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that say what the run does: the pipeline's, of each task its notebook, program or query, and those of the pipelines that
        it runs."""
        works = [task.work for task in self.all_tasks]
        inner = [path for work in works if isinstance(work, RunJobWork) and work.plan is not None for path in work.plan.files]
        return tuple(dict.fromkeys(path for path in (self.file, *(work.path for work in works), *inner) if path is not None))

    @property
    def engines_used(self) -> tuple[PlannedEngine, ...]:
        """Those of the engines that tasks will use."""
        used = {task.engine for task in self.all_tasks if task.uses_spark and not task.steps}
        return tuple(engine for engine in self.engines if engine.key in used)

    @property
    def engine(self) -> str:
        """The engines that tasks will use as one text for people and records; where none does, the one they would use."""
        return ", ".join(dict.fromkeys(engine.label for engine in self.engines_used or self.engines[:1]))

    def settled(self, chosen: str) -> Plan:
        """This plan with the engine ``chosen`` wherever the choice was left to the machine."""
        engines, stands_for = settled(self.engines, chosen)
        return replace(self, engines=engines, tasks=tuple(_on_engines(task, stands_for) for task in self.tasks))

    def lent(self, name: str) -> Plan:
        """This plan on the one engine ``name``, which another run has and lends."""
        return replace(self, engines=tuple(replace(engine, name=name) for engine in self.engines))

    def engine_of(self, task: PlannedTask) -> PlannedEngine:
        """The Spark engine that ``task`` uses, if it uses Spark."""
        return next((engine for engine in self.engines if engine.key == task.engine), self.engines[0])

    def task(self, task_key: str) -> PlannedTask:
        """The task of that key. Raises ``KeyError``."""
        for task in self.tasks:
            if task.task_key == task_key:
                return task
        raise KeyError(task_key)


def _on_engines(task: PlannedTask, stands_for: Mapping[str, str]) -> PlannedTask:
    """``task``, and those inside of it, with the engines that stand for theirs."""
    work = task.work
    if isinstance(work, ForEachWork):
        work = replace(work, steps=tuple(_on_engines(step, stands_for) for step in work.steps))
    return replace(task, work=work, engine=stands_for.get(task.engine, task.engine))
