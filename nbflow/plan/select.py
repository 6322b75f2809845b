"""Selectors: which tasks of a pipeline take part in a run. The rules are Databricks' (and dbt's)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from nbflow.core.errors import Mistake
from nbflow.define.nearest import did_you_mean, there_are
from nbflow.plan.graph import Edges, ancestors, descendants


@dataclass(frozen=True, slots=True)
class Selection:
    """What the caller selects: ``only`` selectors, and the tasks to begin with (``start``) and to end with (``until``)."""

    only: Sequence[str] = ()
    start: Sequence[str] = ()
    until: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.only or self.start or self.until)


EVERYTHING = Selection()


def select(edges: Edges, selection: Selection, disabled: Collection[str] = ()) -> tuple[set[str], list[Mistake]]:
    """The keys that take part, and what is wrong with the selectors.

    ``a`` is the task alone, ``+a`` with all it depends on, ``a+`` with all that depends on it, ``+a+`` both; several add
    up, by repetition or comma. ``start`` takes tasks with all that depends on them, ``until`` with all they depend on;
    what takes part is in each of the three that is given. A disabled task takes part only where it is named itself: a
    plus walks on behind it. Nothing selects every task, disabled ones included.
    """
    if not selection:
        return set(edges), []
    groups = [
        [("--only", text) for text in _cut(selection.only)],
        [("--from", f"{text}+") for text in _cut(selection.start)],
        [("--until", f"+{text}") for text in _cut(selection.until)],
    ]
    mistakes: list[Mistake] = []
    named: set[str] = set()
    found: set[str] | None = None
    for group in groups:
        reach: set[str] = set()
        for option, selector in group:
            key = selector.strip("+ ")
            if key not in edges:
                mistakes.append(_unknown(option, selector, key, edges))
                continue
            named.add(key)
            reach |= _reached(edges, selector, key)
        if group:
            found = reach if found is None else found & reach
    chosen = {key for key in found or () if key in named or key not in disabled}
    if not chosen and not mistakes:
        mistakes.append(Mistake("no task is selected", key=_written(groups), hint="no task is in all of these selections"))
    return chosen, mistakes


def _cut(selectors: Sequence[str]) -> Iterator[str]:
    for text in selectors:
        yield from (part.strip() for part in text.split(","))


def _reached(edges: Edges, selector: str, key: str) -> set[str]:
    reach = {key}
    if selector.startswith("+"):
        reach |= ancestors(edges, [key])
    if selector.endswith("+"):
        reach |= descendants(edges, [key])
    return reach


def _unknown(option: str, selector: str, key: str, edges: Edges) -> Mistake:
    text = selector if option == "--only" else key
    if not key:
        return Mistake("names no task", key=f"{option} {text}".strip(), hint=there_are(edges))
    return Mistake(f"the pipeline has no task {key!r}", key=f"{option} {text}", hint=did_you_mean(key, edges) or there_are(edges))


def _written(groups: Sequence[Sequence[tuple[str, str]]]) -> str:
    return " ".join(f"{option} {text if option == '--only' else text.strip('+')}" for group in groups for option, text in group)
