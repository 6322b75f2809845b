"""The composition root: finds the workspace, reads its settings, and joins define, plan, run and store."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbflow.children import Children
from nbflow.core.errors import DefinitionError, Mistake, UsageError, unless_told
from nbflow.core.ports import Engine, Listener
from nbflow.core.records import RunRecord
from nbflow.core.results import ExitCode
from nbflow.define.notebooks.names import is_python
from nbflow.define.pipeline_files.choice import Choice
from nbflow.define.pipelines.flow import RunJobTask
from nbflow.define.pipelines.pipeline import Pipeline
from nbflow.define.settings import Settings, find_root
from nbflow.define.sources import Sources
from nbflow.plan.build import Request, build_plan
from nbflow.plan.plan import Plan
from nbflow.plan.select import Selection
from nbflow.plan.work import NotebookWork

if TYPE_CHECKING:
    from nbflow.run.guard import Guard
    from nbflow.store.store import Store


class Workspace:
    """A folder with notebooks and pipelines, its settings and its records. Made by ``find``."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings
        self._children: dict[tuple[str, Path | None], Children] = {}

    @classmethod
    def find(
        cls, start: Path, explicit: Path | None = None, overrides: Mapping[str, Any] | None = None, *, lenient: bool = False
    ) -> Workspace:
        """The workspace that ``start``, a file or folder, lies in; ``explicit`` or ``NBFLOW_WORKSPACE`` name another.

        ``overrides`` are settings of the call, over those of the environment and the files. Raises ``UsageError`` for a
        folder that is not there, ``DefinitionError`` for wrong settings; ``lenient``: the defaults stand for those.
        """
        named = explicit or (Path(os.environ["NBFLOW_WORKSPACE"]) if os.environ.get("NBFLOW_WORKSPACE") else None)
        if named is not None and not named.is_dir():
            raise UsageError(f"there is no folder {named}", "--workspace and NBFLOW_WORKSPACE name an existing folder")
        root = (named or find_root(start)).resolve()
        try:
            return cls(root, Settings.read(root, overrides or {}, os.environ, Path.cwd().resolve()))
        except DefinitionError:
            if lenient:
                return cls(root, Settings())
            raise

    @cached_property
    def store(self) -> Store:
        """The workspace's records; made on first use."""
        from nbflow.store.store import Store

        return Store.open(self.root, self.root / self.settings.runs)

    @property
    def warehouse(self) -> Path:
        """The folder of the tables, made with its ``.gitignore`` where it is not there."""
        from nbflow.store.folders import make_kept_folder

        folder = self.root / self.settings.warehouse
        make_kept_folder(folder)
        return folder

    def plan(
        self,
        reference: str | Path | Pipeline,
        parameters: Mapping[str, Any],
        folder: Path,
        only: Sequence[str] = (),
        job: str | None = None,
        logical_date: str | None = None,
        target: str | None = None,
        variables: Mapping[str, str] | None = None,
        start: Sequence[str] = (),
        until: Sequence[str] = (),
    ) -> Plan:
        """The Plan of the pipeline that ``reference`` names: a path from ``folder``, a name in ``pipelines/``, a notebook.

        A notebook is a pipeline of one task; ``job`` is the key of one of several jobs of a bundle, ``target`` one of its targets, ``variables`` are values for
        its variables. Relative paths
        in ``parameters`` start at ``folder``; ``only``, ``start`` and ``until`` select tasks, ``logical_date`` is the time whose data the run is for.
        Reads files and starts nothing. Raises ``UsageError`` when there is no such pipeline, ``DefinitionError`` with all mistakes of file,
        notebooks and values, those of pipelines that its tasks run among them.
        """
        request = Request(parameters, folder, Selection(only, start, until), logical_date)
        choice = Choice.of(os.environ, job, target, variables)
        pipeline, mistakes = self._sources(folder).pipeline(reference, choice)
        return self._plan(pipeline, mistakes, request, Children(self._sources, self._plan, choice, folder, logical_date=logical_date))

    def _plan(self, pipeline: Pipeline | None, mistakes: list[Mistake], request: Request, children: Children) -> Plan:
        """The plan of what was read; ``children`` are the pipelines that it may run."""
        from nbflow.run.kernels.installed import installed_kernels

        if pipeline is None:
            raise DefinitionError(mistakes)
        wrong, name, of_file, of_bundle = bool(mistakes), pipeline.name, pipeline.file is not None, pipeline.bundle_job
        read, further = self._sources(request.folder, children.seen_from).read(pipeline)
        mistakes += unless_told(further, mistakes)
        children = self._children[pipeline.name, pipeline.file] = children.below(pipeline, request.folder)
        try:
            plan = build_plan(
                pipeline,
                read,
                request,
                self.settings,
                lru_cache(maxsize=1)(installed_kernels),
                children,
                lambda keys: self.store.last_values(name, keys, of_file=of_file, bundle_job=of_bundle),
            )
        except DefinitionError as error:
            mistakes += unless_told(error.mistakes, mistakes)
        except ValueError:
            if not wrong:  # else it is a circle of tasks, which is among the mistakes
                raise
        else:
            mistakes += self._unwritable(plan)
        if mistakes:
            raise DefinitionError(mistakes)
        return plan

    def _unwritable(self, plan: Plan) -> list[Mistake]:
        """Values that a notebook's language cannot hold."""
        every = [each for task in plan.tasks for each in (task, *task.steps)]
        if all(is_python(each.work.language) for each in every if isinstance(each.work, NotebookWork)):
            return []
        from nbflow.run.inject import unwritable

        return [mistake for each in every for mistake in unwritable(each)]

    def pipeline_name(self, reference: str | Path, folder: Path) -> str:
        """The name of the pipeline that ``reference`` names, as ``plan`` takes it. Raises like that."""
        pipeline, mistakes = self._sources(folder).pipeline(reference, None)
        if pipeline is None:
            raise DefinitionError(mistakes)
        return pipeline.name

    def child_plan(self, parent: Plan, job: RunJobTask, values: Mapping[str, Any]) -> Plan:
        """The plan of the pipeline that a task of ``parent``, which was made here, runs with these values. Raises as ``plan`` does."""
        return self._children[parent.pipeline, parent.file].plan(job, values)

    def jobs(self, reference: str | Path, folder: Path, target: str | None = None) -> list[str]:
        """The keys of the jobs in the bundle's file that ``reference`` names; of a file with one job, none."""
        return self._sources(folder).jobs(reference, Choice.of(os.environ, target=target))

    def _sources(self, folder: Path, seen_from: Path | None = None) -> Sources:
        from nbflow.run.papermill.remote import read_remote

        return Sources(self.root, folder, read_remote, seen_from, self.settings.allow_missing)

    def run(
        self, plan: Plan, listeners: Sequence[Listener] = (), how: str = "cli", command: Sequence[str] = ()
    ) -> tuple[RunRecord, ExitCode]:
        """Do what ``plan`` says, in this thread, until all of it has ended; owns the signals meanwhile.

        ``listeners`` are told each event after it is recorded; ``how`` and ``command`` say how the run was started.
        Returns the record and the exit code. Raises ``StoreError`` when nothing can be recorded; then nothing was started.
        """
        import asyncio

        from nbflow.one_run import run_whole

        return asyncio.run(run_whole(self, plan, listeners, how, command))

    def engine(
        self, name: str, spark_conf: Mapping[str, Any], state: Path, announce: Callable[[str], None], token: str, guard: Guard
    ) -> Engine:
        """The engine of that name (``run.engines.choose``), not yet started: the workspace's warm one where it is there and
        is what is asked for."""
        from nbflow.run.engines.choose import Needs, join_or_make, make_engine
        from nbflow.run.engines.holder import LOCK_FILE
        from nbflow.store.live import is_held

        given = self.settings.driver_memory, spark_conf, self.settings.python, self.warehouse, state
        needs = Needs(*given, announce, token, guard, self.settings.parallel)
        held = is_held(self.warm_folder / LOCK_FILE)  # a file of one that was killed may be left
        return join_or_make(name, needs, self.warm_folder) if held else make_engine(name, needs)

    @property
    def warm_folder(self) -> Path:
        """Where the files of the workspace's warm engine are."""
        return self.store.state / "engine"
