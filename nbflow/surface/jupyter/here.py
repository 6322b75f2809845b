"""Where a cell stands: its notebook's file, and the tasks of the workspace's pipelines that run it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from nbflow.core.errors import DefinitionError, NbflowError, UsageError
from nbflow.define.nearest import did_you_mean, there_are
from nbflow.define.notebooks.file import resolve_notebook_path
from nbflow.define.pipeline_files.choice import Choice
from nbflow.define.pipelines.task_kinds import NotebookTask
from nbflow.define.settings import BUNDLES
from nbflow.define.sources import Sources
from nbflow.surface.inside.context import current

_SAY = "%nbflow open"
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class FoundTask:
    """A task of a pipeline file, or a step of one of its for_each. ``pipeline`` is what the pipeline is called by, ``job`` the key of one
    of several jobs of its file, ``target`` the target of a bundle that was asked for, ``notebook`` the file that the task runs, where there is one."""

    pipeline: str
    job: str | None
    task_key: str
    notebook: Path | None
    target: str | None = None

    @property
    def name(self) -> str:
        """What a person says to mean it."""
        options = (("--job", self.job), ("--target", self.target))
        return f"{self.pipeline}/{self.task_key}" + "".join(f" {option} {value}" for option, value in options if value)


def notebook_here(namespace: Mapping[str, Any]) -> Path | None:
    """The file of the notebook that runs in this kernel, as its front end or the run tells; ``None`` where none does."""
    task = current()
    if task is not None:
        return Path(task.notebook) if Path(task.notebook).is_file() else None
    for told in (namespace.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME"), namespace.get("__session__")):
        if isinstance(told, str) and told:
            for path in (Path(told), Path(Path(told).name)):
                if path.is_file():
                    return path.resolve()
    return None


def sources_of(root: Path) -> Sources:
    """The definitions of the workspace at ``root``, as named from the current folder. Nothing is fetched from elsewhere."""
    return Sources(root, Path.cwd(), _not_fetched)


def _not_fetched(address: str) -> NoReturn:
    msg = "is an address, which is not read here"
    raise OSError(msg)


def tasks_of(reference: str, root: Path, choice: Choice) -> list[FoundTask]:
    """The tasks of the pipeline that ``reference`` names, as far as its file can be read, those inside of a for_each too: of the job
    that ``choice`` says, else of all. Raises ``UsageError`` where there is no such pipeline, ``DefinitionError`` where nothing of it can be read."""
    sources, reference = sources_of(root), _seen_from_here(reference, root)
    found: list[FoundTask] = []
    jobs = sources.jobs(reference, choice)
    if jobs and choice.job not in (None, *jobs):
        raise UsageError(f"{reference} has no job {choice.job!r}", did_you_mean(str(choice.job), jobs) or there_are(jobs))
    wanted: list[str | None] = [key for key in jobs if choice.job in (None, key)]
    for job in wanted or [choice.job]:
        pipeline, mistakes = sources.pipeline(reference, replace(choice, job=job))
        if pipeline is None:
            raise DefinitionError(mistakes)
        start = pipeline.file.parent.resolve() if pipeline.file else Path.cwd()
        for task in pipeline.all_tasks:
            named = task.work.notebook_path if isinstance(task.work, NotebookTask) else ""
            path = resolve_notebook_path(named, start, root) if named else None
            found.append(FoundTask(reference, job, task.task_key, path, choice.target))
    return found


def _seen_from_here(reference: str, root: Path) -> str:
    """A file of the workspace's root, such as a bundle's, as it is named from the current folder."""
    if os.path.exists(reference) or not (root / reference).is_file():
        return reference
    return os.path.relpath(root / reference)


def bundles_of(root: Path) -> list[str]:
    """The files of a bundle at the workspace's root, as they are named from the current folder."""
    return [os.path.relpath(root / name) for name in BUNDLES if (root / name).is_file()]


def all_tasks(root: Path, choice: Choice) -> tuple[list[FoundTask], list[NbflowError]]:
    """The tasks of all pipelines in ``pipelines/`` and of the workspace's bundle, and what keeps some from being read."""
    found: list[FoundTask] = []
    broken: list[NbflowError] = []
    for name in [*sources_of(root).pipeline_names(), *bundles_of(root)]:
        try:
            found += tasks_of(name, root, choice)
        except NbflowError as error:
            broken.append(error)
    return found, broken


def task_named(text: str, root: Path, here: Path | None, choice: Choice) -> FoundTask:
    """The task that a person means by ``text``: ``silver``, ``medallion/silver``, a pipeline's name, or nothing where the
    notebook ``here`` is that of one task only. ``choice`` says more of a bundle's file.

    Raises ``UsageError``, which names what could be said, where it is none or several, and ``DefinitionError``.
    """
    pipeline, slash, key = text.rpartition("/")
    broken: list[NbflowError] = []
    if slash:
        tasks = tasks_of(pipeline, root, choice)
    else:
        tasks, broken = all_tasks(root, choice)
    meant = [task for task in tasks if choice.job in (None, task.job)]
    found = _meant(key, meant, here, named=bool(slash))
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"several tasks are meant: say {_listed(found)}")
    if broken:
        raise broken[0]
    if not text and here is None:
        raise UsageError("which task? This notebook's file is not known here", f"say {_SAY} PIPELINE/TASK")
    if not text:
        raise UsageError(f"no task of a pipeline in pipelines/ runs {here.name if here else 'this notebook'}")
    names = {task.task_key: None for task in meant} if slash else {**{t.task_key: None for t in meant}, **{t.pipeline: None for t in meant}}
    hint = did_you_mean(key, names) or (there_are(names) if names else "pipelines/ has none")
    raise UsageError(f"{pipeline} has no task {key!r}" if slash else f"there is no task {key!r}", hint)


def _meant(key: str, tasks: Sequence[FoundTask], here: Path | None, named: bool) -> list[FoundTask]:
    """Those of ``tasks`` that ``key`` may mean. Raises ``UsageError`` where they run another notebook than the one ``here``."""
    found = [task for task in tasks if task.task_key == key]
    if not found and not named:
        found = [task for task in tasks if key in ("", task.pipeline) and (here is not None or key)]
        return [task for task in found if here in (None, task.notebook)]
    own = [task for task in found if here is None or task.notebook == here]
    if found and not own and here is not None:
        other = found[0].notebook
        if other is None:
            raise UsageError(f"{found[0].name} runs no notebook of this workspace", f"say {_SAY} and one that runs {here.name}")
        raise UsageError(f"{found[0].name} runs {other.name}, not {here.name}", "open it there")
    return own


def _listed(tasks: Iterable[FoundTask]) -> str:
    names = [f"{_SAY} {task.name}" for task in tasks]
    more = f", … ({len(names)} in all)" if len(names) > _MOST_NAMED else ""
    return ", or ".join(names[:_MOST_NAMED]) + more
