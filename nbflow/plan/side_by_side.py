"""Tasks that promise to write one table and may run at the same time: of one level, of two, and in two items of one for_each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nbflow.core.errors import Mistake
from nbflow.define.pipelines.pipeline import Task
from nbflow.plan.exclusion import Exclusion
from nbflow.plan.items import items_of
from nbflow.plan.masks import bits
from nbflow.plan.plan import Plan, PlannedTask
from nbflow.plan.work import ForEachWork, RunJobWork

_LISTED = 10


@dataclass(frozen=True, slots=True)
class Writer:
    """A task that promises a table: ``top`` is the one of the pipeline that it is or stands in, ``step`` the one of the for_each."""

    top: PlannedTask
    step: PlannedTask | None = None

    @property
    def task_key(self) -> str:
        """Its key."""
        return (self.step or self.top).task_key


@dataclass(frozen=True, slots=True)
class Meeting:
    """``writer`` may write ``table`` while each of ``others`` does, which stand before it, or while it does so itself for another item.
    Where all meetings are mended, it is enough that it waits for ``last`` of them."""

    table: str
    writer: Writer
    others: tuple[Writer, ...]
    last: tuple[Writer, ...]


def writers_that_may_meet(tasks: Sequence[PlannedTask]) -> Iterator[Meeting]:
    """The meetings of writers of one table among ``tasks``, which stand in their order, and their steps."""
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
                others, last = ([tops[other][0] for other in keys] for keys in met[key])
                yield from (Meeting(table, writer, tuple(others), tuple(last)) for writer in those)
            if _has_items_together(those[0].top):
                yield from (Meeting(table, writer, (writer,), ()) for writer in those)
            if len(those) > 1 and those[0].top.steps:
                steps = {writer.task_key: writer for writer in those if writer.step is not None}
                for step, (beside, latest) in _Level(those[0].top.steps).met(steps).items():
                    yield Meeting(table, steps[step], tuple(map(steps.__getitem__, beside)), tuple(map(steps.__getitem__, latest)))


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

    def met(self, keys: Iterable[str]) -> dict[str, tuple[list[str], list[str]]]:
        """For each of ``keys``, which stand in their order, those before it that may run at the same time, if there are any: on which
        it does not depend, and nothing keeps them from running both. And the last ones of them: the others come before one of these, or
        are told with it."""
        found: dict[str, tuple[list[str], list[str]]] = {}
        told: dict[int, int] = {}
        seen = 0
        for key in keys:
            place = self._places[key]
            meets = 0
            for at in bits(seen & ~self._before[place]):
                if self._exclusion is None:
                    self._exclusion = Exclusion(self._tasks)
                meets |= 0 if self._exclusion(self._tasks[at].task_key, key) else 1 << at
            if meets:
                covered = 0
                for at in bits(meets):
                    covered |= self._before[at] | told.get(at, 0)
                found[key] = self._keys(meets), self._keys(meets & ~covered)
            told[place] = meets
            seen |= 1 << place
        return found

    def _keys(self, places: int) -> list[str]:
        return [self._tasks[at].task_key for at in bits(places)]


def side_by_side(written: Mapping[str, Task], tasks: Sequence[PlannedTask]) -> Iterator[Mistake]:
    """A warning for each task that may write a table while others do; ``written`` are the definitions."""
    for meeting in writers_that_may_meet(tasks):
        one, table, top = meeting.writer, meeting.table, meeting.writer.top.task_key
        place = written[one.task_key].place(f"expect.{table}")
        if meeting.others == (one,):
            message = f"{one.task_key!r} writes {table} for each item, and items of {top!r} may run at the same time"
            yield Mistake(message, place.file, place.line, place.key, f"concurrency: 1 on {top!r}, or a table for each item")
            continue
        names = [repr(other.task_key) for other in meeting.others]
        message = f"{one.task_key!r} and {names[0]} both write {table} and may run at the same time"
        if len(names) > 1:
            message = f"{one.task_key!r} writes {table} and may run at the same time as {_listed(names)}, which write it too"
        of_one = meeting.others[0].top is one.top
        waits = one.task_key if of_one else top
        hint = f"let {waits!r} depend on {_listed([repr(other.task_key if of_one else other.top.task_key) for other in meeting.last])}"
        yield Mistake(message, place.file, place.line, place.key, hint)


def _listed(names: Sequence[str]) -> str:
    shown, more = names[:_LISTED], len(names) - _LISTED
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
