"""Several maps as one, by the rules of Databricks' bundles: maps key by key, lists one behind the other, anything else by the later.

Lists of things that have a key of their own are merged by it: tasks by ``task_key``, clusters, parameters, environments. Where a
map or a list meets text that is one reference to a variable, what that comes to is merged.
"""

from __future__ import annotations

from collections.abc import Callable

from nbflow.core.values import shown
from nbflow.define.pipeline_files.bundle.places import place_of
from nbflow.define.pipeline_files.document import Node
from nbflow.define.pipeline_files.unresolved import Unmerged

_KEYED = {"tasks": "task_key", "job_clusters": "job_cluster_key", "parameters": "name", "environments": "environment_key"}
_SHORT = ("depends_on",)
"""Lists that may be written as their only item."""
_GROUPS = (dict, list)

Opener = Callable[[Node], Node]
"""Makes a map or a list of text that is one reference to such a value, and leaves anything else as it is."""


def as_written(node: Node) -> Node:
    """The ``Opener`` where no variable has a value yet."""
    return node


def merged(first: Node, second: Node, opened: Opener = as_written, key: str = "", *, keyed: bool = False) -> Node:
    """``second`` over ``first``, which stands at ``key``; ``keyed`` within a thing that has a key of its own, where two references
    are merged, too, if both come to maps or lists. What cannot be merged becomes ``Unmerged`` text."""
    if first.value is None or second.value is None or isinstance(first.value, Unmerged):
        return second if first.value is None else first
    plain = not isinstance(first.value, _GROUPS) and not isinstance(second.value, _GROUPS)
    if plain and not keyed:
        return second
    one, other = opened(first), opened(second)
    if key in _SHORT:
        one, other = _listed(one, other), _listed(other, one)
    if plain and not (isinstance(one.value, _GROUPS) and isinstance(other.value, _GROUPS)):
        return second
    if isinstance(one.value, dict) and isinstance(other.value, dict):
        return _maps(one, other, opened, keyed)
    if isinstance(one.value, list) and isinstance(other.value, list):
        return _by_key(one, other, _KEYED[key], opened) if key in _KEYED else Node([*one.value, *other.value], one.line)
    return _unmerged(second, one) if isinstance(one.value, _GROUPS) else _unmerged(first, other)


def _maps(first: Node, second: Node, opened: Opener, keyed: bool) -> Node:
    values, lines = dict(first.value), dict(first.lines or {})
    for name, item in second.value.items():
        values[name] = merged(values[name], item, opened, name, keyed=keyed) if name in values else item
        lines.setdefault(name, second.line_of(name))
    return Node(values, first.line, lines)


def _by_key(first: Node, second: Node, name: str, opened: Opener) -> Node:
    """The items of ``first``, each with what ``second`` says of the same key, and the others of ``second`` behind them.

    A key that stands twice in one list is a mistake, which is told when the list is read.
    """
    items = [opened(item) for item in first.value]
    places = {key: at for at, item in reversed(list(enumerate(items))) if (key := _key(item, name)) is not None}
    for item in map(opened, second.value):
        at = places.get(_key(item, name) or "")
        if at is None:
            items.append(item)
        else:
            items[at] = merged(items[at], item, opened, keyed=True)
    return Node(items, first.line)


def _key(item: Node, name: str) -> str | None:
    own = item.value.get(name) if isinstance(item.value, dict) else None
    return own.value if own is not None and isinstance(own.value, str) else None


def _listed(node: Node, other: Node) -> Node:
    """``node``, as a list where ``other`` is one and it is the only item."""
    alone = isinstance(other.value, list) and isinstance(node.value, str) and "${" not in node.value
    return Node([node], node.line) if alone else node


def _unmerged(node: Node, other: Node) -> Node:
    """What stands for ``node``, which cannot be merged with the map or the list ``other``."""
    if isinstance(node.value, Unmerged):
        return node
    kind = other.kind.removeprefix("a ")
    text = "" if isinstance(node.value, _GROUPS) else str(node.value)
    what = shown(node.value).lower() if isinstance(node.value, bool) else shown(node.value)
    message = f"{what if text else node.kind} is no {kind} and cannot be merged with the one in {place_of(other.line)}"
    return Node(Unmerged(text, message, f"write both as {kind}s, or remove one"), node.line)
