"""Pipeline files: from YAML to a ``Pipeline``, or to every mistake in it.

A file holds a job as Databricks writes it (``tasks:`` at the top), or a bundle's ``resources: jobs: <key>:``. The
shorthands mean exactly the long form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake, unless_told
from nbflow.define.nearest import did_you_mean, there_are
from nbflow.define.pipeline_files.bundle.assembly import Bundle, is_bundle
from nbflow.define.pipeline_files.bundle.places import Line, rebased, relocated
from nbflow.define.pipeline_files.bundle_words import BUNDLE
from nbflow.define.pipeline_files.choice import Choice
from nbflow.define.pipeline_files.clusters import read_cluster, read_clusters
from nbflow.define.pipeline_files.document import Node, collector_off, read_document
from nbflow.define.pipeline_files.environments import Environment, read_environments
from nbflow.define.pipeline_files.flow import read_dependencies, read_expectation
from nbflow.define.pipeline_files.objects import ObjectReader
from nbflow.define.pipeline_files.vocabulary import JOB
from nbflow.define.pipeline_files.work import read_work
from nbflow.define.pipelines.flow import ForEachTask
from nbflow.define.pipelines.order import check_pipeline
from nbflow.define.pipelines.pipeline import Pipeline, Place, Task

_LOOPED = ("task", "tasks")
_BUNDLE_ONLY = frozenset(BUNDLE) - frozenset(JOB)

__all__ = ["check_pipeline", "job_keys", "parse_job_file", "read_job_file"]


def read_job_file(path: Path, job: str | Choice | None = None, shown: str | None = None) -> Pipeline:
    """The pipeline that the file at ``path`` defines; ``job`` names one of several jobs of a bundle file, or says more of a bundle.

    ``shown`` is the path for messages (by default ``path`` as given). Notebooks are not looked at. Raises
    ``DefinitionError`` with all mistakes in the order of the file.
    """
    pipeline, mistakes = parse_job_file(path, job, shown)
    if mistakes or pipeline is None:
        raise DefinitionError(mistakes)
    return pipeline


def parse_job_file(
    path: Path, job: str | Choice | None = None, shown: str | None = None, allow_missing: bool = False
) -> tuple[Pipeline | None, list[Mistake]]:
    """What can be read of the file at ``path``, and all mistakes in the order of the file. With ``allow_missing`` tasks of kinds
    that only Databricks has are no mistake.

    With mistakes the pipeline is only good for finding more of them. Raises ``DefinitionError`` for what is no YAML.
    """
    file, choice = shown or str(path), job if isinstance(job, Choice) else Choice(job)
    with collector_off():
        document = read_document(path, file)
        mistakes = list(document.mistakes)
        reader = _JobReader(file, mistakes, document.anchors, allow_missing)
        bundle = is_bundle(document.root)
        assembly = Bundle(document, path, file, choice, reader) if bundle else None
        root = document.root if assembly is None else assembly.root()
        told = list(mistakes)
        pipeline = reader.pipeline(root, path.absolute(), choice.job)
        if pipeline is not None and assembly is not None and assembly.target:
            pipeline = replace(pipeline, bundle_job=f"{pipeline.bundle_job}@{assembly.target}")
        if pipeline is not None:
            mistakes += check_pipeline(pipeline)
    if bundle:
        pipeline, first, later = relocated(pipeline), relocated(told), relocated(mistakes[len(told) :])
        mistakes = [*first, *unless_told(later, first)]
        return pipeline, sorted(dict.fromkeys(mistakes), key=lambda mistake: (mistake.file or "", mistake.line or 0))
    return pipeline, sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.line or 0)


def job_keys(path: Path, choice: Choice | None = None) -> list[str]:
    """The keys of the jobs in the bundle's file at ``path``; none where it is no such file."""
    try:
        document = read_document(path, str(path))
    except DefinitionError:
        return []
    root = document.root
    if is_bundle(root):
        root = Bundle(document, path, str(path), choice or Choice(), ObjectReader(str(path), [])).root()
    for name in ("resources", "jobs"):
        if not isinstance(root.value, dict) or name not in root.value:
            return []
        root = root.value[name]
    return list(root.value) if isinstance(root.value, dict) else []


class _JobReader(ObjectReader):
    """Reads the objects of one file."""

    _environments: Mapping[str, Environment] | None = None
    """Those of the job that is read; ``None`` where something is wrong in them."""

    def pipeline(self, document: Node, path: Path, job: str | None) -> Pipeline | None:
        """The pipeline in ``document``; ``None`` where so much is wrong that there is none."""
        if not isinstance(document.value, dict):
            hint = "a pipeline file holds 'tasks:' with a list of tasks"
            self.wrong(f"holds {document.kind}, not a job", document.line, None, hint)
            return None
        if "resources" not in document.value:
            if "tasks" in document.value or not _BUNDLE_ONLY.intersection(document.value):
                if job is not None:
                    self.wrong(f"has no job {job!r}: it is itself one job", document.line, None, "leave --job out")
                return self._job(document, "", path.stem, path)
            hint = "they stand under 'resources: jobs:', often in a file of their own"
            self.wrong("holds a bundle without jobs", document.line, None, hint)
            return None
        bundle = self.object(document, "bundle", "") if not is_bundle(document) else document.value
        resources = self.object(bundle["resources"], "resources", "resources") if "resources" in bundle else {}
        jobs = resources.get("jobs")
        if jobs is None:
            return None
        if not jobs.value:
            self.wrong("there are no jobs", jobs.line, "resources.jobs", "write '<key>:' with the job's 'tasks:' below")
            return None
        if job is None and len(jobs.value) > 1:
            self.wrong(f"holds several jobs: {', '.join(jobs.value)}", jobs.line, "resources.jobs", "name one with --job")
            return None
        key = job if job is not None else next(iter(jobs.value))
        if key not in jobs.value:
            hint = did_you_mean(key, jobs.value) or there_are(jobs.value)
            self.wrong(f"has no job {key!r}", jobs.line, "resources.jobs", hint)
            return None
        self.jobs = list(jobs.value)
        found, line, whole = jobs.value[key], jobs.line_of(key), path
        if isinstance(line, Line):  # paths in a job of a bundle start at the file that defines it
            path, found = line.path, rebased(found, line.path.parent)
        pipeline = self._job(found, f"resources.jobs.{key}", key, path)
        return None if pipeline is None else replace(pipeline, bundle=whole, bundle_job=key)

    def _job(self, node: Node, key: str, name: str, path: Path) -> Pipeline | None:
        before = len(self.mistakes)
        job = self.object(node, "job", key)
        prefix = f"{key}." if key else ""
        places = {"": Place(self.file, node.line, key or None)}
        for entry in job:
            places[entry] = Place(self.file, _line(node, entry, job), f"{prefix}{entry}")
        parameters = self._parameters(job.get("parameters"), f"{prefix}parameters", places)
        clusters = read_clusters(self, job.get("job_clusters"), f"{prefix}job_clusters")
        environments = read_environments(self, job.get("environments"), f"{prefix}environments")
        unread = self.unread(before, key)
        self._environments = None if "environments" in unread else environments
        if "tasks" not in job:
            return None
        read = [self._task(item, f"{prefix}tasks[{index}]") for index, item in enumerate(job["tasks"].value)]
        tasks = [task for task in read if task is not None]
        if not job["tasks"].value:
            self.wrong("there are no tasks", job["tasks"].line, f"{prefix}tasks", "a pipeline has one task at least")
        return Pipeline(
            name=str(job["name"].value) if "name" in job else name,
            tasks=tasks,
            parameters=parameters,
            description=str(job["description"].value) if "description" in job else "",
            timeout_seconds=_number(job.get("timeout_seconds")),
            file=path,
            engine=str(job["engine"].value) if "engine" in job else None,
            job_clusters=clusters,
            timezone=str(job["timezone"].value) if "timezone" in job else "UTC",
            warnings=tuple(self.warnings),
            unread=unread if len(tasks) == len(read) else unread | {"tasks"},
            places=places,
        )

    def _parameters(self, node: Node | None, key: str, places: dict[str, Place]) -> dict[str, Any]:
        """Parameters of the pipeline, from Databricks' list of {name, default} or from the short map."""
        found: dict[str, Any] = {}
        if node is None:
            return found
        if isinstance(node.value, dict):
            for name, value in node.value.items():
                places[f"parameters.{name}"] = Place(self.file, node.line_of(name), f"{key}.{name}")
                found[name] = self.value(value, f"{key}.{name}")
            return found
        for index, item in enumerate(node.value):
            entry = self.object(item, "parameter", f"{key}[{index}]")
            if "name" not in entry or "default" not in entry:
                continue
            name = str(entry["name"].value)
            place = Place(self.file, entry["name"].line, f"{key}[{index}]")
            if name in found:
                first = places[f"parameters.{name}"].line
                self.wrong(f"the parameter {name!r} stands twice, first in line {first}", place.line, place.key, "keep one")
                continue
            places[f"parameters.{name}"] = place
            places[f"default.{name}"] = Place(self.file, entry["default"].line, f"{key}[{index}].default")
            found[name] = self.value(entry["default"], f"{key}[{index}].default")
        return found

    def _task(self, node: Node, key: str) -> Task | None:
        before = len(self.mistakes)
        entry = self.object(node, "task", key)
        if "task_key" not in entry:
            return None
        places = {"": Place(self.file, node.line, key)}
        for name in entry:
            places[name] = Place(self.file, _line(node, name, entry), f"{key}.{name}")
        if "for_each_task" in entry and isinstance(entry["for_each_task"].value, dict) and "inputs" in entry["for_each_task"].value:
            places["inputs"] = Place(self.file, entry["for_each_task"].line_of("inputs"), f"{key}.for_each_task.inputs")
        task = Task(
            task_key=str(entry["task_key"].value),
            **read_work(self, entry, node, key, self._environments, places),
            for_each_task=self._for_each(entry["for_each_task"], f"{key}.for_each_task") if "for_each_task" in entry else None,
            depends_on=read_dependencies(self, entry.get("depends_on"), f"{key}.depends_on", places),
            run_if=str(entry["run_if"].value) if "run_if" in entry else "ALL_SUCCESS",
            disabled=bool(entry["disabled"].value) if "disabled" in entry else False,
            expect=read_expectation(self, entry.get("expect"), f"{key}.expect", places),
            description=str(entry["description"].value) if "description" in entry else "",
            max_retries=int(_number(entry.get("max_retries"))),
            min_retry_interval_millis=int(_number(entry.get("min_retry_interval_millis"))),
            retry_on_timeout=bool(entry["retry_on_timeout"].value) if "retry_on_timeout" in entry else False,
            timeout_seconds=_number(entry.get("timeout_seconds")),
            cell_timeout_seconds=_number(entry["cell_timeout_seconds"]) if "cell_timeout_seconds" in entry else None,
            kernel=str(entry["kernel"].value) if "kernel" in entry else None,
            job_cluster_key=str(entry["job_cluster_key"].value) if "job_cluster_key" in entry else None,
            python=str(entry["python"].value) if "python" in entry else None,
            new_cluster=read_cluster(self, entry["new_cluster"], f"{key}.new_cluster") if "new_cluster" in entry else None,
            places=places,
        )
        return task if len(self.mistakes) == before else replace(task, unread=self.unread(before, key))

    def _for_each(self, node: Node, key: str) -> ForEachTask:
        """The tasks that are done for each item; Databricks' one, or several."""
        entry = self.object(node, "for_each_task", key)
        named = [name for name in _LOOPED if name in entry]
        if len(named) > 1:
            self.wrong("'tasks' stands beside task", entry["tasks"].line, f"{key}.tasks", "keep one")
        elif (
            not named
            and isinstance(node.value, dict)
            and not self.is_guessed(key, _LOOPED)
            and not any(name in node.value for name in _LOOPED)
        ):
            self.wrong("there is no task to do for each item", node.line, key, "add 'task:'")
        inside = [(entry["task"], f"{key}.task")] if "task" in entry else []
        if "tasks" in named and "task" not in named:
            inside = [(item, f"{key}.tasks[{index}]") for index, item in enumerate(entry["tasks"].value)]
        tasks = [task for item, where in inside if (task := self._task(item, where)) is not None]
        inputs = self.value(entry["inputs"], f"{key}.inputs") if "inputs" in entry else []
        return ForEachTask(inputs, tuple(tasks), int(_number(entry["concurrency"])) if "concurrency" in entry else 1)


def _line(node: Node, name: str, entries: Mapping[str, Node]) -> int:
    """The line of the key ``name`` of ``node``, or of the value of a slip that stands for it."""
    return node.line_of(name) if name in node.value else entries[name].line


def _number(node: Node | None) -> float:
    """A number that fits its key, as Python's own; 0 where there is none."""
    if node is None:
        return 0
    return int(node.value) if isinstance(node.value, int) else float(node.value)
