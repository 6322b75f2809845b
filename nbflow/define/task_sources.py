"""What the tasks of a pipeline need of files, read before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Union

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.define.library import Library, installed_library, wheel_library
from nbflow.define.notebooks.file import is_remote, is_there, resolve_notebook_path
from nbflow.define.notebooks.names import is_python
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.notebooks.spark_use import spark_use
from nbflow.define.pipelines.pipeline import Place, Task
from nbflow.define.pipelines.task_kinds import DbtTask, NotebookTask, PythonWheelTask, SparkJarTask, SparkPythonTask, SqlTask
from nbflow.define.program import DbtProject, Jars, Package, PythonFile, library_files, read_package, read_python_file
from nbflow.define.settings import find_program
from nbflow.define.sql_file import SqlFile, read_sql_file

Source = Union[Notebook, PythonFile, Package, Jars, SqlFile, DbtProject, Path]  # noqa: UP007  (read at run time, where 3.10 needs it so)
"""What was read for a task; for one that needs no file, the folder where it starts."""


class TaskSources:
    """Reads what tasks name: from ``start``, ``/x`` from the workspace at ``root``; each notebook once, by ``read_notebook``."""

    def __init__(self, root: Path, start: Path, shown: Callable[[Path], str], read_notebook: Callable[[str | Path], Notebook]) -> None:
        self._root, self._start, self._shown, self._read_notebook = root, start, shown, read_notebook
        self._notebooks: dict[str | Path, Notebook] = {}
        self._read: dict[tuple[Path, ...], Library] = {}
        self._installed: dict[str, Library | None] = {}

    def source(self, task: Task) -> Source | None:
        """What ``task`` needs; ``None`` where it does not say what, which is told already. Raises ``DefinitionError``."""
        work = task.work
        if isinstance(work, NotebookTask):
            return self._notebook(task, work) if str(work.notebook_path) else None
        if isinstance(work, SparkPythonTask):
            return self._python_file(task, work) if str(work.python_file) else None
        if isinstance(work, SqlTask):
            return self._sql_file(task, work) if str(work.file.path) else None
        if isinstance(work, DbtTask):
            return self._project(task, work)
        if isinstance(work, SparkJarTask):
            jars = self._libraries(task, "jar")
            if not jars:
                place = task.place("spark_jar_task")
                raise DefinitionError([Mistake("names no jar", place.file, place.line, place.key, "add 'libraries: [{jar: path}]'")])
            return Jars(self._start, tuple(jars))
        if isinstance(work, PythonWheelTask):
            wheels, name = self._libraries(task, "whl"), work.package_name
            return read_package(name, work.entry_point, self._start, wheels, self._python(task), lambda: self._modules(wheels, name))
        return self._start

    def _notebook(self, task: Task, work: NotebookTask) -> Notebook:
        place = task.place("notebook")
        named = work.notebook_path
        source = str(named) if is_remote(named) else resolve_notebook_path(named, self._start, self._root)
        if source is None:
            raise DefinitionError([self._missing(f"there is no notebook {named}", place)])
        try:
            if source not in self._notebooks:
                self._notebooks[source] = self._read_notebook(source)
        except OSError as error:
            raise DefinitionError([Mistake(f"{named} {error}", place.file, place.line, place.key)]) from None
        notebook, wheels = self._notebooks[source], self._libraries(task, "whl")
        if not wheels:
            return notebook
        library = self._of_wheels(wheels)
        uses = is_python(notebook.language) and spark_use(notebook.document["cells"], notebook.path.parent, library.uses_spark)[0]
        return replace(notebook, wheels=tuple(wheels), uses_spark=notebook.uses_spark or uses)

    def _python_file(self, task: Task, work: SparkPythonTask) -> PythonFile:
        path = self._file(work.python_file)
        if path is None:
            raise DefinitionError([self._missing(f"there is no file {work.python_file}", task.place("script"))])
        wheels = self._libraries(task, "whl")
        return read_python_file(path, self._shown(path), wheels, self._python(task), self._of_wheels(wheels))

    def _sql_file(self, task: Task, work: SqlTask) -> SqlFile:
        path = self._file(work.file.path)
        if path is None:
            raise DefinitionError([self._missing(f"there is no file {work.file.path}", task.place("sql"))])
        return read_sql_file(path, self._shown(path))

    def _project(self, task: Task, work: DbtTask) -> DbtProject:
        folder, place = self._folder(work.project_directory or "."), task.place("dbt_task")
        if not is_there(folder / "dbt_project.yml"):
            raise DefinitionError([self._missing(f"there is no dbt_project.yml in {folder}", place)])
        profiles = None if work.profiles_directory is None else self._folder(work.profiles_directory)
        if profiles is not None and not is_there(profiles / "profiles.yml"):
            raise DefinitionError([self._missing(f"there is no profiles.yml in {profiles}", place)])
        return DbtProject(folder, profiles, self._python(task))

    def _folder(self, named: str | Path) -> Path:
        """The folder that ``named`` means, there or not."""
        below = self._root / str(named).lstrip("/") if Path(named).is_absolute() else self._start / named
        return (below if below.is_dir() else self._start / named).resolve()

    def _file(self, named: Any) -> Path | None:
        """The file that ``named`` means; ``None`` where there is none."""
        starts = [self._root / str(named).lstrip("/"), Path(named)] if Path(named).is_absolute() else [self._start / named]
        return next((path.resolve() for path in starts if is_there(path)), None)

    def _libraries(self, task: Task, kind: str) -> list[Path]:
        """The files of the task's libraries of this kind. Raises ``DefinitionError`` with all that are not there."""
        found: list[Path] = []
        mistakes = []
        for index, library in enumerate(task.libraries):
            if kind not in library:
                continue
            files = list(library_files(library[kind], self._start))
            if not files or not all(map(is_there, files)):
                message = f"there is no file {library[kind]}" if files else f"no file is named {library[kind]}"
                mistakes.append(self._missing(message, task.place(f"libraries[{index}]"), "build it first; "))
            found += files
        if mistakes:
            raise DefinitionError(mistakes)
        return list(dict.fromkeys(found))

    def _of_wheels(self, wheels: Sequence[Path]) -> Library:
        """The modules of ``wheels``, looked at once for all tasks. Raises ``DefinitionError``."""
        key = tuple(wheels)
        if key not in self._read:
            self._read[key] = wheel_library(wheels)
        return self._read[key]

    def _modules(self, wheels: Sequence[Path], package: str) -> Library | None:
        """The modules of ``wheels``, or of an installed package; ``None`` where nobody can read them. Raises ``DefinitionError``."""
        if wheels:
            return self._of_wheels(wheels)
        if package not in self._installed:
            self._installed[package] = installed_library(package)
        return self._installed[package]

    def _python(self, task: Task) -> str | None:
        """The interpreter that the task names. Raises ``DefinitionError`` where there is none."""
        if task.python is None:
            return None
        try:
            return find_program(task.python, self._start)
        except ValueError as error:
            place = task.place("python")
            raise DefinitionError([Mistake(str(error), place.file, place.line, place.key)]) from None

    def _missing(self, message: str, place: Place, before: str = "") -> Mistake:
        return Mistake(message, place.file, place.line, place.key, f"{before}paths start at {self._start}; /x at {self._root}")
