"""Selectors: which tasks of a pipeline take part in a run. The rules are Databricks' (and dbt's)."""

from __future__ import annotations

from collections.abc import Sequence

from nbflow.core.errors import Mistake
from nbflow.define.nearest import did_you_mean, there_are
from nbflow.plan.graph import Edges, ancestors, descendants


def select(edges: Edges, selectors: Sequence[str]) -> tuple[set[str], list[Mistake]]:
    """The keys that the selectors name, and what is wrong with the selectors.

    ``a`` is the task alone, ``+a`` with all it depends on, ``a+`` with all that depends on it, ``+a+`` both. Several
    selectors add up; none selects every task.
    """
    if not selectors:
        return set(edges), []
    chosen: set[str] = set()
    mistakes = []
    for selector in selectors:
        key = selector.strip().removeprefix("+").removesuffix("+")
        if key not in edges:
            mistakes.append(Mistake(f"the pipeline has no task {key!r}", key=f"--only {selector}", hint=_hint(key, edges)))
            continue
        chosen.add(key)
        if selector.strip().startswith("+"):
            chosen |= ancestors(edges, [key])
        if selector.strip().endswith("+"):
            chosen |= descendants(edges, [key])
    return chosen, mistakes


def _hint(key: str, edges: Edges) -> str:
    if "," in key:
        return "repeat --only for each task"
    return did_you_mean(key, edges) or there_are(edges)
