"""The graph of a pipeline's tasks: order, ancestors, descendants. Small, since nothing more is needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Mapping, Sequence

Edges = Mapping[str, Sequence[str]]
"""Each task's key with the keys it depends on."""


def in_order(edges: Edges) -> list[str]:
    """The keys so that each follows what it depends on: those that depend on nothing first, in the order of ``edges``,
    then what becomes free by them, in turn.

    Raises ``ValueError`` when the edges run in a circle (a definition is checked for that before).
    """
    waiting = {key: len(set(parents)) for key, parents in edges.items()}
    children = _children(edges)
    ready = deque(key for key, count in waiting.items() if count == 0)
    order = []
    while ready:
        key = ready.popleft()
        order.append(key)
        for child in children[key]:
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
    if len(order) < len(edges):
        msg = f"tasks depend on one another in a circle: {', '.join(sorted(set(edges) - set(order)))}"
        raise ValueError(msg)
    return order


def ancestors(edges: Edges, keys: Iterable[str]) -> set[str]:
    """All that the ``keys`` depend on, directly or not, without themselves unless one depends on another."""
    return _reach(keys, edges)


def nearest_chosen(edges: Edges, key: str, chosen: Container[str]) -> tuple[str, ...]:
    """What ``key`` depends on when only ``chosen`` take part: its parents, in place of one that is left out the parents
    of that one, and so on. So the order between two that take part does not hang on those between them."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    todo = list(reversed(edges[key]))
    while todo:
        parent = todo.pop()
        if parent in seen:
            continue
        seen.add(parent)
        if parent in chosen:
            found[parent] = None
        else:
            todo += reversed(edges[parent])
    return tuple(found)


def descendants(edges: Edges, keys: Iterable[str]) -> set[str]:
    """All that depends on the ``keys``, directly or not."""
    return _reach(keys, _children(edges))


def _children(edges: Edges) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {key: [] for key in edges}
    for key, parents in edges.items():
        for parent in dict.fromkeys(parents):
            children[parent].append(key)
    return children


def _reach(keys: Iterable[str], neighbours: Mapping[str, Sequence[str]]) -> set[str]:
    seen: set[str] = set()
    todo = [neighbour for key in keys for neighbour in neighbours[key]]
    while todo:
        key = todo.pop()
        if key not in seen:
            seen.add(key)
            todo.extend(neighbours[key])
    return seen
