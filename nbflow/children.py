"""The other pipelines of a workspace, as tasks of one run them: found by name, planned, and kept from running in circles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake, UsageError
from nbflow.define.pipeline_files.choice import Choice
from nbflow.define.pipelines.flow import RunJobTask
from nbflow.define.pipelines.pipeline import Pipeline
from nbflow.define.sources import Sources
from nbflow.plan.build import Request
from nbflow.plan.plan import Plan

_DEEPEST = 3

MakePlan = Callable[["Pipeline | None", "list[Mistake]", Request, "Children"], Plan]


class Children:
    """The pipelines that tasks of the last of ``above`` may run. Keeps the promise ``plan.make_task.Children``.

    ``above`` are the pipelines by whose tasks it is run, the first first; ``sources`` gives the definitions as named from a
    folder and seen from another, ``make_plan`` the plan of one, ``choice`` is what the call says of bundles. Names start at
    the pipeline's file, of one without a file at ``folder``; ``seen_from`` is where people see paths from, ``logical_date`` the
    time whose data all of them are run for.
    """

    def __init__(
        self, sources: Callable[[Path, Path], Sources], make_plan: MakePlan, choice: Choice, seen_from: Path,
        above: tuple[Pipeline, ...] = (), folder: Path | None = None, logical_date: str | None = None,
    ) -> None:  # fmt: skip
        self.seen_from = seen_from
        self._sources, self._make_plan, self._choice, self._above = sources, make_plan, choice, above
        self._folder, self._logical_date = folder or seen_from, logical_date

    def below(self, pipeline: Pipeline, folder: Path) -> Children:
        """The pipelines that tasks of ``pipeline`` may run, which is run by tasks of those above."""
        start = pipeline.file.parent if pipeline.file is not None else folder
        above = (*self._above, pipeline)
        return Children(self._sources, self._make_plan, self._choice, self.seen_from, above, start, self._logical_date)

    def parameters(self, job: RunJobTask) -> set[str]:
        """The names of the pipeline's parameters. Raises ``UsageError`` where there is no such pipeline, or where it would run
        in a circle or too deep, ``DefinitionError`` for one that cannot be read."""
        return set(self._found(job).parameters)

    def plan(self, job: RunJobTask, values: Mapping[str, Any]) -> Plan:
        """Its plan with these values. Raises as ``parameters`` does."""
        return self._make_plan(self._found(job), [], Request(values, self._folder, logical_date=self._logical_date), self)

    def _found(self, job: RunJobTask) -> Pipeline:
        here = self._above[-1].bundle or self._above[-1].file
        sources = self._sources(self._folder, self.seen_from)
        if job.job_key is not None and here is not None:
            pipeline, mistakes = sources.pipeline(here, replace(self._choice, job=job.job_key))
        else:
            pipeline, mistakes = sources.named_pipeline(job.job_name, replace(self._choice, job=None))
        if pipeline is None or mistakes:
            raise DefinitionError(mistakes)
        path = " -> ".join(each.name for each in (*self._above, pipeline))
        if any(_is_same(pipeline, each) for each in self._above):
            raise UsageError(f"pipelines run one another in a circle: {path}", "remove one of these run_job_task")
        if len(self._above) > _DEEPEST:
            raise UsageError(f"pipelines run one another more than {_DEEPEST} deep: {path}", "run one of them by itself")
        return pipeline


def _is_same(one: Pipeline, other: Pipeline) -> bool:
    return one.name == other.name and one.file == other.file
