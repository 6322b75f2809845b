"""Failures that a run would not show: what becomes of it where one task fails alone, worked out for all tasks at once.

Each run that is looked at is one bit: a task's ends in all of them are a few whole numbers. So thousands of tasks cost no more than
a few operations each, where one run after another would cost their square.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nbflow.core.flow import ParentIf, RunIf
from nbflow.core.results import Result
from nbflow.plan.conditions import may_fail
from nbflow.plan.outcome import disabled_verdict, leaves_of
from nbflow.plan.plan import PlannedTask
from nbflow.plan.work import ConditionWork

_MOST_RUNS = 32_768
"""So many runs are looked at. Where conditions have more outcomes together than that allows for, some of them are."""

_BLOCKING = (RunIf.ALL_SUCCESS, RunIf.NONE_FAILED)


@dataclass(frozen=True, slots=True)
class Mask:
    """``task_key`` hides a failure of each of ``hidden``, where it is the only one of a run: whatever conditions come to
    (``always``), or for some of their outcomes."""

    task_key: str
    hidden: tuple[str, ...]
    always: bool


def masked_failures(tasks: Sequence[PlannedTask]) -> list[Mask]:
    """The tasks whose failure, were it the only one, might not fail the run, by the last task that goes well in spite of it.

    ``tasks`` stand in their order. A task that runs only after a failure cannot be the only one that fails, and a condition not
    fail at all where its operands are what any run knows.
    """
    edges = {task.task_key: task.depends_on for task in tasks}
    ends = {task.task_key: Result.SUCCESS if task.disabled is None else Result.DISABLED for task in tasks}
    leaves = leaves_of(edges, ends)
    suspects = _suspects(tasks, set(leaves))
    if not suspects:
        return []
    runs = _Runs(tasks, suspects)
    by = runs.masks(tasks, runs.masked(leaves))
    found: dict[tuple[str, bool], list[str]] = {}
    for key, (mask, always) in by.items():
        found.setdefault((mask, always), []).append(key)
    return [Mask(mask, tuple(hidden), always) for (mask, always), hidden in found.items()]


def after_failure(tasks: Sequence[PlannedTask]) -> set[str]:
    """The tasks that run only where another one failed. ``tasks`` stand in their order."""
    found: set[str] = set()
    off = {task.task_key for task in tasks if task.disabled is not None}
    for task in tasks:
        alone = {edge.task_key for edge in task.edges if edge.outcome is None}
        together = [parent for parent in task.depends_on if parent not in alone]
        if task.task_key not in off and (
            any(edge.run_if == ParentIf.FAILED or (edge.outcome is not None and edge.task_key in found) for edge in task.edges)
            or (together and task.run_if in (RunIf.AT_LEAST_ONE_FAILED, RunIf.ALL_FAILED))
            or (task.depends_on and found.issuperset(task.depends_on))
        ):
            found.add(task.task_key)
    return found


def _suspects(tasks: Sequence[PlannedTask], leaves: set[str]) -> list[str]:
    """The tasks of whose failure it is not plain that it fails the run: none of the leaves, and none above a leaf by tasks that
    want nothing but success of all before them."""
    plain = set(leaves)
    suspects = []
    for task in reversed(tasks):
        if task.task_key not in plain and task.disabled is None:
            suspects += [task.task_key] if may_fail(task) else []
        elif task.disabled is None and task.run_if in _BLOCKING and not task.edges:
            plain.update(task.depends_on)
    return suspects[::-1]


def _outcomes(conditions: int, most: int) -> list[int]:
    """Outcomes of so many conditions, each a number with a bit for each of them: all that there are, or about ``most``.

    Then all of them alike, and so that any two conditions come to different outcomes once, as far as there is room.
    """
    if conditions < most.bit_length():
        return list(range(1 << conditions))
    every = (1 << conditions) - 1
    chosen = [every, 0]
    for place in range(max(conditions - 1, 0).bit_length()):
        if len(chosen) + 2 > most:
            break
        pattern = sum(1 << at for at in range(conditions) if at >> place & 1)
        chosen += [pattern, every ^ pattern]
    return chosen


class _Runs:
    """The ends of all tasks in runs in each of which one of ``failing`` fails, once for each of the outcomes of conditions: a bit
    for each run, the first ones for the first outcomes. The rules are those of ``upstream_verdict``."""

    def __init__(self, tasks: Sequence[PlannedTask], failing: Sequence[str]) -> None:
        asked = {edge.task_key for task in tasks for edge in task.edges if edge.outcome is not None}
        gates = [task.task_key for task in tasks if task.task_key in asked and isinstance(task.work, ConditionWork)]
        outcomes = _outcomes(len(gates), max(_MOST_RUNS // len(failing), 1))
        self._failing, self._count = failing, len(outcomes)
        block = (1 << len(failing)) - 1
        self._all = (1 << len(failing) * self._count) - 1
        once = self._all // block
        self._own = {key: once << at for at, key in enumerate(failing)}
        self._true = {
            gate: sum(block << len(failing) * at for at, outcome in enumerate(outcomes) if outcome >> place & 1)
            for place, gate in enumerate(gates)
        }
        self._failed: dict[str, int] = {}
        self._blocked: dict[str, int] = {}
        self._excluded: dict[str, int] = {}
        self._off: set[str] = set()
        for task in tasks:
            self._end(task)

    def masked(self, leaves: Sequence[str]) -> int:
        """The runs in which the task that was to fail did, and none of the ``leaves`` shows it."""
        shown = 0
        for leaf in leaves:
            shown |= self._bad(leaf)
        failed = 0
        for key in self._failing:
            failed |= self._failed.get(key, 0)
        return failed & ~shown

    def masks(self, tasks: Sequence[PlannedTask], masked: int) -> dict[str, tuple[str, bool]]:
        """For each task that fails in one of the ``masked`` runs the last one that goes well there although one before it did not,
        and whether all runs in which it fails are among them. Where none does, the last disabled one that one of those comes before."""
        shown = ~masked
        found: dict[str, tuple[str, bool]] = {}
        enabled = [task for task in tasks if task.task_key not in self._off]
        for task in (*reversed(enabled), *reversed([task for task in tasks if task.task_key in self._off])):
            before = 0
            for parent in task.depends_on:
                before |= self._bad(parent)
            hidden = masked & before & ~self._bad(task.task_key)
            masked &= ~hidden
            for at in bits(hidden):
                key = self._failing[at % len(self._failing)]
                found.setdefault(key, (task.task_key, not self._failed[key] & shown))
        return {key: found[key] for key in self._failing if key in found}

    def _bad(self, key: str) -> int:
        return self._failed.get(key, 0) | self._blocked.get(key, 0)

    def _end(self, task: PlannedTask) -> None:
        """Work out how ``task`` ends."""
        key = task.task_key
        off = {parent for parent in task.depends_on if parent in self._off}
        verdict = disabled_verdict(off, task.depends_on, task.run_if, task.edges)
        if task.disabled is not None or (verdict is not None and verdict[0] is Result.DISABLED):
            self._off.add(key)
            return
        here, blocked, excluded = (self._all, 0, 0) if verdict is None else (0, 0, self._all)
        for edge in task.edges:
            if edge.outcome is None or not here:
                continue
            gate = edge.task_key
            untouched = self._all & ~self._bad(gate) & ~self._excluded.get(gate, 0)
            true = self._true.get(gate, 0)
            taken = untouched & (true if edge.outcome == "true" else ~true)
            blocked |= here & self._blocked.get(gate, 0)
            excluded |= here & ~self._blocked.get(gate, 0) & ~taken
            here &= taken
        gone = here if task.depends_on else 0
        for parent in task.depends_on:
            gone &= self._excluded.get(parent, 0)
        lost, spared = self._unmet(task)
        self._excluded[key] = excluded | gone | (here & spared & ~lost)
        self._blocked[key] = blocked | (here & ~gone & lost)
        self._failed[key] = here & ~gone & ~lost & ~spared & self._own.get(key, 0)

    def _unmet(self, task: PlannedTask) -> tuple[int, int]:
        """The runs in which ``task`` misses a success that it asks for, and those in which it misses a failure."""
        alone = {edge.task_key: edge.run_if for edge in task.edges if edge.outcome is None and edge.run_if is not None}
        lost = spared = 0
        for key, asked in alone.items():
            if asked == ParentIf.SUCCESS:
                lost |= self._bad(key)
            elif asked == ParentIf.FAILED:
                spared |= self._all & ~self._bad(key)
        together = [parent for parent in task.depends_on if parent not in alone and parent not in self._off]
        if not together or task.run_if is RunIf.ALL_DONE:
            return lost, spared
        some, each = 0, self._all
        for parent in together:
            some |= self._bad(parent)
            each &= self._bad(parent)
        if task.run_if in _BLOCKING:
            return lost | some, spared
        if task.run_if is RunIf.AT_LEAST_ONE_SUCCESS:
            return lost | each, spared
        return lost, spared | (self._all & ~(each if task.run_if is RunIf.ALL_FAILED else some))


def bits(number: int) -> Iterator[int]:
    """The places of the bits that are set."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest
