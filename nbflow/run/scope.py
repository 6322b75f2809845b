"""Tasks that depend on one another and know of one another: those of a run, or those of one item of a for_each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nbflow.core.results import Result
from nbflow.plan.graph import ancestors
from nbflow.plan.items import merged
from nbflow.plan.known import NO_ITEM, Ended
from nbflow.plan.outcome import Verdict, leaves_of, run_result, upstream_verdict
from nbflow.plan.plan import PlannedTask
from nbflow.run.promises import Outcome


class Scope:
    """What is known of these tasks: how they ended, their values, the outcomes of conditions.

    ``keys`` are their keys in the run (``{"clean": "loop/0/clean"}``), ``ids`` their task-run ids; ``values``, ``outputs`` and ``ended`` tell
    of tasks outside that all of them may read.
    """

    def __init__(
        self,
        tasks: Iterable[PlannedTask],
        ids: Mapping[str, int],
        keys: Mapping[str, str] | None = None,
        values: Mapping[str, Mapping[str, Any]] | None = None,
        outputs: Mapping[str, Mapping[str, Any]] | None = None,
        ended: Mapping[str, Ended] | None = None,
        item: Any = NO_ITEM,
    ) -> None:
        self.tasks = {task.task_key: task for task in tasks}
        self.item = item
        self.results: dict[str, Result] = {}
        self._ids, self._keys = ids, keys or {}
        self._outer_values, self._outer_outputs, self._outer_ended = dict(values or {}), dict(outputs or {}), dict(ended or {})
        self._values: dict[str, Mapping[str, Any]] = {}
        self._ended: dict[str, Ended] = {}
        self._last: dict[str, tuple[int, Outcome]] = {}
        self._edges = {key: task.depends_on for key, task in self.tasks.items()}
        self._missing = {key: len(set(parents)) for key, parents in self._edges.items()}
        self._children: dict[str, list[str]] = {key: [] for key in self.tasks}
        for key, parents in self._edges.items():
            for parent in dict.fromkeys(parents):
                self._children[parent].append(key)

    def key(self, task: PlannedTask) -> str:
        """The task's key in the run."""
        return self._keys.get(task.task_key, task.task_key)

    def id(self, task: PlannedTask) -> int:
        """The id of its task run."""
        return self._ids[self.key(task)]

    def first(self) -> deque[str]:
        """The keys of tasks that wait for nothing."""
        return deque(key for key, count in self._missing.items() if count == 0)

    def freed_by(self, key: str) -> Iterator[str]:
        """The keys of tasks that wait for nothing more, now that this one has ended."""
        for child in self._children[key]:
            self._missing[child] -= 1
            if self._missing[child] == 0:
                yield child

    def verdict(self, task: PlannedTask) -> Verdict | None:
        """What becomes of a task whose parents have ended; ``None``: it runs."""
        if task.disabled is not None:
            return Result.DISABLED, task.disabled
        outcomes = {key: last.outcome for key, (_, last) in self._last_of(edge.task_key for edge in task.edges) if last.outcome is not None}
        return upstream_verdict({parent: self.results[parent] for parent in task.depends_on}, task.run_if, task.edges, outcomes)

    def _last_of(self, keys: Iterable[str]) -> list[tuple[str, tuple[int, Outcome]]]:
        return [(key, self._last[key]) for key in keys if key in self._last]

    def readable(self, task: PlannedTask) -> tuple[dict[str, Mapping[str, Any]], dict[str, Mapping[str, Any]], dict[str, Ended]]:
        """The values, outputs and facts that a task may read: those of all that it depends on, at whatever distance."""
        before = ancestors(self._edges, [task.task_key]) if self._ended else set()
        values = {key: found for key, found in self._values.items() if key in before}
        ended = {key: found for key, found in self._ended.items() if key in before}
        outputs = {key: last.output or {} for key, (_, last) in self._last.items() if key in before}
        return {**self._outer_values, **values}, {**self._outer_outputs, **outputs}, {**self._outer_ended, **ended}

    def attempted(self, task: PlannedTask, number: int, outcome: Outcome) -> None:
        """An attempt has ended; the values of the last one count, also where it failed."""
        self._values[task.task_key] = outcome.values
        self._last[task.task_key] = (number, outcome)

    def end(self, task: PlannedTask, result: Result) -> None:
        """The task has its result."""
        number, last = self._last.get(task.task_key, (0, None))
        error = str(last.error.kind) if last is not None and last.error is not None else ""
        path = str(task.work.path or task.work.origin) if task.work.kind == "notebook" else ""
        self.results[task.task_key] = result
        self._ended[task.task_key] = Ended(self.id(task), str(result), error, number, path)

    def result(self, cancelled: bool, timed_out: bool) -> Result:
        """The result of all of them together."""
        result = run_result(self.results, leaves_of(self._edges, self.results), cancelled, timed_out)
        return Result.SUCCESS_WITH_FAILURES if result is Result.SUCCESS and self.with_failures else result

    @property
    def with_failures(self) -> list[str]:
        """The keys of the tasks that went well although tasks inside of them failed."""
        return [key for key, (_, last) in self._last.items() if last.with_failures and self.results.get(key) is Result.SUCCESS]

    def values(self) -> dict[str, Any]:
        """The values of all of them together."""
        return merged([self._values.get(key, {}) for key in self.tasks])
