"""The other pipelines of a workspace, as tasks of one run them: found by name, planned, and kept from running in circles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake, UsageError
from nbflow.define.pipeline_files.choice import Choice
from nbflow.define.pipelines.flow import RunJobTask
from nbflow.define.pipelines.pipeline import NOWHERE, Pipeline
from nbflow.define.sources import Sources
from nbflow.plan.build import Request
from nbflow.plan.plan import Plan
from nbflow.plan.reference_text import verbatim

_DEEPEST = 3

MakePlan = Callable[["Pipeline | None", "list[Mistake]", Request, "Children"], Plan]


class Children:
    """The pipelines that tasks of the last of ``above`` may run. Keeps the promise ``plan.make_task.Children``.

    ``above`` are the pipelines by whose tasks it is run, the first first, ``ways`` what each of them but the last runs the next
    by; ``sources`` gives the definitions as named from a folder and seen from another, ``make_plan`` the plan of one, ``choice`` is what the call says of bundles. Names start at
    the pipeline's file, of one without a file at ``folder``; ``seen_from`` is where people see paths from, ``logical_date`` the
    time whose data all of them are run for.
    """

    def __init__(
        self, sources: Callable[[Path, Path], Sources], make_plan: MakePlan, choice: Choice, seen_from: Path,
        above: tuple[Pipeline, ...] = (), folder: Path | None = None, logical_date: str | None = None, ways: tuple[RunJobTask, ...] = (),
    ) -> None:  # fmt: skip
        self.seen_from = seen_from
        self._sources, self._make_plan, self._choice, self._above = sources, make_plan, choice, above
        self._folder, self._logical_date, self._ways = folder or seen_from, logical_date, ways

    def below(self, pipeline: Pipeline, folder: Path) -> Children:
        """The pipelines that tasks of ``pipeline`` may run, which is run by tasks of those above."""
        start = pipeline.file.parent if pipeline.file is not None else folder
        above = (*self._above, pipeline)
        return Children(self._sources, self._make_plan, self._choice, self.seen_from, above, start, self._logical_date, self._ways)

    def parameters(self, job: RunJobTask) -> set[str]:
        """The names of the pipeline's parameters. Raises ``UsageError`` where there is no such pipeline, or where it would run
        too deep, ``DefinitionError`` for one that cannot be read, or that would run in a circle."""
        return set(self._found(job)[0].parameters)

    def plan(self, job: RunJobTask, values: Mapping[str, Any]) -> Plan:
        """Its plan with these values, in which nothing refers any more. Raises as ``parameters`` does, ``DefinitionError`` with every mistake in it."""
        pipeline, mistakes = self._found(job)
        below = Children(
            self._sources, self._make_plan, self._choice, self.seen_from, self._above, self._folder, self._logical_date, (*self._ways, job)
        )  # fmt: skip
        return self._make_plan(pipeline, mistakes, Request(verbatim(values), self._folder, logical_date=self._logical_date), below)

    def _found(self, job: RunJobTask) -> tuple[Pipeline, list[Mistake]]:
        """The pipeline, and what is wrong in it as far as its file tells. Raises as ``parameters`` does."""
        here = self._above[-1].bundle or self._above[-1].file
        sources = self._sources(self._folder, self.seen_from)
        if job.job_key is not None and here is not None:
            pipeline, mistakes = sources.pipeline(here, replace(self._choice, job=job.job_key))
        else:
            pipeline, mistakes = sources.named_pipeline(job.job_name, replace(self._choice, job=None))
        if pipeline is None:
            raise DefinitionError(mistakes)
        for at, each in enumerate(self._above):
            if _is_same(pipeline, each):
                raise DefinitionError([_circle(self._above[at:], (*self._ways[at:], job))])
        if len(self._above) > _DEEPEST:
            path = " -> ".join(each.name for each in (*self._above, pipeline))
            raise UsageError(f"pipelines run one another more than {_DEEPEST} deep: {path}", "run one of them by itself")
        return pipeline, mistakes


def _circle(pipelines: Sequence[Pipeline], ways: Sequence[RunJobTask]) -> Mistake:
    """The mistake of pipelines each of which runs the next, and the last the first: the same, whichever of them is looked at first."""
    first = min(range(len(pipelines)), key=lambda at: (pipelines[at].name, str(pipelines[at].file)))
    names = [each.name for each in (*pipelines[first:], *pipelines[: first + 1])]
    last, way = pipelines[first - 1], ways[first - 1]
    place = next((task.place("job") for task in last.all_tasks if task.run_job_task is way), NOWHERE)
    message = f"pipelines run one another in a circle: {' -> '.join(names)}"
    return Mistake(message, place.file, place.line, place.key, "remove one of these run_job_task")


def _is_same(one: Pipeline, other: Pipeline) -> bool:
    return one.name == other.name and one.file == other.file
