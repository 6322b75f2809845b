"""Tasks that promise to write one table and may run at the same time: of one level, of two, and in two items of one for_each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nbflow.core.errors import Mistake
from nbflow.define.pipelines.pipeline import Task
from nbflow.plan.exclusion import Exclusion
from nbflow.plan.items import items_of
from nbflow.plan.plan import Plan, PlannedTask
from nbflow.plan.work import ForEachWork, RunJobWork


@dataclass(frozen=True, slots=True)
class Writer:
    """A task that promises a table: ``top`` is the one of the pipeline that it is or stands in, ``step`` the one of the for_each."""

    top: PlannedTask
    step: PlannedTask | None = None

    @property
    def task_key(self) -> str:
        """Its key."""
        return (self.step or self.top).task_key


def writers_that_may_meet(tasks: Sequence[PlannedTask]) -> Iterator[tuple[str, Writer, Writer]]:
    """Tables with two writers among ``tasks``, which stand in their order, and their steps, that may run at the same time: each
    writer once, with the first before it, or with itself where two items of its for_each write the table."""
    writers: dict[str, dict[str, list[Writer]]] = {}
    for task in tasks:
        for writer in (Writer(task), *(Writer(task, step) for step in task.steps)) if task.disabled is None else ():
            for table in _tables(writer.step or task):
                writers.setdefault(table, {}).setdefault(task.task_key, []).append(writer)
    level = _Level(tasks) if any(len(tops) > 1 for tops in writers.values()) else None
    for table, tops in writers.items():
        met = {} if level is None else level.met(tops)
        for key, those in tops.items():
            if key in met:
                yield from ((table, writer, tops[met[key]][0]) for writer in those)
            elif _has_items_together(those[0].top):
                yield from ((table, writer, writer) for writer in those)
            elif len(those) > 1:
                steps = {writer.task_key: writer for writer in those}
                for step, other in _Level(those[0].top.steps).met(steps).items():
                    yield table, steps[step], steps[other]


def _tables(task: PlannedTask) -> Iterator[str]:
    """The tables that ``task`` promises, and those that another pipeline does which it runs."""
    if task.disabled is None:
        yield from dict.fromkeys([*(task.expect.tables if task.expect is not None else ()), *_tables_within(task)])


def _tables_within(task: PlannedTask) -> Iterator[str]:
    plan = task.work.plan if isinstance(task.work, RunJobWork) else None
    for inner in plan.all_tasks if isinstance(plan, Plan) else ():
        yield from _tables(inner)


def _has_items_together(loop: PlannedTask) -> bool:
    """Whether two items of the for_each may be under way at the same time."""
    if not isinstance(loop.work, ForEachWork) or loop.work.concurrency < 2:  # noqa: PLR2004  (two items)
        return False
    known = [argument.value for argument in loop.arguments if argument.name == "inputs" and not argument.late]
    return not known or len(items_of(known[0])) > 1


class _Level:
    """Tasks that depend on one another: those of the pipeline, or the steps of one item."""

    def __init__(self, tasks: Sequence[PlannedTask]) -> None:
        self._tasks = tasks
        self._places = {task.task_key: at for at, task in enumerate(tasks)}
        self._before: list[int] = []
        for task in tasks:
            before = 0
            for parent in map(self._places.__getitem__, task.depends_on):
                before |= self._before[parent] | 1 << parent
            self._before.append(before)
        self._exclusion: Exclusion | None = None

    def met(self, keys: Iterable[str]) -> dict[str, str]:
        """For each of ``keys``, which stand in their order, the first one before it that may run at the same time, if there is one: on
        which it does not depend, and nothing keeps them from running both."""
        found: dict[str, str] = {}
        seen = 0
        for key in keys:
            place = self._places[key]
            free = seen & ~self._before[place]
            while free and key not in found:
                lowest = free & -free
                free ^= lowest
                other = self._tasks[lowest.bit_length() - 1].task_key
                if self._exclusion is None:
                    self._exclusion = Exclusion(self._tasks)
                if not self._exclusion(other, key):
                    found[key] = other
            seen |= 1 << place
        return found


def side_by_side(written: Mapping[str, Task], tasks: Sequence[PlannedTask]) -> Iterator[Mistake]:
    """A warning for each task that may write a table while another does; ``written`` are the definitions."""
    for table, one, other in writers_that_may_meet(tasks):
        place = written[one.task_key].place(f"expect.{table}")
        names = f"{one.task_key!r} and {other.task_key!r} both write {table} and may run at the same time"
        hint = f"let {one.top.task_key!r} depend on {other.top.task_key!r}"
        if one.top is other.top:
            hint = f"let {one.task_key!r} depend on {other.task_key!r}"
        if one is other:
            names = f"{one.task_key!r} writes {table} for each item, and items of {one.top.task_key!r} may run at the same time"
            hint = f"concurrency: 1 on {one.top.task_key!r}, or a table for each item"
        yield Mistake(names, place.file, place.line, place.key, hint)
