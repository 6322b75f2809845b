"""Where definitions come from: finds and reads the pipelines and notebooks that a person names."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from nbflow.core.errors import DefinitionError, Mistake, UsageError
from nbflow.core.run_line import EXTENSIONS
from nbflow.define.nearest import did_you_mean
from nbflow.define.notebooks.file import is_remote, is_there, parse_notebook, read_notebook, resolve_notebook_path
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.pipeline_files.choice import Choice
from nbflow.define.pipeline_files.job import job_keys, parse_job_file
from nbflow.define.pipelines.order import check_pipeline
from nbflow.define.pipelines.pipeline import Pipeline, Task
from nbflow.define.task_sources import Source, TaskSources

_PIPELINES = "pipelines"
_SUFFIXES = (".yml", ".yaml")


class Sources:
    """The definitions of the workspace at ``root``, as named from ``folder``.

    ``fetch`` gives the content of a notebook at an address; it raises ``OSError`` that says why it cannot. ``seen_from`` is the
    folder from which people see paths (``None``: the same). ``allow_missing``: see ``pipeline_files.job``.
    """

    def __init__(
        self, root: Path, folder: Path, fetch: Callable[[str], bytes], seen_from: Path | None = None, allow_missing: bool = False
    ) -> None:
        self._root, self._folder, self._fetch, self._seen_from = root, folder, fetch, seen_from or folder
        self._allow_missing = allow_missing

    def pipeline(self, reference: str | Path | Pipeline, choice: str | Choice | None) -> tuple[Pipeline | None, list[Mistake]]:
        """The pipeline that ``reference`` names (a path, a name in ``pipelines/``, a notebook or its address), as far as it
        can be read, and the mistakes in it. ``choice`` is the key of one of several jobs, or says more of a bundle. Raises
        ``UsageError`` when there is none."""
        if isinstance(reference, Pipeline):
            mistakes = check_pipeline(reference)
            return None if mistakes else reference, mistakes
        if is_remote(reference):
            stem = Path(_last_part(str(reference))).stem
            return Pipeline(stem, [Task(_task_key(stem), reference)]), []
        path = self._path(reference)
        if path.suffix in EXTENSIONS:
            if choice is not None and (not isinstance(choice, Choice) or choice.job is not None):
                raise UsageError(f"{reference} is a notebook and holds no jobs", "leave --job out")
            return Pipeline(path.stem, [Task(_task_key(path.stem), path)]), []
        return parse_job_file(path, choice, _shown(path, self._seen_from), self._allow_missing)

    def named_pipeline(self, name: str, choice: Choice) -> tuple[Pipeline | None, list[Mistake]]:
        """The pipeline of that name: a path, the name of a file in ``pipelines/``, or the ``name`` that stands in one of these.
        Raises ``UsageError`` when there is none."""
        try:
            return self.pipeline(name, choice)
        except UsageError:
            for stem in self.pipeline_names():
                with contextlib.suppress(DefinitionError):  # a file of which nothing can be read is not the one that is meant
                    found, mistakes = self.pipeline(self._path(stem), choice)
                    if found is not None and found.name == name:
                        return found, mistakes
            raise

    def jobs(self, reference: str | Path, choice: Choice | None = None) -> list[str]:
        """The keys of the jobs in the bundle's file that ``reference`` names; of a file with one job, none."""
        path = self._path(reference)
        return job_keys(path, choice) if path.suffix in _SUFFIXES else []

    def _path(self, reference: str | Path) -> Path:
        path = self._folder / reference
        if is_there(path):
            return path
        for suffix in ("", *_SUFFIXES):
            named = self._root / _PIPELINES / f"{reference}{suffix}"
            if is_there(named):
                return named
        notebook = resolve_notebook_path(reference, self._folder, self._root)
        if notebook is not None:
            return notebook
        names = self.pipeline_names()
        kind = "is a folder" if os.path.isdir(path) else "is no file and no pipeline's name"
        hint = did_you_mean(str(reference), names) or (f"pipelines/ has {', '.join(names)}" if names else "pipelines/ has none")
        of_root = [self._root / f"{reference}{suffix}" for suffix in ("", *_SUFFIXES)] if str(reference) else []
        for path in of_root:
            if path.suffix in (*_SUFFIXES, *EXTENSIONS) and is_there(path):
                hint = f"the workspace's root has it: say {os.path.relpath(path, self._folder)}"
        raise UsageError(f"{reference} {kind}" if str(reference) else "no pipeline is named", hint)

    def pipeline_names(self) -> list[str]:
        """The names of the pipelines in ``pipelines/``."""
        folder = self._root / _PIPELINES
        return sorted(path.stem for path in folder.glob("*") if path.suffix in _SUFFIXES) if folder.is_dir() else []

    def read(self, pipeline: Pipeline) -> tuple[dict[str, Source], list[Mistake]]:
        """What each task needs of files, by its key, and what is wrong with them."""
        start = pipeline.file.parent.resolve() if pipeline.file else self._folder
        tasks = TaskSources(self._root, start, lambda path: _shown(path, self._seen_from), self._read)
        sources: dict[str, Source] = {}
        mistakes: list[Mistake] = []
        for task in pipeline.all_tasks:
            try:
                source = tasks.source(task)
            except DefinitionError as error:
                mistakes += error.mistakes
                continue
            if source is not None:
                sources[task.task_key] = source
        return sources, mistakes

    def _read(self, source: str | Path) -> Notebook:
        """The notebook at an address or in a file."""
        if isinstance(source, Path):
            return read_notebook(source, _shown(source, self._seen_from), self._root)
        return parse_notebook(self._fetch(source), self._root / _last_part(source), source, source)


def _task_key(stem: str) -> str:
    """A notebook's name as the key of its one task: what a key may not hold becomes ``_``."""
    return re.sub(r"[^\w-]+", "_", stem).strip("_")[:100] or "notebook"


def _last_part(url: str) -> str:
    """The name of the file that an address ends with."""
    return url.partition("?")[0].rstrip("/").rpartition("/")[2] or "notebook.ipynb"


def _shown(path: Path, folder: Path) -> str:
    """``path`` as people read it: from where they stand where it lies below, else whole."""
    try:
        return str(path.relative_to(folder))
    except ValueError:
        return str(path)
