"""Several maps as one, by the rules of Databricks' bundles: maps key by key, lists one behind the other, anything else by the later.

Lists of things that have a key of their own are merged by it: tasks by ``task_key``, clusters, parameters, environments.
"""

from __future__ import annotations

from nbflow.define.pipeline_files.document import Node

_KEYED = {"tasks": "task_key", "job_clusters": "job_cluster_key", "parameters": "name", "environments": "environment_key"}


def merged(first: Node, second: Node, key: str = "") -> Node:
    """``second`` over ``first``, which stands at ``key``."""
    if isinstance(first.value, dict) and isinstance(second.value, dict):
        values, lines = dict(first.value), dict(first.lines or {})
        for name, item in second.value.items():
            values[name] = merged(values[name], item, name) if name in values else item
            lines.setdefault(name, second.line_of(name))
        return Node(values, first.line, lines)
    if isinstance(first.value, list) and isinstance(second.value, list):
        if key in _KEYED:
            return _by_key(first, second, _KEYED[key])
        return Node([*first.value, *second.value], first.line)
    return first if second.value is None else second


def _by_key(first: Node, second: Node, name: str) -> Node:
    """The items of ``first``, each with what ``second`` says of the same key, and the others of ``second`` behind them.

    A key that stands twice in one list is a mistake, which is told when the list is read.
    """
    items = list(first.value)
    places = {key: at for at, item in reversed(list(enumerate(items))) if (key := _key(item, name)) is not None}
    for item in second.value:
        at = places.get(_key(item, name) or "")
        if at is None:
            items.append(item)
        else:
            items[at] = merged(items[at], item)
    return Node(items, first.line)


def _key(item: Node, name: str) -> str | None:
    own = item.value.get(name) if isinstance(item.value, dict) else None
    return own.value if own is not None and isinstance(own.value, str) else None
