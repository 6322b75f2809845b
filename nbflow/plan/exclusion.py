"""Which tasks never both run in one run: what must be so where each of them does, and whether that contradicts itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nbflow.core.flow import ParentIf, RunIf
from nbflow.core.results import Result
from nbflow.plan.conditions import may_fail
from nbflow.plan.masks import bits
from nbflow.plan.outcome import disabled_verdict
from nbflow.plan.plan import PlannedTask

_SUCCESS_OF_ALL = (RunIf.ALL_SUCCESS, RunIf.NONE_FAILED)
_FAILURE = (RunIf.ALL_FAILED, RunIf.AT_LEAST_ONE_FAILED)
_TOGETHER = (RunIf.AT_LEAST_ONE_SUCCESS, *_FAILURE)
_GOOD, _BAD, _TRUE, _FALSE, _LEFT_OUT = 0b00_00_01, 0b10_10_10, 0b10_01_01, 0b01_10_01, 0b10_10_01
"""What may be so of a task, two bits for each question, that it is so and that it is not: whether it went well or was excluded, came to
*true*, came to *false*. One that failed came to neither, nor did one that was left out."""

_QUESTIONS, _WIDTH, _WELL = 0b01_01_01, 6, 0b11

Facts = int | None
"""What must be so, a bit for each fact. ``None``: it never happens."""


@dataclass(frozen=True, slots=True)
class _Ways:
    """What must be so where a task ran, where it ran and failed, where one before it kept it from running, and where it was excluded."""

    ran: Facts
    failed: Facts
    blocked: Facts
    excluded: Facts


@dataclass(frozen=True, slots=True)
class _Want:
    """Something that a task asks of those before it: what must be so where it is met and where not, and whether it is a ``success``."""

    met: Facts
    unmet: Facts
    success: bool


class Exclusion:
    """Says of two of ``tasks``, which stand in their order, whether they never both run. It errs to one side only: two of which it
    says so never do."""

    def __init__(self, tasks: Sequence[PlannedTask]) -> None:
        asked = [edge.task_key for task in tasks for edge in task.edges]
        asked += [parent for task in tasks if task.run_if in _TOGETHER for parent in task.depends_on]
        self._place = {key: _WIDTH * at for at, key in enumerate(dict.fromkeys(asked))}
        self._questions = sum(_QUESTIONS << place for place in self._place.values())
        self._some: dict[int, int] = {}
        self._asked_for_some: set[tuple[frozenset[str], int]] = set()
        self._in_some: dict[tuple[str, int], int] = {}
        self._first_some = _WIDTH * len(self._place)
        off = {task.task_key for task in tasks if task.disabled is not None}
        to_fail = {parent for task in tasks if task.run_if is RunIf.ALL_FAILED for parent in task.depends_on}
        to_fail.update(edge.task_key for task in tasks for edge in task.edges if edge.run_if == ParentIf.FAILED)
        for task in tasks:
            parents = frozenset(_together(task, off))
            if len(parents) > 1 and task.run_if is RunIf.AT_LEAST_ONE_FAILED:
                self._ask_for_some(parents, _BAD, _GOOD)
            elif len(parents) > 1 and task.run_if in _TOGETHER and to_fail.issuperset(parents):
                self._ask_for_some(parents, _GOOD, _BAD)
        self._ways: dict[str, _Ways] = {}
        for task in tasks:
            self._learn(task)

    def __call__(self, one: str, other: str) -> bool:
        """Whether ``one`` and ``other`` never both run."""
        if one not in self._ways or other not in self._ways:
            return True
        return self._all([self._ways[one].ran, self._ways[other].ran]) is None

    def _ask_for_some(self, parents: frozenset[str], fact: int, otherwise: int) -> None:
        """One more fact, a bit: ``fact`` is so of some of ``parents``. That it is so of one of them says so, and that it is
        ``otherwise`` with all of them contradicts it."""
        if (parents, fact) in self._asked_for_some:
            return
        self._asked_for_some.add((parents, fact))
        bit = 1 << self._first_some + len(self._some)
        self._some[bit] = sum(otherwise << self._place[parent] for parent in parents)
        for parent in parents:
            self._in_some[parent, fact & _WELL] = self._in_some.get((parent, fact & _WELL), 0) | bit

    def _learn(self, task: PlannedTask) -> None:
        """Find the ways of ``task``. One that is disabled has none."""
        off = {parent for parent in task.depends_on if parent not in self._ways}
        verdict = disabled_verdict(off, task.depends_on, task.run_if, task.edges)
        if task.disabled is not None or (verdict is not None and verdict[0] is Result.DISABLED):
            return
        if verdict is not None:
            self._ways[task.task_key] = _Ways(None, None, None, 0)
            return
        gates = {edge.task_key: edge.outcome for edge in task.edges if edge.outcome is not None}
        alone = {edge.task_key: ParentIf(edge.run_if) for edge in task.edges if edge.outcome is None and edge.run_if is not None}
        parents = [parent for parent in task.depends_on if parent not in off]
        wants = [*self._alone(alone), *self._together(task.run_if, _together(task, off))]
        taken = self._all(self._came_to(gate, outcome) for gate, outcome in gates.items())
        some = 0 if off or not parents else _any(self._present(task.run_if, gates, alone, parent) for parent in parents)
        none = None if off or not parents else self._all(self._ways[parent].excluded for parent in parents)
        lost = [self._all([taken, want.unmet]) for want in wants if want.success]
        spared = [self._all([taken, want.unmet]) for want in wants if not want.success]
        ran = self._all([taken, some, *(want.met for want in wants)])
        self._ways[task.task_key] = _Ways(
            ran,
            failed=self._with(ran, task.task_key, _BAD) if may_fail(task) else None,
            blocked=_any([*(self._with(self._ways[gate].blocked, gate, _BAD) for gate in gates), *lost]),
            excluded=_any([*(self._untaken(gate, outcome) for gate, outcome in gates.items()), none, *spared]),
        )

    def _alone(self, alone: Mapping[str, ParentIf]) -> Iterator[_Want]:
        for parent, asked in alone.items():
            if asked is ParentIf.SUCCESS:
                yield _Want(self._good(parent), self._bad(parent), success=True)
            elif asked is ParentIf.FAILED:
                yield _Want(self._bad(parent), self._good(parent), success=False)

    def _together(self, run_if: RunIf, parents: Sequence[str]) -> Iterator[_Want]:
        if not parents or run_if is RunIf.ALL_DONE:
            return
        good, bad = [self._good(parent) for parent in parents], [self._bad(parent) for parent in parents]
        if run_if in _SUCCESS_OF_ALL:
            yield _Want(self._all(good), _any(bad), success=True)
        elif run_if is RunIf.AT_LEAST_ONE_SUCCESS:
            yield _Want(_any(good), self._all(bad), success=True)
        elif run_if is RunIf.ALL_FAILED:
            yield _Want(self._all(bad), _any(good), success=False)
        else:
            yield _Want(_any(bad), self._all(good), success=False)

    def _present(self, run_if: RunIf, gates: Mapping[str, str], alone: Mapping[str, ParentIf], parent: str) -> Facts:
        """What must be so where ``parent`` was not excluded, and is what the task asks."""
        asked = alone.get(parent)
        if parent in gates or asked is ParentIf.SUCCESS or (asked is None and run_if in _SUCCESS_OF_ALL):
            return self._with(self._ways[parent].ran, parent, _GOOD)
        if asked is ParentIf.FAILED or (asked is None and run_if is RunIf.ALL_FAILED):
            return self._bad(parent)
        return _any([self._ways[parent].ran, self._ways[parent].blocked])

    def _came_to(self, gate: str, outcome: str) -> Facts:
        return self._with(self._ways[gate].ran, gate, _TRUE if outcome == "true" else _FALSE)

    def _untaken(self, gate: str, outcome: str) -> Facts:
        ways = self._ways[gate]
        other = self._came_to(gate, "false" if outcome == "true" else "true")
        return _any([other, ways.failed, self._with(ways.excluded, gate, _LEFT_OUT)])

    def _good(self, key: str) -> Facts:
        return _any([self._with(self._ways[key].ran, key, _GOOD), self._with(self._ways[key].excluded, key, _LEFT_OUT)])

    def _bad(self, key: str) -> Facts:
        return self._with(_any([self._ways[key].failed, self._ways[key].blocked]), key, _BAD)

    def _with(self, facts: Facts, key: str, fact: int) -> Facts:
        """``facts``, and these of the task ``key``, where anybody asks for it."""
        if key not in self._place:
            return facts
        return self._all([facts, fact << self._place[key] | self._in_some.get((key, fact & _WELL), 0)])

    def _all(self, facts: Iterable[Facts]) -> Facts:
        """What must be so where all of these happen."""
        found = 0
        for each in facts:
            if each is None:
                return None
            found |= each
        if found & found >> 1 & self._questions:
            return None
        for at in bits(found >> self._first_some):
            against = self._some[1 << self._first_some + at]
            if found & against == against:
                return None
        return found


def _together(task: PlannedTask, off: Iterable[str]) -> list[str]:
    """Those before ``task`` that its ``run_if`` is about, without the ones that are ``off``."""
    others = {edge.task_key for edge in task.edges if edge.outcome is None and edge.run_if is not None}.union(off)
    return [parent for parent in task.depends_on if parent not in others]


def _any(facts: Iterable[Facts]) -> Facts:
    """What must be so where one of these happens."""
    found: Facts = None
    for each in facts:
        if each is not None:
            found = each if found is None else found & each
    return found
